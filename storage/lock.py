"""One service on one database: a second one would take the first one's messages in flight for those of a dead process.

On SQLite a lock on a file beside the database, on PostgreSQL an advisory lock of the session. Both end with the
process, however it ends. Commands such as `kaigi poll` do not need it. Processes with a role of their own, on
PostgreSQL, hold it together (`storage/line.py`).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, func, select

from storage.database import Database
from storage.errors import DatabaseBusy, DatabaseReadOnly, DatabaseUnreachable

LANDING = 0x4B414947  #: key of the lock under which polls land on PostgreSQL ("KAIG")
SERVICE = 0x4B414947_53  #: key of the service's own lock there ("KAIGS")
PREPARING = 0x4B414947_50  #: key of the lock under which a start prepares the database there ("KAIGP")


@contextmanager
def only_service(database: Database) -> Iterator[None]:
    """Hold the lock while the block runs. Raises `DatabaseBusy` when another service holds it."""
    holder = _file_lock if database.is_sqlite else _session_lock
    with holder(database):
        yield


@contextmanager
def _file_lock(database: Database) -> Iterator[None]:
    with hold(Path(f"{database.url.database}.lock"), busy_words(database)):
        yield


@contextmanager
def hold(file: Path, words: str) -> Iterator[None]:
    """Hold a lock on `file`, made if need be. Raises `DatabaseBusy` with the `words` when another process holds it,
    `DatabaseReadOnly` or `DatabaseUnreachable` when there can be no such file.
    """
    handle = _opened(file)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DatabaseBusy(words) from error
        except OSError as error:  # a disk without locks
            raise DatabaseReadOnly(f"{file} cannot be locked: {error.strerror}. Put it on a local disk.") from error
        yield
    finally:
        os.close(handle)


def _opened(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError as error:
        raise DatabaseUnreachable(f"There is no folder {file.parent}. Check database_url.") from error
    except OSError as error:
        with suppress(OSError):
            return os.open(file, os.O_RDONLY)  # another user's: a lock needs no more
        words = f"{file} cannot be made or opened: {error.strerror}. Check owner and permissions of it and its folder."
        raise DatabaseReadOnly(words) from error


@contextmanager
def _session_lock(database: Database) -> Iterator[None]:
    with ExitStack() as opened:
        with database.translated():
            connection = opened.enter_context(database.engine.connect())
            if not connection.execute(select(func.pg_try_advisory_lock(SERVICE))).scalar_one():
                raise DatabaseBusy(busy_words(database))
            connection.commit()  # the lock belongs to the session, and no transaction stays open
        yield


def busy_words(database: Database) -> str:
    """What is said to a second service."""
    return f"Another Kaigi runs on {database.place}. Stop it, or give this one a database_url of its own."


def hold_landing(connection: Connection) -> None:
    """Let no other poll, correction or forgetting land until this transaction ends. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":  # where two polls could else found the same meeting side by side
        connection.execute(select(func.pg_advisory_xact_lock(LANDING)))


def alone_at_start(connection: Connection) -> None:
    """Let no other process prepare or migrate the database until this transaction ends. One that waited must look
    again at what there is to do. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(PREPARING)))


def keep_services_out(connection: Connection) -> bool:
    """Let no service begin until this transaction ends. Returns False when one runs. On SQLite its lock is a file's."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(SERVICE))).scalar_one())
