"""The one door to the database: `read(fn)`, `write(fn)`.

On SQLite every write begins with `BEGIN IMMEDIATE`, so that a transaction which reads first can never fail half way
to the lock. The threads of this process queue for it and land their work together (`writers.py`); when one piece of
work fails, each is tried alone.
Driver errors are translated here and nowhere else (see `errors.py` for what is not translated and why).
It knows no table.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool

from storage.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnreachable,
    StorageError,
)
from storage.writers import Writers

__all__ = ["Connection", "Database"]

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
KEPT_OPEN = 3  #: connections to SQLite; busy moments open more
CLOSE_S = 2.0  #: for threads that still read when the program ends
#: How libpq finds out that a server is gone of which nothing is heard: seconds, and milliseconds for the last.
PATIENCE = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3,
            "tcp_user_timeout": 20_000}  # fmt: skip
#: How the server finds out that we are gone: the cable was cut, or the process stands still in the middle of its work,
#: and the locks that it holds keep all others waiting.
SESSION = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3; "
    "SET idle_in_transaction_session_timeout = 60000"
)


class Database:
    """A database that can be read and written in whole transactions. Safe to use from several threads."""

    def __init__(self, url: str, *, make_folder: bool = True) -> None:
        """Open `url` (`sqlite:///path` or `postgresql://…`). Nothing is connected until the first use; all that is made
        now is the folder of an SQLite file, unless `make_folder` is False.

        Raises `DatabaseUnreachable` for an address that SQLAlchemy cannot read, `DatabaseReadOnly` when the folder
        of an SQLite file cannot be made.
        """
        self.url = _driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and make_folder:
            _make_folder(self.url)
        self.engine = _engine(self.url)
        self.commits = 0  #: write transactions of this process that landed; grows, and is good for comparing only
        self._writers = Writers(self._writing, self._alone)
        self._file: int | None = None  #: the numbers of the file and its log, by which a swap is noticed
        self._log: int | None = None
        self._alone_since: float | None = None

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on one consistent view of the data and return what it returns."""
        with self.translated(), self.engine.connect() as connection:
            return fn(connection)

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a write transaction: all of it lands, or, when it raises, none.

        When this returns, what was written is on disk. `fn` must do nothing but work on the connection, because it may
        be run a second time, when others that were to land with it failed.
        """
        if not self.is_sqlite:  # PostgreSQL has row locks; writers need not queue there
            return self._alone(fn)
        return self._writers.write(fn)

    def _alone(self, fn: Callable[[Connection], T]) -> T:
        with self.translated(), self._writing() as connection:
            return fn(connection)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            writer = connection.execution_options(kaigi_write=True)
            with writer.begin():
                yield writer
        self.commits += 1

    def alone(self, statement: str) -> None:
        """Run one statement of SQLite's that cannot be part of a transaction, while no writer of ours runs."""
        with self.translated(), self._writers.held_up():
            self._alone_since = time.monotonic()
            try:
                with closing(self.engine.raw_connection()) as raw:
                    raw.cursor().execute(statement)
            except sqlite3.Error as error:
                raise exc.DBAPIError.instance(statement, None, error, sqlite3.Error) from error
            finally:
                self._alone_since = None

    def alone_for(self) -> float | None:
        """Seconds for which such a statement has kept all writers waiting; None: there is none."""
        since = self._alone_since
        return None if since is None else time.monotonic() - since

    def close(self) -> None:
        """Close all connections. SQLite then folds its write-ahead log into the file.

        A connection to a server that a thread still uses is waited for, a moment: the server should not have to find
        out by itself that we are gone.
        """
        ends = time.monotonic() + CLOSE_S
        pool = self.engine.pool
        while not self.is_sqlite and isinstance(pool, QueuePool) and pool.checkedout() and time.monotonic() < ends:
            time.sleep(0.005)
        self.engine.dispose()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """While the block runs, what a driver says of the state of the database is an error of ours."""
        try:
            yield
        except (exc.IntegrityError, exc.ProgrammingError):
            raise  # a mistake of ours, not a state of the database
        except exc.DBAPIError as error:
            raise _translate(error, self.place) from error

    def is_there(self) -> bool:
        """Whether there is something to open: opening would make an SQLite file. A server is not asked."""
        name = self.url.database if self.is_sqlite else None
        return not name or name == ":memory:" or name.startswith("file:") or Path(name).is_file()

    def displaced(self) -> str | None:
        """What somebody did to the files under our feet, and what to do; None: they are where they were.

        Open connections go on with a deleted log or a file that was moved away, and what they write is lost or, worse,
        mixed with what others write (https://sqlite.org/howtocorrupt.html, sections 1.3 and 1.4).
        """
        name = self.url.database if self.is_sqlite else None
        if not name or name == ":memory:" or name.startswith("file:"):
            return None
        here = _number_of(Path(name))
        self._file = self._file or here
        if here is None or here != self._file:
            return f"{name} was deleted or replaced under the service. Stop the service; `kaigi restore` if need be."
        log = _number_of(Path(f"{name}-wal"))
        if self._log is not None and log != self._log:
            return f"{name}-wal was deleted under the service. Restart the service, then run `kaigi doctor`."
        self._log = log
        return None

    @property
    def place(self) -> str:
        """Where the data is, fit for a message: the file, or the server without user and password."""
        if self.is_sqlite:
            return self.url.database or "memory"
        return URL.create(
            self.url.drivername, host=self.url.host, port=self.url.port, database=self.url.database
        ).render_as_string()


def _number_of(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except OSError:
        return None


def _driver_url(text: str) -> URL:
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        raise DatabaseUnreachable(
            "database_url is not an address. Write sqlite:///data/kaigi.db or postgresql://user@host/name."
        ) from None
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseUnreachable(
            f"database_url names {url.drivername!r}, but Kaigi keeps its data in SQLite or PostgreSQL only."
        )
    return url


def _make_folder(url: URL) -> None:
    if not url.database or url.database.startswith((":memory:", "file:")):
        return  # no file, or a URI of SQLite's own, which names an existing one
    folder = Path(url.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseReadOnly(
            f"Cannot make the data folder {folder}: {error.strerror}. "
            "Make it writable for this user, or set database_url to another place."
        ) from error


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, json_serializer=_json, **_pool(url))
        else:  # a server that was restarted must not cost every pooled connection one failed piece of work
            engine = create_engine(url, pool_pre_ping=True, connect_args=PATIENCE, json_serializer=_json)
    except exc.NoSuchModuleError as error:
        raise DatabaseUnreachable(f"No driver for {url.drivername}. Use sqlite:/// or postgresql://.") from error
    except ModuleNotFoundError as error:
        raise DatabaseUnreachable(
            "PostgreSQL needs its driver: install Kaigi with the extra 'postgres' (psycopg)."
        ) from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "connect", _set_session)
    return engine


def _pool(url: URL) -> dict[str, Any]:
    """Few connections stay open, and the last used is used first: each keeps two megabytes of pages, and warm ones."""
    if not url.database or url.database.startswith((":memory:", "file:")):
        return {}  # SQLAlchemy chooses for what is no plain file
    return {"pool_size": KEPT_OPEN, "max_overflow": 15 - KEPT_OPEN, "pool_use_lifo": True}


_PLAIN_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json(value: Any) -> str:
    """JSON as it is stored: without spaces, in the writer's own letters."""
    return "[]" if value in ([], ()) else _PLAIN_JSON(value)


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    """Prepare each new SQLite connection.

    synchronous=FULL: a committed `sent` must survive a power cut, or the alert would go out twice.
    isolation_level=None: the driver must not begin transactions by itself; `_begin` does.
    """
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _set_session(connection: Any, _record: Any) -> None:
    """Prepare each new connection to PostgreSQL, in one round trip."""
    connection.autocommit = True
    connection.execute(SESSION)
    connection.autocommit = False


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("kaigi_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


# SQLite tells its states only by text; these are the words of its result codes (sqlite.org/rescode.html).
_SQLITE_STATES: tuple[tuple[tuple[str, ...], type[StorageError], str], ...] = (
    (
        ("database is locked", "database table is locked"),
        DatabaseBusy,
        "The database {place} is held by another process. Stop the other one, or try again.",
    ),
    (
        ("readonly database", "read-only"),
        DatabaseReadOnly,
        "The database {place} cannot be written. Check owner and permissions of the file and its folder.",
    ),
    (
        ("disk is full", "disk i/o error"),
        DatabaseFull,
        "The disk under {place} is full or failing. Free some space; nothing that was stored is lost.",
    ),
    (
        ("malformed", "not a database"),
        DatabaseCorrupt,
        "The file {place} is damaged or not a database. Put a backup back with `kaigi restore FILE`, or move it away.",
    ),
)


def _translate(error: exc.DBAPIError, place: str) -> StorageError:
    words = " ".join(str(error.orig).lower().split())
    for marks, kind, message in _SQLITE_STATES:
        if any(mark in words for mark in marks):
            return kind(message.format(place=place))
    if isinstance(error, exc.OperationalError):
        return DatabaseUnreachable(
            f"Cannot open the database {place}. Check database_url, the path and the permissions ({words[:200]})."
        )
    return StorageError(f"The database {place} refused an operation ({words[:200]}).")
