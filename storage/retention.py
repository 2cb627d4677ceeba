"""Forgets old articles that tell of no meeting, and remembers that they were known.

    items, oldest first ─► old, of a story without a meeting, a message or an admin's word? ─► tombstone, gone

Meetings and all that reports them stay for good. A tombstone is what is left of an article's identity: a source that
prints its archive anew brings no news, though nobody knows the words of it any more.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, delete, exists, select

from storage import revision, search_index
from storage.lock import hold_landing
from storage.records import insert_for
from storage.tables import corrections, deliveries, items, meetings, retractions, stories, story_alerts, tombstones

BITE = 500  #: items that one transaction looks at


@dataclass(frozen=True, slots=True)
class Bite:
    """What one transaction did."""

    after: int | None  #: the item to go on after; None: nothing older is left
    forgotten: int


def forget(connection: Connection, before: datetime, now: datetime, after: int = 0, limit: int = BITE) -> Bite:
    """Look at the next `limit` items whose number is larger than `after`, and forget those last touched before
    `before`, in a write transaction. Call it again with the `after` that it returns, until that is None: where items
    are young, all later ones are. Those that a clock which was ahead wrote down say nothing about that.
    """
    hold_landing(connection)  # an article may just be corrected by its source, and tell of a meeting from now on
    rows = connection.execute(_NEXT, {"after": after, "limit": limit}).all()
    old = [row for row in rows if row.first_seen_at < before]
    young = any(before <= row.first_seen_at <= now for row in rows)
    useless = _useless(connection, {row.story_id for row in old}, before) if old else []
    gone = connection.execute(_OF_STORIES, {"stories": useless}).all() if useless else []
    if gone:
        _bury(connection, gone)
        search_index.forget(connection, [row.id for row in gone])
        connection.execute(_DELETE_ITEMS, {"items": [row.id for row in gone]})
        connection.execute(_DELETE_STORIES, {"stories": useless})
        revision.bump(connection)
    return Bite(after=None if young or len(rows) < limit else rows[-1].id, forgotten=len(gone))


def buried(connection: Connection, source_id: int, identities: Sequence[str]) -> set[str]:
    """Those of the identities whose articles of this source were forgotten."""
    if connection.execute(_ANY, {"source": source_id}).first() is None:
        return set()
    by_key = {_key(identity): identity for identity in identities}
    keys = list(by_key)
    found: set[str] = set()
    for start in range(0, len(keys), 5_000):
        rows = connection.execute(_THESE, {"source": source_id, "keys": keys[start : start + 5_000]})
        found |= {by_key[row.key] for row in rows}
    return found


def _bury(connection: Connection, rows: Sequence[Any]) -> None:
    values = [{"source_id": row.source_id, "key": _key(row.identity)} for row in rows]
    statement = insert_for(connection, tombstones).on_conflict_do_nothing(index_elements=["source_id", "key"])
    connection.execute(statement, values)


def _key(identity: str) -> int:
    """63 bits of a hash: among a million articles of one source, two would be mistaken once in ten million years."""
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest()) >> 1


def _useless(connection: Connection, story_ids: Collection[int], before: datetime) -> list[int]:
    return list(connection.execute(_USELESS, {"stories": sorted(story_ids), "before": before}).scalars())


_NEXT = (
    select(items.c.id, items.c.story_id, items.c.first_seen_at)
    .where(items.c.id > bindparam("after"))
    .order_by(items.c.id)
    .limit(bindparam("limit"))
)
_WANTED: BindParameter[int] = bindparam("stories", expanding=True)


def _has(column: Any) -> Any:
    return exists(select(1).where(column == stories.c.id).correlate(stories))


#: A story may go when nothing but old articles hangs on it: no meeting, now or taken back, no message, no word of an
#: admin, no other story that goes on in it.
_USELESS: Select[Any] = select(stories.c.id).where(
    stories.c.id.in_(_WANTED),
    stories.c.merged_into.is_(None),
    ~exists(
        select(1).where(
            items.c.story_id == stories.c.id,
            items.c.updated_at >= bindparam("before", type_=items.c.updated_at.type),
        )
    ),
    *(
        ~_has(column)
        for column in (
            meetings.c.story_id,
            retractions.c.story_id,
            story_alerts.c.story_id,
            deliveries.c.story_id,
            corrections.c.story_id,
            corrections.c.other_id,
        )
    ),
    ~exists(select(1).where(corrections.c.item_id == items.c.id, items.c.story_id == stories.c.id)),
    ~exists(select(1).select_from(_MERGED := stories.alias("merged")).where(_MERGED.c.merged_into == stories.c.id)),
)
_OF_STORIES = select(items.c.id, items.c.source_id, items.c.identity).where(items.c.story_id.in_(_WANTED))
_DELETE_ITEMS = delete(items).where(items.c.id.in_(bindparam("items", expanding=True)))
_DELETE_STORIES = delete(stories).where(stories.c.id.in_(_WANTED))
_ANY = select(tombstones.c.key).where(tombstones.c.source_id == bindparam("source")).limit(1)
_THESE = select(tombstones.c.key).where(
    tombstones.c.source_id == bindparam("source"), tombstones.c.key.in_(bindparam("keys", expanding=True))
)
