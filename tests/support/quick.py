"""What lets thousands of tests run in minutes, and changes nothing that they test.

temporary files  in memory where there is room: each commit of an archive waits for the disk otherwise
certificates     one authority instead of 150: no test speaks to anybody outside, and each client reads them all
statements       compiled once for all databases of a process: a service has one for years, each test has its own
migrations       run by Alembic for the first new archive of a process, and said again to the engine for all others
lexicon          its files are read as TOML once, and checked as often as they are asked for
tracebacks       as plain as those of the service: colouring one takes a third of a second
garbage          the tests themselves stay to the end: the collector need not go through them, nor look as often
"""

import gc
import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import certifi
import pytest
import structlog
from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.engine import URL

from feeds.understand.lexicon import loading
from storage import database, schema

_MEMORY, _ROOM = "/dev/shm", 3 * 2**30
_END = "-----END CERTIFICATE-----\n"


def prepare() -> None:
    """Choose the folder of temporary files and the authorities, for this process and those that it starts."""
    gc.disable()  # until all tests are known: see `set_aside`
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = _MEMORY
    os.environ["SSL_CERT_FILE"] = str(_one_authority())  # OpenSSL's own name, which httpx knows as well


def _one_authority() -> Path:
    file = Path(tempfile.gettempdir()) / f"kaigi-authority-{os.getuid()}.pem"
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(_END)[0] + _END, encoding="utf-8")
    return new.replace(file)


class SharedCache(dict[Any, Any]):
    """Compiled statements by what they are and by the name of a dialect, which all its engines set up alike."""

    def get(self, key: Any, default: Any = None) -> Any:
        """What was compiled for any engine of this dialect."""
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


class Migrations:
    """Runs the migrations of a new archive with Alembic once for each engine, and then says to it what they said."""

    def __init__(self) -> None:
        self.run = schema._upgrade
        self._said: dict[str, list[tuple[str, Any]]] = {}

    def __call__(self, connection: Connection, target: str = "head") -> None:
        """In place of `schema._upgrade`."""
        engine = connection.dialect.name
        if target != "head" or inspect(connection).get_table_names():
            self.run(connection, target)
        elif engine in self._said:
            for words, values in self._said[engine]:
                connection.exec_driver_sql(words, values)
        else:
            find = _made if engine == "sqlite" else _listen
            self._said[engine] = find(connection, lambda: self.run(connection, target))


def _made(connection: Connection, run: Callable[[], None]) -> list[tuple[str, Any]]:
    """What makes on SQLite, which keeps the words of all that it has, what is there after a run."""
    run()
    things = "SELECT name, sql, rootpage = 0 FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
    found = connection.exec_driver_sql(things).all()
    virtual = tuple(f"{name}_" for name, _, is_virtual in found if is_virtual)  # it makes tables of its own
    ours = [(name, sql) for name, sql, is_virtual in found if is_virtual or not name.startswith((*virtual, "sqlite_"))]
    said: list[tuple[str, Any]] = [(sql, None) for _, sql in ours]
    for name in (name for name, sql in ours if sql.startswith("CREATE TABLE")):
        rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()
        said += [(f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(row))})', tuple(row)) for row in rows]
    return said


def _listen(connection: Connection, run: Callable[[], None]) -> list[tuple[str, Any]]:
    """What a run says, for one errand."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, words: str, values: Any, _context: Any, _many: bool) -> None:
        if not words.lstrip().upper().startswith("SELECT"):
            assert not values, words
            said.append(words)

    event.listen(connection, "before_cursor_execute", note)
    try:
        run()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return [("; ".join(said), None)]


MIGRATIONS = Migrations()


def share(patch: pytest.MonkeyPatch) -> None:
    """From now on, all tests share what is compiled (`compiled_cache` is SQLAlchemy's setting), migrated and read."""
    make, compiled = database._engine, SharedCache()

    def with_cache(url: URL) -> Engine:
        engine = make(url)
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    patch.setattr(database, "_engine", with_cache)
    patch.setattr(schema, "_upgrade", MIGRATIONS)
    read = cache(tomllib.loads)  # nobody changes the tables that it returns
    patch.setattr(loading, "tomllib", SimpleNamespace(loads=read, TOMLDecodeError=tomllib.TOMLDecodeError))


def plain_tracebacks() -> None:
    """In the log of what is not set up as in a service, which has them plain as well."""
    *before, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, renderer])


def set_aside() -> None:
    """Keep what was made until now, little of which is garbage, out of the collector's way, which looks less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 10)
    gc.enable()
