"""The archive as data, row by row, so that years of it need no more memory than a page."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from storage.model import LabelledItem
from storage.records import correction_from_row, facts_from_json
from storage.tables import corrections, items, meetings, sources, stories

JsonObject = dict[str, Any]
PAGE = 500  #: rows that are held at a time

_FACTS = (
    "level", "kind", "format", "phase", "countries", "series", "edition", "name_ja", "name_en", "starts_on", "ends_on",
    "city", "country", "venue", "parent", "principals", "outcomes", "confidence",
)  # fmt: skip
MEETING_FIELDS = ("id", *_FACTS, "revision", "first_seen_at", "updated_at", "urls")
ITEM_FIELDS = (
    "id", "story_id", "source", "title", "text", "url", "language", "author", "published_at", "first_seen_at",
    "updated_at", "verdict", "score", "facts",
)  # fmt: skip


def every_meeting(connection: Connection) -> Iterator[JsonObject]:
    """All meetings, oldest first, each with the addresses of its reports."""
    rows = _streamed(connection, select(meetings).order_by(meetings.c.story_id))
    for page in rows.partitions(PAGE):
        urls = _urls(connection, [row.story_id for row in page])
        for row in page:
            facts = {name: row.facts.get(name) for name in _FACTS}
            moments = {name: getattr(row, name).isoformat() for name in ("first_seen_at", "updated_at")}
            yield {"id": row.story_id, **facts, "revision": row.revision, **moments, "urls": urls[row.story_id]}


def every_item(connection: Connection) -> Iterator[JsonObject]:
    """All items, oldest first."""
    query = select(items, sources.c.key.label("source")).join_from(items, sources).order_by(items.c.id)
    for row in _streamed(connection, query):
        values = {name: getattr(row, name) for name in ITEM_FIELDS}
        for name in ("published_at", "first_seen_at", "updated_at"):
            values[name] = values[name].isoformat() if values[name] else None
        yield values


def labelled_items(connection: Connection) -> Iterator[LabelledItem]:
    """Items of stories about which something is said that is in force, as far as they were there when it was said."""
    _be_patient(connection)
    goes_on = func.coalesce(stories.c.merged_into, stories.c.id).label("goes_on")
    query = select(corrections, goes_on).join_from(corrections, stories, stories.c.id == corrections.c.story_id)
    said: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query.where(corrections.c.undone_at.is_(None)).order_by(corrections.c.id)):
        said[row.goes_on].append(row)
        if row.kind == "split" and row.other_id is not None:
            said[row.other_id].append(row)
    for story_id in sorted(said):
        yield from _labelled(connection, story_id, said[story_id])


def _labelled(connection: Connection, story_id: int, rows: list[Any]) -> Iterator[LabelledItem]:
    record = connection.execute(select(meetings.c.facts).where(meetings.c.story_id == story_id)).scalar_one_or_none()
    words = [correction_from_row(row) for row in rows]
    query = select(items, sources.c.name.label("source_name")).join_from(items, sources)
    here = (items.c.story_id == story_id, items.c.first_seen_at <= max(one.at for one in words))
    for row in connection.execute(query.where(*here).order_by(items.c.id)):
        yield LabelledItem(
            item_id=row.id,
            story_id=story_id,
            title=row.title,
            text=row.text,
            language=row.language,
            url=row.url,
            source_name=row.source_name,
            published_at=row.published_at,
            first_seen_at=row.first_seen_at,
            stated=facts_from_json(row.facts) if row.facts else None,
            meeting=facts_from_json(record) if record else None,
            fixed=tuple(one.field for one in words if one.field and one.after),
            correction_ids=tuple(one.id for one in words),
        )


def _be_patient(connection: Connection) -> None:
    """Whoever reads the export may be slow; this transaction only reads, so nobody waits for it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _urls(connection: Connection, story_ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    where = (items.c.story_id.in_(story_ids), items.c.url.is_not(None))
    for row in connection.execute(select(items.c.story_id, items.c.url).where(*where).order_by(items.c.id)):
        found[row.story_id].append(row.url)
    return found


def _streamed(connection: Connection, query: Any) -> Any:
    _be_patient(connection)
    return connection.execute(query, execution_options={"yield_per": PAGE})
