"""Finding in the archive, newest first: exactly what `matches` accepts. Functions over a connection, nothing more.

SQL narrows (storage/search.py), the matcher decides (feeds/decide/filters.py). Neither relies on the other: an index
that lags behind costs time, never a find.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feeds.decide import routing
from feeds.decide.filters import matches, matches_any, without
from feeds.decide.glance import glance
from feeds.decide.narrow import about_words, narrow
from feeds.decide.query import Query
from feeds.decide.ranking import Ranked, host_of, rank
from feeds.decide.subject import Subject
from storage import filters, news, search, sources
from storage.database import Connection
from storage.model import ListedItem, MeetingStory, Trust
from storage.plans import Plan
from storage.records import facts_from_text

FIRST_BATCH, LARGEST_BATCH = 64, 2048
FIRST_NUMBERS = 400  #: of meetings that may match; mostly enough for a page of those that do
MANY_NUMBERS = 1_500  #: the same where other facts sort out most of them
BUDGET = 20_000  #: items that one question may look at, unless it is allowed more


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundItems:
    """Items that match, newest first."""

    items: tuple[ListedItem, ...] = ()
    before: int | None = None  #: what to pass as `before` for the next page; None: there is none
    whole: bool = True  #: False: the budget was used up before `limit` matches were found


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundMeetings:
    """Meetings that match, newest first."""

    meetings: tuple[MeetingStory, ...] = ()
    before: int | None = None  #: as in `FoundItems`
    whole: bool = True  #: as in `FoundItems`


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundNumbers:
    """Meetings that match by their story ids, newest first."""

    numbers: tuple[int, ...] = ()
    before: int | None = None  #: as in `FoundItems`
    whole: bool = True  #: as in `FoundItems`


def find_items(
    connection: Connection, query: Query, *, now: datetime, limit: int = 50, before: int | None = None,
    budget: int = BUDGET,
) -> FoundItems:  # fmt: skip
    """The newest items (by id, below `before`) that match and are not blocked. `now` tells ages."""
    query = without(query, block_rules(connection))
    plan, found, left = narrow(query, now), [], budget
    size, at, keep = FIRST_BATCH, before, _word_test(query, now)
    while True:
        batch = search.search(connection, plan, min(size, left), at, keep)
        for row in batch.rows:
            if matches(query, subject(row, now)):
                found.append(row.id)
                if len(found) == limit:
                    return FoundItems(items=news.items_by_id(connection, found), before=row.id)
        left, at, size = left - size, batch.before, min(size * 4, LARGEST_BATCH)
        if at is None or left <= 0:
            return FoundItems(items=news.items_by_id(connection, found), before=at, whole=at is None)


def find_meetings(
    connection: Connection, query: Query, *, now: datetime, limit: int = 50, before: int | None = None,
    budget: int = BUDGET,
) -> FoundMeetings:  # fmt: skip
    """The newest meetings (by story id, below `before`) one of whose items matches and is not blocked."""
    found = find_numbers(connection, query, now=now, limit=limit, before=before, budget=budget)
    return FoundMeetings(
        meetings=news.meetings_by_id(connection, found.numbers), before=found.before, whole=found.whole
    )


def find_numbers(
    connection: Connection, query: Query, *, now: datetime, limit: int = 50, before: int | None = None,
    budget: int = BUDGET, among: Collection[int] | None = None,
) -> FoundNumbers:  # fmt: skip
    """As `find_meetings`, but only their numbers.

    `among` are the only meetings that have all the facts which the query asks for, where the caller knows them.
    """
    found: list[int] = []
    at: int | None = before
    for story_id, following in _matching(connection, query, now, before, budget, among):
        at = following
        if story_id is not None:
            found.append(story_id)
            if len(found) == limit:
                return FoundNumbers(numbers=tuple(found), before=story_id)
    return FoundNumbers(numbers=tuple(found), before=at, whole=at is None)


def find_and_count(
    connection: Connection, query: Query, *, now: datetime, limit: int, most: int, budget: int = BUDGET,
    among: Collection[int] | None = None,
) -> tuple[FoundNumbers, int, bool]:  # fmt: skip
    """What `find_numbers` finds, and in the same go how many meetings match, up to `most`; True: that is all."""
    found = find_numbers(connection, query, now=now, limit=most, budget=budget, among=among)
    numbers, count = found.numbers[:limit], len(found.numbers)
    whole = found.before is None
    if count <= limit:
        return found, count, whole
    return FoundNumbers(numbers=numbers, before=numbers[-1] if numbers else None), count, whole


def _matching(
    connection: Connection, query: Query, now: datetime, before: int | None, budget: int, among: Collection[int] | None
) -> Iterator[tuple[int | None, int | None]]:
    """The stories of meetings that match, newest first; last a pair without one: where to go on (None: the end).

    With each comes the number below which nothing was read yet.
    """
    query = without(query, block_rules(connection))
    left, size, done = budget, FIRST_BATCH, before
    for ids, more in _candidates(connection, narrow(query, now), before, among):
        for start in range(0, len(ids), size):
            if left <= 0:
                yield None, done
                return
            batch = ids[start : start + size]
            told = by_story(search.of_stories(connection, batch), now)
            for story_id in batch:
                subjects = told.get(story_id, [])
                left -= len(subjects)
                if matches_any(query, subjects):
                    yield story_id, story_id
            done = batch[-1]
        if not more:
            break
    yield None, None


def _candidates(
    connection: Connection, plan: Plan, before: int | None, among: Collection[int] | None
) -> Iterator[tuple[list[int], bool]]:
    """The numbers of meetings that may match, newest first: the first few, then all others. True: there are others."""
    plan = plan if among is None else plan.without_facts()
    few = among if among is not None and len(among) <= search.FEW else None  # many are sorted out here, not by SQL
    limit = FIRST_NUMBERS if among is few else MANY_NUMBERS
    ids = search.meetings_of(connection, plan, before, among=few, limit=limit)
    full = len(ids) == limit
    yield _only(ids, among), full
    if full:
        yield _only(search.meetings_of(connection, plan, ids[-1], among=few), among), False


def _only(ids: list[int], among: Collection[int] | None) -> list[int]:
    return ids if among is None else [number for number in ids if number in among]


def _word_test(query: Query, now: datetime) -> Callable[[str, str], bool] | None:
    """What can be told from title and text alone, because most candidates need not be read whole."""
    words = about_words(query)
    if words is None:
        return None

    may_match = glance(words)

    def keep(title: str, text: str) -> bool:
        return may_match(title, text) and matches(words, Subject(title=title, text=text, reported_at=now, now=now))

    return keep


def meetings_between(
    connection: Connection, query: Query, first: int, last: int | None, *, now: datetime
) -> tuple[MeetingStory, ...]:
    """The meetings with these story ids, both ends included, that match and are not blocked, newest first."""
    return meetings_among(connection, query, news.meeting_ids_between(connection, first, last), now=now)


def meetings_among(
    connection: Connection, query: Query, story_ids: Sequence[int], *, now: datetime
) -> tuple[MeetingStory, ...]:
    """Those of these meetings that match and are not blocked, in the order given."""
    query = without(query, block_rules(connection))
    told = by_story(search.of_stories(connection, story_ids), now)
    chosen = [story_id for story_id in story_ids if matches_any(query, told.get(story_id, []))]
    return news.meetings_by_id(connection, chosen)


def items_between(
    connection: Connection, query: Query, first: int, last: int | None, *, now: datetime
) -> tuple[ListedItem, ...]:
    """The items with these ids, both ends included, that match and are not blocked, newest first."""
    query = without(query, block_rules(connection))
    rows = search.between(connection, first, last)
    return news.items_by_id(connection, [row.id for row in reversed(rows) if matches(query, subject(row, now))])


def top(connection: Connection, since: datetime, limit: int = 20) -> list[Ranked]:
    """The stories that most independent newsrooms have told since then, the widest told first."""
    hosts = {source.definition.key: host_of(source.definition.url) for source in sources.every(connection)}
    return rank(news.told_since(connection, since, most=max(500, limit)), hosts, limit)


def by_story(rows: Sequence[Any], now: datetime) -> dict[int, list[Subject]]:
    """The subjects of rows that storage/search.py gave, by their story."""
    found: dict[int, list[Subject]] = {}
    for row in rows:
        found.setdefault(row.story_id, []).append(subject(row, now))
    return found


def subject(row: Any, now: datetime) -> Subject:
    """A row of storage/search.py as queries see it."""
    return Subject(
        title=row.title,
        text=row.text,
        language=row.language,
        source_key=row.source_key,
        source_name=row.source_name,
        trust=Trust(row.trust),
        categories=tuple(row.categories),
        verdict=row.verdict,
        reported_at=row.reported_at,
        facts=facts_from_text(row.facts) if row.facts else None,
        now=now,
    )


def block_rules(connection: Connection) -> list[Query]:
    """The queries of all block rules that are not paused."""
    return routing.block_rules(filters.every(connection))
