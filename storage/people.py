"""Who may administer, and how they came to it: the settings name some, the others came by an invitation.

The settings have the last word: whoever they name is an admin as long as they do. All others have a row here, which
stays when they are removed, so that the audit keeps its names. Of an invitation only a hash is kept.
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from storage.model import Invite, Person
from storage.records import insert_for
from storage.tables import invites, people

ADMIN = "admin"
LIFETIME = timedelta(hours=24)  #: of an invitation

#: Ids behind which Telegram hides who writes: an anonymous group admin, a channel's service account, a linked channel.
NOBODY = frozenset({1087968824, 777000, 136817688})

_NAME = 200  # characters of a name that are kept


def is_admin(connection: Connection, user_id: int, named_in_settings: Collection[int]) -> bool:
    """Whether this user is an admin now. An id that stands for many people, or for a chat, never is."""
    if user_id in NOBODY or user_id <= 0:
        return False
    return user_id in named_in_settings or find(connection, user_id) is not None


def find(connection: Connection, user_id: int) -> Person | None:
    """The admin by invitation with this id, if there is one now."""
    where = (people.c.user_id == user_id, people.c.added_by.is_not(None), people.c.removed_at.is_(None))
    row = connection.execute(select(people).where(*where)).first()
    return None if row is None else Person(**row._asdict())


def every(connection: Connection) -> list[Person]:
    """All whom we have met as admins, former ones too, in the order in which they came."""
    return [Person(**row._asdict()) for row in connection.execute(select(people).order_by(people.c.added_at))]


def invited(connection: Connection) -> list[Person]:
    """The admins by invitation as it is now."""
    return [one for one in every(connection) if one.added_by is not None and one.removed_at is None]


def meet(connection: Connection, user_id: int, name: str, now: datetime) -> None:
    """Remember the name of an admin whom the settings name; it gives no right."""
    row = {"user_id": user_id, "name": name[:_NAME], "role": ADMIN, "added_by": None, "added_at": now}
    statement = insert_for(connection, people).values(**row)
    changed = people.c.name != statement.excluded.name
    statement = statement.on_conflict_do_update(
        index_elements=["user_id"], set_={"name": statement.excluded.name}, where=changed
    )
    connection.execute(statement)


def remove(connection: Connection, user_id: int, now: datetime) -> bool:
    """Take the rights away, and close the invitations that are still open. Returns whether there were rights."""
    where = (people.c.user_id == user_id, people.c.added_by.is_not(None), people.c.removed_at.is_(None))
    done = connection.execute(update(people).where(*where).values(removed_at=now)).rowcount == 1
    still_open = (invites.c.created_by == user_id, invites.c.used_at.is_(None), invites.c.expires_at > now)
    connection.execute(update(invites).where(*still_open).values(expires_at=now))
    return done


def restore(connection: Connection, user_id: int) -> bool:
    """Give the rights back to an admin by invitation who was removed. Returns whether anything changed."""
    where = (people.c.user_id == user_id, people.c.added_by.is_not(None), people.c.removed_at.is_not(None))
    return connection.execute(update(people).where(*where).values(removed_at=None)).rowcount == 1


def invite(connection: Connection, by: int, now: datetime, lifetime: timedelta = LIFETIME) -> tuple[int, str]:
    """Make an invitation for one person. Returns its number and the word that opens it, which is kept nowhere."""
    word = secrets.token_urlsafe(24)
    row = {
        "token_hash": _hash(word), "role": ADMIN, "created_by": by, "created_at": now, "expires_at": now + lifetime,
    }  # fmt: skip
    number = connection.execute(insert(invites).values(**row).returning(invites.c.id)).scalar_one()
    return int(number), word


def find_invite(connection: Connection, word: str) -> Invite | None:
    """The invitation that this word opens, whatever became of it."""
    row = connection.execute(select(invites).where(invites.c.token_hash == _hash(word))).first()
    if row is None:
        return None
    fields = row._asdict()
    del fields["token_hash"]
    return Invite(**fields)


def accept(connection: Connection, opened: Invite, user_id: int, name: str, now: datetime) -> bool:
    """Use an invitation up and make the user an admin. Returns whether it could still be used: once, and in time."""
    usable = (invites.c.id == opened.id, invites.c.used_at.is_(None), invites.c.expires_at > now)
    if connection.execute(update(invites).where(*usable).values(used_by=user_id, used_at=now)).rowcount != 1:
        return False
    row = {"name": name[:_NAME], "role": opened.role, "added_by": opened.created_by, "added_at": now}
    statement = insert_for(connection, people).values(user_id=user_id, **row)
    statement = statement.on_conflict_do_update(index_elements=["user_id"], set_={**row, "removed_at": None})
    connection.execute(statement)
    return True


def revoke(connection: Connection, invite_id: int, now: datetime) -> bool:
    """Close an invitation that nobody has used. Returns whether it was open."""
    still_open = (invites.c.id == invite_id, invites.c.used_at.is_(None), invites.c.expires_at > now)
    return connection.execute(update(invites).where(*still_open).values(expires_at=now)).rowcount == 1


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()
