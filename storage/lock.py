"""One service on one database: a second one would take the first one's messages in flight for those of a dead process.

On SQLite a lock on a file beside the database, on PostgreSQL an advisory lock of the session. Both end with the
process, however it ends. Commands such as `kaigi poll` do not need it. Processes with a role of their own, on
PostgreSQL, hold it together (`storage/line.py`).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, select

from storage.database import Database
from storage.errors import DatabaseBusy

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
    """Hold a lock on `file`, made if need be. Raises `DatabaseBusy` with the `words` when another process holds it."""
    with file.open("wb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DatabaseBusy(words) from error
        yield


@contextmanager
def _session_lock(database: Database) -> Iterator[None]:
    with database.engine.connect() as connection:
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
