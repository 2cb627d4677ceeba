"""Sources: what is polled, when, and by whom."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, true, update
from sqlalchemy.sql import ColumnElement

from storage import revision, wake
from storage.errors import AlreadyExists, FromFile, NotFound
from storage.model import GAVE_UP, FetchEvent, Source, SourceDefinition, SourceState, Told
from storage.records import definition_from_row, definition_to_row, fetch_from_json, source_from_row
from storage.tables import fetch_events, items, page_snapshots, sources

# Whose a source is. The file changes the first kind only; the first two stand in it, and would come back from there.
FILE = "file"
BOTH = "both"  #: it stands in the file, and an operator gave it other rules, or the same address another name
COMMAND = "command"

FURTHEST = timedelta(hours=26)  #: a day, its jitter, and some

_BY_ID = select(sources).where(sources.c.id == bindparam("wanted"))

# What we remember of the document at an address, and must not take for another one's.
_FORGOTTEN = {
    "first_success_at": None,
    "etag": None,
    "last_modified": None, "body_hash": None, "skips": None, "moved_to": None, "moved_since": None, "moved_polls": 0,
}  # fmt: skip


def every(connection: Connection) -> list[Source]:
    """All sources, by key."""
    return [source_from_row(row) for row in connection.execute(select(sources).order_by(sources.c.key))]


def find(connection: Connection, key_or_url: str) -> Source:
    """The source with this key or address. Raises `NotFound`."""
    wanted = or_(sources.c.key == key_or_url, sources.c.url == key_or_url)
    row = connection.execute(select(sources).where(wanted)).first()
    if row is None:
        raise NotFound(f"No source is called {key_or_url!r}. `kaigi sources list` shows them all.")
    return source_from_row(row)


def get(connection: Connection, source_id: int) -> Source:
    """The source with this id. Raises `NotFound`, since an admin may remove it while it is being polled."""
    row = connection.execute(_BY_ID, {"wanted": source_id}).first()
    if row is None:
        raise NotFound(f"Source {source_id} was removed.")
    return source_from_row(row)


def secrets(connection: Connection) -> list[str]:
    """The words with which sources are asked, and which must never be shown."""
    rows = connection.execute(select(sources.c.fetch).where(sources.c.fetch.is_not(None)))
    return [word for row in rows for word in fetch_from_json(row.fetch).secrets]


def follow_file(connection: Connection, definitions: Iterable[SourceDefinition], now: datetime) -> None:
    """Make the sources that come from sources_file equal to the file.

    A source that left the file is disabled, not deleted: its items stay, and so does what was seen. Sources that an
    operator added, resumed or gave other rules are the operator's: the file no longer changes them.
    """
    definitions = tuple(definitions)
    named = {definition.key for definition in definitions}
    known = {row.key: row for row in connection.execute(select(sources))}
    by_hand = {row.url for row in known.values() if row.origin != FILE}
    renamed = {row.url: row for row in known.values() if row.origin == FILE and row.key not in named}
    for definition in definitions:
        row = known.get(definition.key) or renamed.pop(definition.url, None)
        if row is not None and row.origin == FILE:
            _redefine(connection, row, definition, now)
        elif row is None and definition.url not in by_hand:  # else it is there already, under a name of the operator's
            _insert(connection, definition, now, FILE)
    for row in renamed.values():
        connection.execute(update(sources).where(sources.c.id == row.id).values(enabled=False))
    addresses = {definition.url for definition in definitions}
    for row in known.values():
        whose = BOTH if row.key in named or row.url in addresses else COMMAND
        if row.origin not in (FILE, whose):
            connection.execute(update(sources).where(sources.c.id == row.id).values(origin=whose))
    revision.bump(connection)  # readers see the names of sources


def _redefine(connection: Connection, row: Any, definition: SourceDefinition, now: datetime) -> None:
    before = definition_from_row(row)
    if before == definition:
        return
    new: dict[str, Any] = definition_to_row(definition)
    # What we remember is of another document.
    if (before.url, before.kind, before.rules) != (definition.url, definition.kind, definition.rules):
        new |= {**_FORGOTTEN, **_clean_slate(row), "next_poll_at": now}
        if row.claimed_until is not None and row.claimed_until > now:  # what is on its way is of the other document
            new |= {"push_waiting": True}
    elif before.fetch != definition.fetch:  # asked another way, it may let us in: find out now
        new |= {**_clean_slate(row), "next_poll_at": now}
    connection.execute(update(sources).where(sources.c.id == row.id).values(**new))
    if before.url != definition.url:  # how the page of the old address looked is nothing to compare the new one with
        connection.execute(delete(page_snapshots).where(page_snapshots.c.source_id == row.id))


def _clean_slate(row: Any) -> dict[str, Any]:
    """What a source begins with that is asked or read another way: its failures were of the old way. One that they
    paused goes on, one that a person paused does not."""
    values: dict[str, Any] = {"failures": 0, "last_error": None, "failing_since": None}
    gave_up = row.state == SourceState.PAUSED and (row.last_error or "").startswith(GAVE_UP)
    return values | {"state": SourceState.NEW, "told": _told(row)} if gave_up else values


def _told(row: Any) -> Told:
    """What admins know of a source that goes on: that it is bad, so they hear of its recovery or its next pause."""
    return Told.BAD if row.told == Told.PAUSED else Told(row.told)


def change(
    connection: Connection, source_id: int, definition: SourceDefinition, now: datetime, *, follow: bool = False
) -> None:
    """Change what a source is. What is another document, or read by other rules, is due at once and as if it were new.

    It is the operator's from now on, so that sources_file no longer changes it; `follow` gives it back to the file.
    """
    row = connection.execute(_BY_ID, {"wanted": source_id}).one()
    _redefine(connection, row, definition, now)
    origin = FILE if follow else COMMAND if row.origin == COMMAND else BOTH
    connection.execute(update(sources).where(sources.c.id == source_id).values(origin=origin))
    revision.bump(connection)
    wake.collectors(connection)


def follows(connection: Connection, source_id: int) -> bool:
    """Whether a source is what sources_file says, and not an operator's own."""
    return connection.execute(select(sources.c.origin).where(sources.c.id == source_id)).scalar_one_or_none() == FILE


def add(connection: Connection, definition: SourceDefinition, now: datetime) -> int:
    """Keep a new source, due at once. Returns its id. Raises `AlreadyExists`."""
    twin = or_(sources.c.key == definition.key, sources.c.url == definition.url)
    known = connection.execute(select(sources.c.key, sources.c.url).where(twin)).first()
    if known is not None:
        raise AlreadyExists(f"There is a source already: {known.key}, {known.url}. `kaigi sources list` shows it.")
    made = _insert(connection, definition, now, COMMAND)
    wake.collectors(connection)
    return made


def _insert(connection: Connection, definition: SourceDefinition, now: datetime, origin: str) -> int:
    values = {
        **definition_to_row(definition),
        "origin": origin,
        "state": SourceState.NEW,
        "next_poll_at": now,
        "failures": 0,
    }
    return int(connection.execute(insert(sources).values(**values).returning(sources.c.id)).scalar_one())


def remove(connection: Connection, source_id: int, now: datetime | None = None) -> None:
    """Forget a source, its items, and the stories that only it reported. `now` is the clock's, unless it is given.

    Raises `FromFile` for a source of sources_file, which would come back with the next start, as the file has it.
    """
    whose = connection.execute(select(sources.c.origin).where(sources.c.id == source_id)).scalar_one_or_none()
    if whose in (FILE, BOTH):
        raise FromFile("This source stands in sources_file. Take it out there, or pause it: `kaigi sources pause`.")
    from storage.ingest import forget_empty  # noqa: PLC0415  most commands on sources remove none

    told = select(items.c.story_id).where(items.c.source_id == source_id).distinct()
    story_ids = list(connection.execute(told).scalars())
    connection.execute(delete(sources).where(sources.c.id == source_id))
    forget_empty(connection, story_ids, now or datetime.now(UTC))
    revision.bump(connection)


def pause(connection: Connection, source_id: int) -> None:
    """Stop polling a source until it is resumed."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(state=SourceState.PAUSED))


def resume(connection: Connection, source_id: int, now: datetime) -> None:
    """Poll a source again, at once and from a clean slate. One that its file disables is the operator's from now on."""
    columns = (sources.c.enabled, sources.c.origin, sources.c.told)
    row = connection.execute(select(*columns).where(sources.c.id == source_id)).one()
    values = {
        "origin": row.origin if row.enabled else COMMAND,
        "state": SourceState.NEW,
        "enabled": True,
        "next_poll_at": now,
        "failures": 0,
        "last_error": None,
        "failing_since": None,
        "told": _told(row),
    }
    connection.execute(update(sources).where(sources.c.id == source_id).values(**values))
    wake.collectors(connection)


def claim_due(
    connection: Connection, *, now: datetime, until: datetime, worker: str, limit: int, troubled: bool | None = None
) -> list[Source]:
    """Lease up to `limit` due sources to `worker` until the moment `until`, the longest overdue first.

    A lease that ran out belongs to a process that died: its source is due again. `troubled` asks only for sources
    whose last poll failed or was slow, or only for the others; None for all.
    """
    in_trouble = or_(sources.c.failures > 0, sources.c.state == SourceState.SLOW)
    lane = true() if troubled is None else in_trouble if troubled else ~in_trouble
    due = select(sources.c.id).where(_due(now), lane).order_by(sources.c.next_poll_at).limit(limit)
    chosen: Any = due.scalar_subquery()
    if connection.dialect.name == "postgresql":
        # Whoever claims at the same moment passes over the rows that we hold. Materialised, because a plan may run a
        # bare subquery more than once, and each run would lock other rows.
        held = due.with_for_update(skip_locked=True).cte("due").prefix_with("MATERIALIZED", dialect="postgresql")
        chosen = select(held.c.id)
    claim = (
        update(sources)
        .where(sources.c.id.in_(chosen))
        .values(claimed_by=worker, claimed_until=until, push_waiting=False)
        .returning(sources)
    )
    return [source_from_row(row) for row in connection.execute(claim).all()]


def _due(now: datetime) -> ColumnElement[bool]:
    free = or_(sources.c.claimed_until.is_(None), sources.c.claimed_until < now)
    polled = and_(sources.c.enabled, sources.c.state != SourceState.PAUSED)
    # A moment further off than any schedule sets was written when the clock was wrong.
    moment = or_(sources.c.next_poll_at <= now, sources.c.next_poll_at > now + FURTHEST)
    return and_(polled, moment, free)


def hurry(connection: Connection, since: datetime, now: datetime) -> None:
    """Make the sources due that began to fail since then: what kept them from being read is over. Those that refused us
    wait as they asked."""
    failing = and_(sources.c.state == SourceState.FAILING, sources.c.failing_since >= since)
    waiting = select(sources.c.id).where(failing, sources.c.next_poll_at > now).order_by(sources.c.id)
    ids = list(connection.execute(waiting).scalars())
    if ids:  # one by one in the order of their ids, as polls are written down: on PostgreSQL rows are locked
        one = update(sources).where(sources.c.id == bindparam("of_source")).values(next_poll_at=now)
        connection.execute(one, [{"of_source": number} for number in ids])
        wake.collectors(connection)


def bring_forward(connection: Connection, by: timedelta) -> None:
    """Make all sources due earlier, after a clock that was set back by so much."""
    rows = connection.execute(select(sources.c.id, sources.c.next_poll_at)).all()
    moved = [{"of_source": row.id, "moment": row.next_poll_at - by} for row in rows]
    if moved:
        where = sources.c.id == bindparam("of_source")
        connection.execute(update(sources).where(where).values(next_poll_at=bindparam("moment")), moved)


def events(connection: Connection, source_id: int) -> list[FetchEvent]:
    """The last polls of a source, the newest first."""
    columns = [column for column in fetch_events.c if column.name not in ("id", "source_id")]
    query = select(*columns).where(fetch_events.c.source_id == source_id).order_by(fetch_events.c.id.desc())
    return [FetchEvent(**row._asdict()) for row in connection.execute(query)]


def all_events(connection: Connection) -> dict[int, list[FetchEvent]]:
    """The last polls of every source, by source id, the oldest first."""
    found: dict[int, list[FetchEvent]] = {}
    for row in connection.execute(select(fetch_events).order_by(fetch_events.c.source_id, fetch_events.c.id)):
        source_id, event = _event(row)
        found.setdefault(source_id, []).append(event)
    return found


def floods(connection: Connection, since: datetime) -> dict[int, FetchEvent]:
    """The last poll since then, by source id, that brought far more than is usual."""
    where = (fetch_events.c.outcome == "flooded", fetch_events.c.at >= since)
    return dict(map(_event, connection.execute(select(fetch_events).where(*where).order_by(fetch_events.c.id))))


def _event(row: Any) -> tuple[int, FetchEvent]:
    words = row._asdict()
    del words["id"]
    return words.pop("source_id"), FetchEvent(**words)


def release(connection: Connection, source_id: int) -> None:
    """Give a lease back without having polled."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(claimed_by=None, claimed_until=None))


def release_all(connection: Connection) -> None:
    """Give all leases back. Only for the start of the single service on this database."""
    connection.execute(update(sources).values(claimed_by=None, claimed_until=None))
