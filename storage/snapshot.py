"""What storage knows that bears on one poll, read before and inside the transaction that lands it.

`load_snapshot` gives the pure `decide` all that it may look at. The statements are built once, when the module is
loaded: SQLAlchemy takes longer to build them than SQLite to answer them. All rows of an answer are asked for at once
(`all`), because it takes longer to pass them on one by one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from storage import filters as filter_queries
from storage import likeness, remembered, search
from storage.among import among
from storage.changes import (
    Candidate,
    EarlierReport,
    KnownItem,
    Snapshot,
)
from storage.lock import hold_landing
from storage.model import Filter, Source, Trust
from storage.records import (
    earlier_report,
    facts_from_json,
    meeting_from_text,
)
from storage.remembered import Remembered
from storage.tables import (
    filters,
    items,
    meetings,
    sources,
    story_alerts,
)

#: Whether earlier reports of the candidates must be read as well: some filter looks beyond the facts.
ReportsWanted = Callable[[Sequence[Filter]], bool]

# Reports of one meeting whose day is unknown, or given differently, come within these spans.
DAYS_AROUND = timedelta(days=3)
UNDATED_FOR = timedelta(days=30)
UNDATED_MEANS = (-8, 23)  #: days from today: an undated report means a meeting of the last week or the next three
REPORTED_DAYS = 400  #: days that the reports of one poll may name
EDITION_FOR = timedelta(days=400)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """What of the archive a poll needs to see."""

    identities: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()  #: canonical, only those that identify one entry
    url_of: Mapping[str, str] = field(default_factory=dict)  #: of those the one of each entry, by identity, if known
    days: tuple[date, ...] = ()  #: on which the reported meetings take place
    series: tuple[str, ...] = ()
    has_meetings: bool = False  #: without one, no candidates are loaded
    keys: tuple[int, ...] = ()  #: likeness keys of entries that tell of no meeting
    undated: tuple[str, ...] = ()  #: titles of reports of meetings that name no day


# Built once: SQLAlchemy takes longer to build these statements than SQLite to answer them.
_OF_SOURCE = items.c.source_id == bindparam("source")
_KNOWN = select(
    items.c.id, items.c.story_id, items.c.identity, items.c.guid,
    items.c.url, items.c.title, items.c.content_hash, items.c.verdict,
)  # fmt: skip
_BY_IDENTITY = _KNOWN.where(_OF_SOURCE, among(items.c.identity, "values"))
_BY_URL = _KNOWN.where(_OF_SOURCE, among(items.c.url, "values"))
_HAS_ITEMS = select(items.c.id).where(_OF_SOURCE).limit(1)
_ELSEWHERE = (
    select(items.c.url, items.c.story_id)
    .where(among(items.c.url, "values"), items.c.source_id != bindparam("source"))
    .order_by(items.c.id)
)
_TOLD_AT = func.coalesce(items.c.published_at, items.c.first_seen_at, type_=items.c.first_seen_at.type)
_MOMENTS = (
    select(_TOLD_AT)
    .where(_OF_SOURCE, items.c.first_seen_at >= bindparam("since", type_=items.c.first_seen_at.type))
    .order_by(items.c.first_seen_at.desc())
    .limit(500)
)
_ALERTED = (
    select(story_alerts.c.story_id, filters.c.key)
    .join_from(story_alerts, filters)
    .where(among(story_alerts.c.story_id, "values"))
)
_REPORTED = (
    select(
        items.c.story_id,
        func.min(_TOLD_AT).label("oldest"),
        func.max(_TOLD_AT).label("newest"),
        func.count().label("told"),
    )
    .join_from(items, sources)
    .where(
        among(items.c.story_id, "values"),
        # Written out, so that the index of such reports serves it. A machine's dates do not count.
        items.c.verdict == literal_column("'meeting'"),
        sources.c.trust != Trust.LOW,
    )
    .group_by(items.c.story_id)
)
_SAID = select(items.c.title, items.c.text, items.c.story_id).where(
    among(items.c.story_id, "stories"),
    among(items.c.title, "titles"),
    _OF_SOURCE,
)
_MEETINGS = select(
    *(column for column in meetings.c if column.name != "facts"), cast(meetings.c.facts, Text).label("facts")
)
_CANDIDATES = _MEETINGS.where(
    or_(
        meetings.c.active_at >= bindparam("recently", type_=meetings.c.active_at.type),
        among(meetings.c.series, "series")
        & (meetings.c.active_at >= bindparam("in_series", type_=meetings.c.active_at.type)),
        among(meetings.c.story_id, "own"),
        among(meetings.c.starts_on, "days"),
    )
)  # in no order: told to sort by its key, SQLite reads the whole table in that order and leaves the indexes alone


def known_items(connection: Connection, source_id: int, lookup: Lookup) -> list[KnownItem]:
    """Items of this source that have one of the identities or URLs."""
    if connection.execute(_HAS_ITEMS, {"source": source_id}).first() is None:
        return []  # its first poll, for which thousands of names need not be looked up
    named = _known_by(_BY_IDENTITY, connection, source_id, lookup.identities)
    settled = {lookup.url_of.get(item.identity) for item in named}  # by these nobody is looked for any more
    others = _known_by(_BY_URL, connection, source_id, [url for url in lookup.urls if url not in settled])
    return list({item.id: item for item in (*named, *others)}.values())


def _known_by(statement: Select[Any], connection: Connection, source_id: int, values: Sequence[str]) -> list[KnownItem]:
    rows = connection.execute(statement, {"source": source_id, "values": values}).all() if values else ()
    return [
        KnownItem(
            id=row.id,
            story_id=row.story_id,
            identity=row.identity,
            guid=row.guid,
            url=row.url,
            title=row.title,
            content_hash=row.content_hash,
            verdict=row.verdict,
        )
        for row in rows
    ]


def load_snapshot(
    connection: Connection, source: Source, lookup: Lookup, now: datetime, with_reports: ReportsWanted | None = None
) -> Snapshot:
    """What storage knows that bears on this poll. No other poll lands until the caller's transaction ends.

    `with_reports` tells for the filters whether the words of earlier reports are wanted; else they are not loaded.
    """
    hold_landing(connection)
    seen = peek(connection, source, lookup, now)
    if seen.candidates and with_reports is not None and with_reports(seen.filters):
        return replace(seen, candidates=_with_reports(connection, seen.candidates))
    return seen


def peek(connection: Connection, source: Source, lookup: Lookup, now: datetime) -> Snapshot:
    """The snapshot for those who only look."""
    known = known_items(connection, source.id, lookup)
    by_url = _stories_by_url(connection, source.id, lookup.urls)
    touched = {item.story_id for item in known} | set(by_url.values())
    seen = Snapshot(
        source=source,
        items=tuple(known),
        stories_by_url=by_url,
        filters=tuple(filter_queries.every(connection)),
        twins=likeness.twins(connection, source.id, lookup.keys, now),
    )
    return _with_meetings(connection, seen, lookup, touched, now) if lookup.has_meetings else seen


def _with_meetings(
    connection: Connection, seen: Snapshot, lookup: Lookup, touched: set[int], now: datetime
) -> Snapshot:
    corrected = remembered.anything(connection)
    far = remembered.reaching(connection, now) if corrected else []
    rows = _meeting_rows(connection, lookup, touched | {story for story, _ in far}, now)
    near = touched | {row.story_id for row in rows}
    item_ids = [item.id for item in seen.items]
    said = remembered.load(connection, far, near, item_ids) if corrected else Remembered()
    return replace(
        seen,
        candidates=tuple(_candidates(connection, rows, said)),
        said=_said(connection, seen.source.id, lookup.undated, rows) if lookup.undated else {},
        rejected=said.rejected,
        settled=said.settled,
    )


def _with_reports(connection: Connection, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    told: dict[int, list[EarlierReport]] = {}
    for row in search.of_stories(connection, [candidate.meeting.story_id for candidate in candidates]):
        told.setdefault(row.story_id, []).append(earlier_report(row))
    return tuple(replace(each, told=tuple(told.get(each.meeting.story_id, ()))) for each in candidates)


def _stories_by_url(connection: Connection, source_id: int, urls: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in connection.execute(_ELSEWHERE, {"source": source_id, "values": urls}).all() if urls else ():
        found.setdefault(row.url, row.story_id)
    return found


def _meeting_rows(connection: Connection, lookup: Lookup, touched: Collection[int], now: datetime) -> Sequence[Any]:
    """Meetings that a report might be about, and all meetings of the stories that the poll touches anyway."""
    wanted = {
        "recently": now - UNDATED_FOR,
        "series": sorted(set(lookup.series)),
        "in_series": now - EDITION_FOR,
        "own": tuple(touched),
        "days": _days(lookup.days, now.date()),
    }
    # Of two that fit a report equally well, the older one gets it.
    return sorted(connection.execute(_CANDIDATES, wanted).all(), key=lambda row: row.story_id)


def _candidates(connection: Connection, rows: Sequence[Any], said: Remembered) -> Iterator[Candidate]:
    alerted = _alerted(connection, [row.story_id for row in rows])
    reported = _reported(connection, [row.story_id for row in rows])
    for row in rows:
        oldest, newest, count = reported.get(row.story_id, (row.first_seen_at, row.active_at, 0))
        yield Candidate(
            meeting=meeting_from_text(row),
            alerted_filters=frozenset(alerted.get(row.story_id, ())),
            oldest_report_at=oldest,
            newest_report_at=newest,
            reports=count,
            trust=Trust(row.trust),
            reported=facts_from_json(row.reported) if row.reported else None,
            pins=said.pins.get(row.story_id, ()),
            also=said.also.get(row.story_id, ()),
        )


def _said(
    connection: Connection, source_id: int, titles: Sequence[str], rows: Sequence[Any]
) -> dict[tuple[str, str], int]:
    """The stories of meetings without a day that this source told under one of the titles, by title and text."""
    undated = [row.story_id for row in rows if row.starts_on is None]
    wanted = {"source": source_id, "stories": undated, "titles": titles}
    return {(row.title, row.text): row.story_id for row in connection.execute(_SAID, wanted).all()} if undated else {}


def _days(days: Iterable[date], today: date) -> tuple[date, ...]:
    """All days around each reported day, and those that an undated report may mean.

    A hostile feed may name thousands of days; a meeting whose day is not among the first of them stays alone.
    """
    around = range(-DAYS_AROUND.days, DAYS_AROUND.days + 1)
    undated = {today + timedelta(days=n) for n in range(UNDATED_MEANS[0] + around[0], UNDATED_MEANS[1] + around[-1])}
    nearest = sorted(set(days), key=lambda day: abs(day - today))[:REPORTED_DAYS]
    near = {
        day + timedelta(days=n) for day in nearest for n in around if date.min.year + 1 < day.year < date.max.year - 1
    }
    return tuple(sorted(undated | near))


def _alerted(connection: Connection, story_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in connection.execute(_ALERTED, {"values": story_ids}).all() if story_ids else ():
        found.setdefault(row.story_id, []).append(row.key)
    return found


def _reported(connection: Connection, story_ids: Sequence[int]) -> dict[int, tuple[datetime, datetime, int]]:
    """When a meeting's certain reports began and ended, and how many there are."""
    if not story_ids:
        return {}
    rows = connection.execute(_REPORTED, {"values": story_ids}).all()
    return {row.story_id: (row.oldest, row.newest, row.told) for row in rows}


def recent_moments(connection: Connection, source_id: int, since: datetime) -> list[datetime]:
    """When the source's items since then were published (or first seen): what its habit is learnt from."""
    return list(connection.execute(_MOMENTS, {"source": source_id, "since": since}).scalars().all())
