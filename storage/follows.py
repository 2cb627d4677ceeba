"""What chats follow beside whole filters, and what they mute: tags of meetings, such as `country:JP` or `story:7`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, Table, delete, func, or_, select

from storage.errors import KaigiError
from storage.model import Mute
from storage.records import insert_for, insert_or_ignore
from storage.tables import follows, mutes

MOST = 200  #: tags that one chat can follow, and can mute
LONGEST = 96  #: characters of a tag

#: Every meeting has this tag: muting it is a pause.
ALL = "all"


class TooMany(KaigiError):
    """A chat follows or mutes as much as it can."""


def follow(connection: Connection, chat_id: int, tag: str, now: datetime) -> bool:
    """Follow a tag. Returns whether it was not followed yet. Raises `TooMany`."""
    _check_room(connection, follows, chat_id)
    statement = insert_or_ignore(connection, follows, "chat_id", "tag")
    made = statement.values(chat_id=chat_id, tag=tag[:LONGEST], created_at=now).returning(follows.c.tag)
    return connection.execute(made).first() is not None


def unfollow(connection: Connection, chat_id: int, tag: str) -> bool:
    """Follow a tag no more. Returns whether it was followed."""
    return connection.execute(delete(follows).where(follows.c.chat_id == chat_id, follows.c.tag == tag)).rowcount == 1


def followed(connection: Connection, chat_id: int) -> list[str]:
    """The tags that a chat follows, the first followed first."""
    query = select(follows.c.tag).where(follows.c.chat_id == chat_id).order_by(follows.c.created_at, follows.c.tag)
    return list(connection.execute(query).scalars())


def mute(connection: Connection, chat_id: int, tag: str, until: datetime | None, now: datetime) -> None:
    """Hear no more of a tag, `until` then or (None) until it is taken back. The last word counts. Raises `TooMany`."""
    forget_expired(connection, chat_id, now)
    _check_room(connection, mutes, chat_id)
    statement = insert_for(connection, mutes).values(chat_id=chat_id, tag=tag[:LONGEST], until=until, created_at=now)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["chat_id", "tag"], set_={"until": until, "created_at": now})
    )


def unmute(connection: Connection, chat_id: int, tag: str) -> bool:
    """Hear of a tag again. Returns whether it was muted."""
    return connection.execute(delete(mutes).where(mutes.c.chat_id == chat_id, mutes.c.tag == tag)).rowcount == 1


def muted(connection: Connection, chat_id: int, now: datetime) -> list[Mute]:
    """What a chat mutes at this moment, the newest first."""
    lasting = or_(mutes.c.until.is_(None), mutes.c.until > now)
    query = select(mutes).where(mutes.c.chat_id == chat_id, lasting)
    rows = connection.execute(query.order_by(mutes.c.created_at.desc(), mutes.c.tag))
    return [Mute(tag=row.tag, until=row.until) for row in rows]


def forget_expired(connection: Connection, chat_id: int, now: datetime) -> None:
    """Drop the mutes of a chat whose time is over."""
    connection.execute(delete(mutes).where(mutes.c.chat_id == chat_id, mutes.c.until <= now))


def take_over(connection: Connection, chat_id: int, other_id: int) -> None:
    """Give a chat what another one follows and mutes, where it has no word of its own."""
    for table in (follows, mutes):
        mine = select(table.c.tag).where(table.c.chat_id == chat_id)
        theirs = _rows(connection, table, other_id, mine)
        if theirs:
            connection.execute(table.insert(), [{**row, "chat_id": chat_id} for row in theirs])


def _rows(connection: Connection, table: Table, chat_id: int, without: Select[tuple[str]]) -> Sequence[RowMapping]:
    query = select(table).where(table.c.chat_id == chat_id, table.c.tag.not_in(without))
    return connection.execute(query).mappings().all()


def _check_room(connection: Connection, table: Table, chat_id: int) -> None:
    count = connection.execute(select(func.count()).select_from(table).where(table.c.chat_id == chat_id)).scalar_one()
    if count >= MOST:
        raise TooMany(f"A chat has room for {MOST}.")
