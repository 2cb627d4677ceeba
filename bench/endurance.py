"""Whether a source that has nothing new costs the same in a large archive, and whether polls stay punctual."""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Goal, number, print_table
from bench.measured import Program, Reading, TookTooLong
from feeds.collect.kept import KEEP_ALIVE_S

LIMIT_S = 120.0  # of one round, and of making the database before it
FLAT = 1.2  # the cost may rise by a fifth; that it falls is no failure
DEFAULT_INTERVAL_S = 600
SHORT_INTERVAL_S = 60  # the shortest that the defaults allow


def flat(root: Path, port: int, *, quick: bool) -> list[Goal]:
    """The cost of an unchanged source: with ten times the sources, and with a hundred times the stored items."""
    few, many = (100, 1_000) if quick else (1_000, 10_000)
    small, large = (1_000, 20_000) if quick else (10_000, 1_000_000)
    sizes = ((few, small), (many, small), (few, large))
    costs = [_cost(root, port, sources, stored) for sources, stored in sizes]
    rows = [
        (f"{sources:,} sources, {stored:,} items", number(wall, 3), number(cpu, 3))
        for (sources, stored), (wall, cpu) in zip(sizes, costs, strict=True)
    ]
    print_table(("cost of an unchanged source", "wall ms", "CPU ms"), rows)
    base, with_sources, with_items = (wall for wall, _ in costs)
    return [
        _growth(f"cost per unchanged source, {many:,} against {few:,} sources", base, with_sources),
        _growth(f"cost per unchanged source, {large:,} against {small:,} items", base, with_items),
    ]


def _growth(name: str, base: float | None, value: float | None) -> Goal:
    measured = value / base if base and value else None
    return Goal(name=name, goal=FLAT, value=measured, unit="x", at_least=False)


def _cost(root: Path, port: int, sources: int, stored: int) -> tuple[float | None, float | None]:
    """Milliseconds per source by the clock and of CPU: the median of some rounds after a first one."""
    rounds = 5 if sources >= 5_000 else 9
    with tempfile.TemporaryDirectory(prefix="kaigi-bench-") as folder:
        command = [sys.executable, "-m", "bench.kaigi_side", f"{folder}/kaigi.db", str(port), str(sources), str(stored)]
        with Program(command, cwd=root) as program:
            try:
                program.line(LIMIT_S)
                readings = [_round(program) for _ in range(rounds + 1)][1:]
            except TookTooLong as error:
                print(f"{sources:,} sources, {stored:,} items: {error}", flush=True)
                return None, None
    if any(reading.outcomes.get("unchanged") != sources for reading in readings):
        print(f"{sources:,} sources: not all were unchanged: {readings[-1].outcomes}", flush=True)
        return None, None
    walls = statistics.median(reading.seconds for reading in readings)
    cpus = statistics.median(reading.cpu_s for reading in readings)
    return walls / sources * 1000, cpus / sources * 1000


def _round(program: Program) -> Reading:
    """Poll all sources over new connections, as it is when a minute lies between two polls, however many they are."""
    time.sleep(KEEP_ALIVE_S + 1)
    return program.ask("poll", LIMIT_S)


def lag(root: Path, port: int, *, quick: bool) -> list[Goal]:
    """How late polls start: while the service runs, at the shortest interval, and after a stop, when all are due."""
    count = 200 if quick else 2_000
    rows, goals = [], []
    for name, interval, seconds, spread in (
        (f"{count:,} sources in step, every {SHORT_INTERVAL_S} s", SHORT_INTERVAL_S, 20 if quick else 120, 1),
        (f"{count:,} sources due at once, every {DEFAULT_INTERVAL_S} s", DEFAULT_INTERVAL_S, 60 if quick else 240, 0),
    ):
        told = _lags(root, port, (count, interval, seconds, spread))
        cells = (number(told.get(key)) for key in ("p50", "p99", "max"))
        rows.append((name, *cells, number(told.get("polls"), 0), number(told.get("sources"), 0)))
        goals.append(Goal(name=f"poll lag p99, {name}", goal=interval, value=told.get("p99"), unit="s", at_least=False))
    print_table(("poll lag, one host in ten drips", "p50 s", "p99 s", "max s", "polls", "sources polled"), rows)
    return goals


def _lags(root: Path, port: int, sizes: tuple[int, int, int, int]) -> dict[str, float]:
    count, interval, seconds, spread = (str(size) for size in sizes)
    with tempfile.TemporaryDirectory(prefix="kaigi-bench-") as folder:
        command = [sys.executable, "-m", "bench.lag_side", f"{folder}/kaigi.db", str(port)]
        with Program([*command, count, interval, seconds, spread], cwd=root) as program:
            try:
                told: dict[str, float] = json.loads(program.line(sizes[2] + LIMIT_S))
            except TookTooLong as error:
                print(f"poll lag: {error}", flush=True)
                return {}
    return told
