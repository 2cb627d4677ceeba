"""`make evaluate`: understanding against labels, with the goals that the project set itself.

    tests/data/understanding/hard.jsonl (always)  ──┐
    ../shared/corpus/dev.jsonl (where present)    ──┴─► evaluate ─► tables, classes that went wrong, goals

The first set was written for the project: for each way in which news looks like a meeting, sentences that tell of one
and sentences that do not, in Japanese and English. The second is labelled news that does not belong to the repository.
Other files of the same form can be named: `make evaluate ARGS="my.jsonl"`.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.figures import Goal, number, print_table, report
from feeds.understand.evaluate import Line, Report, evaluate, spellings_beside

ROOT = Path(__file__).parents[1]
OWN = ROOT / "tests" / "data" / "understanding" / "hard.jsonl"
CORPUS = ROOT.parent / "shared" / "corpus" / "dev.jsonl"
SHOWN = 25  # wrong answers that are named

_DETECTION = {"ja": 0.97, "en": 0.95}
_PRECISION = 0.97
_FIELDS = {
    "level": 0.95, "kind": 0.95, "series": 0.97, "edition": 0.97, "date": 0.95, "country": 0.95, "city": 0.90,
    "principals_f1": 0.92,
}  # fmt: skip
_EVENTS = 0.93


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate the sets and report. Exit status 0 only when every goal holds."""
    named = [Path(argument) for argument in (sys.argv[1:] if arguments is None else arguments)]
    goals: list[Goal] = []
    for file in named or [OWN, *([CORPUS] if CORPUS.exists() else [])]:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        found = evaluate(lines, spellings_beside(file))
        _show(file.stem, lines, found)
        goals += _goals(file.stem, found, lines)
    return report("evaluate", goals)


def _show(name: str, lines: list[Line], found: Report) -> None:
    print(f"{name}: {len(lines)} items, {found.items_per_second:.0f} a second")
    parts = {"all": found.detection, "ja": found.detection["ja"], "en": found.detection["en"]}
    parts |= {"with borderline items": found.detection["all"], "events (pairs)": found.events}
    columns = ("precision", "recall", "f1")
    print_table(("detection", *columns), [(key, *(number(part[c], 3) for c in columns)) for key, part in parts.items()])
    print_table(("field", "accuracy"), [(key, number(value, 3)) for key, value in found.fields.items()])
    print_table(("class", "items", "wrong"), [*_classes(found)])
    if found.errors:
        errors = found.errors[:SHOWN]
        print_table(("wrong item", "expected", "got"), [(e["id"], e["expected"], e["got"]) for e in errors])


def _classes(found: Report) -> Iterator[tuple[str, str, str]]:
    for name, counts in sorted(found.confusion.items(), key=lambda entry: (-entry[1]["wrong"], entry[0])):
        yield name, str(counts["items"]), str(counts["wrong"])


def _goals(name: str, found: Report, lines: list[Line]) -> Iterator[Goal]:
    for language, goal in _DETECTION.items():
        yield _goal(f"{name}: detection F1, {language}", goal, found.detection[language]["f1"])
    yield _goal(f"{name}: detection precision", _PRECISION, found.detection["precision"])
    for field, goal in _FIELDS.items():
        value = found.fields[field]
        if value is not None:  # no label of this set asks for it
            yield _goal(f"{name}: {field}", goal, value)
    if _has_pairs(lines):
        yield _goal(f"{name}: events, pairwise F1", _EVENTS, found.events["f1"])


def _goal(name: str, goal: float, value: Any) -> Goal:
    return Goal(name=name, goal=goal, value=value, unit="")


def _has_pairs(lines: list[Line]) -> bool:
    events = [line["event"] for line in lines if line.get("event") is not None]
    return len(set(events)) < len(events)


if __name__ == "__main__":
    sys.exit(main())
