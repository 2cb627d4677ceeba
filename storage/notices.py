"""Notices to the admins: what happened to the sources, and the messages that are owed about it.

    post (in the poll's transaction) ─► waits some seconds ─► bundle: one message an admin ─► queued ─► sending ─► sent
                                                                                               ▲          │
                                                                                               └──────────┘ again

A notice about a source's state is a compare-and-set on what admins were told last, so it is kept once. A message is
delivered at least once: one that was in flight when the process died is sent again, marked as a repeat.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, false, func, insert, or_, select, update

from storage.changes import NoticePost, Surroundings
from storage.model import (
    Channel,
    DeliveryState,
    Notice,
    NoticeKind,
    NoticeMessage,
    Source,
    SourceState,
    Told,
)
from storage.records import insert_or_ignore, source_from_row
from storage.tables import notice_messages, notices, sources

TOGETHER = timedelta(minutes=15)  #: what begins to fail within this time may fail for one reason
OLD_NEWS = timedelta(days=7)  #: what no admin could be told for so long is dropped
FURTHEST = timedelta(days=2)  #: nothing is tried again so late; what says so was written by a clock that was wrong
KEPT = timedelta(days=365)  #: what was told stays to be looked up
#: What the program itself reads years later: how often the network was away, and which topics are lost.
_LASTING = (NoticeKind.NETWORK_DOWN, NoticeKind.NETWORK_UP, NoticeKind.TOPIC_LOST)


def post(connection: Connection, news: NoticePost, now: datetime) -> bool:
    """Keep a notice, unless it was kept before. Returns whether it is new."""
    if news.told_after is not None:
        where = (sources.c.id == news.source_id, sources.c.told == news.told_before)
        if connection.execute(update(sources).where(*where).values(told=news.told_after)).rowcount != 1:
            return False
    values = {
        "source_id": news.source_id,
        "kind": news.kind,
        "facts": _facts(news),
        "once": news.once,
        "bundled": False,
        "created_at": now,
    }
    statement = insert_or_ignore(connection, notices, "once").values(**values)
    return connection.execute(statement.returning(notices.c.id)).first() is not None


def _facts(news: NoticePost) -> dict[str, Any]:
    return {
        "state": news.state,
        "message": news.message,
        "since": news.since.isoformat() if news.since else None,
        "count": news.count,
        "usual": news.usual,
        "held": news.held,
    }


def surroundings(connection: Connection, source_id: int, since: datetime) -> Surroundings:
    """How all sources but this one are; those count as failing that began to about when it did (`since`) or later."""
    other = and_(sources.c.enabled, sources.c.state != SourceState.PAUSED, sources.c.id != source_id)
    with_it = and_(other, sources.c.failures > 0, sources.c.failing_since >= since - TOGETHER)
    row = connection.execute(
        select(
            func.count().filter(other).label("others"),
            func.count().filter(with_it).label("failing"),
            func.max(sources.c.last_success_at).label("succeeded"),
        )
    ).one()
    back = select(func.count()).select_from(notices).where(notices.c.kind == NoticeKind.NETWORK_UP)
    return Surroundings(
        others=row.others,
        others_failing=row.failing,
        last_success_at=row.succeeded,
        outages=connection.execute(back).scalar_one(),
    )


def outage(connection: Connection) -> Notice | None:
    """The notice that the network is down, if that is the last word about it."""
    where = notices.c.kind.in_([NoticeKind.NETWORK_DOWN, NoticeKind.NETWORK_UP])
    row = connection.execute(_with_source().where(where).order_by(notices.c.id.desc()).limit(1)).first()
    return _notice(row) if row is not None and row.kind == NoticeKind.NETWORK_DOWN else None


def last_success(connection: Connection) -> datetime | None:
    """When any source was last read."""
    found: datetime | None = connection.execute(select(func.max(sources.c.last_success_at))).scalar_one_or_none()
    return found


def failing_unheard(connection: Connection, since: datetime) -> list[Source]:
    """Sources that have failed since then or longer, of which admins have not heard.

    After a time without a network a source must have been asked again before it counts as failing.
    """
    back = select(func.max(notices.c.created_at)).where(notices.c.kind == NoticeKind.NETWORK_UP).scalar_subquery()
    where = (
        or_(back.is_(None), sources.c.last_polled_at > back),
        sources.c.enabled,
        sources.c.told == Told.WELL,
        sources.c.failing_since <= since,
        sources.c.state.in_([SourceState.FAILING, SourceState.BLOCKED, SourceState.EMPTY]),
    )
    return [source_from_row(row) for row in connection.execute(select(sources).where(*where).order_by(sources.c.key))]


def bundle(
    connection: Connection, *, before: datetime, channel: Channel, addresses: Collection[str], now: datetime
) -> list[Notice]:
    """Make of all notices that nobody was told yet one message to each address; they are returned.

    Nothing is done while the oldest is younger than `before`: what happens at the same time should come together.
    """
    fresh = connection.execute(_with_source().where(~notices.c.bundled).order_by(notices.c.id)).all()
    if not fresh or fresh[0].created_at > before:
        return []
    ids = [row.id for row in fresh]
    owed = {
        "channel": channel,
        "notices": ids,
        "state": DeliveryState.QUEUED,
        "not_before": now,
        "attempt": 0,
        "repeat": False,
        "created_at": now,
        "updated_at": now,
    }
    if addresses:
        connection.execute(insert(notice_messages), [{**owed, "address": address} for address in addresses])
    connection.execute(update(notices).where(notices.c.id.in_(ids)).values(bundled=True))
    return [_notice(row) for row in fresh]


def claim(
    connection: Connection, *, worker: str, channel: Channel, now: datetime, limit: int = 10
) -> list[NoticeMessage]:
    """Take messages that are due; each is `sending` before it leaves."""
    due = (
        notice_messages.c.channel == channel,
        notice_messages.c.state == DeliveryState.QUEUED,
        or_(notice_messages.c.not_before <= now, notice_messages.c.not_before > now + FURTHEST),
    )
    rows = connection.execute(select(notice_messages).where(*due).order_by(notice_messages.c.id).limit(limit)).all()
    return [_message(connection, row) for row in rows if _take(connection, row, worker, now)]


def _take(connection: Connection, row: Row[Any], worker: str, now: datetime) -> bool:
    where = (notice_messages.c.id == row.id, notice_messages.c.state == DeliveryState.QUEUED)
    values = {"state": DeliveryState.SENDING, "worker": worker, "attempt": row.attempt + 1, "updated_at": now}
    return connection.execute(update(notice_messages).where(*where).values(**values)).rowcount == 1


def _message(connection: Connection, row: Row[Any]) -> NoticeMessage:
    about = connection.execute(_with_source().where(notices.c.id.in_(row.notices)).order_by(notices.c.id))
    return NoticeMessage(
        id=row.id,
        channel=Channel(row.channel),
        address=row.address,
        notices=tuple(map(_notice, about)),  # those of a source that was removed meanwhile are gone
        attempt=row.attempt + 1,
        repeat=row.repeat,
    )


def finish(
    connection: Connection,
    message: NoticeMessage,
    worker: str,
    state: DeliveryState,
    *,
    now: datetime,
    error: str | None = None,
) -> bool:
    """Write down what became of a message. Returns whether this worker still held it."""
    return _set(connection, message, worker, state=state, error=error, updated_at=now)


def put_back(
    connection: Connection,
    message: NoticeMessage,
    worker: str,
    *,
    not_before: datetime,
    now: datetime,
    error: str,
    repeat: bool = False,
) -> bool:
    """Try a message again at `not_before`; `repeat`: it may have arrived."""
    values = {
        "state": DeliveryState.QUEUED,
        "worker": None,
        "not_before": not_before,
        "error": error,
        "repeat": message.repeat or repeat,
        "updated_at": now,
    }
    return _set(connection, message, worker, **values)


def _set(connection: Connection, message: NoticeMessage, holder: str, /, **values: Any) -> bool:
    where = (
        notice_messages.c.id == message.id,
        notice_messages.c.state == DeliveryState.SENDING,
        notice_messages.c.worker == holder,
    )
    return connection.execute(update(notice_messages).where(*where).values(**values)).rowcount == 1


def settle(connection: Connection, channel: Channel, now: datetime) -> None:
    """While nothing is being told: queue again what a dead process, or a round that failed, left in flight, and drop
    what is of no use now.

    What waits for a channel that is not used any more, or has waited for a week, is old news.
    """
    left = notice_messages.c.state == DeliveryState.SENDING
    again = {"state": DeliveryState.QUEUED, "repeat": True, "worker": None, "not_before": now, "updated_at": now}
    connection.execute(update(notice_messages).where(left).values(**again))
    useless = or_(notice_messages.c.channel != channel, notice_messages.c.created_at < now - OLD_NEWS)
    waiting = notice_messages.c.state == DeliveryState.QUEUED
    connection.execute(
        update(notice_messages).where(waiting, useless).values(state=DeliveryState.EXPIRED, updated_at=now)
    )


def latest(connection: Connection, limit: int = 20) -> list[Notice]:
    """The last notices, the newest first."""
    return [_notice(row) for row in connection.execute(_with_source().order_by(notices.c.id.desc()).limit(limit))]


def troubles(connection: Connection) -> dict[str, datetime]:
    """What admins were told to be in trouble with the service itself, and not to be well again: since when."""
    query = select(notices.c.kind, notices.c.facts, notices.c.created_at)
    found: dict[str, datetime] = {}
    kinds = (NoticeKind.TROUBLE, NoticeKind.WELL)
    for row in connection.execute(query.where(notices.c.kind.in_(kinds)).order_by(notices.c.id)):
        about = str(row.facts["message"]).partition(": ")[0]
        if row.kind == NoticeKind.TROUBLE:
            found.setdefault(about, row.created_at)
        else:
            found.pop(about, None)
    return found


def forget(connection: Connection, now: datetime) -> int:
    """Delete what was told more than a year ago and means nothing any more. Returns how many notices."""
    before = now - KEPT
    # While there is trouble, all words about trouble stay: together they tell since when.
    words = (NoticeKind.TROUBLE, NoticeKind.WELL)
    unsolved = notices.c.kind.in_(words) if troubles(connection) else false()
    old = and_(notices.c.bundled, notices.c.created_at < before, notices.c.kind.not_in(_LASTING), ~unsolved)
    settled = notice_messages.c.state.not_in((DeliveryState.QUEUED, DeliveryState.SENDING))
    connection.execute(delete(notice_messages).where(settled, notice_messages.c.created_at < before))
    return connection.execute(delete(notices).where(old)).rowcount


def waiting(connection: Connection) -> int:
    """How many messages to admins have not been delivered yet."""
    states = (DeliveryState.QUEUED, DeliveryState.SENDING)
    query = select(func.count()).select_from(notice_messages).where(notice_messages.c.state.in_(states))
    return int(connection.execute(query).scalar_one())


def _with_source() -> Any:
    return select(notices, sources.c.key.label("source_key"), sources.c.name.label("source_name")).join_from(
        notices, sources, notices.c.source_id == sources.c.id, isouter=True
    )


def _notice(row: Any) -> Notice:
    facts = row.facts
    return Notice(
        id=row.id,
        kind=NoticeKind(row.kind),
        created_at=row.created_at,
        source_key=row.source_key,
        source_name=row.source_name,
        state=SourceState(facts["state"]) if facts["state"] else None,
        message=facts["message"],
        since=datetime.fromisoformat(facts["since"]) if facts["since"] else None,
        count=facts["count"],
        usual=facts["usual"],
        held=facts["held"],
    )
