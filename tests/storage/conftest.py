"""Both engines, always real: SQLite in a file, PostgreSQL from a wheel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import filters
from storage.database import Database
from tests.support.archives import new_archive
from tests.support.correcting import Room


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a schema, on each engine in turn."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    else:
        database = Database(request.getfixturevalue("postgres").empty_database())
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the current schema with the built-in filters, on each engine in turn."""
    if request.param == "sqlite":
        database = new_archive(tmp_path / "kaigi.db")
    else:
        database = Database(request.getfixturevalue("postgres").ready_database())
    database.write(filters.ensure_built_in)
    yield database
    database.close()


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)
