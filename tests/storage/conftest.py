"""Both engines, always real: SQLite in a file, PostgreSQL from a wheel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import filters, schema
from storage.database import Database
from tests.support.postgres import Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of this process, stopped with them."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a schema, on each engine in turn."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    else:
        database = Database(request.getfixturevalue("postgres").empty_database())
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """A database of the current schema with the built-in filters."""
    schema.upgrade(empty)
    empty.write(filters.ensure_built_in)
    return empty
