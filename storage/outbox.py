"""The outbox: every message owed to a chat is a row, and every step of its life is a compare-and-set.

    queued ──claim──► sending ──► sent
      ▲                 │ ├─────► failed      refused for good
      │                 │ ├─────► chat_gone   the chat refuses us; its settings stay
      │                 │ ├─────► expired     what it changes, or tells, is no more
      ├──── put_back ◄──┘ │
      └──── uncertain ◄───┘       may have arrived: tried again, marked as a repeat, or parked

`sending` is committed before the request leaves. A row that a later start of the service finds there belongs to a
process that died, and only then is it unknown whether the message arrived. A step that finds its row no longer in
the state and worker it expects changes nothing and says so, so a row is finished once, by one worker.

What may be sent next is found by `storage/queue.py`. What waits for the end of quiet hours or for a digest is `held`;
`storage/digests.py` lets it go.
"""

import math
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select, update

from storage import wake
from storage.hours import in_quiet
from storage.model import Channel, ChatState, Delivery, DeliveryKind, DeliveryState
from storage.records import chat_from_row, delivery_from_row, insert_for, insert_or_ignore
from storage.tables import chats, counters, deliveries

#: No message and no channel waits for a later moment: what says so was written by a clock that was wrong.
FURTHEST = timedelta(days=2)
TRIES = 3  #: of a message whose answers are lost; what certainly did not arrive is no such try

#: The lower goes first. What a reader waits for comes before what rewrites an old message.
PRIORITY = {
    DeliveryKind.ALERT: 0,
    DeliveryKind.FOLLOW_UP: 0,
    DeliveryKind.BROADCAST: 5,
    DeliveryKind.EDIT: 5,
    DeliveryKind.DIGEST: 9,
}

_CHAT_COLUMNS = [column.label(f"chat__{column.name}") for column in chats.c]


def take(connection: Connection, found: Sequence[int], worker: str, now: datetime) -> list[Delivery]:
    """Make messages `worker`'s own, as far as nobody else has taken them meanwhile."""
    words = {"worker_now": worker, "now": now}
    # In the order of their numbers: on PostgreSQL, whoever holds some rows of the outbox takes them in this order.
    done = {n for n in sorted(found) if connection.execute(_TAKE, {**words, "number": n}).rowcount == 1}
    taken = [number for number in found if number in done]
    if not taken:
        return []
    rows = {row.id: row for row in connection.execute(_BY_ID, {"numbers": taken})}
    return [_delivery(rows[number]) for number in taken]


_TAKE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("number"), deliveries.c.state == DeliveryState.QUEUED)
    .values(
        state=DeliveryState.SENDING,
        worker=bindparam("worker_now"),
        attempt=deliveries.c.attempt + 1,
        updated_at=bindparam("now", type_=deliveries.c.not_before.type),
    )
)
_BY_ID = (
    select(deliveries, *_CHAT_COLUMNS)
    .join_from(deliveries, chats)
    .where(deliveries.c.id.in_(bindparam("numbers", expanding=True)))
)


def mark_sent(connection: Connection, delivery: Delivery, worker: str, message_id: str | None, now: datetime) -> bool:
    """It arrived."""
    return _finish(connection, delivery, worker, now, state=DeliveryState.SENT, message_id=message_id, error=None)


def mark_failed(connection: Connection, delivery: Delivery, worker: str, error: str, now: datetime) -> bool:
    """It was refused for good, and holds up no other. What was folded into it goes by itself."""
    done = _finish(connection, delivery, worker, now, state=DeliveryState.FAILED, error=error)
    if done:
        set_free(connection, [delivery.id], now)
    return done


def set_free(connection: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Alerts that were folded into these messages go by themselves: the messages will never leave."""
    folded = (deliveries.c.parent_id.in_(numbers), deliveries.c.state == DeliveryState.FOLDED)
    free = {"state": DeliveryState.QUEUED, "parent_id": None, "held": "", "not_before": now, "updated_at": now}
    connection.execute(update(deliveries).where(*folded, deliveries.c.kind == DeliveryKind.ALERT).values(**free))


def mark_chat_gone(connection: Connection, delivery: Delivery, worker: str, error: str, now: datetime) -> bool:
    """The chat, with all its topics, refuses us. What else is owed to it waits, in case it comes back."""
    done = _finish(connection, delivery, worker, now, state=DeliveryState.CHAT_GONE, error=error)
    room = delivery.chat.room
    here = or_(chats.c.address == room, chats.c.address.startswith(f"{room}/", autoescape=True))
    gone = update(chats).where(chats.c.channel == delivery.chat.channel, here, chats.c.state == ChatState.ACTIVE)
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


def drop(connection: Connection, delivery: Delivery, worker: str, reason: str, now: datetime) -> bool:
    """There is nothing to send any more: the message that it rewrites, or the meetings that it lists, are gone."""
    return _finish(connection, delivery, worker, now, state=DeliveryState.EXPIRED, error=reason)


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


def disown(connection: Connection, worker: str, in_flight: Collection[int], now: datetime) -> int:
    """Queue what this worker has claimed without knowing it: the commit of a claim landed, and the answer to it was
    lost, as when a server goes away at that moment. None of it was sent. Returns how many there were.
    """
    mine = (deliveries.c.state == DeliveryState.SENDING, deliveries.c.worker == worker)
    back = {"state": DeliveryState.QUEUED, "worker": None, "attempt": deliveries.c.attempt - 1, "updated_at": now}
    unknown = update(deliveries).where(*mine, deliveries.c.id.not_in(in_flight)).values(**back)
    return int(connection.execute(unknown).rowcount)


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
    """Drop what has waited since `before`, of one chat or of all: it would be old news. What waits for a digest is not
    late, unless its chat was away. Returns how many."""
    where = [deliveries.c.state == DeliveryState.QUEUED, deliveries.c.created_at < before]
    where.append(deliveries.c.held != "digest" if chat_id is None else deliveries.c.chat_id == chat_id)
    values = {"state": DeliveryState.EXPIRED, "updated_at": now}
    return connection.execute(update(deliveries).where(*where).values(**values)).rowcount


def pause(connection: Connection, channel: Channel, until: datetime) -> None:
    """Note that nothing may be sent on this channel before `until`, so that the next start obeys as well."""
    made = insert_for(connection, counters).values(name=f"pause:{channel}", value=_seconds(until))
    wrong = counters.c.value > _seconds(until + FURTHEST)
    later = or_(made.excluded.value > counters.c.value, wrong)
    connection.execute(
        made.on_conflict_do_update(index_elements=["name"], set_={"value": made.excluded.value}, where=later)
    )


def pauses(connection: Connection, channels: Collection[Channel], now: datetime) -> dict[Channel, datetime]:
    """Until when each channel must rest."""
    names = {f"pause:{channel}": channel for channel in channels}
    possible = counters.c.value <= _seconds(now + FURTHEST)
    rows = connection.execute(select(counters).where(counters.c.name.in_(list(names)), possible))
    return {names[row.name]: datetime.fromtimestamp(row.value, UTC) for row in rows}


def follow_clock(connection: Connection, before: datetime, now: datetime) -> int:
    """After a clock that showed `before` was set back to `now`: what was due by it, or about to be tried again, is due,
    and channels rest no longer than they should. What waits for the end of quiet hours still does. Returns how many."""
    names = [f"pause:{channel}" for channel in Channel]
    resting = (counters.c.name.in_(names), counters.c.value > _seconds(now))
    shorter = counters.c.value - math.floor((before - now).total_seconds())
    connection.execute(update(counters).where(*resting).values(value=shorter))
    return _hasten(connection, now, deliveries.c.not_before > now, _was_due(before))


def hasten(connection: Connection, now: datetime) -> int:
    """What waits for a moment for which nothing waits is due. Returns how many."""
    return _hasten(connection, now, deliveries.c.not_before > now + FURTHEST)


def _was_due(before: datetime) -> ColumnElement[bool]:
    return and_(deliveries.c.held == "", or_(deliveries.c.not_before <= before, deliveries.c.attempt > 0))


def _hasten(connection: Connection, now: datetime, *which: ColumnElement[bool]) -> int:
    waiting = (deliveries.c.state == DeliveryState.QUEUED, deliveries.c.held != "digest", *which)
    return connection.execute(update(deliveries).where(*waiting).values(not_before=now, updated_at=now)).rowcount


def _seconds(moment: datetime) -> int:
    return math.ceil(moment.timestamp())


def owe_broadcast(connection: Connection, broadcast_id: int, now: datetime) -> int:
    """Owe a broadcast to every active chat, once; where it is night, from the end of the quiet hours. Returns to how
    many."""
    rows = [
        {
            "chat_id": chat.id, "story_id": None, "kind": DeliveryKind.BROADCAST, "version": 1,
            "once": f"broadcast:{broadcast_id}", "payload": {"id": broadcast_id}, "state": DeliveryState.QUEUED,
            "priority": PRIORITY[DeliveryKind.BROADCAST], "attempt": 0, "repeat": False, "created_at": now,
            "updated_at": now, "not_before": in_quiet(chat.quiet, chat.time_zone, now) or now,
        }
        for chat in connection.execute(select(chats).where(chats.c.state == ChatState.ACTIVE).order_by(chats.c.id))
    ]  # fmt: skip
    owed = select(deliveries.c.chat_id).where(deliveries.c.once == f"broadcast:{broadcast_id}")
    had = set(connection.execute(owed).scalars())
    new = [row for row in rows if row["chat_id"] not in had]
    if new:
        connection.execute(insert_or_ignore(connection, deliveries, "chat_id", "once"), new)
        wake.deliverers(connection)
    return len(new)


def _with_chat() -> Any:
    return select(deliveries, *_CHAT_COLUMNS).join_from(deliveries, chats)


def _delivery(row: Any) -> Delivery:
    of_chat = {column.name: getattr(row, f"chat__{column.name}") for column in chats.c}
    return delivery_from_row(row, chat_from_row(SimpleNamespace(**of_chat)))
