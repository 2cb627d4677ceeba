"""The revision grows with what readers could see, in the same transaction; meetings that go are remembered."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage import filters, ingest, retractions, revision, sources
from storage.changes import Changes, ItemUpdate, NewStory
from storage.database import Connection, Database
from storage.model import FilterAction
from tests.storage.conftest import ready
from tests.support.archives import built_in
from tests.support.build import NOW, after, definition, item, meeting_changes, polled


def a_meeting(database: Database) -> None:
    def fill(connection: Connection) -> None:
        for key in ("mod", "press"):
            sources.add(connection, definition(key), NOW)
        ingest.apply(connection, meeting_changes(), NOW)

    built_in(database)
    database.write(fill)


@pytest.fixture(params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Two sources, and a meeting that the first of them told of, on each engine in turn."""
    database = ready(request, tmp_path, a_meeting)
    yield database
    database.close()


def grew(database: Database, change: object) -> bool:
    before = database.read(revision.current)
    database.write(change)  # type: ignore[arg-type]
    return database.read(revision.current) > before


def test_an_empty_archive_has_a_revision(database: Database) -> None:
    assert database.read(revision.current) >= 0


def test_new_items_changed_words_and_changed_meetings_are_a_new_revision(told: Database) -> None:
    assert grew(told, lambda c: ingest.apply(c, meeting_changes(identity="g:2"), NOW))
    words = ItemUpdate(item_id=1, old_story_id=1, insert=item(1, "g:1", title="Corrected"))
    assert grew(told, lambda c: ingest.apply(c, Changes(source=polled(), updates=(words,)), NOW))


def test_a_poll_that_brings_nothing_is_none(told: Database) -> None:
    assert not grew(told, lambda c: ingest.apply(c, Changes(source=polled()), NOW))


def test_a_change_of_filters_and_of_sources_is_one(told: Database) -> None:
    def add(connection: Connection) -> None:
        filters.add(connection, key="x", title="X", query="x", alerts=False, action=FilterAction.KEEP, who="t", now=NOW)

    assert grew(told, add)
    assert grew(told, lambda c: filters.change(c, "x", "edit", who="t", now=NOW, title="Y"))
    assert grew(told, lambda c: sources.remove(c, 2))


def test_what_is_rolled_back_is_no_new_revision(told: Database) -> None:
    before = told.read(revision.current)

    def fail(connection: Connection) -> None:
        ingest.apply(connection, meeting_changes(identity="g:2"), NOW)
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError, match="a mistake"):
        told.write(fail)
    assert told.read(revision.current) == before


def test_every_commit_of_this_process_is_counted(told: Database) -> None:
    before = told.commits
    told.write(lambda _: None)
    told.read(lambda _: None)
    assert told.commits == before + 1


def test_a_meeting_whose_source_is_removed_is_remembered_as_gone(told: Database) -> None:
    told.write(lambda c: sources.remove(c, 1, after(hours=1)))
    (gone,) = told.read(lambda c: retractions.latest(c, NOW))
    assert (gone.story_id, gone.at) == (1, after(hours=1))
    assert told.read(lambda c: retractions.latest(c, after(hours=2))) == []


def test_a_story_that_was_no_meeting_goes_without_a_trace(told: Database) -> None:
    other = Changes(source=polled(2), new_stories=(NewStory(0),), inserts=(item(NewStory(0), "g:7", source_id=2),))
    told.write(lambda c: ingest.apply(c, other, NOW))
    told.write(lambda c: sources.remove(c, 2, after(hours=1)))
    assert told.read(lambda c: retractions.latest(c, NOW)) == []


def test_an_article_that_moves_to_another_story_takes_its_empty_meeting_back(told: Database) -> None:
    told.write(lambda c: ingest.apply(c, meeting_changes(identity="g:2"), NOW))
    moved = ItemUpdate(item_id=2, old_story_id=2, insert=item(1, "g:2"))
    told.write(lambda c: ingest.apply(c, Changes(source=polled(), updates=(moved,)), after(hours=3)))
    assert [one.story_id for one in told.read(lambda c: retractions.latest(c, NOW))] == [2]


def test_a_meeting_that_is_there_again_is_not_gone(told: Database) -> None:
    told.write(lambda c: retractions.note(c, [1, 99], NOW))
    assert told.read(lambda c: retractions.latest(c, NOW - timedelta(days=1))) == []


def test_a_meeting_that_goes_twice_went_the_second_time(told: Database) -> None:
    told.write(lambda c: retractions.note(c, [1], NOW))
    told.write(lambda c: sources.remove(c, 1, after(hours=5)))
    assert [one.at for one in told.read(lambda c: retractions.latest(c, NOW))] == [after(hours=5)]
