"""Brings a database to the schema of this version, whatever version wrote it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.database import Database
from storage.errors import SchemaTooNew

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> bool:
    """Run the migrations that are missing, all in one transaction. Returns whether there were any.

    Raises `SchemaTooNew` when a newer Kaigi wrote the database: going on could destroy what it keeps.
    """
    config = _config()
    head = ScriptDirectory.from_config(config).get_current_head()
    current = database.read(_revision)
    if current == head:
        return False
    _refuse_newer(config, current, database.place)
    database.write(lambda connection: _upgrade(config, connection))
    return True


def _upgrade(config: Config, connection: Connection) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(config: Config, current: str | None, place: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaTooNew(
            f"{place} was written by a newer Kaigi (schema {current}). Install that version or newer, "
            "or restore the backup made before the upgrade."
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    # Alembic reads the option through ConfigParser, where % is special.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
