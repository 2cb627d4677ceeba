"""Brings a database to the schema of this version, whatever version wrote it.

Whether there is anything to do is told by the names of the migrations and one row of the database; Alembic, which needs
eleven megabytes of memory and a third of a second, is loaded only to run them.
"""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, inspect

from storage.database import Database
from storage.errors import DatabaseBusy, SchemaTooNew
from storage.lock import alone_at_start, keep_services_out, only_service

MIGRATIONS = Path(__file__).parent / "migrations"

PATIENCE_S = 5.0  #: with whoever holds the lock of the service on an SQLite file
_NAME = re.compile(r"v(\d{4})_\w+\.py")


def upgrade(database: Database, *, held: bool = False) -> bool:
    """Run the migrations that are missing, all in one transaction. Returns whether there were any. `held`: the caller
    has the lock of the service, or the database is its own.

    Raises `SchemaTooNew` when a newer Kaigi wrote the database: going on could destroy what it keeps. Raises
    `DatabaseBusy` when an older one runs on it: what it reads and writes must not change under it.
    """
    known = revisions()
    current = database.read(revision)
    if current == known[-1]:
        return False
    if current is not None and current not in known:
        raise SchemaTooNew(
            f"{database.place} was written by a newer Kaigi (schema {current}). Install that version or newer, "
            "or restore the backup made before the upgrade."
        )
    if held or current is None:  # nothing can run on an empty one
        return database.write(_upgrade_once)
    busy = DatabaseBusy(f"A Kaigi of an older version runs on {database.place}. Stop it, and begin this one again.")
    with _no_service(database, busy):
        return database.write(partial(_upgrade_once, busy=busy))


@contextmanager
def _no_service(database: Database, busy: DatabaseBusy) -> Iterator[None]:
    if not database.is_sqlite:  # there it is asked in the transaction, because several may upgrade at once
        yield
        return
    ends = time.monotonic() + PATIENCE_S
    with ExitStack() as held:
        while not is_current(database):  # a command that upgrades holds the lock, too
            try:
                held.enter_context(only_service(database))
                break
            except DatabaseBusy:
                if time.monotonic() > ends:
                    raise busy from None
                time.sleep(0.1)
        yield


def is_current(database: Database) -> bool:
    """Whether the database has this version's schema; changes nothing."""
    return database.read(revision) == revisions()[-1]


def revisions() -> list[str]:
    """All revisions of the schema, the oldest first: the numbers in the migrations' file names."""
    names = (_NAME.fullmatch(file.name) for file in (MIGRATIONS / "versions").iterdir())
    return sorted(name[1] for name in names if name)


def revision(connection: Connection) -> str | None:
    """The schema that the database has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _upgrade_once(connection: Connection, busy: DatabaseBusy | None = None) -> bool:
    """Of several processes that start at the same moment, the first does it and the others find it done. `busy` is
    raised when a service runs."""
    alone_at_start(connection)
    if revision(connection) == revisions()[-1]:
        return False
    if busy is not None and not keep_services_out(connection):
        raise busy
    _upgrade(connection)
    return True


def _upgrade(connection: Connection, target: str = "head") -> None:
    from alembic import command  # noqa: PLC0415  see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # Alembic reads the option through ConfigParser, where % is special.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
