"""Evaluation agrees with its labels, and understanding stays above its floors on the labelled items."""

import json
from pathlib import Path
from typing import Any

import pytest

from feeds.understand.evaluate import evaluate, main, predictions

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


def test_the_command_writes_predictions_and_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "items.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    assert main([str(source), "--json", "--predictions", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["detection"]["precision"] == 1.0
    assert [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()] == ["a", "b", "c"]
    assert main([str(tmp_path / "missing.jsonl")]) == 1


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
