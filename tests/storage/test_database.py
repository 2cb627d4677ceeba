"""The door to the database: transactions that hold, and errors that say what to do."""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import bindparam, case, delete, event, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from storage import database as database_module
from storage import schema
from storage.bulk import insert_rows, run_rows
from storage.database import Connection, Database
from storage.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnreachable,
    StorageError,
)
from storage.tables import filters, instance, workers
from tests.support.postgres import Postgres


def _put(key: str) -> object:
    return lambda connection: connection.execute(insert(instance).values(key=key, value="x"))


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(instance)).scalar_one()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An SQLite file with the schema."""
    path = tmp_path / "kaigi.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


def test_a_write_that_raises_leaves_nothing_behind(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(insert(instance).values(key="a", value="x"))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        database.write(half)
    assert database.read(_count) == 0


def test_our_own_mistakes_are_not_disguised_as_database_trouble(database: Database) -> None:
    def twice(connection: Connection) -> None:
        for _ in range(2):
            connection.execute(insert(filters).values(key="k", title="t", query="", alerts=False))

    with pytest.raises(IntegrityError):
        database.write(twice)


def test_many_threads_that_read_and_then_write_lose_no_update(database: Database) -> None:
    """A transaction that upgrades from reading to writing fails at once in SQLite; BEGIN IMMEDIATE avoids it."""
    database.write(lambda c: c.execute(insert(instance).values(key="n", value="0")))

    def add_one(connection: Connection) -> None:
        row = select(instance.c.value).where(instance.c.key == "n").with_for_update()
        value = int(connection.execute(row).scalar_one())
        connection.execute(instance.update().where(instance.c.key == "n").values(value=str(value + 1)))

    threads = [threading.Thread(target=lambda: [database.write(add_one) for _ in range(10)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read(lambda c: c.execute(select(instance.c.value)).scalar_one()) == "80"


def test_one_mistake_among_many_writers_harms_only_its_own_work(database: Database) -> None:
    """On SQLite writers that wait for the lock land together; when one raises, the others land all the same."""
    gate, raised = threading.Event(), []

    def work(number: int) -> None:
        def write(connection: Connection) -> int:
            gate.wait(5)
            connection.execute(insert(instance).values(key=str(number), value="x"))
            if number % 7 == 3:
                raise ValueError(number)
            return number

        try:
            assert database.write(write) == number
        except ValueError as error:
            raised.append(error.args[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(28)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert sorted(raised) == [3, 10, 17, 24]
    kept = database.read(lambda c: c.execute(select(instance.c.key)).scalars().all())
    assert sorted(map(int, kept)) == [n for n in range(28) if n % 7 != 3]


def test_writers_that_wait_share_a_commit(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    commits: list[int] = []
    event.listen(database.engine, "commit", lambda _connection: commits.append(1))
    first_is_in, gate = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        first_is_in.set()
        gate.wait(5)

    def put(number: int) -> None:
        database.write(lambda c: c.execute(insert(instance).values(key=str(number), value="x")))

    threads = [threading.Thread(target=lambda: database.write(hold))]
    threads[0].start()
    first_is_in.wait(5)
    threads += [threading.Thread(target=put, args=(number,)) for number in range(20)]
    for thread in threads[1:]:
        thread.start()
    while len(database._writers) < 20:
        time.sleep(0.01)
    gate.set()
    for thread in threads:
        thread.join()
    assert database.read(_count) == 20
    assert len(commits) == 2
    database.close()


def test_sqlite_runs_with_a_write_ahead_log_full_sync_and_foreign_keys(file: Path) -> None:
    database = Database(f"sqlite:///{file}")

    def pragma(name: str) -> object:
        return database.read(lambda c: c.exec_driver_sql(f"PRAGMA {name}").scalar())

    assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 2, 1)
    database.close()


def test_the_data_folder_is_made_on_first_use(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new/deep/kaigi.db")
    schema.upgrade(database)
    database.close()
    assert (tmp_path / "new/deep/kaigi.db").exists()


def test_a_folder_that_cannot_be_made_is_named_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseReadOnly, match="Make it writable"):
        Database(f"sqlite:///{tmp_path}/file/kaigi.db")


def test_a_lock_held_by_another_process_is_told_as_busy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    database = Database(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(DatabaseBusy, match="another process"):
            database.write(_put("a"))  # type: ignore[arg-type]
        assert database.read(_count) == 0  # readers are not held up
    finally:
        other.close()
        database.close()


def test_a_read_only_file_is_told_as_such(file: Path) -> None:
    database = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(DatabaseReadOnly, match="cannot be written"):
        database.write(_put("a"))  # type: ignore[arg-type]
    database.close()


def test_a_full_disk_loses_nothing_that_was_committed(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    database.write(_put("kept"))  # type: ignore[arg-type]

    def too_much(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite lifts it to the present size: no room to grow
        for number in range(200):
            connection.execute(insert(instance).values(key=str(number), value="x" * 4000))

    with pytest.raises(DatabaseFull, match="Free some space"):
        database.write(too_much)
    database.close()
    again = Database(f"sqlite:///{file}")
    assert again.read(_count) == 1
    again.write(_put("works again"))  # type: ignore[arg-type]
    again.close()


def test_a_file_that_is_no_database_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kaigi.db"
    path.write_bytes(b"my holiday photos" * 500)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseCorrupt, match="Put a backup back"):
        schema.upgrade(database)
    database.close()
    assert path.read_bytes().startswith(b"my holiday photos")


@pytest.mark.parametrize("url", ["no address at all", "mysql://host/db", "sqlite+strange:///x"])
def test_an_address_of_no_use_is_refused_with_the_right_form(url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="sqlite|SQLite"):
        Database(url)


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    database = Database("postgresql://kaigi:geheim123@127.0.0.1:1/kaigi?connect_timeout=2")
    with pytest.raises(DatabaseUnreachable, match="Check database_url") as told:
        database.read(_count)
    assert "geheim123" not in str(told.value)
    database.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told_as_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DatabaseReadOnly):
        Database(f"sqlite:///{tmp_path}/deeper/kaigi.db")
    tmp_path.chmod(0o700)


def test_a_connection_that_stands_still_in_the_middle_of_its_work_keeps_others_waiting_for_a_while_only(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "SESSION", database_module.SESSION.replace("60000", "200"))
    address = postgres.ready_database()
    frozen, other = Database(address), Database(address)
    silent = frozen.engine.connect()
    silent.execute(text("SELECT pg_advisory_xact_lock(7)"))
    patient = "SET LOCAL lock_timeout = 10000"
    other.write(lambda c: (c.execute(text(patient)), c.execute(text("SELECT pg_advisory_xact_lock(7)"))))
    with pytest.raises(StorageError), frozen.translated():
        silent.execute(text("SELECT 1"))
    silent.close()
    assert frozen.write(lambda c: c.execute(text("SELECT 1")).scalar()) == 1  # the next piece of work has a new one
    frozen.close()
    other.close()


def test_a_server_that_ended_our_connections_costs_no_later_piece_of_work(postgres: Postgres) -> None:
    database = Database(postgres.ready_database())
    other = Database(database.url.render_as_string(hide_password=False))
    assert database.read(lambda c: c.execute(text("SELECT 1")).scalar()) == 1

    def end_the_others(connection: Connection) -> None:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        connection.execute(text(f"{query} AND pid <> pg_backend_pid()"))

    other.write(end_the_others)
    assert database.read(lambda c: c.execute(text("SELECT 2")).scalar()) == 2
    other.close()
    database.close()


def test_a_process_that_is_told_to_stop_in_the_middle_of_a_write_leaves_nothing_and_the_door_open(
    database: Database,
) -> None:
    def stopped(connection: Connection) -> None:
        connection.execute(insert(instance).values(key="half", value="x"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write(stopped)
    database.write(_put("whole"))  # type: ignore[arg-type]
    assert database.read(lambda c: c.execute(select(instance.c.key).where(instance.c.key == "half")).all()) == []


def test_a_statement_that_stands_alone_fails_with_an_error_of_ours(file: Path, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StorageError):
        database.alone(f"VACUUM INTO '{tmp_path}/no/such/folder.db'")
    database.write(_put("later"))  # type: ignore[arg-type]
    database.close()


def test_an_archive_in_memory_has_no_file_that_could_be_missing() -> None:
    database = Database("sqlite:///:memory:")
    assert database.displaced() is None
    database.close()


def test_without_its_driver_postgresql_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseUnreachable, match="extra 'postgres'"):
        Database("postgresql://kaigi@127.0.0.1/kaigi")


def test_a_moment_without_a_time_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="needs a time zone"):
        database.write(lambda c: c.execute(insert(workers).values(name="w", started_at=datetime(2025, 11, 1))))  # noqa: DTZ001


def test_a_connection_to_a_server_that_is_in_use_is_waited_for(postgres: Postgres) -> None:
    database = Database(postgres.ready_database())
    connection = database.engine.connect()
    threading.Timer(0.05, connection.close).start()
    database.close()
    assert connection.closed


def test_no_rows_are_no_work(database: Database) -> None:
    before = database.read(_count)
    database.write(lambda c: insert_rows(c, instance, []))
    assert database.read(_count) == before


def test_a_moment_that_an_earlier_version_wrote_with_its_zone_is_the_moment_that_it_is(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    written = (
        "2025-11-01 09:00:00.000000+09:00",
        "2025-11-01 00:00:00+00:00",
        "2025-11-01 00:00:00",
        "2025-11-01 00:00:00.000000",
    )
    rows = [{"name": str(number), "at": moment} for number, moment in enumerate(written)]
    insertion = "INSERT INTO workers (name, role, leads, started_at, seen_at) VALUES (:name, 'bot', '[]', :at, :at)"
    database.write(lambda c: c.execute(text(insertion), rows))
    found = database.read(lambda c: set(c.execute(select(workers.c.seen_at)).scalars()))
    database.close()
    assert found == {datetime(2025, 11, 1, tzinfo=UTC)}


def test_a_statement_run_for_many_rows_does_for_each_what_its_values_and_its_constants_say(database: Database) -> None:
    moment = datetime(2025, 11, 1, 18, tzinfo=ZoneInfo("Asia/Tokyo"))
    begin = {"role": "collector", "leads": [], "started_at": moment, "seen_at": moment}
    statement = (
        update(workers)
        .where(workers.c.name == bindparam("which"))
        .values(
            seen_at=bindparam("at"),
            leads=bindparam("duties"),
            role=case((workers.c.name == "b", "deliverer"), else_=workers.c.role),
        )
    )
    later = moment + timedelta(hours=1)
    rows = [{"which": name, "at": later, "duties": [name, "会議"]} for name in ("a", "b", "gone")]

    def both(connection: Connection) -> list[tuple[object, ...]]:
        insert_rows(connection, workers, [{"name": name, **begin} for name in "abc"])
        run_rows(connection, statement, rows)
        run_rows(connection, statement, [])
        run_rows(connection, delete(workers).where(workers.c.name == bindparam("which")), [{"which": "c"}])
        columns = (workers.c.name, workers.c.role, workers.c.leads, workers.c.started_at, workers.c.seen_at)
        return [tuple(row) for row in connection.execute(select(*columns).order_by(workers.c.name))]

    assert database.write(both) == [
        ("a", "collector", ["a", "会議"], moment, later),
        ("b", "deliverer", ["b", "会議"], moment, later),
    ]


def test_a_stop_in_the_middle_of_a_shared_commit_reaches_everybody_who_waits_for_it(file: Path) -> None:
    database = Database(f"sqlite:///{file}")
    first_is_in, gate = threading.Event(), threading.Event()
    ended: list[str] = []

    def hold(_: Connection) -> None:
        first_is_in.set()
        gate.wait(5)

    def stop(_: Connection) -> None:
        raise KeyboardInterrupt

    def run(work: Callable[[Connection], object]) -> None:
        try:
            database.write(work)
        except KeyboardInterrupt:
            ended.append("stopped")

    threads = [threading.Thread(target=run, args=(hold,))]
    threads[0].start()
    first_is_in.wait(5)
    for number, work in enumerate((stop, _put("a"), _put("b")), 1):
        threads.append(threading.Thread(target=run, args=(work,)))
        threads[-1].start()
        while len(database._writers) < number:
            time.sleep(0.01)
    gate.set()
    for thread in threads:
        thread.join()
    assert (ended, database.read(_count)) == (["stopped"] * 3, 0)
    database.write(_put("later"))  # type: ignore[arg-type]
    assert database.read(_count) == 1
    database.close()
