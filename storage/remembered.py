"""What admins said, as a poll must know it. Read by story and item ids, so it costs the same however much was said.

Two kinds of word reach further than the ids that a poll touches: a report may match the record of a story that ended
in another one, or of one that is no meeting. Those of the last months are read with every poll that has meetings.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, or_, select

from storage.changes import Rejected
from storage.model import Correction, CorrectionKind, MeetingFacts, Pin
from storage.records import correction_from_row, facts_from_json
from storage.tables import corrections, items, stories

REACH = timedelta(days=400)  #: as long as another edition of a series may be reported


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """Words of admins that bear on a poll."""

    pins: dict[int, tuple[Pin, ...]] = field(default_factory=dict)  #: by the story that goes on
    also: dict[int, tuple[MeetingFacts, ...]] = field(default_factory=dict)  #: records that ended in it
    rejected: tuple[Rejected, ...] = ()
    settled: frozenset[int] = frozenset()  #: items


_ANY = select(corrections.c.id).limit(1)


def anything(connection: Connection) -> bool:
    """Whether an admin ever corrected anything; where not, a poll need not ask further."""
    return connection.execute(_ANY).first() is not None


def reaching(connection: Connection, now: datetime) -> list[tuple[int, Any]]:
    """Rows of merges and rejections of the last months that are in force, each with the story that goes on now."""
    where = (
        corrections.c.kind.in_([CorrectionKind.SAME_AS, CorrectionKind.NOT_MEETING]),
        corrections.c.at >= now - REACH,
        corrections.c.undone_at.is_(None),
    )
    query = select(corrections, _goes_on()).join_from(corrections, stories, stories.c.id == corrections.c.story_id)
    return [(row.goes_on, row) for row in connection.execute(query.where(*where).order_by(corrections.c.id))]


def load(
    connection: Connection, far: Iterable[tuple[int, Any]], story_ids: Collection[int], item_ids: Collection[int]
) -> Remembered:
    """The words about these stories and items, and the far-reaching ones (see `reaching`)."""
    rows = {row.id: (story, row) for story, row in (*far, *_about(connection, story_ids))}
    pins: dict[int, list[Correction]] = defaultdict(list)
    also: dict[int, list[MeetingFacts]] = defaultdict(list)
    rejected: dict[int, Any] = {}
    for story, row in rows.values():
        said = correction_from_row(row)
        if said.field is not None:
            pins[story].append(said)
        elif said.kind is CorrectionKind.SAME_AS:
            also[story].extend(_records(row.journal, said.other_id))
        elif said.kind is CorrectionKind.NOT_MEETING:
            rejected[story] = row
    return Remembered(
        pins={story: in_order(said, story) for story, said in pins.items()},
        also={story: tuple(records) for story, records in also.items()},
        rejected=tuple(_rejected(connection, rejected)),
        settled=_settled(connection, item_ids),
    )


def in_order(said: Iterable[Correction], story: int) -> tuple[Pin, ...]:
    """The pins of a story: those of stories that ended in it first, so that its own have the last say."""
    chosen = sorted(said, key=lambda one: (one.story_id == story, one.id))
    return tuple(Pin(field=one.field, value=one.after) for one in chosen if one.field is not None)


def about(connection: Connection, story_id: int) -> tuple[Correction, ...]:
    """All words in force about one story and those that ended in it; its own come last."""
    said = [correction_from_row(row) for _, row in _about(connection, [story_id])]
    return tuple(sorted(said, key=lambda one: (one.story_id == story_id, one.id)))


def _goes_on() -> Any:
    return func.coalesce(stories.c.merged_into, stories.c.id).label("goes_on")


def _about(connection: Connection, story_ids: Collection[int]) -> list[tuple[int, Any]]:
    ended = select(stories.c.id).where(stories.c.merged_into.in_(story_ids))
    ours = or_(corrections.c.story_id.in_(story_ids), corrections.c.story_id.in_(ended))
    query = select(corrections, _goes_on()).join_from(corrections, stories, stories.c.id == corrections.c.story_id)
    rows = connection.execute(query.where(ours, corrections.c.undone_at.is_(None)).order_by(corrections.c.id))
    return [(row.goes_on, row) for row in rows]


def _records(journal: dict[str, Any], story_id: int | None) -> list[MeetingFacts]:
    """The record that a story had when the word was said: as reported, and as an admin had fixed it."""
    row = journal.get("before", {}).get(str(story_id))
    if not row:
        return []
    return [facts_from_json(row[name]) for name in ("facts", "reported") if row.get(name)]


def _rejected(connection: Connection, rows: dict[int, Any]) -> Iterable[Rejected]:
    told: dict[int, list[Any]] = defaultdict(list)
    query = select(items.c.story_id, items.c.facts, items.c.published_at, items.c.first_seen_at)
    if rows:
        for row in connection.execute(query.where(items.c.story_id.in_(rows))):
            told[row.story_id].append(row)
    for story, row in rows.items():
        facts = [facts_from_json(one.facts) for one in told[story] if one.facts]
        moments = [one.published_at or one.first_seen_at for one in told[story]]
        yield Rejected(
            story_id=story,
            records=tuple(dict.fromkeys([*_records(row.journal, story), *facts])),
            reported_at=max(moments, default=row.at),
        )


def _settled(connection: Connection, item_ids: Collection[int]) -> frozenset[int]:
    if not item_ids:
        return frozenset()
    where = (
        corrections.c.item_id.in_(item_ids),
        corrections.c.kind == CorrectionKind.SPLIT,
        corrections.c.undone_at.is_(None),
    )
    return frozenset(connection.execute(select(corrections.c.item_id).where(*where)).scalars())
