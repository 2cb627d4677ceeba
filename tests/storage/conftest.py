"""Both engines, always real: SQLite in a file, PostgreSQL from a wheel."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import filters, schema
from storage.database import Database
from tests.support.postgres import empty_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the current schema, on each engine in turn."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    else:
        database = Database(empty_database())
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    yield database
    database.close()
