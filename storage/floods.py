"""Floods that are held: the alerts of a poll that brought far more than is usual, until an admin decides.

A row names the meetings and the filters that would have told of them. What an admin decides is written in the
transaction that carries it out, by compare-and-set on the state: the second of two presses finds nothing to do.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, update

from storage import audience, wake
from storage.changes import Alert, SourceUpdate
from storage.errors import NotFound, TooLate
from storage.hours import in_quiet
from storage.model import DeliveryKind, DeliveryState, Flood, FloodState, HeldAlert
from storage.records import insert_or_ignore
from storage.tables import chats, deliveries, filters, floods, sources, story_alerts

LOOKED_AT = 200  #: floods, when one of a story is looked for

_WITH_SOURCE = select(floods, sources.c.key.label("source_key"), sources.c.name.label("source_name")).join_from(
    floods, sources
)


def hold(connection: Connection, poll: SourceUpdate, held: Sequence[HeldAlert], now: datetime) -> None:
    """Keep the alerts of a poll that was a flood."""
    connection.execute(insert(floods).values(
        source_id=poll.source_id, at=now, new_items=poll.event.new_items if poll.event else 0,
        alerts=[asdict(one) for one in held], state=FloodState.HELD, history=[],
    ))  # fmt: skip


def every(connection: Connection, *, held_only: bool = False, limit: int = 50) -> list[Flood]:
    """The last floods, the newest first."""
    query = _WITH_SOURCE.order_by(floods.c.id.desc()).limit(limit)
    if held_only:
        query = query.where(floods.c.state == FloodState.HELD)
    return [_flood(row) for row in connection.execute(query)]


def of_stories(connection: Connection, story_ids: Collection[int]) -> list[Flood]:
    """The last floods in which an alert about one of these stories was held, the newest first."""
    return [flood for flood in every(connection, limit=LOOKED_AT) if any(a.story in story_ids for a in flood.alerts)]


def find(connection: Connection, flood_id: int) -> Flood:
    """One flood. Raises `NotFound`."""
    row = connection.execute(_WITH_SOURCE.where(floods.c.id == flood_id)).first()
    if row is None:
        raise NotFound(f"There is no flood {flood_id}.")
    return _flood(row)


def _flood(row: Row[Any]) -> Flood:
    return Flood(
        id=row.id,
        source_key=row.source_key,
        source_name=row.source_name,
        at=row.at,
        new_items=row.new_items,
        alerts=tuple(_held(one) for one in row.alerts),
        state=FloodState(row.state),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        history=tuple(row.history),
    )


def _held(kept: dict[str, Any]) -> HeldAlert:
    return HeldAlert(
        story=kept["story"],
        filters=tuple(kept["filters"]),
        followed=tuple(kept.get("followed", ())),  # rows of earlier versions have neither this nor the next
        repeat=kept.get("repeat", False),
    )


def doubt(connection: Connection) -> None:
    """What is held may have been decided, and told, after the backup from which this archive was put back."""
    for row in connection.execute(select(floods.c.id, floods.c.alerts).where(floods.c.state == FloodState.HELD)).all():
        alerts = [{**one, "repeat": True} for one in row.alerts]
        connection.execute(update(floods).where(floods.c.id == row.id).values(alerts=alerts))


def decide(connection: Connection, flood: Flood, state: FloodState, who: str, now: datetime) -> bool:
    """Write down what was decided about a flood. Returns whether it still stood as `flood` says."""
    line = {"what": state, "who": who, "at": now.isoformat()}
    undone = state is FloodState.HELD
    done = connection.execute(
        update(floods)
        .where(floods.c.id == flood.id, floods.c.state == flood.state)
        .values(
            state=state, decided_at=None if undone else now, decided_by=None if undone else who,
            history=[*flood.history, line],
        )
    )  # fmt: skip
    return done.rowcount == 1


def marked(connection: Connection, story_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """The filters that had their alert of these stories."""
    query = select(story_alerts.c.story_id, filters.c.key).join_from(story_alerts, filters)
    found: dict[int, set[str]] = {}
    for row in connection.execute(query.where(story_alerts.c.story_id.in_(story_ids))):
        found.setdefault(row.story_id, set()).add(row.key)
    return {story_id: frozenset(keys) for story_id, keys in found.items()}


def owe_digest(connection: Connection, flood_id: int, alerts: Sequence[Alert], now: datetime) -> None:
    """Owe each active chat one message that lists those of the meetings of which it would have been told, and was not.
    It has the flood's name, so that no chat ever gets it twice; in quiet hours it waits for their end."""
    stories: dict[int, list[int]] = {}
    quiet: dict[int, datetime] = {}
    again: set[int] = set()
    for alert in alerts:
        assert isinstance(alert.story, int)  # a held meeting has long been stored
        heard = audience.hearing(alert, alert.story, now).with_only_columns(
            chats.c.id, chats.c.quiet, chats.c.time_zone
        )
        had = (deliveries.c.story_id == alert.story, deliveries.c.kind == DeliveryKind.ALERT)
        heard = heard.where(chats.c.id.not_in(select(deliveries.c.chat_id).where(*had)))
        for chat in connection.execute(heard):
            stories.setdefault(chat.id, []).append(alert.story)
            again |= {chat.id} if alert.repeat else set()
            quiet[chat.id] = in_quiet(chat.quiet, chat.time_zone, now) or now
    rows = [
        audience.new_row(chat_id, None, DeliveryKind.DIGEST, now, once=_name(flood_id), payload={"stories": listed},
                         not_before=quiet[chat_id], repeat=chat_id in again)
        for chat_id, listed in sorted(stories.items())
    ]  # fmt: skip
    if rows:
        connection.execute(insert_or_ignore(connection, deliveries, "chat_id", "once"), rows)
        wake.deliverers(connection)


def _name(flood_id: int) -> str:
    return f"flood:{flood_id}"


def messages(connection: Connection, flood_id: int, story_ids: Sequence[int], decided_at: datetime) -> int:
    """How many messages the decision of this moment put into the outbox."""
    query = select(func.count()).select_from(deliveries).where(_made(flood_id, story_ids, decided_at))
    return int(connection.execute(query).scalar_one())


def take_back(connection: Connection, flood_id: int, story_ids: Sequence[int], decided_at: datetime) -> None:
    """Forget the messages and marks of a decision. Raises `TooLate` when a message has left; then nothing changes."""
    ours = _made(flood_id, story_ids, decided_at)
    made = messages(connection, flood_id, story_ids, decided_at)
    waiting = and_(deliveries.c.state == DeliveryState.QUEUED, deliveries.c.attempt == 0)
    taken = connection.execute(delete(deliveries).where(ours, waiting)).rowcount
    if taken < made:
        raise TooLate(f"{made - taken} of {made} messages have left already; they cannot be called back.")
    marks = (story_alerts.c.story_id.in_(story_ids), story_alerts.c.decided_at == decided_at)
    connection.execute(delete(story_alerts).where(*marks))


def _made(flood_id: int, story_ids: Sequence[int], decided_at: datetime) -> ColumnElement[bool]:
    of_flood = or_(deliveries.c.once == _name(flood_id), deliveries.c.story_id.in_(story_ids))
    return and_(of_flood, deliveries.c.created_at == decided_at)
