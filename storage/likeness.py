"""The keys by which copies of an article are found among the recent items of other sources."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, select

from storage.among import among
from storage.changes import Twin
from storage.tables import items, likeness_keys, meetings, stories

WITHIN = timedelta(days=3)  #: copies come soon; the same headline a week later is news of its own
COMMON = 12  #: a key of more stories than this tells nothing


# Built once: they are asked for with every poll that brings something. One row a key, and none for common keys.
_KEYED = (
    select(likeness_keys.c.key, func.aggregate_strings(cast(likeness_keys.c.story_id, Text), ",").label("stories"))
    # Not BETWEEN: each key is then looked up, where a range of spans is read from its first key to its last.
    .where(likeness_keys.c.span.in_([bindparam("first"), bindparam("last")]), among(likeness_keys.c.key, "keys"))
    .group_by(likeness_keys.c.key)
    .having(func.count() <= COMMON)
)
_GOES_ON = func.coalesce(stories.c.merged_into, stories.c.id)
_DESCRIBED = (
    select(
        stories.c.id.label("keyed"), items.c.id, items.c.story_id, items.c.title,
        meetings.c.story_id.is_not(None).label("is_meeting"),
    )
    .join_from(stories, items, items.c.story_id == _GOES_ON)
    .outerjoin(meetings, meetings.c.story_id == _GOES_ON)
    .where(
        items.c.source_id != bindparam("source"),
        items.c.first_seen_at >= bindparam("since", type_=items.c.first_seen_at.type),
        among(stories.c.id, "keyed"),
    )
    .order_by(items.c.id)
)  # fmt: skip


def twins(connection: Connection, source_id: int, keys: Sequence[int], now: datetime) -> dict[int, tuple[Twin, ...]]:
    """Items of other sources, seen lately, that have one of the keys; the oldest first."""
    stored = _stored(connection, keys, now) if keys else {}
    found: dict[int, list[Twin]] = defaultdict(list)
    for key, twin in _described(connection, stored, source_id, now) if stored else ():
        found[key].append(twin)
    return {key: tuple(some) for key, some in found.items()}


def _stored(connection: Connection, keys: Sequence[int], now: datetime) -> dict[int, list[int]]:
    """Keys by story. Most keys of most polls are met for the first time, so this asks the narrow table alone."""
    wanted = {"first": _span(now) - 1, "last": _span(now), "keys": keys}
    found: dict[int, list[int]] = defaultdict(list)
    for row in connection.execute(_KEYED, wanted).all():
        for story_id in row.stories.split(","):
            found[int(story_id)].append(row.key)
    return found


def _described(
    connection: Connection, stored: dict[int, list[int]], source_id: int, now: datetime
) -> Iterable[tuple[int, Twin]]:
    wanted = {"source": source_id, "since": now - WITHIN, "keyed": list(stored)}
    for keyed, item_id, story_id, title, is_meeting in connection.execute(_DESCRIBED, wanted).all():
        twin = Twin(item_id=item_id, story_id=story_id, title=title, is_meeting=is_meeting)
        for key in stored[keyed]:
            yield key, twin


def remember(connection: Connection, keyed: Iterable[tuple[int, Sequence[int]]], now: datetime) -> None:
    """Keep the keys of new items, by story, and forget those that are too old to find anything."""
    span = _span(now)
    rows = sorted([(span, key, story_id, span, key) for story_id, keys in keyed for key in keys])
    if not rows:
        return
    # Past SQLAlchemy, which takes longer to name the parameters of a first poll than the database to store them.
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(_INSERT.replace("?", mark), rows)
    connection.execute(_FORGET, {"oldest": span - 1})


_FORGET = delete(likeness_keys).where(likeness_keys.c.span < bindparam("oldest"))
# A key that tells nothing gets no more rows: each of them would be read by every poll that meets the key.
_INSERT = f"""
INSERT INTO likeness_keys (span, key, story_id) SELECT ?, ?, ?
WHERE (
    SELECT count(*) FROM (SELECT 1 FROM likeness_keys WHERE span = ? AND key = ? LIMIT {COMMON + 1}) AS few
) <= {COMMON}
ON CONFLICT DO NOTHING"""  # noqa: S608  numbers of ours


def _span(moment: datetime) -> int:
    """Two neighbouring spans hold at least the last three days."""
    return moment.date().toordinal() // WITHIN.days
