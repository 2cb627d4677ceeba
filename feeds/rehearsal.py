"""Tries a filter on the archive before anybody subscribes to it: what it matches, why, and how many alerts it makes.

Functions over a connection; nothing is written.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from feeds import archive
from feeds.decide.filters import Decision, explain_match, matches, matches_any, without
from feeds.decide.query import Query
from feeds.decide.routing import is_old_meeting
from storage import search
from storage.database import Connection
from storage.plans import Plan

SAMPLE = 5_000  #: newest items that are looked at
EXAMPLES = 5
WEEK = 7  #: days for which alerts are counted

MOST_ALERTS_A_DAY = 20  #: a filter that would have sent more on one day of the last week makes a storm
LARGEST_SHARE = 0.2  #: of the archive; a filter that matches more is hardly meant so
FEW = 50  #: items; of a smaller archive shares say nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One item that matched, and the parts of the query that decided."""

    item_id: int
    title: str
    source_key: str
    reported_at: datetime
    decision: Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """What a filter would have done."""

    seen: int  #: items looked at, the newest ones
    matched: int
    meetings: int  #: among what matched
    examples: tuple[Example, ...] = ()  #: the newest matches
    alerts: tuple[tuple[date, int], ...] = ()  #: for each of the last seven days (UTC), the oldest first

    @property
    def objections(self) -> tuple[str, ...]:
        """Why a filter that raises alerts should not go in unseen; empty: nothing speaks against it."""
        found = []
        day, most = max(self.alerts, key=lambda pair: pair[1], default=(None, 0))
        if most > MOST_ALERTS_A_DAY:
            found.append(f"it would have sent {most} alerts on {day} alone; {MOST_ALERTS_A_DAY} a day is the limit")
        if self.seen >= FEW and self.matched > self.seen * LARGEST_SHARE:
            share = 100 * self.matched / self.seen
            found.append(
                f"it matches {self.matched} of {self.seen} items ({share:.0f} %); {LARGEST_SHARE:.0%} is the limit"
            )
        return tuple(found)


def rehearse(connection: Connection, query: Query, now: datetime, sample: int = SAMPLE) -> Rehearsal:
    """Hold a query against the newest `sample` items, and against the meetings of the last week. Block rules count."""
    query = without(query, archive.block_rules(connection))
    seen = matched = 0
    stories: set[int] = set()
    examples: list[Example] = []
    for row in _newest(connection, sample):
        seen += 1
        subject = archive.subject(row, now)
        if not matches(query, subject):
            continue
        matched += 1
        if row.facts:
            stories.add(row.story_id)
        if len(examples) < EXAMPLES:
            examples.append(_example(row, explain_match(query, subject)))
    return Rehearsal(
        seen=seen,
        matched=matched,
        meetings=len(stories),
        examples=tuple(examples),
        alerts=_alerts(connection, query, now),
    )


def _newest(connection: Connection, count: int) -> Iterator[Any]:
    before: int | None = None
    while count > 0:
        batch = search.search(connection, Plan(), min(count, 500), before)
        yield from batch.rows
        count, before = count - len(batch.rows), batch.before
        if before is None:
            return


def _example(row: Any, decision: Decision) -> Example:
    return Example(
        item_id=row.id,
        title=row.title,
        source_key=row.source_key,
        reported_at=row.reported_at,
        decision=decision,
    )


def _alerts(connection: Connection, query: Query, now: datetime) -> tuple[tuple[date, int], ...]:
    """An alert for each meeting that was first heard of on that day, and was not history by then."""
    first_seen = search.meetings_since(connection, now - timedelta(days=WEEK))
    told = archive.by_story(search.of_stories(connection, list(first_seen)), now)
    days: Counter[date] = Counter()
    for story_id, moment in first_seen.items():
        subjects = told.get(story_id, [])
        facts = subjects[0].facts if subjects else None
        if facts is not None and not is_old_meeting(facts, moment) and matches_any(query, subjects):
            days[moment.astimezone(UTC).date()] += 1
    today = now.astimezone(UTC).date()
    return tuple((day, days[day]) for day in (today - timedelta(days=n) for n in range(WEEK - 1, -1, -1)))
