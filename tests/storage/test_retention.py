"""Old articles that tell of no meeting are forgotten, and never told again; meetings stay."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select, text

from storage import filters, ingest, retention, search_index, sources, upkeep
from storage.changes import Changes, ItemUpdate, MeetingWrite, NewStory
from storage.database import Connection, Database
from storage.lock import hold_landing
from storage.model import Trust
from storage.tables import items, meetings, stories, tombstones
from tests.support.build import NOW, definition, facts, item, meeting_changes, polled
from tests.support.postgres import Postgres

LATER = NOW + timedelta(days=400)


def other_changes(source_id: int, identity: str, **fields: str) -> Changes:
    """A poll that found one article of no meeting."""
    story = NewStory(0)
    found = item(story, identity, source_id=source_id, **fields)
    return Changes(source=polled(source_id), new_stories=(story,), inserts=(found,))


def land(database: Database, changes: Changes, days_ago: float = 400) -> int:
    return database.write(lambda c: ingest.apply(c, changes, LATER - timedelta(days=days_ago))[NewStory(0)])


def forget(database: Database, keep_days: int = 365, limit: int = retention.BITE) -> int:
    count, after = 0, 0
    while True:
        work = partial(retention.forget, before=LATER - timedelta(days=keep_days), now=LATER, after=after, limit=limit)
        bite = database.write(work)
        count += bite.forgotten
        if bite.after is None:
            return count
        after = bite.after


def left(database: Database) -> list[str]:
    return list(database.read(lambda c: c.execute(select(items.c.identity).order_by(items.c.id)).scalars()))


@pytest.fixture
def source(database: Database) -> int:
    return database.write(lambda c: sources.add(c, definition(), NOW))


def test_an_old_article_of_no_meeting_goes_and_leaves_a_tombstone(database: Database, source: int) -> None:
    land(database, other_changes(source_id=source, identity="g:old"))
    land(database, other_changes(source_id=source, identity="g:young"), days_ago=100)
    assert forget(database) == 1
    assert left(database) == ["g:young"]
    known = database.read(partial(retention.buried, source_id=source, identities=["g:old", "g:young", "g:new"]))
    assert known == {"g:old"}
    assert database.read(lambda c: c.execute(select(func.count()).select_from(stories)).scalar_one()) == 1


def test_meetings_and_their_reports_stay_however_old_they_are(database: Database, source: int) -> None:
    land(database, meeting_changes(facts(), source_id=source, identity="g:meeting"))
    assert forget(database) == 0
    assert left(database) == ["g:meeting"]
    assert database.read(lambda c: c.execute(select(func.count()).select_from(meetings)).scalar_one()) == 1


def test_many_are_forgotten_in_bites_and_none_is_passed_over(database: Database, source: int) -> None:
    for number in range(25):
        land(database, other_changes(source_id=source, identity=f"g:{number}"))
        if number % 5 == 0:
            told = facts(edition=number + 1, series="admm")
            land(database, meeting_changes(told, source_id=source, identity=f"m:{number}"))
    assert forget(database, limit=4) == 25
    assert left(database) == [f"m:{number}" for number in range(0, 25, 5)]


def test_what_is_forgotten_is_found_by_no_search(database: Database, source: int) -> None:
    land(database, other_changes(source_id=source, identity="g:old", title="Harbour festival"))
    database.write(search_index.catch_up)
    forget(database)
    database.write(search_index.catch_up)
    query = "SELECT rowid FROM item_words('harbour')" if database.is_sqlite else "SELECT item_id FROM item_words"
    assert database.read(lambda c: c.exec_driver_sql(query).all()) == []


def test_the_tombstones_of_a_source_go_with_it(database: Database, source: int) -> None:
    land(database, other_changes(source_id=source, identity="g:old"))
    forget(database)
    database.write(lambda c: sources.remove(c, source, LATER))
    assert database.read(lambda c: c.execute(select(func.count()).select_from(tombstones)).scalar_one()) == 0


def test_an_old_article_that_a_poll_just_made_a_meeting_of_is_not_forgotten_by_another_process(
    postgres: Postgres,
) -> None:
    address = postgres.ready_database()
    polling, tidying = Database(address), Database(address)
    polling.write(filters.ensure_built_in)
    source = polling.write(lambda c: sources.add(c, definition(), NOW))
    story = land(polling, other_changes(source_id=source, identity="g:old"))
    told, landing = facts(), threading.Event()
    found = item(story, "g:old", source_id=source, verdict="meeting", facts=told)

    def poll(connection: Connection) -> None:
        hold_landing(connection)
        number = connection.execute(select(items.c.id)).scalar_one()
        changes = Changes(
            source=polled(source),
            updates=(ItemUpdate(item_id=number, old_story_id=story, insert=found),),
            meetings=(MeetingWrite(story=story, facts=told, trust=Trust.PRESS, revision=1),),
        )
        ingest.apply(connection, changes, LATER)
        landing.set()
        _until_somebody_waits(polling)

    with ThreadPoolExecutor() as threads:
        landed = threads.submit(polling.write, poll)
        assert landing.wait(30)
        assert forget(tidying) == 0
        landed.result()
    assert left(polling) == ["g:old"]
    assert polling.read(lambda c: c.execute(select(meetings.c.story_id)).scalars().all()) == [story]
    polling.close()
    tidying.close()


def _until_somebody_waits(database: Database) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(3_000):
        if database.read(lambda c: c.execute(text(query)).scalar_one()):
            return
        time.sleep(0.01)
    pytest.fail("nobody waits for the poll to land")


def test_an_archive_of_which_much_is_empty_is_made_smaller(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not database.is_sqlite:
        assert upkeep.vacuum(database) is False
        upkeep.optimize(database)
        return
    monkeypatch.setattr(upkeep, "WORTH_IT", 100_000)
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE ballast AS SELECT zeroblob(2000000) AS weight"))
    assert upkeep.vacuum(database) is False
    database.write(lambda c: c.exec_driver_sql("DROP TABLE ballast"))
    before = upkeep.space(database)
    assert before.unused > 1_900_000
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=before.size))
        assert upkeep.vacuum(database) is False, "it needs room for a second copy"
    with monkeypatch.context() as small:  # where SQLite keeps what is temporary, as in a container
        small.setenv("SQLITE_TMPDIR", str(temporary := tmp_path / "temporary"))
        temporary.mkdir()
        small.setattr(
            "shutil.disk_usage", lambda place: SimpleNamespace(free=before.size - 1 if place == temporary else 2**40)
        )
        assert upkeep.vacuum(database) is False, "and for another one there"
    assert upkeep.vacuum(database) is True
    after = upkeep.space(database)
    assert after.size < before.size - 1_900_000
    assert after.unused == 0
    upkeep.optimize(database)


def test_articles_that_a_clock_ahead_wrote_down_keep_no_others_from_being_forgotten(
    database: Database, source: int
) -> None:
    for number in range(3):
        land(database, other_changes(source_id=source, identity=f"g:ahead{number}"), days_ago=-3_000)
    land(database, other_changes(source_id=source, identity="g:old"))
    land(database, other_changes(source_id=source, identity="g:ahead"), days_ago=-3_000)
    land(database, other_changes(source_id=source, identity="g:older"), days_ago=500)
    land(database, other_changes(source_id=source, identity="g:young"), days_ago=1)
    assert forget(database, limit=2) == 2
    assert left(database) == ["g:ahead0", "g:ahead1", "g:ahead2", "g:ahead", "g:young"]
