"""Brings a database to the schema of this version, whatever version wrote it.

Whether there is anything to do is told by the names of the migrations and one row of the database; Alembic, which needs
eleven megabytes of memory and a third of a second, is loaded only to run them.
"""

import re
from pathlib import Path

from sqlalchemy import Connection, inspect

from storage.database import Database
from storage.errors import SchemaTooNew
from storage.lock import alone_at_start

MIGRATIONS = Path(__file__).parent / "migrations"

_NAME = re.compile(r"v(\d{4})_\w+\.py")


def upgrade(database: Database) -> bool:
    """Run the migrations that are missing, all in one transaction. Returns whether there were any.

    Raises `SchemaTooNew` when a newer Kaigi wrote the database: going on could destroy what it keeps.
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
    return database.write(_upgrade_once)


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


def _upgrade_once(connection: Connection) -> bool:
    """Of several processes that start at the same moment, the first does it and the others find it done."""
    alone_at_start(connection)
    if revision(connection) == revisions()[-1]:
        return False
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
