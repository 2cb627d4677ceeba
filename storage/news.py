"""Reading the archive: meetings with their reports, items, figures."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, or_, select

from storage.errors import NotFound
from storage.model import Evidence, Figures, Level, ListedItem, Meeting, MeetingStory, Phase, Report, Trust
from storage.records import evidence_from_json, meeting_from_row
from storage.tables import chats, deliveries, items, meetings, sources, stories

LONGEST_MEETING = timedelta(days=14)


def latest_meetings(connection: Connection, *, level: str | None = None, limit: int = 50) -> list[MeetingStory]:
    """The newest meetings first, of one level or all, each with its reports."""
    query = select(meetings).order_by(meetings.c.first_seen_at.desc(), meetings.c.story_id.desc()).limit(limit)
    if level is not None:
        query = query.where(meetings.c.level == level)
    return _with_reports(connection, [meeting_from_row(row) for row in connection.execute(query)])


def meeting(connection: Connection, story_id: int) -> MeetingStory:
    """One meeting with its reports; for a story that was merged, the one that goes on. Raises `NotFound`."""
    goes_on = select(stories.c.merged_into).where(stories.c.id == story_id)
    story_id = connection.execute(goes_on).scalar() or story_id
    row = connection.execute(select(meetings).where(meetings.c.story_id == story_id)).first()
    if row is None:
        raise NotFound(f"There is no meeting {story_id}.")
    return _with_reports(connection, [meeting_from_row(row)])[0]


def evidence(connection: Connection, story_id: int) -> list[tuple[Report, tuple[Evidence, ...]]]:
    """What each report of a story said, word for word, oldest report first."""
    query = select_reports().add_columns(items.c.evidence).where(items.c.story_id == story_id).order_by(items.c.id)
    return [(report_from_row(row), evidence_from_json(row.evidence)) for row in connection.execute(query)]


def ahead(connection: Connection, today: date, *, limit: int) -> list[MeetingStory]:
    """Announced meetings of ministers whose last day is not over on `today`, the next first; undated ones last."""
    query = (
        select(meetings)
        .where(meetings.c.phase == Phase.ANNOUNCED, meetings.c.level == Level.MINISTER)
        .where(or_(meetings.c.starts_on >= today - LONGEST_MEETING, meetings.c.starts_on.is_(None)))
        .order_by(meetings.c.starts_on.is_(None), meetings.c.starts_on, meetings.c.story_id)
    )
    found = [meeting_from_row(row) for row in connection.execute(query.limit(limit * 4))]
    coming = [one for one in found if (one.facts.ends_on or one.facts.starts_on or today) >= today]
    return _with_reports(connection, coming[:limit])


def goes_on(connection: Connection, story_ids: Sequence[int]) -> dict[int, int]:
    """Those of these stories that were merged, with the story that goes on."""
    query = select(stories.c.id, stories.c.merged_into).where(stories.c.id.in_(story_ids))
    return {row.id: row.merged_into for row in connection.execute(query) if row.merged_into is not None}


def digest(connection: Connection, story_ids: Sequence[int]) -> tuple[MeetingStory, ...]:
    """These meetings as they are now, each once; for a story that was merged, the one that goes on."""
    merged = goes_on(connection, story_ids)
    return meetings_by_id(connection, list(dict.fromkeys(merged.get(one, one) for one in story_ids)))


def meetings_by_id(connection: Connection, story_ids: Sequence[int]) -> tuple[MeetingStory, ...]:
    """These meetings with their reports, in this order."""
    rows = connection.execute(select(meetings).where(meetings.c.story_id.in_(story_ids)))
    found = {told.meeting.story_id: told for told in _with_reports(connection, [meeting_from_row(row) for row in rows])}
    return tuple(found[story_id] for story_id in story_ids if story_id in found)


def items_by_id(connection: Connection, item_ids: Sequence[int]) -> tuple[ListedItem, ...]:
    """These items, in this order."""
    query = _listed().where(items.c.id.in_(item_ids))
    found = {row.item_id: _listed_item(row) for row in connection.execute(query)}
    return tuple(found[item_id] for item_id in item_ids if item_id in found)


def meeting_ids_between(connection: Connection, first: int, last: int | None) -> list[int]:
    """The stories with these ids, both ends included, that are meetings, newest first."""
    query = select(meetings.c.story_id).where(meetings.c.story_id >= first).order_by(meetings.c.story_id.desc())
    if last is not None:
        query = query.where(meetings.c.story_id <= last)
    return list(connection.execute(query).scalars())


def moved_lately(connection: Connection, limit: int) -> list[int]:
    """The stories of the meetings whose record changed or was reported last."""
    query = select(meetings.c.story_id).order_by(meetings.c.active_at.desc(), meetings.c.story_id.desc())
    return list(connection.execute(query.limit(limit)).scalars())


def newest(connection: Connection, what: Literal["meetings", "items"]) -> int:
    """The largest number that a story, or an item, has; 0 for an empty archive."""
    column = stories.c.id if what == "meetings" else items.c.id
    return int(connection.execute(select(func.max(column))).scalar() or 0)


def nearest(
    connection: Connection,
    what: Literal["meetings", "items"],
    *,
    at_most: int | None = None,
    at_least: int | None = None,
) -> int | None:
    """The number of the meeting (or item) that comes first below, or above, a number; None: there is none."""
    column = meetings.c.story_id if what == "meetings" else items.c.id
    query = select(func.max(column)).where(column <= at_most) if at_most is not None else select(func.min(column))
    if at_least is not None:
        query = query.where(column >= at_least)
    return connection.execute(query).scalar()


def latest_items(connection: Connection, *, limit: int = 50) -> list[ListedItem]:
    """The newest items first, of all sources."""
    rows = connection.execute(_listed().order_by(items.c.id.desc()).limit(limit))
    return [_listed_item(row) for row in rows]


def _listed() -> Any:
    return select_reports().add_columns(items.c.text, items.c.author, items.c.updated_at)


def _listed_item(row: Row[Any]) -> ListedItem:
    return ListedItem(report=report_from_row(row), text=row.text, author=row.author, updated_at=row.updated_at)


def told_since(connection: Connection, since: datetime, most: int) -> list[tuple[int, tuple[Report, ...]]]:
    """The stories with the most sources among those reported at or after `since`, with those reports, oldest first."""
    first = _first_item_since(connection, since)
    fresh = (items.c.id >= first, items.c.first_seen_at >= since)
    sources_of = func.count(items.c.source_id.distinct())
    busiest = (
        select(items.c.story_id)
        .where(*fresh)
        .group_by(items.c.story_id)
        .order_by(sources_of.desc(), items.c.story_id.desc())
        .limit(most)
    )
    reports: dict[int, list[Report]] = defaultdict(list)
    story_ids = list(connection.execute(busiest).scalars())
    query = select_reports().add_columns(items.c.story_id).where(items.c.story_id.in_(story_ids), *fresh)
    for row in connection.execute(query.order_by(items.c.id)):
        reports[row.story_id].append(report_from_row(row))
    return [(story_id, tuple(reports[story_id])) for story_id in story_ids]


def _first_item_since(connection: Connection, since: datetime) -> int:
    """Ids grow with time, so a few looks find where `since` is, and no index on time has to be kept."""
    low, high = 0, int(connection.execute(select(func.max(items.c.id))).scalar() or 0) + 1
    seen_from = select(items.c.first_seen_at).order_by(items.c.id).limit(1)
    while low < high:
        middle = (low + high) // 2
        moment = connection.execute(seen_from.where(items.c.id >= middle)).scalar()
        if moment is None or moment >= since:
            high = middle
        else:
            low = middle + 1
    return low


def figures(connection: Connection) -> Figures:
    """Counts for health pages and the log."""

    def count(table: Any, *where: Any) -> int:
        return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    return Figures(
        sources=count(sources, sources.c.enabled),
        sources_failing=count(sources, sources.c.enabled, sources.c.failures > 0),
        items=count(items),
        meetings=count(meetings),
        chats=count(chats, chats.c.state == "active"),
        deliveries_waiting=count(deliveries, deliveries.c.state.in_(["queued", "sending", "uncertain"])),
    )


def _with_reports(connection: Connection, found: Sequence[Meeting]) -> list[MeetingStory]:
    reports: dict[int, list[Report]] = defaultdict(list)
    query = select_reports().add_columns(items.c.story_id).order_by(items.c.id)
    for row in connection.execute(query.where(items.c.story_id.in_([m.story_id for m in found]))):
        reports[row.story_id].append(report_from_row(row))
    return [MeetingStory(meeting=m, reports=tuple(reports[m.story_id])) for m in found]


def select_reports() -> Any:
    """The question for reports, as `report_from_row` reads them; more may be added to it."""
    return select(
        items.c.id.label("item_id"),
        sources.c.key.label("source_key"),
        sources.c.name.label("source_name"),
        sources.c.trust,
        items.c.title,
        items.c.url,
        items.c.language,
        items.c.published_at,
        items.c.first_seen_at,
    ).join_from(items, sources)


def report_from_row(row: Row[Any]) -> Report:
    """A report, from a row of `select_reports`."""
    return Report(
        item_id=row.item_id,
        source_key=row.source_key,
        source_name=row.source_name,
        trust=Trust(row.trust),
        title=row.title,
        url=row.url,
        language=row.language,
        published_at=row.published_at,
        first_seen_at=row.first_seen_at,
    )
