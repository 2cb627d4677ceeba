"""How every benchmark tells its figures: a table for people, and one line of JSON at the very end for programs.

    Goal(name, goal, value, unit, better) ─► report(target, goals) ─► table, JSON, exit status

A goal that could not be measured has no value and does not hold: nothing is left out to look green.
"""

import json
import os
import platform
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """One figure with the goal beside it."""

    name: str
    goal: float
    value: float | None  #: None: it could not be measured
    unit: str
    at_least: bool = True  #: False: the value must not be larger than the goal

    @property
    def ok(self) -> bool:
        """Whether the goal holds."""
        if self.value is None:
            return False
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def machine() -> str:
    """The machine in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {_processor()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns that line up, also with Japanese in them. The first column is text, the others are figures."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        cells = (
            _padded(cell, width, left=column == 0)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    print(flush=True)


def _width(cell: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in cell)


def _padded(cell: str, width: int, *, left: bool) -> str:
    space = " " * (width - _width(cell))
    return cell + space if left else space + cell


def number(value: float | None, digits: int = 2) -> str:
    """A figure for a table; a dash for what was not measured."""
    return "—" if value is None else f"{value:,.{digits}f}"


def report(target: str, goals: Sequence[Goal], *, note: str = "") -> int:
    """Print the goals, then the line for programs. Returns the exit status: 0 only when every goal holds.

    `note` marks a run that is not the full measurement, so that nobody takes its figures for it.
    """
    rows = [
        (
            goal.name,
            f"{'≥' if goal.at_least else '≤'} {goal.goal:g}",
            number(goal.value),
            goal.unit,
            "ok" if goal.ok else "RED",
        )
        for goal in goals
    ]
    print_table(("goal", "wanted", "measured", "unit", ""), rows)
    line = {
        "target": target,
        "machine": machine(),
        "goals": [
            {"name": goal.name, "goal": goal.goal, "value": _rounded(goal.value), "unit": goal.unit, "ok": goal.ok}
            for goal in goals
        ],
    }
    print(json.dumps(line | ({"note": note} if note else {}), ensure_ascii=False), flush=True)
    return 0 if all(goal.ok for goal in goals) else 1


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
