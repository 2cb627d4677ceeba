"""Messages when stories are corrected: called off, handed over, given back. Their unique key holds throughout.

Each change of a message is written down as `[id, story, version, state, state after]`, and given back from that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update

from storage import outbox
from storage.model import DeliveryKind, DeliveryState
from storage.tables import deliveries, story_alerts

JsonObject = dict[str, Any]
Change = list[Any]

_REACHED = {DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN}


def call_off(connection: Connection, story_id: int, now: datetime) -> list[Change]:
    """What waits about a story is not sent."""
    where = (deliveries.c.story_id == story_id, deliveries.c.state == DeliveryState.QUEUED)
    rows = connection.execute(select(deliveries).where(*where)).all()
    connection.execute(update(deliveries).where(*where).values(state=DeliveryState.EXPIRED, updated_at=now))
    outbox.set_free(connection, [row.id for row in rows], now)
    return [[row.id, row.story_id, row.version, row.state, DeliveryState.EXPIRED] for row in rows]


def withdraw(connection: Connection, story_id: int) -> None:
    """What waits about a story is forgotten, and its marks too where no message is left."""
    queued = (deliveries.c.story_id == story_id, deliveries.c.state == DeliveryState.QUEUED)
    connection.execute(delete(deliveries).where(*queued))
    left = exists().where(deliveries.c.story_id == story_id)
    connection.execute(delete(story_alerts).where(story_alerts.c.story_id == story_id, ~left))


def hand_over(connection: Connection, ended: int, goes_on: int, now: datetime) -> JsonObject:
    """Messages and marks of a story that ended go to the one that goes on.

    Where both have the same message to one chat, the one that went further (sent, waiting, failed) belongs to the story
    that goes on; the other one, if it waits, is not sent.
    """
    ours = {_key(row): row for row in _of(connection, goes_on)}
    changes: list[Change] = []
    for row in _of(connection, ended):
        twin = ours.get(_key(row))
        if twin is None:
            changes.append([row.id, row.story_id, row.version, row.state, row.state])
            # Edits and follow-ups are numbered by what the story that goes on will owe: these step aside.
            aside = {} if row.kind == DeliveryKind.ALERT else {"version": -row.id}
            _put(connection, row.id, now, story_id=goes_on, **aside)
        else:
            changes.extend(_settle(connection, row, twin, now))
    return {"deliveries": changes, "marks": _join_marks(connection, ended, goes_on, now)}


def give_back(connection: Connection, journal: JsonObject, now: datetime) -> None:
    """Undo what `call_off` or `hand_over` did; a message that went on since keeps the state it has."""
    changes: Sequence[Change] = journal.get("deliveries", ())
    for number, _, _, _, _ in changes:
        _put(connection, number, now, version=-number)  # out of the way of each other
    for number, story_id, version, state, after in changes:
        _put(connection, number, now, story_id=story_id, version=version)
        if state != after:
            untouched = (deliveries.c.id == number, deliveries.c.state == after)
            connection.execute(update(deliveries).where(*untouched).values(state=state))
    for story_id, filter_id in journal.get("marks", ()):
        gone = (story_alerts.c.story_id == story_id, story_alerts.c.filter_id == filter_id)
        connection.execute(delete(story_alerts).where(*gone))


def _of(connection: Connection, story_id: int) -> Sequence[Any]:
    query = select(deliveries).where(deliveries.c.story_id == story_id).order_by(deliveries.c.id)
    return connection.execute(query).all()


def _key(row: Any) -> tuple[int, str, int]:
    return row.chat_id, row.kind, row.version


def _settle(connection: Connection, row: Any, twin: Any, now: datetime) -> list[Change]:
    """Two messages about what is one meeting now, to one chat."""
    changes = []
    loser = row
    if _progress(row) > _progress(twin):
        loser = twin
        _put(connection, twin.id, now, version=-twin.id)
        _put(connection, row.id, now, story_id=twin.story_id)
        _put(connection, twin.id, now, story_id=row.story_id, version=twin.version)
        changes.append([row.id, row.story_id, row.version, row.state, row.state])
    state = DeliveryState.EXPIRED if loser.state == DeliveryState.QUEUED else loser.state
    _put(connection, loser.id, now, state=state)
    return [*changes, [loser.id, loser.story_id, loser.version, loser.state, state]]


def _progress(row: Any) -> int:
    if row.state in _REACHED:
        return 2
    return 1 if row.state == DeliveryState.QUEUED else 0


def _put(connection: Connection, number: int, now: datetime, **values: Any) -> None:
    connection.execute(update(deliveries).where(deliveries.c.id == number).values(**values, updated_at=now))


def _join_marks(connection: Connection, ended: int, goes_on: int, now: datetime) -> list[list[int]]:
    """The story that goes on counts as alerted wherever one of the two was. Returns the marks that are new to it."""
    had = select(story_alerts.c.filter_id).where(story_alerts.c.story_id == goes_on)
    new = (story_alerts.c.story_id == ended, story_alerts.c.filter_id.not_in(had))
    added = list(connection.execute(select(story_alerts.c.filter_id).where(*new)).scalars())
    for filter_id in added:
        values = {"story_id": goes_on, "filter_id": filter_id, "decided_at": now}
        connection.execute(insert(story_alerts).values(**values))
    return [[goes_on, filter_id] for filter_id in added]
