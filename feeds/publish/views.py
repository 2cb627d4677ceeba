"""A view: which meetings a page shows, as links change it, as a query asks for it, and in words. Pure.

Each quick filter of a page is one field of a view. A view is told apart from others by its address alone; the same view
as a query is what its feeds and its calendar follow, so both must mean the same meetings (tests hold them together).
One view can mean fewer: a page knows a person by key, a query by a part of a name, so that a query for somebody of whom
only the family name was told finds namesakes as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

from feeds.decide.vocabulary import resolve
from feeds.publish.almanac import Almanac, Line, key_of
from feeds.publish.asking import WrongRequest
from feeds.publish.plain import query_string
from feeds.publish.words import Language, country_name, label, series_name
from storage.model import Format, Kind, Level, Phase
from storage.words import comparable, plain

T = TypeVar("T")

MOST_VALUES = 5  #: of one field in an address
ANY = "any"
_QUOTE = re.compile('["「」『』]')
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?(?:\.\.(\d{4})-(\d{2}))?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """Which meetings are shown. Fields that are empty ask for nothing."""

    country: tuple[str, ...] = ()  #: all of them take part
    minister: str = ""  #: key of a person
    series: str = ""
    kind: tuple[Kind, ...] = ()  #: one of them
    format: Format | None = None
    phase: Phase | None = None
    period: str = ""  #: `2025`, `2025-11`, `2025-11..2026-02`
    level: Level | None = Level.MINISTER  #: None: of any rank

    @property
    def days(self) -> tuple[date, date] | None:
        """First and last day of the period."""
        return days_of(self.period) if self.period else None

    def tests(self) -> Iterator[Callable[[Line], bool]]:
        """What it asks of a meeting; what it does not ask costs nothing."""
        level, kind, series, minister = self.level, self.kind, self.series, self.minister
        if level is not None:
            yield lambda line: line.facts.level is level
        if kind:
            yield lambda line: line.facts.kind in kind
        if self.format is not None:
            yield lambda line: line.facts.format is self.format
        if self.phase is not None:
            yield lambda line: line.facts.phase is self.phase
        if series:
            yield lambda line: line.facts.series == series
        if minister:
            yield lambda line: minister in line.people
        for code in self.country:
            yield partial(_takes_part, code)
        if (days := self.days) is not None:
            yield partial(_is_within, *days)

    def among(self, lines: Iterable[Line]) -> list[Line]:
        """Those of the meetings that it shows, in their order."""
        found = list(lines)
        for test in self.tests():
            found = [line for line in found if test(line)]
        return found

    def within(self, almanac: Almanac) -> list[Line]:
        """Those of all meetings that it shows, newest first: as `among`, but only a part is looked through."""
        near = self.near(almanac)
        bare = View(level=self.level) == self and self.level is not None
        return list(near) if bare else self.among(near)

    def near(self, almanac: Almanac) -> Sequence[Line]:
        """A part of all meetings that has all those which the view shows."""
        parts: list[Sequence[Line]] = [almanac.by_country.get(code, ()) for code in self.country]
        if self.minister:
            parts.append(almanac.by_person.get(self.minister, ()))
        if self.series:
            parts.append(almanac.by_series.get(self.series, ()))
        if self.days is not None:
            parts.append(almanac.touching(*self.days))
        if self.level is not None:
            parts.append(almanac.by_level[self.level])
        return min(parts, key=len, default=almanac.lines)

    def pairs(self) -> list[tuple[str, str]]:
        """The view as parameters of an address; what is usual needs none."""
        found: list[tuple[str, str]] = [("country", code) for code in self.country]
        found += [("kind", kind.value) for kind in self.kind]
        single = {"minister": self.minister, "series": self.series, "format": self.format, "phase": self.phase}
        found += [(name, str(value)) for name, value in single.items() if value]
        if self.period:
            found.append(("period", self.period))
        if self.level is not Level.MINISTER:
            found.append(("level", self.level.value if self.level else ANY))
        return found

    def link(self, language: Language, path: str = "/", **more: str | int) -> str:
        """The address of a page that shows the view."""
        extra = [(name, str(value)) for name, value in more.items()]
        return f"{path}?{query_string([*self.pairs(), *extra, ('lang', language)])}"

    def query(self, almanac: Almanac) -> str:
        """The view in the language of the filters."""
        parts = ["is:meeting"] + ([f"level:{self.level.value}"] if self.level else [])
        parts += [f"country:{code}" for code in self.country]
        if self.minister:
            names = _names(almanac, self.minister) or [self.minister]
            parts.append("minister:" + ",".join(f'"{_quotable(name)}"' for name in names))
        parts += [f"series:{self.series}"] if self.series else []
        parts += [f"kind:{','.join(kind.value for kind in self.kind)}"] if self.kind else []
        parts += [f"format:{self.format.value}"] if self.format else []
        parts += [f"phase:{self.phase.value}"] if self.phase else []
        parts += [f"date:{self.period}"] if self.period else []
        return " ".join(parts)

    def words(self, language: Language, almanac: Almanac) -> tuple[tuple[str, "View"], ...]:
        """Each condition in words, with the view that is left without it."""
        found: list[tuple[str, View]] = [
            (country_name(code, language), replace(self, country=tuple(one for one in self.country if one != code)))
            for code in self.country
        ]
        if self.minister:
            person = almanac.people.get(self.minister)
            found.append((person.shown(language) if person else self.minister, replace(self, minister="")))
        if self.series:
            found.append((series_name(self.series, language), replace(self, series="")))
        if self.kind:
            kinds = ("・" if language == "ja" else ", ").join(label(language, kind) for kind in self.kind)
            found.append((kinds, replace(self, kind=())))
        if self.format:
            found.append((label(language, self.format), replace(self, format=None)))
        if self.phase:
            found.append((label(language, self.phase), replace(self, phase=None)))
        if self.period:
            found.append((period_name(self.period, language), replace(self, period="")))
        if self.level is not Level.MINISTER:
            words = label(language, self.level) if self.level else {"ja": "全レベル", "en": "any rank"}[language]
            found.append((words, replace(self, level=Level.MINISTER)))
        return tuple(found)


def _takes_part(code: str, line: Line) -> bool:
    return code in line.facts.countries


def _is_within(first: date, last: date, line: Line) -> bool:
    return line.day <= last and line.facts.starts_on is not None and line.ends >= first


def _names(almanac: Almanac, key: str) -> list[str]:
    """The fewest names that find all meetings of somebody: the longest, and others only where it finds not all.

    A query for one name of an office-holder asks for all that the lexicon knows. Japanese names are short in letters.
    """
    told = {
        tuple(sorted((name for name in (one.name, one.name_ja) if name), key=_length, reverse=True))
        for line in almanac.by_person.get(key, ()) for one in line.facts.principals if key_of(one) == key
    }  # fmt: skip
    chosen: list[str] = []
    found: set[str] = set()
    for names in sorted(told, key=lambda names: _length(names[0]), reverse=True):
        if not any(part in comparable(name) for name in names for part in found):
            chosen.append(names[0])
            found |= resolve("minister", _quotable(names[0])) or set()
    return chosen


def _length(name: str) -> tuple[int, str]:
    return len(name.encode("utf-8", "replace")), name


def _quotable(name: str) -> str:
    """The longest part of a name that can stand in quotes."""
    return max(_QUOTE.split(plain(name)), key=len).strip()


def view_of(asked: Mapping[str, Sequence[str]]) -> View:
    """The view of an address; parameters that are none of a view's are left alone. Raises `WrongRequest`."""
    for one in fields(View):
        if len(asked.get(one.name, ())) > MOST_VALUES:
            raise WrongRequest(f"{one.name} is given more than {MOST_VALUES} times.")
    single = {name: next(iter(values), "") for name, values in asked.items()}
    level = single.get("level", "") or Level.MINISTER.value
    return View(
        country=tuple(dict.fromkeys(_country(value) for value in asked.get("country", ()) if value)),
        minister=single.get("minister", "")[:96],
        series=_series(single.get("series", "")),
        kind=tuple(dict.fromkeys(_one_of(Kind, "kind", value) for value in asked.get("kind", ()) if value)),
        format=_one_of(Format, "format", single["format"]) if single.get("format") else None,
        phase=_one_of(Phase, "phase", single["phase"]) if single.get("phase") else None,
        period=_period(single.get("period", "")),
        level=None if level == ANY else _one_of(Level, "level", level),
    )


def _one_of(words: Callable[[str], T], name: str, value: str) -> T:
    try:
        return words(value)
    except ValueError:
        known = ", ".join(str(one) for one in words)  # type: ignore[attr-defined]  # an enum
        raise WrongRequest(f"{name} is one of {known}.") from None


def _country(value: str) -> str:
    found = resolve("country", value[:60])
    if found is None or len(found) != 1:
        raise WrongRequest(f"country is a code such as JP, or a country's name; {value[:60]!r} is none.")
    return next(iter(found))


def _series(value: str) -> str:
    if not value:
        return ""
    found = resolve("series", value[:200])
    if found is None or value not in found:
        raise WrongRequest(f"series is a key such as admm-plus; {value[:60]!r} is none.")
    return value


def _period(value: str) -> str:
    if value:
        days_of(value)
    return value


def days_of(period: str) -> tuple[date, date]:
    """First and last day of `2025`, `2025-11` or `2025-11..2026-02`. Raises `WrongRequest`."""
    match = _PERIOD.fullmatch(period)
    days = _span(*(int(part) if part else 0 for part in match.groups())) if match is not None else None
    if days is None:
        raise WrongRequest("period is a year, a month, or two months such as 2025-11..2026-02.")
    return days


def _span(year: int, month: int, last_year: int, last_month: int) -> tuple[date, date] | None:
    try:
        first = date(year, month or 1, 1)
        last = month_end(last_year or year, last_month or month or 12)
    except ValueError:
        return None
    return (first, last) if first <= last and (month or not last_year) else None


def month_end(year: int, month: int) -> date:
    """The last day of a month. Raises ValueError for one that does not exist."""
    first = date(year, month, 1)
    if (year, month) == (9999, 12):
        return date.max
    following = date(year + month // 12, month % 12 + 1, 1)
    return max(first, following - timedelta(days=1))


def last_months(today: date, count: int) -> str:
    """The period of the last months, this one included."""
    number = today.year * 12 + today.month - count
    return f"{number // 12:04}-{number % 12 + 1:02}..{today.year:04}-{today.month:02}"


def period_name(period: str, language: Language) -> str:
    """2025年11月, November 2025, or from one to another."""
    return " – ".join(_month_name(part, language) for part in period.split(".."))


MONTHS_EN = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
             "November", "December")  # fmt: skip


def _month_name(part: str, language: Language) -> str:
    year, _, month = part.partition("-")
    if language == "ja":
        return f"{int(year)}年{int(month)}月" if month else f"{int(year)}年"
    return f"{MONTHS_EN[int(month) - 1]} {year}" if month else year
