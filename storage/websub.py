"""Subscriptions at hubs: who pushes what, until when. What becomes of one is decided in `feeds/collect/lease.py`.

Each change is read, decided and written inside one write transaction of the caller; `FOR UPDATE` holds the row on
PostgreSQL, and the single writer does on SQLite.
"""

from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, delete, insert, literal, or_, select, update
from sqlalchemy.sql import ColumnElement

from storage import wake
from storage.model import HubState, HubSubscription, SourceState
from storage.polls import PUSH_GAP
from storage.tables import hub_subscriptions as hubs
from storage.tables import sources

FURTHEST = timedelta(days=16)  #: the same as that of `feeds/collect/lease.py`

_WANTED = and_(hubs.c.source_id.is_not(None), sources.c.enabled, sources.c.state != SourceState.PAUSED)
_JOINED = hubs.outerjoin(sources, hubs.c.source_id == sources.c.id)
_AT_REST = hubs.c.state.in_([HubState.RESTING, HubState.LEAVING])


def every(connection: Connection) -> list[HubSubscription]:
    """All subscriptions, in the order in which they were found."""
    return [_from_row(row) for row in connection.execute(select(hubs).order_by(hubs.c.id))]


def find(connection: Connection, token: str) -> HubSubscription | None:
    """Whose callback this is, only to look at."""
    return _one(connection, select(hubs).where(hubs.c.token == token))


def by_token(connection: Connection, token: str) -> HubSubscription | None:
    """Whose callback this is, to change it."""
    return _held(connection, hubs.c.token == token)


def by_source(connection: Connection, source_id: int) -> HubSubscription | None:
    """The subscription of a source, to change it."""
    return _held(connection, hubs.c.source_id == source_id)


def by_id(connection: Connection, subscription_id: int) -> HubSubscription | None:
    """One subscription, to change it, if it is still there."""
    return _held(connection, hubs.c.id == subscription_id)


def _held(connection: Connection, which: ColumnElement[bool]) -> HubSubscription | None:
    """Hold the row, and before it that of its source: polls take the two in this order, and so can never deadlock."""
    source_id = select(hubs.c.source_id).where(which).scalar_subquery()
    connection.execute(select(sources.c.id).where(sources.c.id == source_id).with_for_update())
    return _one(connection, select(hubs).where(which).with_for_update())


def _one(connection: Connection, query: Select[Any]) -> HubSubscription | None:
    row = connection.execute(query).first()
    return None if row is None else _from_row(row)


def restless(connection: Connection, now: datetime, limit: int) -> list[tuple[int, bool]]:
    """Ids of subscriptions with something to do, each with whether its source still wants it; the longest overdue
    first."""
    wanted = case((_WANTED, True), else_=False).label("wanted")
    unwanted = or_(~_AT_REST, and_(hubs.c.source_id.is_(None), hubs.c.state == HubState.RESTING))
    due = or_(
        hubs.c.next_at <= now,
        hubs.c.lease_until <= now,
        hubs.c.next_at > now + FURTHEST,  # written when the clock was wrong
        hubs.c.lease_until > now + FURTHEST,
        and_(_WANTED, _AT_REST),
        and_(~_WANTED, unwanted),
    )
    query = select(hubs.c.id, wanted).select_from(_JOINED).where(due).order_by(hubs.c.next_at, hubs.c.id).limit(limit)
    return [(row.id, bool(row.wanted)) for row in connection.execute(query)]


def add(connection: Connection, about: HubSubscription) -> None:
    """Keep a new subscription; its id is given by the database."""
    connection.execute(insert(hubs).values(**_words(about)))


def forget(connection: Connection, subscription_id: int) -> None:
    """Delete one."""
    connection.execute(delete(hubs).where(hubs.c.id == subscription_id))


def save(connection: Connection, about: HubSubscription, now: datetime) -> None:
    """Keep what became of a subscription. A source that can no longer rely on its hub is due at once."""
    connection.execute(update(hubs).where(hubs.c.id == about.id).values(**_words(about)))
    if about.source_id is not None:
        _rely(connection, about.source_id, about.relied_until, now)


def let_go(connection: Connection, about: HubSubscription, now: datetime) -> None:
    """Part a subscription from its source, so that the source can have another; what is left is to say goodbye."""
    connection.execute(update(hubs).where(hubs.c.id == about.id).values(source_id=None))
    if about.source_id is not None:
        _rely(connection, about.source_id, None, now)


def announce(connection: Connection, source_id: int, now: datetime) -> None:
    """A push came: the source is due now, but not within seconds of its last poll.

    A poll under way may have asked too early, so the push waits until the next one begins. A source that refuses us
    is left alone: it asked for rest, and a hub cannot speak for it.
    """
    moment = sources.c.next_poll_at.type
    soon = case(
        (sources.c.last_polled_at > now - PUSH_GAP, literal(now + PUSH_GAP, moment)), else_=literal(now, moment)
    )
    later = and_(sources.c.state != SourceState.BLOCKED, sources.c.next_poll_at > now + PUSH_GAP)
    next_poll_at = case((later, soon), else_=sources.c.next_poll_at)
    values = {"pushed_at": now, "push_waiting": True, "next_poll_at": next_poll_at}
    connection.execute(update(sources).where(sources.c.id == source_id).values(**values))
    wake.collectors(connection)


def _rely(connection: Connection, source_id: int, until: datetime | None, now: datetime) -> None:
    """Note until when a source may be polled less. When that is over, its next poll is not put off any longer."""
    values: dict[str, Any] = {"pushed_until": until}
    if until is None:
        waits = and_(sources.c.pushed_until.is_not(None), sources.c.state != SourceState.BLOCKED)
        put_off = and_(waits, sources.c.next_poll_at > now)
        moment = literal(now, sources.c.next_poll_at.type)
        values["next_poll_at"] = case((put_off, moment), else_=sources.c.next_poll_at)
    connection.execute(update(sources).where(sources.c.id == source_id).values(**values))


def _words(about: HubSubscription) -> dict[str, Any]:
    words = asdict(about)
    del words["id"]
    return words


def _from_row(row: Row[Any]) -> HubSubscription:
    words = {field.name: getattr(row, field.name) for field in fields(HubSubscription)}
    return HubSubscription(**{**words, "state": HubState(row.state)})
