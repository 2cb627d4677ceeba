"""The almanac of the archive as it is now, kept until a meeting changes. I/O in threads."""

import asyncio
import gc
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from feeds import archive
from feeds.decide.narrow import narrow
from feeds.decide.query import OneOf, Query, parse
from feeds.publish.almanac import Almanac, Line, almanac_of, line_of
from feeds.publish.cache import FeedCache
from feeds.publish.facets import carry_over
from feeds.publish.listing import Entries
from feeds.publish.web_base import Library
from storage import almanac as shelves
from storage import news, search, sources
from storage.almanac import Version
from storage.database import Connection
from storage.model import Figures

AGES = timedelta(minutes=5)  #: rules that ask how old a report is are asked again so often
COUNTS = timedelta(seconds=30)  #: for which counts of rows are shown as they were
MANY = 1_000  #: meetings of a large archive
FEW_CHANGES = 200  #: meetings; after more, all is sorted anew
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """The block rules, and what else their answers depend on beside the meetings."""

    texts: tuple[str, ...] = ()
    newsrooms: tuple[Any, ...] = ()  #: names and trust of all sources, where a rule asks for them
    until: datetime = _NEVER  #: when they must be asked again though nothing was written


@dataclass(frozen=True, kw_only=True)
class _State:
    """What is known; replaced as a whole."""

    revision: int = -1
    marks: dict[int, str] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    rules: _Rules = _Rules()
    reports: dict[int, int] = field(default_factory=dict)  #: of each meeting, where there are block rules
    hidden: frozenset[int] = frozenset()  #: what block rules hide
    made: Almanac = field(default_factory=lambda: Almanac(()))


class Keeper:
    """The almanac of one application. Use it from one event loop."""

    def __init__(self, library: Library, cache: FeedCache) -> None:
        """`cache` knows the archive's revision. Nothing is read until the first question."""
        self._library = library
        self._cache = cache
        self._state = _State()
        self._reading = asyncio.Lock()
        self._spared = False
        self._figures: tuple[datetime, Figures] | None = None
        self.entries = Entries(lambda: self._state.versions, library.clock)

    async def now(self) -> Almanac:
        """The almanac as the archive is now. Only records that changed are read again."""
        revision = await self._cache.revision()
        if not self._holds(revision):
            async with self._reading:
                if not self._holds(revision):
                    renew = partial(_renewed, old=self._state, revision=revision, now=self._library.clock())
                    self._state = await self._library.read(renew)
                    self._spare_the_collector()
        return self._state.made

    def _spare_the_collector(self) -> None:
        """What is kept for as long as the process lives need not be looked through again and again: with ten thousand
        meetings, each full pass of the garbage collector would hold up a page for a tenth of a second."""
        if not self._spared and len(self._state.lines) >= MANY:
            self._spared = True
            gc.freeze()

    def _holds(self, revision: int) -> bool:
        return revision == self._state.revision and self._library.clock() < self._state.rules.until

    async def figures(self) -> Figures:
        """Counts of rows. Counting a large table takes as long as making a page, so they may be half a minute old."""
        now = self._library.clock()
        if self._figures is None or not timedelta(0) <= now - self._figures[0] < COUNTS:
            self._figures = (now, await self._library.read(news.figures))
        return self._figures[1]


def _renewed(connection: Connection, old: _State, revision: int, now: datetime) -> _State:
    """The next state. The revision was read first: what lands in between makes it old, never falsely new.

    When no meeting changed, the almanac stays the same one, with all that was made of it.
    """
    marks = shelves.marks(connection)
    queries = archive.block_rules(connection)
    rules = _rules(connection, queries, now)
    reports = shelves.counts(connection) if queries else {}
    as_before = replace(rules, until=_NEVER) == replace(old.rules, until=_NEVER) and now < old.rules.until
    if as_before and marks == old.marks and reports == old.reports:
        return replace(old, revision=revision)
    read = _read(connection, old, marks)
    lost = [number for number, count in reports.items() if old.reports.get(number) != count]
    ask = {*read.changed, *lost} & read.lines.keys() if as_before else read.lines.keys()
    kept = old.hidden & read.lines.keys() if as_before else frozenset()
    hidden = (kept - ask) | _hidden(connection, queries, ask, now)
    made = _made(old, read.lines, hidden, [*read.changed, *read.gone])
    rules = old.rules if as_before else rules  # what was not asked now is due when it was
    return _State(
        revision=revision, marks=marks, versions=read.versions, lines=read.lines, rules=rules, reports=reports,
        hidden=hidden, made=made,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """The meetings as they are now, and which of them are new, or others than before."""

    versions: dict[int, Version]
    lines: dict[int, Line]
    changed: list[int]
    gone: set[int]


def _read(connection: Connection, old: _State, marks: dict[int, str]) -> _Read:
    """Read what changed. Only blocks with another mark are looked at."""
    blocks = {number for number in marks.keys() | old.marks.keys() if marks.get(number) != old.marks.get(number)}
    found = shelves.versions(connection, blocks)
    changed = [number for number, version in found.items() if old.versions.get(number) != version]
    gone = {number for number in old.versions if number // shelves.BLOCK in blocks} - found.keys()
    versions, lines = old.versions | found, dict(old.lines)
    lines.update((number, line_of(meeting)) for number, meeting in shelves.records(connection, changed).items())
    for number in gone:
        del versions[number]
        lines.pop(number, None)
    return _Read(versions=versions, lines=lines, changed=changed, gone=gone)


def _made(old: _State, lines: dict[int, Line], hidden: frozenset[int], changed: Collection[int]) -> Almanac:
    """The almanac of what is not hidden. A small change costs little, also where there are many meetings."""
    affected = {*changed, *(hidden ^ old.hidden)}
    if len(affected) > FEW_CHANGES:
        return almanac_of(line for number, line in lines.items() if number not in hidden)
    out = [old.lines[number] for number in affected if number in old.lines and number not in old.hidden]
    into = [lines[number] for number in affected if number in lines and number not in hidden]
    same = {line.story_id for line in into} & {line.story_id for line in out if line == lines.get(line.story_id)}
    out, into = ([line for line in some if line.story_id not in same] for some in (out, into))
    made = old.made.changed(out, into)
    carry_over(old.made, made, out, into)
    return made


def _rules(connection: Connection, queries: Sequence[Query], now: datetime) -> _Rules:
    asked = {leaf.field for query in queries for leaf in query.leaves() if isinstance(leaf, OneOf)}
    every = sources.every(connection) if asked & {"source", "trust"} else []
    return _Rules(
        texts=tuple(query.text for query in queries),
        newsrooms=tuple((one.definition.key, one.definition.name, one.definition.trust) for one in every),
        until=now + AGES if any(query.depends_on_now for query in queries) else _NEVER,
    )


def _hidden(
    connection: Connection, queries: Sequence[Query], story_ids: Collection[int], now: datetime
) -> frozenset[int]:
    """Those of these meetings all whose reports are blocked. Only what a rule may match is read with all its words."""
    doubtful: set[int] = set()
    few = story_ids if len(story_ids) <= search.FEW else None
    for query in queries:
        doubtful.update(search.meetings_of(connection, narrow(query, now), among=few))
    doubtful &= set(story_ids)
    left, shown = sorted(doubtful), set[int]()
    for start in range(0, len(left), shelves.CHUNK):
        part = left[start : start + shelves.CHUNK]
        found = archive.meetings_among(connection, parse("is:meeting"), part, now=now)
        shown |= {story.meeting.story_id for story in found}
    return frozenset(doubtful - shown)
