"""Both engines, always real: SQLite in a file, PostgreSQL from a wheel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import filters, schema
from storage.database import Database
from tests.support.postgres import empty_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a schema, on each engine in turn."""
    url = f"sqlite:///{tmp_path / 'kaigi.db'}" if request.param == "sqlite" else empty_database()
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """A database of the current schema with the built-in filters."""
    schema.upgrade(empty)
    empty.write(filters.ensure_built_in)
    return empty
