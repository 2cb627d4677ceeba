"""Pictures of days: the meetings of a series along a line, and a calendar year. Pure: numbers and places for an SVG."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from feeds.publish.almanac import Line
from feeds.publish.charts import last_day, step_of
from storage.model import Phase

Json = dict[str, Any]

MARGIN = 16
NEAR = 11  #: marks nearer than this are raised above each other
LABEL = 34  #: room that a label needs


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One meeting on the line."""

    line: Line
    x: int
    y: int
    label: str  #: empty where it would run into another
    phase: Phase


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """Meetings along a line of years."""

    marks: tuple[Mark, ...]
    years: tuple[tuple[int, int], ...]  #: x of the first of January, and the year
    width: int
    height: int
    ground: int
    now: int | None  #: x of today, if it is on the line


def timeline(lines: Iterable[Line], today: date, width: int = 720) -> Timeline:
    """The meetings of a series whose day is known, from its first year to its last."""
    told = sorted((line for line in lines if line.facts.starts_on), key=lambda line: (line.day, line.story_id))
    first = told[0].day.year if told else today.year
    last = max(told[-1].day.year if told else today.year, first)
    start, end = date(first, 1, 1), date(last, 12, 31)
    days = (end - start).days

    def place(day: date) -> int:
        return MARGIN + round((width - 2 * MARGIN) * (day - start).days / days)

    marks, height = _marks(told, place)
    span = last - first + 1
    every = 1 if span <= 14 else 2 if span <= 28 else 5
    years = tuple((place(date(year, 1, 1)), year) for year in range(first, last + 1) if (year - first) % every == 0)
    now = place(today) if start <= today <= end else None
    return Timeline(
        marks=marks, years=years, width=width, height=height + 36, ground=height, now=now
    )  # fmt: skip


def _marks(told: Sequence[Line], place: Any) -> tuple[tuple[Mark, ...], int]:
    levels: list[int] = []  # of each mark: how far it is raised
    ends: dict[int, int] = {}  # the last x on each level
    labelled = -LABEL
    found: list[tuple[Line, int, int, str]] = []
    for line in told:
        x = place(line.day)
        level = next(number for number in range(len(told) + 1) if x - ends.get(number, -NEAR) >= NEAR)
        ends[level] = x
        levels.append(level)
        label = str(line.facts.edition or "")
        free = level == 0 and x - labelled >= LABEL
        if free and label:
            labelled = x
        found.append((line, x, level, label if free else ""))
    ground = 40 + NEAR * max(levels, default=0)
    marks = tuple(
        Mark(line=line, x=x, y=ground - 10 - NEAR * level, label=label, phase=line.facts.phase)
        for line, x, level, label in found
    )
    return marks, ground


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One day of a calendar."""

    day: date
    x: int
    y: int
    lines: tuple[Line, ...]
    step: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthBox:
    """One month of a calendar."""

    month: int
    x: int
    y: int
    days: tuple[Day, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Year:
    """A calendar year."""

    year: int
    boxes: tuple[MonthBox, ...]
    width: int
    height: int
    side: int  #: of a day's square
    count: int  #: meetings in it


SIDE, GAP, COLUMNS = 14, 3, 4


def year(lines: Iterable[Line], number: int) -> Year:
    """The meetings of a year on their days; one that lasts several is on each of them."""
    on: dict[date, list[Line]] = defaultdict(list)
    counted = 0
    for line in lines:
        if not line.takes_place or line.day.year > number or line.ends.year < number:
            continue
        counted += 1
        for offset in range(min((line.ends - line.day).days, 31) + 1):
            on[line.day + timedelta(days=offset)].append(line)
    most = max((len(found) for found in on.values()), default=0)
    wide, high = 7 * (SIDE + GAP) + 16, 6 * (SIDE + GAP) + 30
    boxes = tuple(
        _box(number, month, (month - 1) % COLUMNS * wide, (month - 1) // COLUMNS * high, on, most)
        for month in range(1, 13)
    )
    return Year(
        year=number, boxes=boxes, width=COLUMNS * wide - 16 + 2, height=3 * high - 6, side=SIDE, count=counted
    )  # fmt: skip


def _box(number: int, month: int, x: int, y: int, on: dict[date, list[Line]], most: int) -> MonthBox:
    days = []
    first = date(number, month, 1).weekday()
    for offset in range(last_day(number, month)):
        day = date(number, month, offset + 1)
        place = first + offset
        found = tuple(on.get(day, ()))
        days.append(
            Day(
                day=day,
                x=x + place % 7 * (SIDE + GAP),
                y=y + 20 + place // 7 * (SIDE + GAP),
                lines=found,
                step=step_of(len(found), max(most, 3)),
            )
        )
    return MonthBox(month=month, x=x, y=y, days=tuple(days))


def lines_json(lines: Iterable[Line]) -> list[Json]:
    """Meetings in short, newest first; `/api/meetings` has all that is known of them."""
    return [
        {
            "id": line.story_id,
            "starts_on": line.facts.starts_on.isoformat() if line.facts.starts_on else None,
            "ends_on": line.facts.ends_on.isoformat() if line.facts.ends_on else None,
            "kind": str(line.facts.kind),
            "format": str(line.facts.format),
            "phase": str(line.facts.phase),
            "level": str(line.facts.level),
            "series": line.facts.series,
            "edition": line.facts.edition,
            "countries": list(line.facts.countries),
            "people": list(line.people),
        }
        for line in lines
    ]
