"""Chats and what they are subscribed to. A chat's settings outlive its absence: nothing here deletes a chat."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from storage import filters, outbox
from storage.model import Channel, Chat, ChatState
from storage.records import chat_from_row, insert_for, insert_or_ignore
from storage.tables import chats, deliveries, subscriptions

STALE = timedelta(days=2)


def open_chat(
    connection: Connection, channel: Channel, address: str, *, language: str, time_zone: str, now: datetime
) -> Chat:
    """The chat at `address`, active; made with this language and zone if it is new, else with those it has.

    What was owed to it while it was away, and has become old news, is dropped.
    """
    away = find_chat(connection, channel, address)
    if away is not None and away.state is not ChatState.ACTIVE:
        outbox.expire(connection, now - STALE, now, chat_id=away.id)
    statement = insert_for(connection, chats).values(
        channel=channel,
        address=address,
        language=language,
        time_zone=time_zone,
        state=ChatState.ACTIVE,
        created_at=now,
        updated_at=now,
    )
    statement = statement.on_conflict_do_update(
        index_elements=["channel", "address"], set_={"state": ChatState.ACTIVE, "updated_at": now}
    )
    return chat_from_row(connection.execute(statement.returning(chats)).one())


def find_chat(connection: Connection, channel: Channel, address: str) -> Chat | None:
    """The chat at `address`, if we have met it."""
    where = (chats.c.channel == channel, chats.c.address == address)
    row = connection.execute(select(chats).where(*where)).first()
    return None if row is None else chat_from_row(row)


def subscribe(connection: Connection, chat_id: int, filter_key: str, now: datetime) -> bool:
    """Subscribe a chat to a filter. Returns whether it was not yet. Raises `NotFound` for an unknown filter."""
    filter_id = filters.find(connection, filter_key).id
    statement = insert_or_ignore(connection, subscriptions, "chat_id", "filter_id")
    done = connection.execute(statement.values(chat_id=chat_id, filter_id=filter_id, created_at=now))
    return done.rowcount == 1


def is_subscribed(connection: Connection, chat_id: int) -> bool:
    """Whether the chat follows anything."""
    where = subscriptions.c.chat_id == chat_id
    return connection.execute(select(subscriptions.c.filter_id).where(where).limit(1)).first() is not None


def set_state(connection: Connection, chat_id: int, state: ChatState, now: datetime) -> None:
    """Let a chat rest or wake it; what it follows stays."""
    connection.execute(update(chats).where(chats.c.id == chat_id).values(state=state, updated_at=now))


def move(connection: Connection, chat_id: int, address: str, now: datetime) -> None:
    """Give a chat the new address that Telegram told us (a group became a supergroup).

    When the new address is known already, the two were always one room: what the other record follows, and what is
    owed to it, goes over to this one, so that nothing is lost and nothing heard twice.
    """
    row = connection.execute(select(chats).where(chats.c.id == chat_id)).one()
    values = {"address": address, "updated_at": now}
    other = find_chat(connection, Channel(row.channel), address)
    if other is not None and other.id != chat_id:
        _absorb(connection, chat_id, other.id)
        values |= {"state": other.state, "language": other.language, "time_zone": other.time_zone}  # said there last
    connection.execute(update(chats).where(chats.c.id == chat_id).values(**values))


def _absorb(connection: Connection, chat_id: int, other_id: int) -> None:
    mine = select(subscriptions.c.filter_id).where(subscriptions.c.chat_id == chat_id)
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.chat_id == other_id, subscriptions.c.filter_id.not_in(mine.scalar_subquery()))
        .values(chat_id=chat_id)
    )
    had = select(deliveries.c.story_id).where(deliveries.c.chat_id == chat_id)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.chat_id == other_id, deliveries.c.story_id.not_in(had.scalar_subquery()))
        .values(chat_id=chat_id)
    )
    connection.execute(delete(chats).where(chats.c.id == other_id))


def suspend_channel(connection: Connection, channel: Channel, now: datetime) -> None:
    """Nobody reads this channel now: no new messages are owed to it, and those that wait are dropped."""
    connection.execute(
        update(chats).where(chats.c.channel == channel).values(state=ChatState.SUSPENDED, updated_at=now)
    )
    of_channel = select(chats.c.id).where(chats.c.channel == channel)
    connection.execute(
        delete(deliveries).where(
            deliveries.c.chat_id.in_(of_channel.scalar_subquery()),
            deliveries.c.state.in_(["queued", "sending", "uncertain"]),
        )
    )
