"""Chats and what they are subscribed to. A chat's settings outlive its absence: only its own word deletes them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from storage import filters, follows, outbox
from storage.model import Channel, Chat, ChatState, DeliveryState, Filter
from storage.records import chat_from_row, filter_from_row, insert_for, insert_or_ignore, plain_row
from storage.tables import chats, deliveries, subscriptions
from storage.tables import filters as filter_table
from storage.tables import follows as follow_table
from storage.tables import mutes as mute_table

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


#: What a chat decides about itself.
SETTINGS = frozenset(
    {"language", "time_zone", "kind", "title", "managed_by", "digest", "digest_at", "quiet", "sides", "follow_ups"}
)


def change(connection: Connection, chat_id: int, now: datetime, **settings: Any) -> Chat:
    """Change settings of a chat, by the names of `Chat`."""
    assert set(settings) <= SETTINGS, settings
    statement = update(chats).where(chats.c.id == chat_id).values(**settings, updated_at=now)
    return chat_from_row(connection.execute(statement.returning(chats)).one())


def find_chat(connection: Connection, channel: Channel, address: str) -> Chat | None:
    """The chat at `address`, if we have met it."""
    where = (chats.c.channel == channel, chats.c.address == address)
    row = connection.execute(select(chats).where(*where)).first()
    return None if row is None else chat_from_row(row)


def chat(connection: Connection, chat_id: int) -> Chat | None:
    """The chat with this number, if there is one."""
    row = connection.execute(select(chats).where(chats.c.id == chat_id)).first()
    return None if row is None else chat_from_row(row)


def rooms(connection: Connection, channel: Channel, address: str) -> list[Chat]:
    """The chat at an address with all topics of its forum that we have met."""
    query = select(chats).where(chats.c.channel == channel, _at(address)).order_by(chats.c.id)
    return [chat_from_row(row) for row in connection.execute(query)]


def _at(address: str) -> ColumnElement[bool]:
    return or_(chats.c.address == address, chats.c.address.startswith(f"{address}/", autoescape=True))


def managed(connection: Connection, user_id: int) -> list[Chat]:
    """The channels that a person set up."""
    query = select(chats).where(chats.c.managed_by == user_id).order_by(chats.c.id)
    return [chat_from_row(row) for row in connection.execute(query)]


def subscribe(connection: Connection, chat_id: int, filter_key: str, now: datetime) -> bool:
    """Subscribe a chat to a filter. Returns whether it was not yet. Raises `NotFound` for an unknown filter."""
    filter_id = filters.find(connection, filter_key).id
    statement = insert_or_ignore(connection, subscriptions, "chat_id", "filter_id")
    made = statement.values(chat_id=chat_id, filter_id=filter_id, created_at=now)
    # PostgreSQL's driver counts no rows of such a statement; what it returns is told by both engines.
    return connection.execute(made.returning(subscriptions.c.filter_id)).first() is not None


def unsubscribe(connection: Connection, chat_id: int, filter_id: int) -> bool:
    """Subscribe a chat to a filter no more. Returns whether it was."""
    where = (subscriptions.c.chat_id == chat_id, subscriptions.c.filter_id == filter_id)
    return connection.execute(delete(subscriptions).where(*where)).rowcount == 1


def subscribed(connection: Connection, chat_id: int) -> list[Filter]:
    """The filters that a chat is subscribed to, in their order; removed ones are not among them."""
    query = (
        select(filter_table)
        .join_from(subscriptions, filter_table)
        .where(subscriptions.c.chat_id == chat_id, filter_table.c.removed_at.is_(None))
        .order_by(filter_table.c.position, filter_table.c.id)
    )
    return [filter_from_row(row) for row in connection.execute(query)]


def is_subscribed(connection: Connection, chat_id: int) -> bool:
    """Whether the chat follows anything: a filter or a tag."""
    filters_of = select(subscriptions.c.filter_id).where(subscriptions.c.chat_id == chat_id).limit(1)
    tags_of = select(follow_table.c.tag).where(follow_table.c.chat_id == chat_id).limit(1)
    return any(connection.execute(query).first() is not None for query in (filters_of, tags_of))


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
    # A supergroup numbers its messages anew: with the old numbers, an edit would rewrite another message.
    numbered = (deliveries.c.chat_id == chat_id, deliveries.c.message_id.is_not(None))
    connection.execute(update(deliveries).where(*numbered).values(message_id=None))
    other = find_chat(connection, Channel(row.channel), address)
    if other is not None and other.id != chat_id:
        _absorb(connection, chat_id, other.id, now)
        said_last = ("state", "language", "time_zone", "digest", "digest_at", "quiet", "sides", "follow_ups")
        values |= {name: getattr(other, name) for name in said_last}
    connection.execute(update(chats).where(chats.c.id == chat_id).values(**values))


def move_room(connection: Connection, chat: Chat, room: str, now: datetime) -> None:
    """Give a chat, and with it all topics of its forum, the new address that Telegram told us."""
    for each in rooms(connection, chat.channel, chat.room):
        topic = each.address.partition("/")[2]
        move(connection, each.id, f"{room}/{topic}" if topic else room, now)


def _absorb(connection: Connection, chat_id: int, other_id: int, now: datetime) -> None:
    mine = select(subscriptions.c.filter_id).where(subscriptions.c.chat_id == chat_id)
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.chat_id == other_id, subscriptions.c.filter_id.not_in(mine.scalar_subquery()))
        .values(chat_id=chat_id)
    )
    follows.take_over(connection, chat_id, other_id)
    had = select(deliveries.c.story_id).where(deliveries.c.chat_id == chat_id, deliveries.c.story_id.is_not(None))
    # Its digests and broadcasts end with it: what they hold goes by itself, and a broadcast was owed here, too.
    lists = select(deliveries.c.id).where(
        deliveries.c.chat_id == other_id,
        deliveries.c.story_id.is_(None),
        deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.UNCERTAIN]),
    )
    outbox.set_free(connection, connection.execute(lists).scalars().all(), now)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.chat_id == other_id, deliveries.c.story_id.is_not(None))
        .where(deliveries.c.story_id.not_in(had.scalar_subquery()))
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


def suspend_others(connection: Connection, channel: Channel, addresses: Collection[str], now: datetime) -> None:
    """All chats of a channel but these rest. What they follow stays, and what waits for them may still be news when
    they come back."""
    others = (chats.c.channel == channel, chats.c.address.not_in(list(addresses)), chats.c.state == ChatState.ACTIVE)
    connection.execute(update(chats).where(*others).values(state=ChatState.SUSPENDED, updated_at=now))


def export(connection: Connection, chat_id: int) -> dict[str, Any]:
    """Everything that is kept about a chat, as JSON: settings, what it follows and mutes, every message owed to it."""
    row = connection.execute(select(chats).where(chats.c.id == chat_id)).mappings().one()
    tags = connection.execute(select(follow_table).where(follow_table.c.chat_id == chat_id)).mappings()
    quiet = connection.execute(select(mute_table).where(mute_table.c.chat_id == chat_id)).mappings()
    messages = connection.execute(
        select(deliveries).where(deliveries.c.chat_id == chat_id).order_by(deliveries.c.id)
    ).mappings()
    return {
        "chat": plain_row(row),
        "filters": [each.key for each in subscribed(connection, chat_id)],
        "follows": [plain_row(one, "chat_id") for one in tags],
        "mutes": [plain_row(one, "chat_id") for one in quiet],
        "messages": [plain_row(one, "chat_id", "worker") for one in messages],
    }


def forget(connection: Connection, chat_id: int) -> bool:
    """Delete everything that is kept about a chat, what is owed to it and what it was sent. Returns whether it was
    known. What is kept about the person behind it is the business of storage/privacy.py."""
    for table in (deliveries, follow_table, mute_table, subscriptions):
        connection.execute(delete(table).where(table.c.chat_id == chat_id))
    return connection.execute(delete(chats).where(chats.c.id == chat_id)).rowcount == 1
