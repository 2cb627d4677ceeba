"""The scheduler and the collector: what is due is polled, whatever goes wrong with one of them."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from bot.jobs import Collector, Scheduler
from feeds.ingest import PollPolicy, PollReport
from storage import sources, tables
from storage.database import Database
from storage.errors import DatabaseBusy
from storage.model import Source, SourceState
from tests.support.archives import new_archive
from tests.support.build import definition


class Shell:
    """Stands where polling is: does for each source what the test says."""

    def __init__(self, **doings: Any) -> None:
        self.doings = doings
        self.policy = PollPolicy()
        self.polled: list[str] = []

    async def poll(self, source: Source) -> PollReport:
        key = source.definition.key
        self.polled.append(key)
        doing = self.doings.get(key)
        if isinstance(doing, Exception):
            raise doing
        if doing is not None:
            await doing.wait()
        return PollReport(source_key=key, status="changed", alerts=1, owes=True)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db")
    for key in ("a", "b", "c"):
        database.write(lambda c, key=key: sources.add(c, definition(key), datetime(2025, 1, 1, tzinfo=UTC)))  # type: ignore[misc]
    yield database
    database.close()


def collector(database: Database, shell: Shell, woken: list[int] | None = None, concurrency: int = 10) -> Collector:
    return Collector(
        database=database,
        ingest=shell,  # type: ignore[arg-type]
        worker="w1",
        clock=lambda: datetime.now(UTC),
        concurrency=concurrency,
        on_alerts=lambda: woken.append(1) if woken is not None else None,
    )


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0.01)


async def test_all_that_is_due_is_polled_and_the_deliverer_is_woken(database: Database) -> None:
    woken: list[int] = []
    shell = Shell()
    await collector(database, shell, woken).tick()
    await settle()
    assert sorted(shell.polled) == ["a", "b", "c"]
    assert len(woken) == 3


async def test_a_poll_that_outlives_its_lease_is_ended_and_its_place_is_free(database: Database) -> None:
    shell = Shell(a=asyncio.Event())
    desk = collector(database, shell)
    await desk.tick()
    await settle()
    assert len(desk._polls) == 1
    desk.patience_s = 0.0
    await desk.tick()
    await settle()
    assert not desk._polls
    await desk.stop()


async def test_a_clock_that_is_set_back_by_an_hour_keeps_no_source_waiting(database: Database) -> None:
    now = datetime.now(UTC)
    shell = Shell()
    desk = collector(database, shell)
    desk.clock = lambda: now
    await desk.tick()
    await settle()
    soon = {"next_poll_at": now + timedelta(minutes=10), "claimed_by": None, "claimed_until": None}
    database.write(lambda c: c.execute(update(tables.sources).values(**soon)))
    now -= timedelta(hours=1)
    await desk.tick()
    now += timedelta(minutes=11)
    await desk.tick()
    await settle()
    assert sorted(shell.polled) == ["a", "a", "b", "b", "c", "c"]


async def test_all_that_the_log_tells_of_one_poll_has_one_name(database: Database) -> None:
    with capture_logs(processors=[merge_contextvars]) as said:
        await collector(database, Shell()).tick()
        await settle()
    names = {line["source"]: line["poll"] for line in said if line["event"] == "polled"}
    assert sorted(names) == ["a", "b", "c"]
    assert len(set(names.values())) == 3


async def test_on_a_disk_that_is_nearly_full_nothing_is_polled_until_there_is_room(database: Database) -> None:
    room, shell = False, Shell()
    desk = collector(database, shell)
    desk.has_room = lambda: room
    with capture_logs() as said:
        for room in (False, False, True):
            await desk.tick()
            await settle()
            assert (desk.last_tick is not None, bool(shell.polled)) == (True, room)
    told = [line["event"] for line in said if "disk" in line["event"]]
    assert [words.split(":")[0] for words in told] == [
        "the disk is nearly full", "there is room on the disk again",
    ]  # fmt: skip


async def test_a_source_that_hangs_delays_no_other_and_is_not_polled_twice(database: Database) -> None:
    shell = Shell(a=asyncio.Event())
    desk = collector(database, shell)
    await desk.tick()
    await settle()
    await desk.tick()
    await settle()
    assert sorted(shell.polled) == ["a", "b", "c"]
    await desk.stop()


async def test_no_more_polls_run_beside_each_other_than_the_operator_allows(database: Database) -> None:
    gate = asyncio.Event()
    shell = Shell(a=gate, b=gate, c=gate)
    desk = collector(database, shell, concurrency=2)
    await desk.tick()
    await desk.tick()
    await settle()
    assert len(shell.polled) == 2
    gate.set()
    await settle()
    await desk.tick()
    await settle()
    assert len(shell.polled) == 3


async def test_our_own_mistake_slows_one_source_down_and_is_on_its_record(database: Database) -> None:
    shell = Shell(a=ZeroDivisionError("oops"))
    await collector(database, shell).tick()
    await settle()
    broken = database.read(lambda c: sources.find(c, "a"))
    assert (broken.state, broken.failures) == (SourceState.FAILING, 1)
    assert broken.next_poll_at > datetime.now(UTC) + timedelta(minutes=5)
    assert "oops" not in (broken.last_error or "")


async def test_a_database_that_refuses_is_told_and_tried_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_fn: object) -> None:
        raise DatabaseBusy("held by another process")

    shell = Shell()
    desk = collector(database, shell)
    with monkeypatch.context() as patch:
        patch.setattr(database, "write", busy)
        await desk.tick()
        assert desk.last_tick is None
        assert desk.ticks == 1  # the watchdog sees that it moves
    await desk.tick()
    await settle()
    assert len(shell.polled) == 3


async def test_a_source_removed_while_it_is_polled_harms_nobody(database: Database) -> None:
    from storage.errors import NotFound

    shell = Shell(a=NotFound("removed"))
    await collector(database, shell).tick()
    await settle()
    assert sorted(shell.polled) == ["a", "b", "c"]


async def test_stopping_lets_a_tick_finish_and_then_ticks_no_more() -> None:
    ticks = SimpleNamespace(begun=0, ended=0)

    async def slow() -> None:
        ticks.begun += 1
        await asyncio.to_thread(time.sleep, 0.2)
        ticks.ended += 1

    scheduler = Scheduler()
    scheduler.every(0.05, slow, "slow")
    scheduler.start()
    await asyncio.sleep(0.1)
    await scheduler.stop()
    assert ticks.begun == ticks.ended == 1
    await asyncio.sleep(0.2)
    assert ticks.begun == 1


async def test_a_tick_that_takes_longer_than_its_interval_is_neither_doubled_nor_complained_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    at_once: list[int] = []
    going = 0

    async def slow() -> None:
        nonlocal going
        going += 1
        at_once.append(going)
        await asyncio.sleep(0.12)
        going -= 1

    scheduler = Scheduler()
    scheduler.every(0.02, slow, "slow")
    scheduler.start()
    while len(at_once) < 3:
        await asyncio.sleep(0.01)
    await scheduler.stop()
    assert set(at_once) == {1}
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


async def test_a_job_that_fails_is_still_told(caplog: pytest.LogCaptureFixture) -> None:
    tried = asyncio.Event()

    async def fails() -> None:
        tried.set()
        raise RuntimeError("our own mistake")

    scheduler = Scheduler()
    scheduler.every(60, fails, "fails")
    scheduler.start()
    await tried.wait()
    await scheduler.stop()
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == ["ERROR"]


async def test_stopping_at_the_moment_when_ticks_are_due_cancels_none(caplog: pytest.LogCaptureFixture) -> None:
    async def tick() -> None:
        await asyncio.sleep(0)

    for turns in range(12):
        scheduler = Scheduler()
        scheduler.every(60, tick, "one")
        scheduler.every(60, tick, "another")
        scheduler.start()
        for _ in range(turns):  # turns of the loop: each is another moment on the way of a tick
            await asyncio.sleep(0)
        await scheduler.stop()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_places_that_become_free_are_filled_without_waiting_for_the_next_tick(database: Database) -> None:
    shell = Shell()
    one_at_a_time = collector(database, shell, concurrency=1)
    await one_at_a_time.tick()
    await settle()
    assert sorted(shell.polled) == ["a", "b", "c"]
    await one_at_a_time.stop()


async def test_sources_in_trouble_leave_three_quarters_of_the_places_to_the_others(database: Database) -> None:
    held = asyncio.Event()
    for key in "defghi":
        database.write(lambda c, key=key: sources.add(c, definition(key), datetime(2025, 1, 1, tzinfo=UTC)))  # type: ignore[misc]
    with database.engine.begin() as connection:
        connection.execute(update(tables.sources).where(tables.sources.c.key.in_(tuple("abcdef"))).values(failures=1))
    shell = Shell(**dict.fromkeys("abcdef", held))
    polling = collector(database, shell, concurrency=8)
    await polling.tick()
    await settle()
    troubled = [key for key in shell.polled if key in "abcdef"]
    assert len(troubled) == 2
    assert {"g", "h", "i"} <= set(shell.polled)
    held.set()
    await settle()
    await polling.tick()
    await settle()
    assert sorted(shell.polled) == list("abcdefghi")
    await polling.stop()


async def test_a_source_whose_poll_could_not_be_kept_is_asked_again_soon_and_not_when_its_lease_ends(
    database: Database,
) -> None:
    shell = Shell(a=DatabaseBusy("the server went away"), b=asyncio.Event(), c=asyncio.Event())
    desk = collector(database, shell)
    for seconds in (0, 1, 30):
        desk.clock = partial(_in, seconds)
        await desk.tick()
        await settle()
    assert sorted(shell.polled) == ["a", "a", "b", "c"]  # not at once: it may fail again
    await desk.stop()


def _in(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
