"""`kaigi correct` and `kaigi export`: what an admin types, and what comes of it."""

import csv
import io
import json
from pathlib import Path

import pytest

from storage import filters, ingest, sources
from storage.database import Connection
from tests.support.archives import new_archive
from tests.support.build import NOW, definition, meeting_changes
from tests.support.commands import kaigi


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an archive of one meeting, told by one article."""
    database = new_archive(tmp_path / "data" / "kaigi.db")

    def fill(connection: Connection) -> None:
        filters.ensure_built_in(connection)
        source_id = sources.add(connection, definition(), NOW)
        ingest.apply(connection, meeting_changes(source_id=source_id, identity="g:talks"), NOW)

    database.write(fill)
    database.close()
    return tmp_path


def test_a_fact_is_set_listed_exported_judged_and_put_back(folder: Path) -> None:
    done = kaigi("correct", "https://mod.example/talks", "set", "city=Penang", "--by", "aya", "--json", folder=folder)
    said = json.loads(done.stdout)
    assert (said["kind"], said["before"], said["after"], said["by"]) == ("set", "Kuala Lumpur", "Penang", "aya")
    assert "aya  story 1: set city: Kuala Lumpur → Penang" in kaigi("correct", "list", folder=folder).stdout
    table = csv.DictReader(io.StringIO(kaigi("export", "meetings", "--format", "csv", folder=folder).stdout))
    assert [(row["id"], row["city"], row["countries"]) for row in table] == [("1", "Penang", '["AU", "JP"]')]
    exported = kaigi("export", "labels", "--output", "labels.jsonl", folder=folder)
    assert exported.stderr == "Wrote 1 lines to labels.jsonl.\n"
    judged = json.loads(kaigi("evaluate", "labels.jsonl", "--json", folder=folder).stdout)
    assert judged["errors"][0]["expected"] == "meeting"
    assert kaigi("correct", "undo", "1", folder=folder).returncode == 0
    (meeting,) = map(json.loads, kaigi("export", "meetings", folder=folder).stdout.splitlines())
    assert (meeting["city"], meeting["urls"]) == ("Kuala Lumpur", ["https://mod.example/talks"])
    (item,) = map(json.loads, kaigi("export", "items", folder=folder).stdout.splitlines())
    assert (item["id"], item["source"], item["facts"]["city"]) == (1, "mod", "Kuala Lumpur")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("9", "meeting"), 1, "There is no story 9."),
        (("1", "split"), 1, "Say which article"),
        (("item/1", "split"), 1, "nothing to split"),
        (("1", "set", "kind=big"), 2, "Write one of: bilateral"),
        (("1", "set", "city"), 2, "FIELD=VALUE"),
        (("1", "marry"), 2, "not-a-meeting"),
        (("undo", "7"), 1, "kaigi correct list"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(folder: Path, words: tuple[str, ...], code: int, told: str) -> None:
    done = kaigi("correct", *words, folder=folder)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr


def test_explain_says_which_story_an_article_would_join_and_what_kept_it_apart(folder: Path) -> None:
    article = folder / "a.txt"
    article.write_text(
        "日豪防衛相会談を実施\n2025年11月1日\n小泉防衛大臣は11月1日、マールズ豪国防相と会談した。", encoding="utf-8"
    )
    joined = json.loads(kaigi("explain", str(article), "--json", folder=folder).stdout)
    assert (joined["story"]["story_id"], joined["story"]["reason"]) == (1, "the same sides at the same time")
    assert {one["key"]: one["matches"] for one in joined["filters"]}["ministerial-meetings"] is True
    article.write_text(
        "日印防衛相会談を実施\n2025年11月1日\n小泉防衛大臣は11月1日、シン印国防相と会談した。", encoding="utf-8"
    )
    shown = kaigi("explain", str(article), folder=folder).stdout
    assert "Story: a story of its own" in shown
    assert "other countries" in shown


def test_explain_makes_no_database(tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text("日豪防衛相会談を実施", encoding="utf-8")
    assert "no archive yet" in kaigi("explain", str(article), folder=tmp_path).stdout
    assert not (tmp_path / "data").exists()
