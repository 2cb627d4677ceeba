"""The project's own set of sentences that are meetings and sentences that only look like them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from feeds.understand.evaluate import evaluate

ITEMS = Path(__file__).parents[2] / "data" / "understanding" / "hard.jsonl"
LINES: list[dict[str, Any]] = [json.loads(line) for line in ITEMS.read_text(encoding="utf-8").splitlines()]


def test_the_set_has_both_sorts_in_both_languages_and_no_item_twice() -> None:
    sorts = Counter((line["lang"], line["is_meeting"]) for line in LINES)
    assert min(sorts[language, sort] for language in ("ja", "en") for sort in (True, False)) >= 100
    words = [(line["title"], line.get("text", "")) for line in LINES]
    assert len(set(words)) == len(words) == len({line["id"] for line in LINES})


def test_understanding_meets_its_goals_on_the_set() -> None:
    report = evaluate(LINES)
    assert report.detection["precision"] >= 0.97
    assert report.detection["ja"]["f1"] >= 0.97
    assert report.detection["en"]["f1"] >= 0.97
    goals = {"level": 0.98, "kind": 0.97, "series": 0.97, "edition": 0.98, "date": 0.97, "city": 0.97}
    assert {name: report.fields[name] for name, goal in goals.items() if (report.fields[name] or 0) < goal} == {}


def test_twins_from_one_template_stay_apart_and_two_languages_come_together() -> None:
    twins = [line for line in LINES if line["class"] == "twins"]
    assert evaluate(twins).events == {"precision": 1.0, "recall": 1.0, "f1": 1.0}


@pytest.mark.parametrize(
    "name", ["refused", "cancelled", "requested", "caption", "background", "chief_of_staff", "former"]
)
def test_no_item_of_a_class_that_must_never_be_pushed_is(name: str) -> None:
    assert evaluate([line for line in LINES if line["class"] == name]).confusion[name]["wrong"] == 0
