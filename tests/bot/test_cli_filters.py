"""Filters on the command line: a change is tried, made, seen and taken back; a storm is refused with its numbers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import filters, ingest, sources
from storage.changes import Changes, MeetingWrite, NewStory
from storage.database import Connection
from storage.model import Trust
from tests.support.archives import new_archive
from tests.support.build import definition, facts, item, polled
from tests.support.commands import kaigi


def fill(folder: Path, *, items: int, meetings: int) -> None:
    """An archive with items of the last hours, the first of them meetings."""
    now = datetime.now(UTC)
    database = new_archive(folder / "data" / "kaigi.db")

    def write(connection: Connection) -> None:
        filters.ensure_built_in(connection)
        source_id = sources.add(connection, definition(), now)
        stories = tuple(NewStory(number) for number in range(items))
        told = facts(starts_on=now.date())
        inserts = tuple(
            item(
                story, f"g:{story.number}", source_id=source_id, published_at=now - timedelta(hours=1),
                title=f"防衛相会談 {story.number}" if story.number < meetings else f"Navy news {story.number}",
                verdict="meeting" if story.number < meetings else "other",
            )
            for story in stories
        )  # fmt: skip
        written = tuple(
            MeetingWrite(story=story, facts=told, trust=Trust.PRESS, revision=1) for story in stories[:meetings]
        )
        changes = Changes(source=polled(source_id), new_stories=stories, inserts=inserts, meetings=written)
        ingest.apply(connection, changes, now)

    database.write(write)
    database.close()


def test_a_query_is_tried_on_the_archive_with_examples_and_the_deciding_part(tmp_path: Path) -> None:
    fill(tmp_path, items=10, meetings=3)
    done = kaigi("filters", "test", "会談 country:豪", folder=tmp_path)
    assert done.returncode == 0
    assert "3 of 10 items, 3 meetings" in done.stdout
    assert "country:豪 (AU, JP)" in done.stdout
    today = f"{datetime.now(UTC):%m-%d}: 3"
    assert today in done.stdout


def test_a_trial_can_be_read_by_a_program(tmp_path: Path) -> None:
    fill(tmp_path, items=10, meetings=3)
    told = json.loads(kaigi("filters", "test", "navy", "--json", folder=tmp_path).stdout)
    assert (told["seen"], told["matched"], told["meetings"]) == (10, 7, 0)
    assert told["examples"][0]["because"][0]["where"] == "title"


def test_a_filter_that_would_make_a_storm_is_refused_with_the_numbers_unless_forced(tmp_path: Path) -> None:
    fill(tmp_path, items=60, meetings=25)
    done = kaigi("filters", "add", "all", "会談", folder=tmp_path)
    assert done.returncode == 2
    assert "25 alerts" in done.stderr
    assert "25 of 60 items (42 %)" in done.stderr
    quiet = kaigi("filters", "add", "all", "会談", "--no-alerts", folder=tmp_path)
    assert quiet.returncode == 0
    assert kaigi("filters", "edit", "all", "--alerts", folder=tmp_path).returncode == 2
    assert kaigi("filters", "edit", "all", "--alerts", "--force", folder=tmp_path).returncode == 0


def test_a_filter_is_added_changed_seen_and_taken_back(tmp_path: Path) -> None:
    assert kaigi("filters", "add", "jp", "country:日本", "--title", "Japan", folder=tmp_path).returncode == 0
    assert kaigi("filters", "edit", "jp", "--query", "country:日本 kind:2+2", folder=tmp_path).returncode == 0
    assert kaigi("filters", "pause", "jp", folder=tmp_path).returncode == 0
    history = kaigi("filters", "history", "jp", folder=tmp_path).stdout.splitlines()
    assert [line.split()[4] for line in history] == ["pause", "edit", "add"]
    assert "query 'country:日本' → 'country:日本 kind:2+2'" in history[1]
    for _ in range(2):
        assert kaigi("filters", "undo", "jp", folder=tmp_path).returncode == 0
    (told,) = [
        each for line in kaigi("filters", "list", "--json", folder=tmp_path).stdout.splitlines()
        if (each := json.loads(line))["key"] == "jp"
    ]  # fmt: skip
    assert (told["query"], told["paused"], told["title"]) == ("country:日本", False, "Japan")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "jp", "contry:JP"), 2, "Did you mean country"),
        (("add", "A B", "x"), 2, "cannot be a key"),
        (("add", "everything", "x"), 1, "already"),
        (("add", "hide", "", "--action", "block"), 2, "would hide everything"),
        (("edit", "nobody", "--title", "x"), 1, "No filter is called"),
        (("edit", "everything"), 2, "Nothing to change"),
        (("remove", "everything"), 2, "built in"),
        (("test", "(a"), 2, "still open"),
        (("undo",), 1, "no change to take back"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_what_cannot_be_is_told_in_one_clear_line(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = kaigi("filters", *words, folder=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_ranking_counts_newsrooms_and_not_copies(tmp_path: Path) -> None:
    fill(tmp_path, items=3, meetings=1)
    lines = [json.loads(line) for line in kaigi("top", "--since", "7d", "--json", folder=tmp_path).stdout.splitlines()]
    assert [(line["sources"], line["reports"]) for line in lines] == [(1, 1)] * 3
