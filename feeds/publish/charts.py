"""Pictures that count meetings: who meets whom, and how many a month. Pure: numbers and places for an SVG.

A picture is drawn from these records by templates/_charts.html. Beside each stands its table and the same as JSON, so
nobody needs to see it to read it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, takewhile
from typing import Any

from feeds.publish.almanac import SMALL_KINDS, Line
from feeds.publish.views import month_end
from storage.model import Kind

Json = dict[str, Any]

STEPS = 5  #: of the ramp of one hue
KINDS = (Kind.BILATERAL, Kind.TRILATERAL, Kind.MINILATERAL, Kind.TWO_PLUS_TWO, Kind.MULTILATERAL)  #: from the ground up


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """How often two countries met."""

    row: str
    column: str
    x: int
    y: int
    count: int
    step: int  #: 0 (never) to STEPS (most often)


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Countries against countries."""

    codes: tuple[str, ...]
    cells: tuple[Cell, ...]
    size: int  #: width and height of a cell
    margin: int  #: room for the names on the left
    head: int  #: room for the codes on top
    most: int

    @property
    def width(self) -> int:
        """Of the whole picture."""
        return self.margin + self.size * len(self.codes) + 2

    @property
    def height(self) -> int:
        """Of the whole picture."""
        return self.head + self.size * len(self.codes) + 2


Pair = tuple[str, str]


def pairs(lines: Iterable[Line], kinds: Sequence[Kind] = SMALL_KINDS) -> Counter[Pair]:
    """How often each two countries sat in one meeting of these kinds, that was held or is to be."""
    met: Counter[Pair] = Counter()
    for line in lines:
        if line.takes_place and line.facts.kind in kinds:
            met.update(combinations(sorted(set(line.facts.countries)), 2))
    return met


def matrix(met: Counter[Pair], places: int, *, size: int, margin: int, head: int = 34) -> Matrix:
    """The countries that met most, at most `places` of them, against each other."""
    total: Counter[str] = Counter()
    for (first, second), count in met.items():
        total[first] += count
        total[second] += count
    codes = [code for code, _ in sorted(total.items(), key=lambda item: (-item[1], item[0]))][:places]
    shown = {pair: count for pair, count in met.items() if pair[0] in codes and pair[1] in codes}
    most = max(shown.values(), default=0)
    cells = tuple(
        Cell(
            row=row, column=column, x=margin + across * size, y=head + down * size,
            count=(count := shown.get((min(row, column), max(row, column)), 0)), step=step_of(count, most),
        )
        for down, row in enumerate(codes) for across, column in enumerate(codes) if row != column
    )  # fmt: skip
    return Matrix(codes=tuple(codes), cells=cells, size=size, margin=margin, head=head, most=most)


def step_of(count: int, most: int) -> int:
    """The step of the ramp for a count: small differences show where counts are small."""
    if not count:
        return 0
    return max(1, math.ceil(STEPS * math.sqrt(count / most) - 1e-9)) if most > STEPS else min(STEPS, count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """The meetings of one kind in a month."""

    kind: Kind
    count: int
    y: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """One bar."""

    name: str  #: 2025-11
    x: int
    year: int
    month: int
    segments: tuple[Segment, ...]
    total: int
    is_now: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Months:
    """Meetings a month, by kind."""

    months: tuple[Month, ...]
    ticks: tuple[tuple[int, int], ...]  #: y and the number that it stands for
    width: int
    height: int
    ground: int  #: y of the axis
    bar: int

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that occur."""
        seen = {segment.kind for month in self.months for segment in month.segments}
        return tuple(kind for kind in KINDS if kind in seen)

    @property
    def total(self) -> int:
        """All meetings shown."""
        return sum(month.total for month in self.months)


Monthly = dict[tuple[int, int], Counter[Kind]]


def by_month(lines: Iterable[Line], last: date, count: int) -> Monthly:
    """The meetings that begin in each of the `count` months up to that of `last`. `lines` are newest first."""
    found: Monthly = {month: Counter() for month in _months_to(last, count)}
    year, month = min(found)
    first = date(year, month, 1)
    for line in takewhile(lambda line: line.day >= first, lines):
        if line.takes_place and (kinds := found.get((line.day.year, line.day.month))) is not None:
            kinds[line.facts.kind] += 1
    return found


def _months_to(last: date, count: int) -> list[tuple[int, int]]:
    end = last.year * 12 + last.month
    return [(number // 12, number % 12 + 1) for number in range(end - count, end)]


def months(monthly: Monthly, last: date, count: int = 24, *, today: date, step: int = 26, ground: int = 150) -> Months:
    """The last `count` of these months, up to that of `last`, which all are among them."""
    counted = {month: monthly[month] for month in _months_to(last, count)}
    top = nice(max((sum(kinds.values()) for kinds in counted.values()), default=0))
    unit = (ground - 20) / top
    bars = tuple(
        _month(year, month, kinds, 30 + place * step, unit, ground, today)
        for place, ((year, month), kinds) in enumerate(counted.items())
    )
    ticks = tuple((round(ground - value * unit), value) for value in (0, top // 2, top))
    return Months(
        months=bars, ticks=ticks, width=30 + count * step + 4, height=ground + 38, ground=ground, bar=step - 6
    )


def _month(year: int, month: int, kinds: Counter[Kind], x: int, unit: float, ground: int, today: date) -> Month:
    segments, below = [], 0
    for kind in KINDS:
        if kinds[kind]:
            top, foot = ground - (below + kinds[kind]) * unit, ground - below * unit
            segments.append(Segment(kind=kind, count=kinds[kind], y=round(top), height=round(foot) - round(top)))
            below += kinds[kind]
    return Month(
        name=f"{year}-{month:02}", x=x, year=year, month=month, segments=tuple(segments), total=below,
        is_now=(year, month) == (today.year, today.month),
    )  # fmt: skip


def nice(most: int) -> int:
    """An even number at the top of an axis, not far above the largest value."""
    if most <= 4:
        return 4
    size = 10 ** (len(str(most)) - 1)
    return next(
        (int(size * part) for part in (1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10)
         if size * part >= most and size * part % 2 == 0),
        size * 10,
    )  # fmt: skip


def matrix_json(met: Counter[Pair]) -> list[Json]:
    """Every pair that met, the most frequent first."""
    ordered = sorted(met.items(), key=lambda item: (-item[1], item[0]))
    return [{"countries": list(pair), "meetings": count} for pair, count in ordered]


def months_json(shown: Months) -> list[Json]:
    """Every month with its counts by kind."""
    return [
        {"month": month.name, "meetings": month.total, "kinds": {str(one.kind): one.count for one in month.segments}}
        for month in shown.months
    ]


def last_day(year: int, month: int) -> int:
    """How many days a month has."""
    return month_end(year, month).day
