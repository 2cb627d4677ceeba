"""Threads that write at the same time share a transaction, and none waits for what does not concern it."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from storage.database import Connection, Database
from storage.tables import instance
from tests.support.archives import new_archive

Work = Callable[[Connection], object]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return new_archive(tmp_path / "kaigi.db")


class Held:
    """A piece of work that stays in its transaction until it is let go."""

    def __init__(self) -> None:
        self.is_in, self._gate = threading.Event(), threading.Event()

    def __call__(self, _: Connection) -> None:
        self.is_in.set()
        assert self._gate.wait(10)

    def let_go(self) -> None:
        self._gate.set()


def _start(database: Database, work: Work) -> threading.Thread:
    thread = threading.Thread(target=database.write, args=(work,))
    thread.start()
    return thread


def _wait_for(database: Database, number: int) -> None:
    while len(database._writers) < number:
        time.sleep(0.001)


def _put(key: str) -> Work:
    return lambda connection: connection.execute(insert(instance).values(key=key, value="x"))


def _kept(database: Database) -> set[str]:
    keys = select(instance.c.key).where(instance.c.value == "x")
    return set(database.read(lambda connection: connection.execute(keys).scalars().all()))


def test_work_that_has_landed_does_not_wait_for_the_next_that_is_written(database: Database) -> None:
    first, last = Held(), Held()
    threads = [_start(database, first)]
    assert first.is_in.wait(10)

    def and_another_comes(connection: Connection) -> None:
        _put("a")(connection)
        threads.append(_start(database, last))
        _wait_for(database, 1)

    threads.append(_start(database, and_another_comes))
    _wait_for(database, 1)
    threads.append(_start(database, _put("b")))
    _wait_for(database, 2)
    first.let_go()
    assert last.is_in.wait(10)
    a, b = threads[1], threads[2]
    for thread in (a, b):
        thread.join(10)
    assert (a.is_alive(), b.is_alive(), _kept(database)) == (False, False, {"a", "b"})
    last.let_go()
    for thread in threads:
        thread.join(10)
    database.close()


class Interrupted(BaseException):
    """What the handler of a signal raises, as Ctrl-C does."""


def _interrupt(*_: object) -> None:
    raise Interrupted


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("others", [0, 1])
def test_who_is_interrupted_while_waiting_takes_its_work_along_and_keeps_no_other_waiting(
    database: Database, others: int
) -> None:
    first = Held()
    threads = [_start(database, first)]
    assert first.is_in.wait(10)
    with _interrupted_after(0.05), pytest.raises(Interrupted):
        database.write(_put("never"))
    threads += [_start(database, _put(f"later {number}")) for number in range(others)]
    _wait_for(database, others)
    first.let_go()
    for thread in threads:
        thread.join(10)
    database.write(_put("last"))
    assert _kept(database) == {"last", *(f"later {number}" for number in range(others))}
    database.close()


def test_who_is_interrupted_while_its_work_is_written_has_written_it(database: Database) -> None:
    first, beside = Held(), Held()
    threads = [_start(database, first)]
    assert first.is_in.wait(10)
    threads.append(_start(database, beside))  # it leads next, and lands what waits behind it, too
    _wait_for(database, 1)

    def let_go_when_both_wait() -> None:
        _wait_for(database, 2)
        first.let_go()

    threads.append(threading.Thread(target=let_go_when_both_wait))
    threads[-1].start()
    with _interrupted_after(0.2), pytest.raises(Interrupted):
        database.write(_put("landed"))
    assert beside.is_in.is_set()
    beside.let_go()
    for thread in threads:
        thread.join(10)
    assert _kept(database) == {"landed"}
    database.close()


def test_who_is_interrupted_when_its_turn_has_come_calls_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Held()
    threads = [_start(database, first)]
    assert first.is_in.wait(10)

    def let_go_when_both_wait() -> None:
        _wait_for(database, 2)
        first.let_go()

    def come_second() -> None:
        _wait_for(database, 1)
        database.write(_put("behind"))

    threads += [threading.Thread(target=work) for work in (let_go_when_both_wait, come_second)]
    for thread in threads[1:]:
        thread.start()
    wait = threading.Event.wait

    def wait_and_be_interrupted(event: threading.Event, timeout: float | None = None) -> bool:
        called = wait(event, timeout)
        if threading.current_thread() is threading.main_thread():
            raise Interrupted
        return called

    with monkeypatch.context() as patch:
        patch.setattr(threading.Event, "wait", wait_and_be_interrupted)
        with pytest.raises(Interrupted):
            database.write(_put("never"))
    for thread in threads:
        thread.join(10)
    assert _kept(database) == {"behind"}
    database.close()
