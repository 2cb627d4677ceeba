"""One service on one database, whichever engine, and however the other one ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from storage.database import Database
from storage.errors import DatabaseBusy, DatabaseReadOnly, DatabaseUnreachable
from storage.lock import hold, only_service

ROOT = Path(__file__).parents[2]

HOLD = """
import sys, time
from storage.database import Database
from storage.lock import hold, only_service
with only_service(Database(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def again(empty: Database) -> Iterator[Callable[[], Database]]:
    """Opens the same database once more, as another process would."""
    with ExitStack() as opened:

        def open_again() -> Database:
            database = Database(empty.url.render_as_string(hide_password=False))
            opened.callback(database.close)
            return database

        yield open_again


def test_a_second_service_on_one_database_is_refused_in_words_that_help(
    empty: Database, again: Callable[[], Database]
) -> None:
    with only_service(empty), pytest.raises(DatabaseBusy, match="database_url of its own"), only_service(again()):
        pytest.fail("two services run on one database")


def test_a_service_may_start_when_the_one_before_has_stopped(again: Callable[[], Database]) -> None:
    first = again()
    with only_service(first):
        pass
    first.close()
    with only_service(again()):
        pass


def test_a_service_that_failed_leaves_no_lock(again: Callable[[], Database]) -> None:
    first = again()
    with pytest.raises(RuntimeError), only_service(first):
        raise RuntimeError("the port is gone")
    first.close()
    with only_service(again()):
        pass


def test_a_service_that_was_killed_leaves_no_lock(again: Callable[[], Database], empty: Database) -> None:
    address = empty.url.render_as_string(hide_password=False)
    killed = subprocess.Popen([sys.executable, "-c", HOLD, address], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "held\n"
        with pytest.raises(DatabaseBusy), only_service(again()):
            pytest.fail("two services run on one database")
        killed.send_signal(signal.SIGKILL)
    _until_free(again)


def _until_free(again: Callable[[], Database]) -> None:
    """A server needs a moment to see that its client is dead."""
    import time

    for _ in range(50):
        try:
            with only_service(again()):
                return
        except DatabaseBusy:
            time.sleep(0.1)
    pytest.fail("the lock of a dead process is still held")


def test_services_on_different_databases_do_not_know_each_other(empty: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    with only_service(empty), only_service(other):
        pass
    other.close()


def test_what_commands_write_is_not_held_up_by_a_running_service(database: Database) -> None:
    from storage import filters

    with only_service(database):
        database.write(filters.ensure_built_in)


def test_a_database_that_cannot_be_reached_is_told_in_words_that_help(tmp_path: Path) -> None:
    for address in (f"sqlite:///{tmp_path}/nowhere/kaigi.db", "postgresql://u:secret-word@127.0.0.1:1/x"):
        database = Database(address, make_folder=False)
        with pytest.raises(DatabaseUnreachable, match="Check database_url") as told, only_service(database):
            pytest.fail("there is no such database")
        assert "secret-word" not in str(told.value)
        database.close()


def test_a_lock_that_another_user_made_is_taken_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, real = tmp_path / "kaigi.db.lock", os.open

    def not_ours(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", not_ours)
    with pytest.raises(DatabaseReadOnly, match=r"kaigi.db.lock cannot be made or opened"), hold(file, "busy"):
        pytest.fail("there is no such file")
    file.touch()
    with hold(file, "busy"), pytest.raises(DatabaseBusy, match="busy"), hold(file, "busy"):
        pytest.fail("two hold one lock")


def test_waiting_for_a_lock_empties_no_file(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("of somebody else")
    with hold(tmp_path / "lock", "busy"):
        assert (tmp_path / "lock").read_text() == "of somebody else"


def test_a_disk_without_locks_is_told_and_not_taken_for_another_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    with pytest.raises(DatabaseReadOnly, match="No locks available"), hold(tmp_path / "lock", "busy"):
        pytest.fail("nothing holds it")
