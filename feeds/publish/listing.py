"""Meetings as entries of lists, each written once for a language and kept until its record changes.

The same meetings stand in many lists: the front page, a country, a person, a series, a search.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from feeds.publish.listed import listed
from feeds.publish.web_base import fragment
from feeds.publish.words import Language
from storage import news
from storage.almanac import Version
from storage.database import Connection
from storage.model import MeetingStory

MOST = 2_000  #: entries kept; the longest unasked goes first
AGE = timedelta(seconds=30)  #: what no record says (names of newsrooms, a report that left) may be that much older


@dataclass(frozen=True, slots=True)
class Entry:
    """One meeting of a list."""

    story_id: int
    html: Markup


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """For whom and where entries are written."""

    language: Language
    zone: str
    heading: str = "h3"  #: the element of their headlines


_Key = tuple[int, Version, Style]


class Entries:
    """The entries of one application. `versions` gives what the archive had when it was last looked at, which must be
    before an entry is asked for: what is kept may then be newer than it is taken for, never older."""

    def __init__(self, versions: Callable[[], Mapping[int, Version]], clock: Callable[[], datetime]) -> None:
        """Nothing is kept yet."""
        self._versions = versions
        self._clock = clock
        self._kept: OrderedDict[_Key, tuple[datetime, Entry]] = OrderedDict()

    def of(self, connection: Connection, story_ids: Sequence[int], style: Style) -> list[Entry]:
        """These meetings as entries, in this order; those that the archive no longer has are left out. Thread-safe."""
        versions, now = self._versions(), self._clock()
        known = {number: entry for number in story_ids if (entry := self._at_hand(number, versions, style, now))}
        missing = [number for number in story_ids if number not in known]
        for story in news.meetings_by_id(connection, missing) if missing else ():
            known[story.meeting.story_id] = self._written(story, versions, style, now)
        return [known[number] for number in story_ids if number in known]

    def _at_hand(self, number: int, versions: Mapping[int, Version], style: Style, now: datetime) -> Entry | None:
        version = versions.get(number)
        found = self._kept.get((number, version, style)) if version is not None else None
        return found[1] if found is not None and timedelta(0) <= now - found[0] < AGE else None

    def _written(self, story: MeetingStory, versions: Mapping[int, Version], style: Style, now: datetime) -> Entry:
        number = story.meeting.story_id
        entry = Entry(number, _html(story, style))
        if (version := versions.get(number)) is not None:
            self._kept[number, version, style] = now, entry
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return entry


def _html(story: MeetingStory, style: Style) -> Markup:
    item = listed(story, style.language, style.zone)
    return fragment("_entry.html", style.language, style.zone, item=item, heading=style.heading)
