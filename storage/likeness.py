"""The keys by which copies of an article are found among the recent items of other sources."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, delete, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from storage.changes import Twin
from storage.tables import items, likeness_keys, meetings, stories

WITHIN = timedelta(days=3)  #: copies come soon; the same headline a week later is news of its own
COMMON = 12  #: a key of more stories than this tells nothing
CHUNK = 5_000


def twins(connection: Connection, source_id: int, keys: Sequence[int], now: datetime) -> dict[int, tuple[Twin, ...]]:
    """Items of other sources, seen lately, that have one of the keys; the oldest first."""
    stored = _stored(connection, keys, now) if keys else {}
    found: dict[int, list[Twin]] = defaultdict(list)
    for key, twin in _described(connection, stored, source_id, now) if stored else ():
        found[key].append(twin)
    return {key: tuple(some) for key, some in found.items()}


def _stored(connection: Connection, keys: Sequence[int], now: datetime) -> dict[int, list[int]]:
    """Keys by story. Most keys of most polls are met for the first time, so this asks the narrow table alone."""
    spans = (_span(now) - 1, _span(now))
    where = (likeness_keys.c.span.in_(spans), likeness_keys.c.key.in_(_listed(connection, keys)))
    by_key: dict[int, list[int]] = defaultdict(list)
    for key, story_id in connection.execute(select(likeness_keys.c.key, likeness_keys.c.story_id).where(*where)):
        by_key[key].append(story_id)
    found: dict[int, list[int]] = defaultdict(list)
    for key, story_ids in by_key.items():
        for story_id in story_ids if len(story_ids) <= COMMON else ():
            found[story_id].append(key)
    return found


def _listed(connection: Connection, keys: Sequence[int]) -> Any:
    """The keys as one parameter: to name thousands of them costs more than to find them."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(keys)).table_valued("value", name="listed")
        return select(listed.c.value)
    return select(func.unnest(literal(list(keys), ARRAY(BigInteger))))


def _described(
    connection: Connection, stored: dict[int, list[int]], source_id: int, now: datetime
) -> Iterable[tuple[int, Twin]]:
    goes_on = func.coalesce(stories.c.merged_into, stories.c.id)
    query = (
        select(
            stories.c.id.label("keyed"), items.c.id, items.c.story_id, items.c.title,
            meetings.c.story_id.is_not(None).label("is_meeting"),
        )
        .join_from(stories, items, items.c.story_id == goes_on)
        .outerjoin(meetings, meetings.c.story_id == goes_on)
        .where(items.c.source_id != source_id, items.c.first_seen_at >= now - WITHIN)
        .order_by(items.c.id)
    )  # fmt: skip
    ids = list(stored)
    for start in range(0, len(ids), CHUNK):
        for row in connection.execute(query.where(stories.c.id.in_(ids[start : start + CHUNK]))):
            twin = Twin(item_id=row.id, story_id=row.story_id, title=row.title, is_meeting=row.is_meeting)
            for key in stored[row.keyed]:
                yield key, twin


def remember(connection: Connection, keyed: Iterable[tuple[int, Sequence[int]]], now: datetime) -> None:
    """Keep the keys of new items, by story, and forget those that are too old to find anything."""
    span = _span(now)
    rows = sorted([(span, key, story_id) for story_id, keys in keyed for key in keys])
    if not rows:
        return
    # Past SQLAlchemy, which takes longer to name the parameters of a first poll than the database to store them.
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(_INSERT.replace("?", mark), rows)
    connection.execute(delete(likeness_keys).where(likeness_keys.c.span < span - 1))


_INSERT = "INSERT INTO likeness_keys (span, key, story_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"


def _span(moment: datetime) -> int:
    """Two neighbouring spans hold at least the last three days."""
    return moment.date().toordinal() // WITHIN.days
