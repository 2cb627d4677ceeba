"""Evaluation agrees with its labels, and understanding stays above its floors on the labelled items."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feeds.understand.evaluate import evaluate, predictions, spellings_beside

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "dev.jsonl"

LINES: list[dict[str, Any]] = [
    {
        "id": "a", "title": "日伊防衛相会談をローマで実施（11月4日）", "text": "", "date": "2025-11-05", "lang": "ja",
        "url": "https://www.mod.go.jp/a.html", "source": "example", "is_meeting": True, "borderline": False,
        "level": "minister", "kind": "bilateral", "kind_accept": ["bilateral"], "edition": None,
        "meeting_date": "2025-11-04", "city": "Rome", "country": "IT", "principals": [], "event": "x",
        "event_group": "x", "fields_in_text": {"date": "month_day", "city": True, "edition": False, "principals": []},
    },
    {
        "id": "b", "title": "Italian, Japanese defence ministers hold talks", "date": "2025-11", "lang": "en",
        "text": "Defence Minister Guido Crosetto met his Japanese counterpart in Rome on November 4.", "url": None,
        "source": "example", "is_meeting": True, "borderline": False, "level": "minister", "kind": "bilateral",
        "kind_accept": ["bilateral"], "edition": None, "meeting_date": "2025-11-04", "city": "Rome", "country": "IT",
        "principals": [{"name": "Guido Crosetto", "name_ja": None, "office": None, "country": "IT"}], "event": "x",
        "event_group": "x",
        "fields_in_text": {"date": "month_day", "city": True, "edition": False, "principals": [True]},
    },
    {
        "id": "c", "title": "人事発令　1佐人事", "text": "", "date": None, "lang": "ja", "url": None,
        "source": "example",
        "is_meeting": False, "borderline": False, "neg_class": "personnel",
    },
]  # fmt: skip


def test_reports_of_one_meeting_in_two_languages_share_an_event() -> None:
    first, second, third = predictions(LINES)
    assert first["event"] == second["event"] is not None
    assert third == {"id": "c", "is_meeting": False}


def test_figures_are_those_of_the_labels() -> None:
    report = evaluate(LINES).as_dict()
    assert report["detection"]["f1"] == report["detection"]["ja"]["f1"] == 1.0
    assert report["events"]["f1"] == 1.0
    assert {report["fields"][name] for name in ("level", "kind", "date", "city", "principals")} == {1.0}
    assert report["fields"]["edition"] is None
    assert report["errors"] == []


def test_a_wrong_answer_is_listed_with_what_was_expected() -> None:
    (error,) = evaluate([LINES[2] | {"is_meeting": True, "kind": "bilateral"}]).errors
    assert (error["id"], error["expected"], error["got"]) == ("c", "meeting", "other")


def test_names_of_cities_beside_the_labels_are_read_where_they_can_be(tmp_path: Path) -> None:
    labels, names = tmp_path / "items.jsonl", tmp_path / "cities.json"
    assert spellings_beside(labels) == {}
    names.write_text('{"Rome": ["Roma"]}', encoding="utf-8")
    assert spellings_beside(labels) == {"Rome": ["Roma"]}
    names.write_text("{", encoding="utf-8")
    assert spellings_beside(labels) == {}


def _judged(gold: Path, guesses: Path) -> dict[str, list[float]]:
    """The figures that the corpus' own judge prints, by the first words of its lines."""
    command = [sys.executable, str(gold.with_name("score.py")), str(gold), str(guesses)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {}
    for line in printed.splitlines():
        name = re.match(r"\s*(?:strict )?[a-z]+(?: [a-z.]+)?", line)
        if name:
            found[name.group().strip()] = [float(figure) for figure in re.findall(r"\d\.\d{3}", line)]
    return found


@pytest.mark.skipif(not CORPUS.exists(), reason="the labelled items are not part of the repository")
def test_evaluate_agrees_with_the_judge_of_the_labelled_items(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    guesses = tmp_path / "guesses.jsonl"
    guesses.write_text("".join(json.dumps(one) + "\n" for one in predictions(lines)), encoding="utf-8")
    judge, report = _judged(CORPUS, guesses), evaluate(lines, spellings_beside(CORPUS))

    def three(part: dict[str, float]) -> list[float]:
        return [round(part[name] + 1e-9, 3) for name in ("precision", "recall", "f1")]

    detection, fields = report.detection, report.fields
    assert judge["detection strict"] == pytest.approx(three(detection), abs=0.0011)
    assert judge["detection all"] == pytest.approx(three(detection["all"]), abs=0.0011)
    assert judge["strict ja"] == pytest.approx(three(detection["ja"]), abs=0.0011)
    assert judge["strict en"] == pytest.approx(three(detection["en"]), abs=0.0011)
    assert judge["clustering pairs"] == pytest.approx(three(report.events), abs=0.0011)
    names = {"level": "level", "kind": "kind", "edition": "edition", "edition none": "edition_none", "date": "date",
             "date rel.": "date_relative", "city": "city", "principals": "principals"}  # fmt: skip
    for theirs, ours in names.items():
        assert judge[theirs] == pytest.approx([fields[ours]], abs=0.0006), theirs


@pytest.mark.skipif(not CORPUS.exists(), reason="the labelled items are not part of the repository")
def test_understanding_stays_above_its_floors_on_the_labelled_items() -> None:
    lines = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    report = evaluate(lines)
    assert report.detection["precision"] >= 0.97
    assert report.detection["ja"]["f1"] >= 0.97
    assert report.detection["en"]["f1"] >= 0.95
    floors = {"level": 0.95, "kind": 0.93, "date": 0.93, "city": 0.95, "edition": 0.88, "principals": 0.94}
    assert {name: report.fields[name] for name in floors if (report.fields[name] or 0) < floors[name]} == {}
    assert report.events["precision"] >= 0.95


def test_predictions_use_the_words_of_the_labels() -> None:
    titles = ["日豪防衛相電話会談を実施", "日豪「2+2」を東京で開催", "第12回拡大ASEAN国防相会議を開催"]
    phone, two_plus_two, plus = predictions([{"id": title, "title": title, "date": "2025"} for title in titles])
    assert (phone["kind"], two_plus_two["kind"], plus["edition"]) == ("phone", "2+2", 12)


@pytest.mark.parametrize("number", ["12th", "twelfth", "Twelfth"])
def test_a_meeting_on_the_margins_has_the_number_of_its_conference(number: str) -> None:
    talks = "Australian and Japanese defence ministers meet on the sidelines of the"
    told, plain = predictions(
        [{"id": n, "title": f"{talks} {n} ADMM-Plus".replace("  ", " "), "date": "2025"} for n in (number, "")]
    )
    assert (told["is_meeting"], told["edition"]) == (True, 12)
    assert (plain["is_meeting"], plain["edition"]) == (True, None)


def test_borderline_items_and_side_meetings_are_a_matter_of_taste() -> None:
    seen = LINES[1]["fields_in_text"] | {"principals": [False]}
    lines = [LINES[0] | {"borderline": True}, LINES[0] | {"id": "d", "event": "y"}, LINES[1] | {"fields_in_text": seen}]
    report = evaluate(lines)
    assert report.confusion["meeting"]["items"] == 2
    assert report.events["precision"] == 1.0, "one event, and two of one group"
    assert report.fields["principals"] is None
