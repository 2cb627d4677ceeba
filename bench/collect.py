"""`make bench-collect`: Kaigi against lemon24/reader on a thousand newsrooms, and whether its cost stays flat.

    server (own process) ◄─ Kaigi   (own process, new database) ─┐ in turn, `--runs` times:
                         ◄─ reader  (own process, new database) ─┘ cold → not modified → 1 % changed → same bytes
    medians ─► table of both ─► ratios beside the goals ─► flat cost ─► poll lag ─► one line of JSON

Kaigi fetches, parses in its worker processes, understands, decides and stores; reader fetches, parses and stores.
Every scenario has a hard limit, and so has the whole.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import endurance
from bench.figures import Goal, machine, number, print_table, report
from bench.measured import Program, Reading, TookTooLong, patience
from bench.server import address

ROOT = Path(__file__).parents[1]
SCENARIOS = ("cold", "not modified", "1 % changed", "same bytes")
LIMIT_S = 240.0  # of one scenario
WHOLE_S = 3600.0
START_S = 120.0

#: scenario → how many times faster than reader it must be
WANTED = {"not modified": 6.0, "1 % changed": 6.0, "same bytes": 50.0, "cold": 4.0}
STRETCH = 8.0  # for cold; told, not demanded
MAIN_MB = 150.0
ALL_MB = 260.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """All scenarios of one program, once through."""

    readings: dict[str, Reading]
    main_mb: float
    workers_mb: float
    total_mb: float
    problem: str = ""  #: why scenarios are missing


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says."""

    feeds: int
    items: int
    runs: int
    quick: bool
    reader: Path  #: the Python that has reader


def options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="bench-collect", description="Measure collecting against lemon24/reader.")
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of everything, one run: a trial, not a measurement"
    )
    parser.add_argument("--reader", type=Path, default=Path(".venv-bench/bin/python"))
    given = parser.parse_args(arguments)
    if given.quick:
        given.feeds, given.runs = min(given.feeds, 100), 1
    return Options(**vars(given))


def start_server(feeds: int, items: int) -> tuple[Program, int]:
    """The newsrooms, and the port that they are on."""
    today = datetime.now(UTC).date().isoformat()
    server = Program([sys.executable, "-m", "bench.server", str(feeds), str(items), today], cwd=ROOT)
    return server, int(server.line(START_S))


def run_kaigi(server: Program, port: int, chosen: Options, folder: Path) -> Run:
    """Kaigi, once through all scenarios."""
    command = [sys.executable, "-m", "bench.kaigi_side", str(folder / "kaigi.db"), str(port), str(chosen.feeds)]
    return _through(server, command, "", chosen.feeds)


def run_reader(server: Program, port: int, chosen: Options, folder: Path) -> Run:
    """reader, once through all scenarios."""
    if not chosen.reader.exists():
        return _nothing(f"{chosen.reader} is missing; `make bench-collect` makes it")
    names = folder / "feeds.txt"
    names.write_text("\n".join(address(port, one) for one in range(chosen.feeds)), encoding="utf-8")
    command = [str(chosen.reader.absolute()), str(ROOT / "bench" / "reader_side.py"), str(folder / "reader.db")]
    return _through(server, command, str(names), chosen.feeds)


def _through(server: Program, command: Sequence[str], first_line: str, feeds: int) -> Run:
    orders = {"cold": "reset", "1 % changed": f"changed {max(1, feeds // 100)}", "same bytes": "validators off"}
    readings: dict[str, Reading] = {}
    problem = ""
    with Program(command, cwd=ROOT, first_line=first_line) as program:
        try:
            program.line(START_S)
            for scenario in SCENARIOS:
                if scenario in orders:
                    server.order(orders[scenario])
                readings[scenario] = program.ask("poll", LIMIT_S)
        except TookTooLong as error:
            problem = str(error)
        return Run(
            readings=readings,
            main_mb=program.main_peak,
            workers_mb=program.workers_peak,
            total_mb=program.total_peak,
            problem=problem,
        )


def _nothing(problem: str) -> Run:
    return Run(readings={}, main_mb=0, workers_mb=0, total_mb=0, problem=problem)


def expected(scenario: str, chosen: Options) -> dict[str, int]:
    """What both programs must have found, or their seconds mean nothing."""
    changed = max(1, chosen.feeds // 100)
    return {
        "cold": {"failed": 0, "new": chosen.feeds * chosen.items},
        "not modified": {"failed": 0, "new": 0},
        "1 % changed": {"failed": 0, "new": changed},
        "same bytes": {"failed": 0, "new": 0},
    }[scenario]


def wrong(name: str, runs: Sequence[Run], chosen: Options) -> list[str]:
    """What a program did not do as it should."""
    found = [f"{name}: {run.problem}" for run in runs if run.problem]
    for run in runs:
        for scenario, reading in run.readings.items():
            for outcome, count in expected(scenario, chosen).items():
                if reading.outcomes.get(outcome, 0) != count:
                    found.append(f"{name}, {scenario}: {reading.outcomes.get(outcome, 0)} {outcome}, not {count}")
    return list(dict.fromkeys(found))


def median(runs: Sequence[Run], scenario: str, of: Callable[[Reading], float]) -> float | None:
    """The median of one scenario, if every run has it."""
    values = [of(run.readings[scenario]) for run in runs if scenario in run.readings]
    return statistics.median(values) if values and len(values) == len(runs) else None


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """How many times faster we are."""
    return theirs / ours if ours and theirs else None


def print_scenarios(kaigi: Sequence[Run], reader: Sequence[Run]) -> None:
    """Both programs side by side."""
    rows: list[tuple[str, ...]] = []
    for scenario in SCENARIOS:
        wall = [median(runs, scenario, lambda reading: reading.seconds) for runs in (kaigi, reader)]
        cpu = [median(runs, scenario, lambda reading: reading.cpu_s) for runs in (kaigi, reader)]
        cells = (number(wall[0]), number(wall[1]), number(ratio(*wall), 1), number(cpu[0]), number(cpu[1]))
        rows.append((scenario, *cells, number(ratio(*cpu), 1)))
    print_table(("scenario", "Kaigi s", "reader s", "× wall", "Kaigi CPU s", "reader CPU s", "× CPU"), rows)
    rows = [
        (name, *(number(statistics.median(values), 0) for values in _memory(runs)))
        for name, runs in (("Kaigi", kaigi), ("reader", reader))
    ]
    print_table(("peak memory, MB", "main", "workers", "together"), rows)


def _memory(runs: Sequence[Run]) -> tuple[list[float], list[float], list[float]]:
    return [run.main_mb for run in runs], [run.workers_mb for run in runs], [run.total_mb for run in runs]


def compared(kaigi: Sequence[Run], reader: Sequence[Run]) -> list[Goal]:
    """The goals that need reader beside Kaigi, and the memory."""
    goals = []
    for scenario, goal in WANTED.items():
        walls = [median(runs, scenario, lambda reading: reading.seconds) for runs in (kaigi, reader)]
        goals.append(Goal(name=f"{scenario} vs reader", goal=goal, value=ratio(*walls), unit="x"))
    complete = all(not run.problem for run in kaigi)
    for name, goal, values in zip(
        ("peak memory, main process", "peak memory, with workers"),
        (MAIN_MB, ALL_MB),
        (_memory(kaigi)[0], _memory(kaigi)[2]),
        strict=True,
    ):
        value = statistics.median(values) if complete else None
        goals.append(Goal(name=name, goal=goal, value=value, unit="MB", at_least=False))
    return goals


def measure(chosen: Options, server: Program, port: int) -> list[Goal]:
    """The comparison: all runs of both programs in turn."""
    kaigi: list[Run] = []
    reader: list[Run] = []
    for turn in range(chosen.runs):
        print(f"run {turn + 1} of {chosen.runs}", file=sys.stderr, flush=True)
        for run, kept in ((run_kaigi, kaigi), (run_reader, reader)):
            with tempfile.TemporaryDirectory(prefix="kaigi-bench-") as folder:
                kept.append(run(server, port, chosen, Path(folder)))
    print_scenarios(kaigi, reader)
    mistakes = wrong("Kaigi", kaigi, chosen) + wrong("reader", reader, chosen)
    print("\n".join(mistakes), end="\n\n" if mistakes else "", flush=True)
    goals = compared(kaigi, reader)
    cold = goals[-3]
    print(
        f"cold: stretch goal {STRETCH:g} ×, {'reached' if (cold.value or 0) >= STRETCH else 'not reached'}\n",
        flush=True,
    )
    right = Goal(
        name="scenarios that did not find what was served", goal=0, value=len(mistakes), unit="", at_least=False
    )
    return [*goals, right]


def main() -> int:
    """Measure everything and report."""
    chosen = options()
    print(f"{machine()}; {chosen.feeds} feeds × {chosen.items} items, medians of {chosen.runs}\n", flush=True)
    with patience(WHOLE_S):
        server, port = start_server(chosen.feeds, chosen.items)
        with server:
            goals = measure(chosen, server, port)
            server.order("reset")
            goals += endurance.flat(ROOT, port, quick=chosen.quick)
            goals += endurance.lag(ROOT, port, quick=chosen.quick)
    whole = (chosen.feeds, chosen.items, chosen.runs, chosen.quick) == (1000, 30, 3, False)
    return report("bench-collect", goals, note="" if whole else "a trial with other sizes, not the measurement")


if __name__ == "__main__":
    sys.exit(main())
