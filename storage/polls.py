"""What polls teach about their sources: for each one row changed, one event remembered.

This is all that an unchanged source costs, and it is most of what the service does; so the statements are built once,
when the module is loaded, and not for every poll.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, select, update

from storage.among import among
from storage.bulk import insert_rows, run_rows
from storage.changes import SourceUpdate
from storage.model import SourceState
from storage.tables import fetch_events, sources

EVENTS = 30  #: polls of a source that are remembered
PUSH_GAP = timedelta(seconds=5)  #: between two polls of a source, however fast its hub pushes

#: A push came, or the source was given another address or rules, while it was polled. Then the poll may have seen what
#: was before: the next one comes soon, reads the document whole, and is the first where this would have been.
_OVERTAKEN = sources.c.push_waiting

_MOMENT = sources.c.next_poll_at.type  # within CASE and COALESCE SQLAlchemy does not know it
_ALWAYS: dict[str, Any] = {
    # An admin may have paused the source while it was being polled.
    "state": case((sources.c.state == SourceState.PAUSED, SourceState.PAUSED), else_=bindparam("new_state")),
    "next_poll_at": case(
        (_OVERTAKEN, bindparam("after_push", type_=_MOMENT)), else_=bindparam("new_next_poll_at", type_=_MOMENT)
    ),
    "last_polled_at": bindparam("new_polled_at"),
    "failures": bindparam("new_failures"),
    "last_error": bindparam("new_last_error"),
    "failing_since": bindparam("new_failing_since"),
    "claimed_by": None,
    "claimed_until": None,
}
_ON_SUCCESS: dict[str, Any] = {
    "etag": case((_OVERTAKEN, None), else_=bindparam("new_etag")),
    "last_modified": case((_OVERTAKEN, None), else_=bindparam("new_last_modified")),
    "body_hash": bindparam("new_body_hash"),
    "hint_s": bindparam("new_hint_s"),
    "moved_to": bindparam("new_moved_to"),
    "moved_since": bindparam("new_moved_since"),
    "moved_polls": bindparam("new_moved_polls"),
    "last_success_at": bindparam("new_polled_at"),
    "first_success_at": func.coalesce(
        sources.c.first_success_at,
        case((_OVERTAKEN, None), else_=bindparam("new_polled_at", type_=_MOMENT)),
    ),
    "last_new_at": func.coalesce(bindparam("new_last_new_at", type_=_MOMENT), sources.c.last_new_at),
    "habit": func.coalesce(bindparam("new_habit", type_=sources.c.habit.type), sources.c.habit),
}

# Most polls: the state and the moments, with a third of the parameters.
_ON_THE_SAME: dict[str, Any] = {
    "failures": 0,
    "last_error": None,
    "failing_since": None,
    "etag": case((_OVERTAKEN, None), else_=sources.c.etag),
    "last_modified": case((_OVERTAKEN, None), else_=sources.c.last_modified),
    "last_success_at": bindparam("new_polled_at"),
    "first_success_at": _ON_SUCCESS["first_success_at"],
}

_SUCCESS = update(sources).where(sources.c.id == bindparam("of_source")).values(**_ALWAYS, **_ON_SUCCESS)
_FAILURE = update(sources).where(sources.c.id == bindparam("of_source")).values(**_ALWAYS)
_SAME = update(sources).where(sources.c.id == bindparam("of_source")).values(**{**_ALWAYS, **_ON_THE_SAME})
_OLDEST_KEPT = (
    select(fetch_events.c.id)
    .where(fetch_events.c.source_id == bindparam("of_source"))
    .order_by(fetch_events.c.id.desc())
    .offset(EVENTS)
    .limit(1)
    .scalar_subquery()
)
_FORGET = delete(fetch_events).where(
    fetch_events.c.source_id == bindparam("of_source"), fetch_events.c.id <= _OLDEST_KEPT
)


# On PostgreSQL, whoever locks rows of several sources takes them in the order of their ids.
_PRESENT = select(sources.c.id).where(among(sources.c.id, "ids")).order_by(sources.c.id).with_for_update(key_share=True)


def update_sources(connection: Connection, changes: Sequence[SourceUpdate]) -> None:
    """Keep what polls taught us about their sources, and give the leases back. A source that was removed meanwhile is
    passed over."""
    ids = [change.source_id for change in changes]
    present = set(connection.execute(_PRESENT, {"ids": ids}).scalars())
    _update(connection, [change for change in changes if change.source_id in present])


def update_source(connection: Connection, change: SourceUpdate) -> None:
    """The same for a source of which the caller's transaction knows that it is there."""
    _update(connection, [change])


def _update(connection: Connection, there: Sequence[SourceUpdate]) -> None:
    _remember(connection, there)
    run_rows(connection, _SAME, [_moments(change) for change in there if change.same])
    run_rows(connection, _SUCCESS, [_success(change) for change in there if change.succeeded and not change.same])
    run_rows(connection, _FAILURE, [_common(change) for change in there if not change.succeeded])


def _moments(change: SourceUpdate) -> dict[str, Any]:
    return {
        "of_source": change.source_id,
        "new_state": change.state,
        "new_next_poll_at": change.next_poll_at,
        "after_push": change.polled_at + PUSH_GAP if change.succeeded else change.next_poll_at,
        "new_polled_at": change.polled_at,
    }


def _common(change: SourceUpdate) -> dict[str, Any]:
    return {
        **_moments(change),
        "new_failures": change.failures,
        "new_last_error": change.last_error,
        "new_failing_since": change.failing_since,
    }


def _success(change: SourceUpdate) -> dict[str, Any]:
    brought_something = change.event is not None and change.event.new_items > 0
    return {
        **_common(change),
        "new_etag": change.etag,
        "new_last_modified": change.last_modified,
        "new_body_hash": change.body_hash,
        "new_hint_s": change.hint_s,
        "new_moved_to": change.moved_to,
        "new_moved_since": change.moved_since,
        "new_moved_polls": change.moved_polls,
        "new_last_new_at": change.polled_at if brought_something else None,
        "new_habit": asdict(change.habit) if change.habit else None,
    }


def _remember(connection: Connection, changes: Iterable[SourceUpdate]) -> None:
    """Keep the events, and of each source's older ones the last that `EVENTS` allows."""
    events = [(change.source_id, change.event) for change in changes if change.event is not None]
    if not events:
        return
    rows = [
        {
            "source_id": source_id, "at": event.at, "outcome": event.outcome, "bytes": event.bytes,
            "new_items": event.new_items, "seconds": event.seconds,
        }
        for source_id, event in events
    ]  # fmt: skip
    insert_rows(connection, fetch_events, rows)
    run_rows(connection, _FORGET, [{"of_source": source_id} for source_id, _ in events])
