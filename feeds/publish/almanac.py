"""All meetings at once, sorted by day, as the pages count and compare them. Pure.

An almanac is made once per state of the archive (feeds/publish/kept.py) and asked often: it answers from memory. The
day of a meeting whose day is unknown is the day on which it was first heard of; such meetings are in lists, not in
pictures.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from feeds.decide.audience import person_key
from feeds.publish.words import Language
from storage.model import Kind, Level, Meeting, MeetingFacts, Phase, Principal

K = TypeVar("K", bound=Hashable)

#: Meetings of few sides: in a table of who meets whom, one conference of eighteen would drown all talks of two.
SMALL_KINDS = (Kind.BILATERAL, Kind.TRILATERAL, Kind.MINILATERAL, Kind.TWO_PLUS_TWO)
TAKES_PLACE = (Phase.HELD, Phase.ANNOUNCED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One meeting in the almanac."""

    story_id: int
    facts: MeetingFacts
    day: date
    people: tuple[str, ...]  #: keys of those who take part

    @property
    def ends(self) -> date:
        """Its last day."""
        return self.facts.ends_on or self.day

    @property
    def takes_place(self) -> bool:
        """Whether it was held or is still to be: not called off, on a day that is known."""
        return self.facts.starts_on is not None and self.facts.phase in TAKES_PLACE


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Someone who took part in a meeting that the archive knows."""

    key: str
    country: str
    name: str | None
    name_ja: str | None
    office: str | None
    level: Level
    meetings: int

    def shown(self, language: Language) -> str:
        """The name in the reader's script, as far as it is known."""
        first, second = (self.name_ja, self.name) if language == "ja" else (self.name, self.name_ja)
        return first or second or self.key


@dataclass(frozen=True)
class Almanac:
    """The meetings, newest day first."""

    lines: tuple[Line, ...]

    @cached_property
    def people(self) -> dict[str, Person]:
        """Everyone with a name who took part, by key; who met most first. An office is the latest that was reported."""
        ordered = sorted(self.by_person.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        return {key: _person(key, _in(lines[0], key), len(lines)) for key, lines in ordered}

    @cached_property
    def by_country(self) -> dict[str, list[Line]]:
        """The meetings of each country, newest first."""
        return _grouped(self.lines, _GROUPS["by_country"])

    @cached_property
    def by_person(self) -> dict[str, list[Line]]:
        """The meetings of everyone with a name, newest first."""
        return _grouped(self.lines, _GROUPS["by_person"])

    @cached_property
    def by_series(self) -> dict[str, list[Line]]:
        """The meetings of each series, newest first."""
        return _grouped(self.lines, _GROUPS["by_series"])

    @cached_property
    def by_level(self) -> dict[Level, list[Line]]:
        """The meetings of each rank, newest first."""
        return {level: [] for level in Level} | _grouped(self.lines, _GROUPS["by_level"])

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What others make of this almanac and keep as long as it holds, each under a name of its own."""
        return {}

    @cached_property
    def longest(self) -> timedelta:
        """No meeting lasts longer."""
        return _longest(self.lines, timedelta(0))

    def touching(self, first: date, last: date) -> tuple[Line, ...]:
        """All meetings that may have a day between these two, and some more."""
        earliest = first.toordinal() - self.longest.days
        start = bisect_left(self.lines, -last.toordinal(), key=_day)
        return self.lines[start : bisect_right(self.lines, -earliest, key=_day)]

    def changed(self, out: Sequence[Line], into: Sequence[Line]) -> "Almanac":
        """The almanac without some of its lines and with others. What was sorted and grouped stays so."""
        made = Almanac(tuple(moved(self.lines, out, into)))
        if (longest := self.__dict__.get("longest")) is not None:
            made.__dict__["longest"] = _longest(into, longest)
        for name, read in _GROUPS.items():
            if (known := self.__dict__.get(name)) is not None:
                made.__dict__[name] = _regrouped(known, read, out, into)
        return made

    @cached_property
    def series(self) -> Counter[str]:
        """Every series, by the number of its meetings."""
        return Counter(line.facts.series for line in self.lines if line.facts.series)

    @cached_property
    def years(self) -> tuple[int, ...]:
        """The years in which meetings take place, newest first."""
        return tuple(sorted({line.day.year for line in self.lines if line.facts.starts_on}, reverse=True))


#: The groups in which a meeting stands.
_GROUPS: dict[str, Callable[[Line], Iterable[Any]]] = {
    "by_country": lambda line: dict.fromkeys(line.facts.countries),
    "by_person": attrgetter("people"),
    "by_series": lambda line: (line.facts.series,) if line.facts.series else (),
    "by_level": lambda line: (line.facts.level,),
}


def _place(line: Line) -> tuple[int, int]:
    """Where it stands among others: the newest first."""
    return -line.day.toordinal(), -line.story_id


def _day(line: Line) -> int:
    return -line.day.toordinal()


def _longest(lines: Iterable[Line], least: timedelta) -> timedelta:
    return max((line.ends - line.day for line in lines if line.facts.ends_on), default=least)


def moved(lines: Iterable[Line], out: Iterable[Line], into: Iterable[Line]) -> list[Line]:
    """Sorted lines without some, and with others in their places."""
    found = list(lines)
    for line in out:
        place = bisect_left(found, _place(line), key=_place)
        if place < len(found) and found[place].story_id == line.story_id:
            del found[place]
    for line in into:
        insort(found, line, key=_place)
    return found


def _regrouped(
    groups: dict[K, list[Line]], read: Callable[[Line], Iterable[K]], out: Iterable[Line], into: Iterable[Line]
) -> dict[K, list[Line]]:
    """The same groups after a change. Those that it does not touch are shared with the almanac before."""
    left, come = _grouped(out, read), _grouped(into, read)
    found = dict(groups)
    for key in {**left, **come}:
        now = moved(groups.get(key, ()), left.get(key, ()), come.get(key, ()))
        if now or isinstance(key, Level):
            found[key] = now
        else:
            found.pop(key, None)
    return found


def _grouped(lines: Iterable[Line], read: Callable[[Line], Iterable[K]]) -> dict[K, list[Line]]:
    found: dict[K, list[Line]] = {}
    for line in lines:
        for key in read(line):
            if key in found:
                found[key].append(line)
            else:
                found[key] = [line]
    return found


def _in(line: Line, key: str) -> Principal:
    """Someone among those who take part."""
    return next(one for one in line.facts.principals if key_of(one) == key)


@lru_cache(maxsize=20_000)
def key_of(principal: Principal) -> str:
    """The key of someone's page, the one by which chats follow them; nothing where nobody was named."""
    return person_key(principal) if principal.name or principal.name_ja else ""


def almanac(meetings: Iterable[Meeting]) -> Almanac:
    """The almanac of these meetings."""
    return almanac_of(map(line_of, meetings))


def almanac_of(lines: Iterable[Line]) -> Almanac:
    """The almanac of these lines."""
    return Almanac(tuple(sorted(lines, key=_place)))


def line_of(meeting: Meeting) -> Line:
    """A meeting as the almanac holds it."""
    facts = meeting.facts
    return Line(
        story_id=meeting.story_id,
        facts=facts,
        day=facts.starts_on or meeting.first_seen_at.date(),
        people=tuple(dict.fromkeys(key for one in facts.principals if (key := key_of(one)))),
    )


def _person(key: str, principal: Principal, meetings: int) -> Person:
    return Person(
        key=key, country=principal.country, name=principal.name, name_ja=principal.name_ja, office=principal.office,
        level=principal.level, meetings=meetings,
    )  # fmt: skip


def partners(lines: Sequence[Line], country: str) -> list[tuple[str, int]]:
    """Whom a country meets in meetings of few sides, the most often met first."""
    met: Counter[str] = Counter()
    for line in lines:
        sides = line.facts.countries
        if line.takes_place and line.facts.kind in SMALL_KINDS and country in sides:
            met.update(code for code in sides if code != country)
    return sorted(met.items(), key=lambda pair: (-pair[1], pair[0]))


def around(lines: Sequence[Line], line: Line) -> tuple[Line | None, Line | None]:
    """The ones before and after it among lines that are sorted as an almanac is."""
    place = next((number for number, one in enumerate(lines) if one.story_id == line.story_id), None)
    if place is None:
        return None, None
    newer = lines[place - 1] if place else None
    return (lines[place + 1] if place + 1 < len(lines) else None), newer
