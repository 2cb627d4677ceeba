"""The quick filters of a view, with how many meetings each would show. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter
from typing import Any

from feeds.publish.almanac import Almanac, Line, moved
from feeds.publish.views import View, period_name
from feeds.publish.words import Language, country_name, label, series_name
from storage.model import Format, Kind, Level, Phase

MOST = 10  #: choices of one facet that are shown
MOST_KEPT = 64  #: views of one almanac


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a facet."""

    words: str
    count: int
    view: View
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Facet:
    """One kind of quick filter."""

    key: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(slots=True)
class Found:
    """What a view shows, and what a change of one of its fields would show."""

    lines: list[Line] = field(default_factory=list)
    counts: dict[str, Counter[Any]] = field(default_factory=dict)


#: What a meeting has in each field of a view: one value, or none.
_ONE: dict[str, Callable[[Line], Any]] = {
    "series": attrgetter("facts.series"),
    "kind": attrgetter("facts.kind"),
    "format": attrgetter("facts.format"),
    "phase": attrgetter("facts.phase"),
    "period": lambda line: line.day.year if line.facts.starts_on else None,
    "level": attrgetter("facts.level"),
}
#: Or several.
_SEVERAL: dict[str, Callable[[Line], Iterable[str]]] = {
    "minister": attrgetter("people"),
    "country": attrgetter("facts.countries"),
}


def find(almanac: Almanac, view: View) -> Found:
    """One way through the meetings: those that the view shows, and those that only one field keeps out."""
    tests = list(_tests(view))
    shown: list[Line] = []
    near: dict[str, list[Line]] = {name: [] for name in (*_ONE, *_SEVERAL)}
    for line in _with_all(almanac, view.country):
        failed = [name for name, holds in tests if not holds(line)]
        if not failed:
            shown.append(line)
        elif len(failed) == 1:
            near[failed[0]].append(line)
    counts = {name: Counter(map(read, chain(shown, near[name]))) for name, read in _ONE.items()}
    for name, several in _SEVERAL.items():
        counts[name] = Counter(chain.from_iterable(map(several, chain(shown, near[name]))))
    for count in counts.values():
        count.pop(None, None)
    return Found(lines=shown, counts=counts)


def kept_find(almanac: Almanac, view: View) -> Found:
    """As `find`, kept with the almanac: the same few views are asked for again and again."""
    kept: dict[View, Found] = almanac.kept.setdefault("found", {})
    if view not in kept:
        if len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[view] = find(almanac, view)
    return kept[view]


def carry_over(before: Almanac, now: Almanac, out: Sequence[Line], into: Sequence[Line]) -> None:
    """Keep with an almanac what was found in the one before, of which some lines went and others came."""
    kept: dict[View, Found] = before.kept.get("found", {})
    now.kept["found"] = {view: _changed_found(found, view, out, into) for view, found in list(kept.items())}


def _changed_found(found: Found, view: View, out: Sequence[Line], into: Sequence[Line]) -> Found:
    tests = list(_tests(view))
    counts = {name: count.copy() for name, count in found.counts.items()}
    gone, come = _kept_out(tests, view, out), _kept_out(tests, view, into)
    for told, sign in ((gone, -1), (come, 1)):
        for line, failed in told:
            for name in (failed,) if failed else counts:
                _count(counts[name], name, line, sign)
    lines = moved(found.lines, _shown(gone), _shown(come))
    return Found(lines=lines, counts=counts)


def _kept_out(
    tests: Sequence[tuple[str, Callable[[Line], bool]]], view: View, lines: Iterable[Line]
) -> list[tuple[Line, str]]:
    """Those of the lines that count for the view, each with the only field that keeps it out: none, if it is shown."""
    found: list[tuple[Line, str]] = []
    for line in lines:
        failed = [name for name, holds in tests if not holds(line)]
        if len(failed) <= 1 and all(code in line.facts.countries for code in view.country):
            found.append((line, failed[0] if failed else ""))
    return found


def _shown(told: Iterable[tuple[Line, str]]) -> list[Line]:
    return [line for line, failed in told if not failed]


def _count(count: Counter[Any], name: str, line: Line, sign: int) -> None:
    for value in (_ONE[name](line),) if name in _ONE else _SEVERAL[name](line):
        if value is not None:
            count[value] += sign
            if not count[value]:
                del count[value]


def _with_all(almanac: Almanac, countries: tuple[str, ...]) -> Iterable[Line]:
    """The meetings in which all these countries take part, newest first."""
    if not countries:
        return almanac.lines
    fewest = min((almanac.by_country.get(code, []) for code in countries), key=len)
    return [line for line in fewest if all(code in line.facts.countries for code in countries)]


def _tests(view: View) -> Iterator[tuple[str, Callable[[Line], bool]]]:
    """What each field of the view asks of a meeting."""
    if view.level:
        yield "level", lambda line: line.facts.level is view.level
    if view.kind:
        yield "kind", lambda line: line.facts.kind in view.kind
    if view.format:
        yield "format", lambda line: line.facts.format is view.format
    if view.phase:
        yield "phase", lambda line: line.facts.phase is view.phase
    if view.series:
        yield "series", lambda line: line.facts.series == view.series
    if view.minister:
        yield "minister", lambda line: view.minister in line.people
    if (days := view.days) is not None:
        first, last = days
        yield "period", lambda line: line.facts.starts_on is not None and line.day <= last and line.ends >= first


def facets(almanac: Almanac, view: View, found: Found, language: Language) -> tuple[Facet, ...]:
    """The quick filters, each as links to other views."""
    counts = found.counts
    every = (
        Facet("country", _say(language, "国", "Country"), _countries(view, counts["country"], language)),
        Facet("minister", _say(language, "出席者", "Minister"), _people(almanac, view, counts["minister"], language)),
        Facet("kind", _say(language, "種類", "Kind"), _kinds(view, counts["kind"], language)),
        Facet("series", _say(language, "会議体", "Series"), _series(view, counts["series"], language)),
        Facet("period", _say(language, "時期", "Period"), _periods(view, found, language)),
        Facet("format", _say(language, "形式", "Format"), _single(view, "format", Format, counts, language)),
        Facet("phase", _say(language, "状況", "Status"), _single(view, "phase", Phase, counts, language)),
        Facet("level", _say(language, "レベル", "Rank"), _levels(view, counts["level"], language)),
    )
    return tuple(facet for facet in every if len(facet.choices) > 1 or any(one.chosen for one in facet.choices))


def _say(language: Language, ja: str, en: str) -> str:
    return ja if language == "ja" else en


def _countries(view: View, count: Counter[str], language: Language) -> tuple[Choice, ...]:
    chosen = [
        Choice(country_name(code, language), count[code], replace(view, country=_less(view.country, code)), True)
        for code in view.country
    ]
    open_ = [
        Choice(country_name(code, language), number, replace(view, country=(*view.country, code)))
        for code, number in _ordered(count) if code not in view.country
    ]  # fmt: skip
    return (*chosen, *open_[:MOST]) if len(view.country) < 5 else tuple(chosen)


def _less(codes: tuple[str, ...], code: str) -> tuple[str, ...]:
    return tuple(one for one in codes if one != code)


def _ordered(count: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(count.items(), key=lambda item: (-item[1], str(item[0])))


def _people(almanac: Almanac, view: View, count: Counter[str], language: Language) -> tuple[Choice, ...]:
    keys = [key for key, _ in _ordered(count)[:MOST]]
    if view.minister and view.minister not in keys:
        keys = [view.minister, *keys[: MOST - 1]]
    return tuple(
        Choice(
            almanac.people[key].shown(language) if key in almanac.people else key,
            count[key],
            replace(view, minister="" if key == view.minister else key),
            key == view.minister,
        )
        for key in keys
    )


def _kinds(view: View, count: Counter[Kind], language: Language) -> tuple[Choice, ...]:
    return tuple(
        Choice(label(language, kind), count[kind], replace(view, kind=() if view.kind == (kind,) else (kind,)),
               kind in view.kind)
        for kind in Kind if count[kind] or kind in view.kind
    )  # fmt: skip


def _series(view: View, count: Counter[str], language: Language) -> tuple[Choice, ...]:
    keys = [key for key, _ in _ordered(count)[:MOST]]
    if view.series and view.series not in keys:
        keys = [view.series, *keys[: MOST - 1]]
    return tuple(
        Choice(series_name(key, language), count[key], replace(view, series="" if key == view.series else key),
               key == view.series)
        for key in keys
    )  # fmt: skip


def _periods(view: View, found: Found, language: Language) -> tuple[Choice, ...]:
    years = sorted(found.counts["period"].items(), reverse=True)[:MOST]
    chosen = view.period[:4] if len(view.period) in (4, 7) else ""
    choices = [
        Choice(period_name(name, language), number, replace(view, period=name * (name != view.period)), name == chosen)
        for name, number in ((f"{year:04}", number) for year, number in years)
    ]  # fmt: skip
    if not chosen:
        if view.period:
            choices.insert(
                0, Choice(period_name(view.period, language), len(found.lines), replace(view, period=""), True)
            )
        return tuple(choices)
    months = Counter(f"{line.day.year:04}-{line.day.month:02}" for line in found.lines if str(line.day.year) == chosen)
    inner = [
        Choice(period_name(name, language), number, replace(view, period=chosen if name == view.period else name),
               name == view.period)
        for name, number in sorted(months.items(), reverse=True)
    ]  # fmt: skip
    return (*choices, *inner)


def _single(
    view: View, name: str, words: type[Format] | type[Phase], counts: dict[str, Counter[Any]], language: Language
) -> tuple[Choice, ...]:
    now = getattr(view, name)
    return tuple(
        Choice(label(language, word), counts[name][word], _changed(view, name, None if word is now else word),
               word is now)
        for word in words if counts[name][word] or word is now
    )  # fmt: skip


def _changed(view: View, name: str, word: Any) -> View:
    return replace(view, **{name: word})


def _levels(view: View, count: Counter[Level], language: Language) -> tuple[Choice, ...]:
    ranks = [
        Choice(label(language, level), count[level], replace(view, level=level), level is view.level)
        for level in Level if count[level] or level is view.level
    ]  # fmt: skip
    every = Choice(
        _say(language, "全レベル", "any rank"), sum(count.values()), replace(view, level=None), view.level is None
    )
    return (*ranks, every) if len(ranks) > 1 or view.level is None else tuple(ranks)
