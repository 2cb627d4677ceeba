"""The history of the schema and `tables.py` tell the same story, on both engines."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from storage import schema
from storage.database import Connection, Database
from storage.errors import SchemaTooNew
from storage.tables import metadata


def test_the_migrations_build_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert database.read(differences) == []


def test_upgrading_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    assert schema.upgrade(database) is True
    assert schema.upgrade(database) is False
    database.close()


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(database: Database) -> None:
    database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SchemaTooNew, match="newer Kaigi"):
        schema.upgrade(database)
    assert database.read(lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar()) == "9999"


def test_a_migration_that_fails_leaves_no_half_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kaigi.db"
    database = Database(f"sqlite:///{file}")

    def stop_half_way(config: object, connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise RuntimeError("power cut")

    monkeypatch.setattr(schema, "_upgrade", stop_half_way)
    with pytest.raises(RuntimeError):
        schema.upgrade(database)
    database.close()
    with sqlite3.connect(file) as plain:
        assert plain.execute("SELECT name FROM sqlite_master").fetchall() == []
    plain.close()
