"""What to send next: the look at the outbox that comes before each claim. Only reads.

    the first rows of each lane ──► those whose chat and parent let them go ──► one a room
    and when these must wait: some hundred chats in turn ──► what each is owed first

The cost does not grow with the queue. `outbox.take` makes what is found somebody's.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal, select

from storage.model import Channel, ChatState, Delivery, DeliveryState, room_of
from storage.outbox import PRIORITY, take
from storage.tables import chats, deliveries

_LANES = sorted(set(PRIORITY.values()))

WINDOW = 100  #: rows at the head of the queue that one claim looks at …
SOON = timedelta(minutes=15)  #: within which what failed is tried again
ROTA = 150  #: … and chats that it asks one by one when those rows belong to chats that must wait

_PARENT = deliveries.alias("parent")


@dataclass(slots=True)
class Turns:
    """Where the round of the chats has come to. One for each deliverer, kept between its claims."""

    after: int = 0


def claim(
    connection: Connection,
    *,
    worker: str,
    channels: Collection[Channel],
    busy: Collection[str],
    now: datetime,
    limit: int,
) -> list[Delivery]:
    """`find` and `take` in one write transaction."""
    return take(connection, find(connection, channels=channels, busy=busy, now=now, limit=limit), worker, now)


def find(
    connection: Connection,
    *,
    channels: Collection[Channel],
    busy: Collection[str],
    now: datetime,
    limit: int,
    turns: Turns | None = None,
    oldest: bool = False,
) -> list[int]:
    """Up to `limit` messages that may be sent now, one a room. Only reads; `take` makes them somebody's.

    `busy` are rooms (see `Chat.room`) that have a message in flight or must rest: no room has two in flight, so order
    holds. What matters more goes first, and of equals the oldest; with `oldest` age alone counts, so that a look like
    this now and then keeps digests from waiting for ever. A message whose parent is still on its way stays behind it.

    The cost does not grow with the queue: this looks at the first rows of the queue, and when those belong to chats
    that must wait, asks some hundred chats in turn for what they are owed.
    """
    chosen: dict[str, int] = {}
    for row in _candidates(connection, channels, busy, now, limit, turns or Turns(), oldest=oldest):
        room = room_of(Channel(row.channel), row.address)
        if room not in busy:
            chosen.setdefault(room, row.id)
        if len(chosen) == limit:
            break
    return list(chosen.values())


def _candidates(
    connection: Connection,
    channels: Collection[Channel],
    busy: Collection[str],
    now: datetime,
    limit: int,
    turns: Turns,
    *,
    oldest: bool,
) -> Iterator[Any]:
    """Messages that may be sent, the next one first. Whoever has enough stops asking."""
    who = {"channels": list(channels), "busy": list(busy), "now": now}
    if oldest:
        yield from connection.execute(_OLDEST, {**who, "most": limit * 4}).all()
    else:
        for lane in _LANES:
            yield from connection.execute(_LANE, {**who, "most": limit * 4, "lane": lane}).all()
    asked = connection.execute(_ROUND, {"busy": who["busy"], "now": now, "after": turns.after}).all()
    owed = [row.first for row in asked if row.first is not None and row.channel in channels][:limit]
    turns.after = _came_to(asked, owed[-1] if len(owed) == limit else None)
    if owed:
        yield from connection.execute(
            _THESE, {"channels": who["channels"], "busy": who["busy"], "numbers": owed, "most": limit}
        ).all()


def _came_to(asked: Sequence[Any], last: int | None) -> int:
    """Where the round goes on: after the chat that was served last, or asked last; at the beginning after its end."""
    if last is not None:
        return next(int(row.id) for row in asked if row.first == last)
    return int(asked[-1].id) if len(asked) == ROTA else 0


# The statements are made once: putting them together takes longer than running them.

_NOW = bindparam("now", type_=deliveries.c.not_before.type)
_DUE = (deliveries.c.state == DeliveryState.QUEUED, deliveries.c.held == "", deliveries.c.not_before <= _NOW)
_NOT_BUSY = chats.c.address.not_in(bindparam("busy", expanding=True))
_ACTIVE = (
    chats.c.state == ChatState.ACTIVE,
    chats.c.channel.in_(bindparam("channels", expanding=True)),
    _NOT_BUSY,
)


_HEAD = select(deliveries.c.id, deliveries.c.chat_id, deliveries.c.parent_id, deliveries.c.not_before)


def _first(*where: Any) -> Any:
    """The first rows of the queue."""
    return _HEAD.where(*_DUE, *where).order_by(deliveries.c.not_before, deliveries.c.id).limit(WINDOW)


def _sendable(rows: Any) -> Any:
    """Of some rows, those whose chat and parent let them go."""
    window = rows.subquery()
    on_its_way = _PARENT.c.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING])
    unfinished = (_PARENT.c.id == window.c.parent_id) & on_its_way
    return (
        select(window.c.id, chats.c.channel, chats.c.address)
        .join(chats, chats.c.id == window.c.chat_id)
        .where(*_ACTIVE, ~select(literal(1)).where(unfinished).exists())
        .order_by(window.c.not_before, window.c.id)
        .limit(bindparam("most"))
    )


_OLDEST = _sendable(_first())
_LANE = _sendable(_first(deliveries.c.priority == bindparam("lane")))
_THESE = _sendable(_HEAD.where(deliveries.c.id.in_(bindparam("numbers", expanding=True))))  # found due just now

_OF_CHAT = (
    select(deliveries.c.id)
    .where(deliveries.c.chat_id == chats.c.id, *_DUE)
    .order_by(deliveries.c.not_before, deliveries.c.id)
    .limit(1)
    .correlate(chats)
    .scalar_subquery()
)
_ROUND = (
    select(chats.c.id, chats.c.channel, _OF_CHAT.label("first"))
    # Without the channel, which would lead SQLite away from the order of the key and to all chats.
    .where(chats.c.id > bindparam("after"), chats.c.state == ChatState.ACTIVE, _NOT_BUSY)
    .order_by(chats.c.id)
    .limit(ROTA)
)


def due(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """How many messages only their channel keeps from leaving, and since when the oldest of them is owed.

    What waits for the end of quiet hours, for a digest, for an admin or for a chat that wants none now is left
    out; what is tried again soon is in it."""
    leaving = deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING])
    query = (
        select(func.count(), func.min(deliveries.c.created_at))
        .select_from(deliveries)
        .join(chats, chats.c.id == deliveries.c.chat_id)
        .where(leaving, deliveries.c.held == "", deliveries.c.not_before <= now + SOON)
        .where(chats.c.state == ChatState.ACTIVE)
    )
    count, oldest = connection.execute(query).one()
    return int(count), oldest


def next_due(connection: Connection, channels: Collection[Channel], now: datetime) -> datetime | None:
    """When the next message of these channels that is not due yet may be sent; None when there is none."""
    moment: datetime | None = connection.execute(_NEXT, {"channels": list(channels), "busy": [], "now": now}).scalar()
    return moment


_SOON = (
    select(deliveries.c.chat_id, deliveries.c.not_before)
    .where(deliveries.c.state == DeliveryState.QUEUED, deliveries.c.held == "", deliveries.c.not_before > _NOW)
    .order_by(deliveries.c.not_before)
    .limit(WINDOW)
    .subquery()
)
_NEXT = (
    select(_SOON.c.not_before)
    .join(chats, chats.c.id == _SOON.c.chat_id)
    .where(*_ACTIVE)
    .order_by(_SOON.c.not_before)
    .limit(1)
)
