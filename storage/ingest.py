"""The write side of a poll: load what bears on it, apply what was decided, in the caller's transaction.

    write(fn):  snapshot = load_snapshot(…)  →  decide(snapshot, …)  →  apply(changes)

Items, stories, meetings, outbox rows and the source's validators land together or not at all; a crash in between
costs a second fetch, never an item.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from storage import filters as filter_queries
from storage import likeness, remembered, retractions, revision, search
from storage.changes import (
    Alert,
    Candidate,
    Changes,
    EarlierReport,
    ItemInsert,
    ItemUpdate,
    KnownItem,
    MeetingWrite,
    NewStory,
    Snapshot,
    StoryRef,
)
from storage.lessons import learn
from storage.lock import LANDING
from storage.model import ChatState, DeliveryState, Filter, Source, Trust
from storage.polls import update_source
from storage.records import (
    earlier_report,
    evidence_to_json,
    facts_from_json,
    facts_to_json,
    insert_for,
    insert_or_ignore,
    media_to_json,
    meeting_from_text,
    reserve_ids,
)
from storage.remembered import Remembered
from storage.tables import (
    chats,
    deliveries,
    filters,
    items,
    meetings,
    sources,
    stories,
    story_alerts,
    subscriptions,
)

__all__ = [
    "Lookup", "apply", "forget_empty", "hold_landing", "known_items", "load_snapshot", "owe", "peek", "recent_moments",
    "update_source",
]  # fmt: skip

ReportsWanted = Callable[[Sequence[Filter]], bool]

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535; chunks stay far below both.
CHUNK = 5_000

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
    days: tuple[date, ...] = ()  #: on which the reported meetings take place
    series: tuple[str, ...] = ()
    has_meetings: bool = False  #: without one, no candidates are loaded
    keys: tuple[int, ...] = ()  #: likeness keys of entries that tell of no meeting


# Built once: SQLAlchemy takes longer to build these statements than SQLite to answer them.
_OF_SOURCE = items.c.source_id == bindparam("source")
_KNOWN = select(
    items.c.id, items.c.story_id, items.c.identity, items.c.guid,
    items.c.url, items.c.title, items.c.content_hash, items.c.verdict,
)  # fmt: skip
_KNOWN_BY = tuple(
    _KNOWN.where(_OF_SOURCE, column.in_(bindparam("values", expanding=True)))
    for column in (items.c.identity, items.c.url)
)
_HAS_ITEMS = select(items.c.id).where(_OF_SOURCE).limit(1)
_ELSEWHERE = (
    select(items.c.url, items.c.story_id)
    .where(items.c.url.in_(bindparam("values", expanding=True)), items.c.source_id != bindparam("source"))
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
    .where(story_alerts.c.story_id.in_(bindparam("values", expanding=True)))
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
        items.c.story_id.in_(bindparam("values", expanding=True)),
        # A machine's dates do not count.
        items.c.verdict == "meeting",
        sources.c.trust != Trust.LOW,
    )
    .group_by(items.c.story_id)
)
_MEETINGS = select(
    *(column for column in meetings.c if column.name != "facts"), cast(meetings.c.facts, Text).label("facts")
)
_CANDIDATES = _MEETINGS.where(
    or_(
        meetings.c.active_at >= bindparam("recently", type_=meetings.c.active_at.type),
        meetings.c.series.in_(bindparam("series", expanding=True))
        & (meetings.c.active_at >= bindparam("in_series", type_=meetings.c.active_at.type)),
        meetings.c.story_id.in_(bindparam("own", expanding=True)),
        meetings.c.starts_on.in_(bindparam("days", expanding=True)),
    )
).order_by(meetings.c.story_id)  # of two that fit a report equally well, the older one gets it


def known_items(connection: Connection, source_id: int, lookup: Lookup) -> list[KnownItem]:
    """Items of this source that have one of the identities or URLs."""
    if connection.execute(_HAS_ITEMS, {"source": source_id}).first() is None:
        return []  # its first poll, for which thousands of names need not be looked up
    found: dict[int, KnownItem] = {}
    for statement, values in zip(_KNOWN_BY, (lookup.identities, lookup.urls), strict=True):
        for chunk in _chunks(values):
            for row in connection.execute(statement, {"source": source_id, "values": chunk}):
                found[row.id] = KnownItem(**row._asdict())
    return list(found.values())


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


def hold_landing(connection: Connection) -> None:
    """Let no other poll or correction land until this transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":  # where two polls could else found the same meeting side by side
        connection.execute(select(func.pg_advisory_xact_lock(LANDING)))


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
    for chunk in _chunks(urls):
        for row in connection.execute(_ELSEWHERE, {"source": source_id, "values": chunk}):
            found.setdefault(row.url, row.story_id)
    return found


def _meeting_rows(connection: Connection, lookup: Lookup, touched: Collection[int], now: datetime) -> Sequence[Any]:
    """Meetings that a report might be about, and all meetings of the stories that the poll touches anyway."""
    wanted = {
        "recently": now - UNDATED_FOR,
        "series": tuple(set(lookup.series)),
        "in_series": now - EDITION_FOR,
        "own": tuple(touched),
        "days": _days(lookup.days, now.date()),
    }
    return connection.execute(_CANDIDATES, wanted).all()


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
    for chunk in _chunks(story_ids):
        for row in connection.execute(_ALERTED, {"values": chunk}):
            found.setdefault(row.story_id, []).append(row.key)
    return found


def _reported(connection: Connection, story_ids: Sequence[int]) -> dict[int, tuple[datetime, datetime, int]]:
    """When a meeting's certain reports began and ended, and how many there are."""
    found: dict[int, tuple[datetime, datetime, int]] = {}
    for chunk in _chunks(story_ids):
        for row in connection.execute(_REPORTED, {"values": chunk}):
            found[row.story_id] = (row.oldest, row.newest, row.told)
    return found


def recent_moments(connection: Connection, source_id: int, since: datetime) -> list[datetime]:
    """When the source's items since then were published (or first seen): what its habit is learnt from."""
    return list(connection.execute(_MOMENTS, {"source": source_id, "since": since}).scalars())


def apply(connection: Connection, changes: Changes, now: datetime) -> dict[NewStory, int]:
    """Write everything that was decided. Returns the ids that the new stories got."""
    ids = _insert_stories(connection, changes.new_stories, now)

    def story_id(ref: StoryRef) -> int:
        return ids[ref] if isinstance(ref, NewStory) else ref

    if changes.retired:
        name = items.c.identity.concat("~").concat(cast(items.c.id, String))
        connection.execute(update(items).where(items.c.id.in_(changes.retired)).values(identity=name))
    if changes.inserts:
        connection.execute(insert(items), [_item_row(item, story_id(item.story), now) for item in changes.inserts])
    likeness.remember(connection, ((story_id(item.story), item.keys) for item in changes.inserts if item.keys), now)
    _update_items(connection, changes.updates, story_id, now)
    for meeting in changes.meetings:
        _write_meeting(connection, meeting, story_id(meeting.story), now)
    told = [item.story for item in changes.inserts] + [update.insert.story for update in changes.updates]
    _touch_meetings(connection, [story for story in told if not isinstance(story, NewStory)], now)
    for alert in changes.alerts:
        owe(connection, alert, story_id(alert.story), now)
    update_source(connection, changes.source)
    if changes.lesson is not None:
        learn(connection, changes.source.source_id, changes.lesson)
    if changes.inserts or changes.updates or changes.meetings:
        revision.bump(connection)
    return ids


def _insert_stories(connection: Connection, new: Sequence[NewStory], now: datetime) -> dict[NewStory, int]:
    if not new:
        return {}
    ids = reserve_ids(connection, stories, len(new))
    connection.execute(insert(stories), [{"id": story_id, "created_at": now} for story_id in ids])
    return dict(zip(new, ids, strict=True))


def _item_row(item: ItemInsert, story_id: int, now: datetime) -> dict[str, Any]:
    return {**_item_words(item, story_id, now), "identity": item.identity, "first_seen_at": now}


def _item_words(item: ItemInsert, story_id: int, now: datetime) -> dict[str, Any]:
    return {
        "source_id": item.source_id,
        "story_id": story_id,
        "guid": item.guid,
        "url": item.url,
        "title": item.title,
        "text": item.text,
        "author": item.author,
        "language": item.language,
        "categories": list(item.categories),
        "published_at": item.published_at,
        "published_text": item.published_text,
        "content_hash": item.content_hash,
        "verdict": item.verdict,
        "score": item.score,
        "facts": facts_to_json(item.facts) if item.facts else None,
        "evidence": evidence_to_json(item.evidence),
        "flags": list(item.flags),
        "html": item.html,
        "media": media_to_json(item.media),
        "released_at": item.released_at,
        "updated_at": now,
    }


def _update_items(connection: Connection, updates: Sequence[ItemUpdate], story_id: Any, now: datetime) -> None:
    if not updates:
        return
    left: list[int] = []
    indexed = search.before_change(connection, [change.item_id for change in updates])
    for change in updates:
        new_story = story_id(change.insert.story)
        row = {**_item_words(change.insert, new_story, now), "identity": change.insert.identity}
        if change.old_story_id != new_story:
            left.append(change.old_story_id)
        connection.execute(update(items).where(items.c.id == change.item_id).values(**row))
    search.after_change(connection, indexed)
    forget_empty(connection, left, now)


def forget_empty(connection: Connection, story_ids: Iterable[int], now: datetime) -> None:
    """Delete those of the stories that no item tells any more, with their meetings and messages."""
    for chunk in _chunks(list(story_ids)):
        told = exists().where(items.c.story_id == stories.c.id)
        empty = list(connection.execute(select(stories.c.id).where(stories.c.id.in_(chunk), ~told)).scalars())
        if empty:
            retractions.note(connection, empty, now)
            connection.execute(delete(stories).where(stories.c.id.in_(empty)))


def _write_meeting(connection: Connection, meeting: MeetingWrite, story_id: int, now: datetime) -> None:
    facts = meeting.facts
    words = {
        "level": facts.level,
        "kind": facts.kind,
        "format": facts.format,
        "phase": facts.phase,
        "series": facts.series,
        "edition": facts.edition,
        "starts_on": facts.starts_on,
        "facts": facts_to_json(facts),
        "reported": facts_to_json(meeting.reported) if meeting.reported else None,
        "trust": meeting.trust,
        "revision": meeting.revision,
        "updated_at": now,
        "active_at": now,
    }
    if not meeting.facts_changed:  # a better source said the same, or what was said lies under an admin's word
        beneath = {name: words[name] for name in ("trust", "reported")}
        connection.execute(update(meetings).where(meetings.c.story_id == story_id).values(**beneath))
        return
    statement = insert_for(connection, meetings).values(story_id=story_id, first_seen_at=now, **words)
    connection.execute(statement.on_conflict_do_update(index_elements=["story_id"], set_=words))


def _touch_meetings(connection: Connection, story_ids: Sequence[StoryRef], now: datetime) -> None:
    for chunk in _chunks(list(story_ids)):
        connection.execute(update(meetings).where(meetings.c.story_id.in_(chunk)).values(active_at=now))


def owe(connection: Connection, alert: Alert, story_id: int, now: datetime) -> None:
    """Note that the filters had their alert, and owe it to each active chat that follows one of them.

    The unique key on deliveries makes a second alert of one story to one chat impossible, whatever was decided.
    """
    chosen = select(filters.c.id).where(filters.c.key.in_(alert.filters))
    marks = select(literal(story_id), filters.c.id, literal(now, story_alerts.c.decided_at.type))
    connection.execute(
        insert_or_ignore(connection, story_alerts, "story_id", "filter_id").from_select(
            ["story_id", "filter_id", "decided_at"], marks.where(filters.c.key.in_(alert.filters))
        )
    )
    moment = literal(now, deliveries.c.not_before.type)
    owed = (
        select(
            chats.c.id, literal(story_id), literal(alert.kind.value), literal(alert.version),
            literal(DeliveryState.QUEUED.value), moment, literal(0), ~true(), moment, moment,
        )
        .where(chats.c.state == ChatState.ACTIVE)
        .where(chats.c.id.in_(select(subscriptions.c.chat_id).where(subscriptions.c.filter_id.in_(chosen))))
        .order_by(chats.c.id)
    )  # fmt: skip
    columns = [
        "chat_id", "story_id", "kind", "version", "state",
        "not_before", "attempt", "repeat", "created_at", "updated_at",
    ]  # fmt: skip
    statement = insert_or_ignore(connection, deliveries, "chat_id", "story_id", "kind", "version")
    connection.execute(statement.from_select(columns, owed))


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
