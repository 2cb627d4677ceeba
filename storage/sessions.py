"""Who is signed in to the admin area of the page, and the links that sign somebody in. Of both only hashes are kept.

A link is used once and soon. A session ends when it is left alone, after half a day in any case, and when somebody
ends it. What else a session depends on (a password, the rights of a person) is asked anew with every request.
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from storage.model import WebSession
from storage.tables import web_links, web_sessions

LINK = timedelta(minutes=10)  #: for which a link can be used
LIFETIME = timedelta(hours=12)  #: of a session
IDLE = timedelta(hours=2)  #: after which a session that nobody uses ends
MOST = 20  #: sessions of one person; the oldest ends


def offer(connection: Connection, user_id: int, now: datetime) -> str:
    """Make a link for one person, in place of an earlier one. Returns the word in it, which is kept nowhere."""
    stale = or_(web_links.c.user_id == user_id, web_links.c.expires_at <= now)
    connection.execute(delete(web_links).where(stale))
    word = secrets.token_urlsafe(32)
    row = {"word_hash": _hash(word), "user_id": user_id, "created_at": now, "expires_at": now + LINK}
    connection.execute(insert(web_links).values(**row))
    return word


def link_of(connection: Connection, word: str, now: datetime) -> int | None:
    """Whom this word would sign in; None: it was used, has ended, or never was."""
    where = (web_links.c.word_hash == _hash(word), web_links.c.expires_at > now)
    return connection.execute(select(web_links.c.user_id).where(*where)).scalar_one_or_none()


def use(connection: Connection, word: str, now: datetime) -> int | None:
    """Use a link up. Returns whom it signs in; None as in `link_of`. Of two at the same moment one succeeds."""
    where = (web_links.c.word_hash == _hash(word), web_links.c.expires_at > now)
    return connection.execute(delete(web_links).where(*where).returning(web_links.c.user_id)).scalar_one_or_none()


def begin(connection: Connection, who: str, now: datetime, bound_to: str = "") -> tuple[int, str]:
    """Sign somebody in. Returns the session's number and its token, which is kept nowhere.

    `bound_to` is a secret without which the token opens nothing later: a changed password ends its sessions.
    """
    sweep(connection, now)
    token = secrets.token_urlsafe(32)
    row = {"token_hash": _hash(token, bound_to), "who": who, "created_at": now, "seen_at": now}
    made = insert(web_sessions).values(**row, expires_at=now + LIFETIME).returning(web_sessions.c.id)
    number = int(connection.execute(made).scalar_one())
    kept = select(web_sessions.c.id).where(web_sessions.c.who == who).order_by(web_sessions.c.id.desc()).limit(MOST)
    numbers = list(connection.execute(kept).scalars())
    connection.execute(delete(web_sessions).where(web_sessions.c.who == who, web_sessions.c.id.not_in(numbers)))
    return number, token


def find(connection: Connection, token: str, now: datetime, bound_to: Collection[str] = ("",)) -> WebSession | None:
    """The session that this token opens now, bound to one of these secrets."""
    hashes = [_hash(token, secret) for secret in bound_to]
    row = connection.execute(select(web_sessions).where(web_sessions.c.token_hash.in_(hashes), *_open(now))).first()
    return None if row is None else _session(row._asdict())


def of(connection: Connection, who: str, now: datetime) -> list[WebSession]:
    """The sessions of somebody that are open, the newest first."""
    query = select(web_sessions).where(web_sessions.c.who == who, *_open(now)).order_by(web_sessions.c.id.desc())
    return [_session(row._asdict()) for row in connection.execute(query)]


def touch(connection: Connection, number: int, now: datetime) -> None:
    """Note that a session is in use."""
    connection.execute(update(web_sessions).where(web_sessions.c.id == number).values(seen_at=now))


def end(connection: Connection, number: int) -> None:
    """End a session."""
    connection.execute(delete(web_sessions).where(web_sessions.c.id == number))


def end_all(connection: Connection, who: str) -> int:
    """End all sessions of somebody. Returns how many there were."""
    return connection.execute(delete(web_sessions).where(web_sessions.c.who == who)).rowcount


def sweep(connection: Connection, now: datetime) -> None:
    """Forget sessions and links that have ended by themselves."""
    over = or_(web_sessions.c.expires_at <= now, web_sessions.c.seen_at <= now - IDLE)
    connection.execute(delete(web_sessions).where(over))
    connection.execute(delete(web_links).where(web_links.c.expires_at <= now))


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (web_sessions.c.expires_at > now, web_sessions.c.seen_at > now - IDLE)


def _session(fields: dict[str, object]) -> WebSession:
    del fields["token_hash"]
    return WebSession(**fields)  # type: ignore[arg-type]


def _hash(word: str, bound_to: str = "") -> str:
    """A token has 256 random bits, so neither it nor what it is bound to can be guessed from its hash."""
    return hashlib.sha256(f"{word}\0{bound_to}".encode("utf-8", "replace")).hexdigest()
