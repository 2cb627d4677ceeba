"""Tidying up goes on beside everything else, forgets what is too old, and is stopped by nothing but the end."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.housekeeping import Housekeeper
from storage import ingest, notices, sessions, sources, upkeep
from storage.changes import Changes, NewStory, NoticePost
from storage.database import Connection
from storage.errors import DatabaseBusy
from storage.model import Channel, NoticeKind
from storage.tables import web_links, web_sessions
from tests.support.archives import new_archive
from tests.support.build import NOW, definition, item, polled


def housekeeper(database: object, stop: asyncio.Event, keep: timedelta | None = timedelta(days=60)) -> Housekeeper:
    return Housekeeper(
        database=database,  # type: ignore[arg-type]
        keep=keep,
        clock=lambda: NOW + timedelta(days=100),
        stop=stop,
        first_s=0.01,
        every_s=0.01,
    )


def land(connection: Connection) -> None:
    source_id = sources.add(connection, definition(), NOW)
    story = NewStory(0)
    changes = Changes(source=polled(source_id), new_stories=(story,), inserts=(item(story, source_id=source_id),))
    ingest.apply(connection, changes, NOW)


async def test_old_articles_are_forgotten_only_where_the_settings_say_so(tmp_path: Path) -> None:
    database = new_archive(tmp_path / "kaigi.db")
    database.write(land)
    assert await housekeeper(database, asyncio.Event(), keep=None).tidy() == 0
    assert await housekeeper(database, asyncio.Event()).tidy() == 1
    database.close()


async def test_sign_ins_that_have_ended_are_forgotten_also_where_nobody_signs_in_again(
    tmp_path: Path,
) -> None:
    database = new_archive(tmp_path / "kaigi.db")
    database.write(lambda c: (sessions.begin(c, "tg:7", NOW), sessions.offer(c, 7, NOW)))
    await housekeeper(database, asyncio.Event(), keep=None).tidy()
    for table in (web_sessions, web_links):
        assert database.read(lambda c, table=table: c.execute(select(table)).all()) == []  # type: ignore[misc]
    database.close()


async def test_what_admins_were_told_long_ago_is_forgotten(tmp_path: Path) -> None:
    database = new_archive(tmp_path / "kaigi.db")
    long_ago = NOW - timedelta(days=366)
    news = NoticePost(kind=NoticeKind.RESTARTED, message="event loop", once="x")
    database.write(lambda c: notices.post(c, news, long_ago))
    database.write(lambda c: notices.bundle(c, before=NOW, channel=Channel.TELEGRAM, addresses=("1",), now=long_ago))
    await housekeeper(database, asyncio.Event(), keep=None).tidy()
    assert database.read(notices.latest) == []
    database.close()


async def test_space_that_is_given_back_is_not_left_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "WORTH_IT", 100_000)
    database = new_archive(tmp_path / "kaigi.db")
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE ballast AS SELECT zeroblob(2000000) AS weight"))
    database.write(lambda c: c.exec_driver_sql("DROP TABLE ballast"))
    await housekeeper(database, asyncio.Event()).tidy()
    assert (tmp_path / "kaigi.db-wal").stat().st_size == 0
    assert (tmp_path / "kaigi.db").stat().st_size == upkeep.space(database).size < 1_900_000
    database.close()


@pytest.mark.parametrize(
    "trouble", [DatabaseBusy("held by another process"), PermissionError(13, "Permission denied"), ZeroDivisionError()]
)
async def test_what_cannot_be_tidied_up_now_is_tried_the_next_time(tmp_path: Path, trouble: Exception) -> None:
    database, stop, tried = new_archive(tmp_path / "kaigi.db"), asyncio.Event(), 0
    keeper = housekeeper(database, stop)

    async def refuse() -> int:
        nonlocal tried
        tried += 1
        if tried == 3:
            stop.set()
        raise trouble

    keeper.tidy = refuse  # type: ignore[method-assign]
    await asyncio.wait_for(keeper.run(), 5)
    assert tried == 3
    database.close()
