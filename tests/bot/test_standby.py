"""A duty is done by one process at a time, and goes to another within seconds when its holder is gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from bot.duties import UntilSet
from bot.standby import Line, Loop, Standby, opened
from storage import wake, workers
from storage.database import Connection, Database
from storage.errors import DatabaseBusy
from storage.model import Role
from tests.support.postgres import Postgres

Join = Callable[..., Awaitable[Line]]


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    database = Database(postgres.ready_database())
    yield database
    database.close()


@pytest.fixture
async def join(database: Database) -> AsyncIterator[Join]:
    """Lets a process join: its line is open and kept up until the test ends."""
    async with AsyncExitStack() as stack:

        async def joined(name: str, role: Role = Role.DELIVER) -> Line:
            line = Line(database=database, worker=name, role=role, look_s=0.05)
            await stack.enter_async_context(opened(line))
            task = asyncio.create_task(line.run())
            stack.push_async_callback(_end, task)
            return line

        yield joined


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _end_line(database: Database, name: str) -> None:
    """The server has databases of other tests as well, in which a process may have the same name."""
    query = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = :name"
    )
    database.write(lambda c: c.execute(query, {"name": f"kaigi {name}"}))


def _hold_outside(line: Line) -> asyncio.Event:
    """Keep a line whose connection breaks from connecting anew until the event is set."""
    let_in, connect = asyncio.Event(), line._connect

    async def connect_when_let_in() -> None:
        await let_in.wait()
        await connect()

    line._connect = connect_when_let_in  # type: ignore[method-assign]
    return let_in


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


class Duty:
    """Work that notes who does it."""

    def __init__(self) -> None:
        self.doing: list[str] = []
        self.stopped: list[str] = []

    def of(self, name: str) -> Callable[[int], "_Doing"]:
        return lambda _time: _Doing(self, name)


class _Doing:
    def __init__(self, duty: Duty, name: str) -> None:
        self._duty, self._name = duty, name

    async def run(self) -> None:
        self._duty.doing.append(self._name)
        await asyncio.Event().wait()

    async def stop(self) -> None:
        self._duty.doing.remove(self._name)
        self._duty.stopped.append(self._name)

    async def lost(self) -> None:
        await self.stop()


async def test_the_one_that_stands_by_takes_over_when_the_line_of_the_other_breaks_and_the_other_stops(
    join: Join,
) -> None:
    duty, lines = Duty(), {name: await join(name) for name in ("a", "b")}
    tasks = [
        asyncio.create_task(Standby(lead=line.lead("d"), begin=duty.of(name)).run()) for name, line in lines.items()
    ]
    await _until(lambda: len(duty.doing) == 1)
    (first,) = duty.doing
    (other,) = {"a", "b"} - {first}
    let_in = _hold_outside(lines[first])  # else it may be back before the other looks, and that is right as well
    await asyncio.to_thread(_end_line, lines[first].database, first)
    await _until(lambda: duty.doing == [other])
    let_in.set()
    assert duty.stopped == [first]
    await asyncio.to_thread(_end_line, lines[other].database, other)  # and back again: a lost line is made anew
    await _until(lambda: len(duty.stopped) == 2 and len(duty.doing) == 1)
    for task in tasks:
        await _end(task)


async def test_who_stops_begins_no_duty_that_comes_free_meanwhile_and_leaves_it_to_others(join: Join) -> None:
    duty, lines = Duty(), {name: await join(name) for name in ("a", "b")}
    holder = Standby(lead=lines["a"].lead("d"), begin=duty.of("a"))
    task = asyncio.create_task(holder.run())
    await _until(lambda: duty.doing == ["a"])
    stopping = Standby(lead=lines["b"].lead("d"), begin=duty.of("b"))
    tasks = [task, asyncio.create_task(stopping.run())]
    await stopping.stop()
    let_in = _hold_outside(lines["a"])
    await asyncio.to_thread(_end_line, lines["a"].database, "a")
    await _until(lambda: duty.stopped == ["a"])
    seen = lines["b"].turns
    await _until(lambda: lines["b"].turns > seen + 1)  # it looked while the duty was free
    assert duty.doing == []
    let_in.set()
    await _until(lambda: duty.doing == ["a"])  # it comes back, and has it again
    stopping.lead.gain()  # as if the line had been taking it at that moment
    await asyncio.wait_for(tasks[1], 30)
    assert duty.doing == ["a"]
    await _end(task)


async def test_work_that_fails_by_our_own_mistake_is_not_hidden(join: Join) -> None:
    async def fail() -> None:
        raise RuntimeError("a mistake")

    line = await join("a")
    with pytest.raises(RuntimeError, match="a mistake"):
        await asyncio.wait_for(Standby(lead=line.lead("d"), begin=lambda _: Loop(fail)).run(), 30)


async def test_a_line_that_broke_is_made_anew_and_its_process_is_seen_again(join: Join) -> None:
    line = await join("a")
    heard: list[str] = []
    line.on_words[wake.DELIVER] = lambda: heard.append("deliver")
    _end_line(line.database, "a")

    def lives(connection: Connection) -> bool:
        wake.deliverers(connection)
        return workers.names(connection) == {"a"}

    async with asyncio.timeout(30):
        while not (await asyncio.to_thread(line.database.write, lives) and heard):
            await asyncio.sleep(0.02)


async def test_a_line_that_stands_still_is_seen_and_one_that_only_breaks_goes_on(join: Join) -> None:
    line = await join("a")
    broken, seen = line._session, line.turns
    await asyncio.to_thread(_end_line, line.database, "a")
    await _until(lambda: line._session not in (None, broken))
    assert line._session is not None
    assert line.turns > seen
    answer, asked = asyncio.Event(), asyncio.Event()

    heard = line._session.heard

    async def never(seconds: float) -> set[str]:
        asked.set()
        await answer.wait()
        return await heard(seconds)

    line._session.heard = never  # type: ignore[method-assign]
    await asyncio.wait_for(asked.wait(), 30)
    seen = line.turns
    await asyncio.sleep(0.2)
    assert line.turns == seen
    answer.set()
    await _until(lambda: line.turns > seen)


async def test_a_service_that_lost_its_line_gives_way_to_one_that_came_in_between(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.standby.RETAKE_S", 0.2)
    monkeypatch.setattr("bot.standby.BACKOFF_S", (0.1, 0.1))
    first, second = (Line(database=database, worker=name, role=Role.ALL, look_s=0.05) for name in ("a", "b"))
    await first.open()
    _end_line(database, "a")
    await _open_soon(second)
    with pytest.raises(DatabaseBusy):
        await asyncio.wait_for(first.run(), 30)
    await second.close()


async def _open_soon(line: Line) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                return await line.open()
            except DatabaseBusy:
                await asyncio.sleep(0.02)


async def test_work_under_way_when_a_duty_ends_is_waited_for() -> None:
    stop, bites = asyncio.Event(), list[str]()

    async def bite() -> None:
        while not stop.is_set():
            bites.append("begun")
            await asyncio.sleep(0.05)
            bites.append("done")

    work = UntilSet(bite, stop)
    await work.stop()  # before it began there is nothing to wait for
    stop.clear()
    doing = asyncio.create_task(work.run())
    await asyncio.sleep(0)
    await work.stop()
    assert bites == ["begun", "done"]
    await doing
