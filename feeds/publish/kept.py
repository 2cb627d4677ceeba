"""The almanac of the archive as it is now, kept until the archive changes. I/O in threads."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from feeds import archive
from feeds.decide.query import parse
from feeds.publish.almanac import Almanac, almanac
from feeds.publish.cache import FeedCache
from feeds.publish.web_base import Library
from storage import almanac as shelves
from storage.almanac import Version
from storage.database import Connection
from storage.model import Meeting


@dataclass
class _State:
    """What is known; replaced as a whole."""

    revision: int = -1
    versions: dict[int, Version] = field(default_factory=dict)
    meetings: dict[int, Meeting] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
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

    async def now(self) -> Almanac:
        """The almanac as the archive is now. Only records that changed are read again."""
        revision = await self._cache.revision()
        if revision != self._state.revision:
            async with self._reading:
                if revision != self._state.revision:
                    self._state = await self._library.read(
                        lambda connection: _renewed(connection, self._state, revision, self._library.clock())
                    )
        return self._state.made


def _renewed(connection: Connection, old: _State, revision: int, now: datetime) -> _State:
    """The next state. The revision was read first: what lands in between makes it old, never falsely new."""
    versions = shelves.versions(connection)
    changed = [number for number, version in versions.items() if old.versions.get(number) != version]
    read = shelves.records(connection, changed)
    meetings = {number: read.get(number) or old.meetings[number] for number in versions if _known(number, read, old)}
    rules = tuple(query.text for query in archive.block_rules(connection))
    ask = list(versions) if rules != old.rules else changed
    kept = old.hidden & versions.keys() if rules == old.rules else frozenset()
    hidden = (kept - set(ask)) | _hidden(connection, ask, now) if rules else frozenset()
    made = almanac(meeting for number, meeting in meetings.items() if number not in hidden)
    return _State(revision=revision, versions=versions, meetings=meetings, rules=rules, hidden=hidden, made=made)


def _known(number: int, read: dict[int, Meeting], old: _State) -> bool:
    return number in read or number in old.meetings


def _hidden(connection: Connection, story_ids: list[int], now: datetime) -> frozenset[int]:
    """Those of these meetings all whose reports are blocked."""
    shown: set[int] = set()
    for start in range(0, len(story_ids), shelves.CHUNK):  # their reports are read with all their words
        part = story_ids[start : start + shelves.CHUNK]
        found = archive.meetings_among(connection, parse("is:meeting"), part, now=now)
        shown |= {story.meeting.story_id for story in found}
    return frozenset(story_ids) - shown
