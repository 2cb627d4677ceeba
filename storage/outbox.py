"""The outbox: every message owed to a chat is a row, and every step of its life is a compare-and-set.

    queued ──claim──► sending ──► sent
      ▲                 │ ├─────► failed      refused for good
      │                 │ ├─────► chat_gone   the chat refuses us; its settings stay
      ├──── put_back ◄──┘ │
      └──── uncertain ◄───┘       may have arrived: tried once more, marked as a repeat

`sending` is committed before the request leaves. A row that a later start of the service finds there belongs to a
process that died, and only then is it unknown whether the message arrived. A step that finds its row no longer in
the state and worker it expects changes nothing and says so, so a row is finished once, by one worker.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, func, literal, select, true, update

from storage.model import Channel, ChatState, Delivery, DeliveryKind, DeliveryState
from storage.records import chat_from_row, delivery_from_row, insert_or_ignore
from storage.tables import chats, deliveries

BROADCAST_PRIORITY = 5  #: alerts go first
TRIES = 3  #: of a message whose answers are lost; what certainly did not arrive is no such try

_CHAT_COLUMNS = [column.label(f"chat__{column.name}") for column in chats.c]


def claim(
    connection: Connection,
    *,
    worker: str,
    channels: Collection[Channel],
    busy_chats: Collection[int],
    now: datetime,
    limit: int,
) -> list[Delivery]:
    """Take up to `limit` due messages for `worker`, one a chat, the oldest first.

    Chats in `busy_chats` have a message in flight or must rest; a chat never has two in flight, so order holds.
    """
    due = _with_chat().where(
        deliveries.c.state == DeliveryState.QUEUED,
        deliveries.c.not_before <= now,
        chats.c.channel.in_(list(channels)),
        chats.c.state == ChatState.ACTIVE,
        deliveries.c.chat_id.not_in(list(busy_chats)),
    )
    rows = connection.execute(due.order_by(deliveries.c.not_before, deliveries.c.id).limit(limit * 4)).all()
    chosen = list({row.chat_id: row for row in reversed(rows)}.values())[::-1][:limit]
    taken = (row for row in chosen if _take(connection, row, worker, now))
    return [replace(_delivery(row), attempt=row.attempt + 1, worker=worker) for row in taken]


def _take(connection: Connection, row: Any, worker: str, now: datetime) -> bool:
    values = {"state": DeliveryState.SENDING, "worker": worker, "attempt": row.attempt + 1, "updated_at": now}
    where = (deliveries.c.id == row.id, deliveries.c.state == DeliveryState.QUEUED)
    return connection.execute(update(deliveries).where(*where).values(**values)).rowcount == 1


def mark_sent(connection: Connection, delivery: Delivery, worker: str, message_id: str | None, now: datetime) -> bool:
    """It arrived."""
    return _finish(connection, delivery, worker, now, state=DeliveryState.SENT, message_id=message_id, error=None)


def mark_failed(connection: Connection, delivery: Delivery, worker: str, error: str, now: datetime) -> bool:
    """It was refused for good; the next messages to the chat are not held up."""
    return _finish(connection, delivery, worker, now, state=DeliveryState.FAILED, error=error)


def mark_chat_gone(connection: Connection, delivery: Delivery, worker: str, error: str, now: datetime) -> bool:
    """The chat refuses us. What else is owed to it waits, in case it comes back."""
    done = _finish(connection, delivery, worker, now, state=DeliveryState.CHAT_GONE, error=error)
    gone = update(chats).where(chats.c.id == delivery.chat.id, chats.c.state == ChatState.ACTIVE)
    connection.execute(gone.values(state=ChatState.GONE, updated_at=now))
    return done


def put_back(
    connection: Connection, delivery: Delivery, worker: str, not_before: datetime, error: str, now: datetime
) -> bool:
    """It certainly did not arrive: try again at `not_before`."""
    return _finish(
        connection,
        delivery,
        worker,
        now,
        state=DeliveryState.QUEUED,
        not_before=not_before,
        worker_after=None,
        error=error,
    )


def mark_uncertain(connection: Connection, delivery: Delivery, worker: str, error: str, now: datetime) -> bool:
    """Nobody can know whether it arrived."""
    lost = deliveries.c.lost + 1
    return _finish(connection, delivery, worker, now, state=DeliveryState.UNCERTAIN, error=error, lost=lost)


def _finish(connection: Connection, delivery: Delivery, worker: str, now: datetime, **values: Any) -> bool:
    if "worker_after" in values:
        values["worker"] = values.pop("worker_after")
    where = (
        deliveries.c.id == delivery.id,
        deliveries.c.state == DeliveryState.SENDING,
        deliveries.c.worker == worker,
    )
    return connection.execute(update(deliveries).where(*where).values(**values, updated_at=now)).rowcount == 1


def left_behind(connection: Connection, worker: str, channels: Collection[Channel]) -> list[Delivery]:
    """Messages that an earlier process had in flight when it died. For the start of the single deliverer."""
    where = (
        deliveries.c.state == DeliveryState.SENDING,
        deliveries.c.worker != worker,
        chats.c.channel.in_(list(channels)),
    )
    return [_delivery(row) for row in connection.execute(_with_chat().where(*where).order_by(deliveries.c.id))]


def settle(connection: Connection, delivery: Delivery, arrived: bool | None, now: datetime) -> None:
    """Decide about a message that a dead process left in flight.

    `arrived` is what the channel can prove: True closes it, False queues it as if never tried, None leaves it
    uncertain, to be tried once more as a repeat.
    """
    state = {True: DeliveryState.SENT, False: DeliveryState.QUEUED, None: DeliveryState.UNCERTAIN}[arrived]
    where = (deliveries.c.id == delivery.id, deliveries.c.state == DeliveryState.SENDING)
    lost = deliveries.c.lost + (1 if arrived is None else 0)
    connection.execute(update(deliveries).where(*where).values(state=state, lost=lost, updated_at=now))


def retry_uncertain(connection: Connection, not_before: datetime, now: datetime) -> int:
    """Queue each uncertain message once more, marked as a repeat, until `TRIES` answers were lost.

    Returns how many were queued. Losing an alert is worse than showing it twice with a word about it.
    """
    where = (deliveries.c.state == DeliveryState.UNCERTAIN, deliveries.c.lost < TRIES)
    values = {"state": DeliveryState.QUEUED, "repeat": True, "not_before": not_before, "updated_at": now}
    return connection.execute(update(deliveries).where(*where).values(**values)).rowcount


def expire(connection: Connection, before: datetime, now: datetime, chat_id: int | None = None) -> int:
    """Drop what has waited since `before`, of one chat or of all: it would be old news. Returns how many."""
    where = [deliveries.c.state == DeliveryState.QUEUED, deliveries.c.created_at < before]
    if chat_id is not None:
        where.append(deliveries.c.chat_id == chat_id)
    values = {"state": DeliveryState.EXPIRED, "updated_at": now}
    return connection.execute(update(deliveries).where(*where).values(**values)).rowcount


def next_due(connection: Connection, channels: Collection[Channel]) -> datetime | None:
    """When the next queued message of these channels may be sent; None when there is none."""
    where = (
        deliveries.c.state == DeliveryState.QUEUED,
        chats.c.channel.in_(list(channels)),
        chats.c.state == ChatState.ACTIVE,
    )
    query = select(deliveries.c.not_before).join_from(deliveries, chats).where(*where)
    return connection.execute(query.order_by(deliveries.c.not_before).limit(1)).scalar_one_or_none()


def owe_broadcast(connection: Connection, broadcast_id: int, now: datetime) -> int:
    """Owe each active chat the words of a broadcast, once. Returns to how many."""
    moment = literal(now, deliveries.c.not_before.type)
    owed = select(
        chats.c.id, literal(DeliveryKind.BROADCAST.value), literal(1), literal(f"broadcast:{broadcast_id}"),
        literal({"id": broadcast_id}, deliveries.c.payload.type), literal(BROADCAST_PRIORITY),
        literal(DeliveryState.QUEUED.value), moment, literal(0), ~true(), moment, moment,
    ).where(chats.c.state == ChatState.ACTIVE).order_by(chats.c.id)  # fmt: skip
    columns = [
        "chat_id", "kind", "version", "once", "payload", "priority",
        "state", "not_before", "attempt", "repeat", "created_at", "updated_at",
    ]  # fmt: skip
    connection.execute(insert_or_ignore(connection, deliveries, "chat_id", "once").from_select(columns, owed))
    mine = deliveries.c.once == f"broadcast:{broadcast_id}"
    return int(connection.execute(select(func.count()).select_from(deliveries).where(mine)).scalar_one())


def _with_chat() -> Any:
    return select(deliveries, *_CHAT_COLUMNS).join_from(deliveries, chats)


def _delivery(row: Any) -> Delivery:
    of_chat = {column.name: getattr(row, f"chat__{column.name}") for column in chats.c}
    return delivery_from_row(row, chat_from_row(SimpleNamespace(**of_chat)))
