"""Both engines, always real: SQLite in a file, PostgreSQL from a wheel."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.archives import built_in, new_archive
from tests.support.correcting import Room, furnish
from tests.support.postgres import Postgres


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
    database = ready(request, tmp_path, built_in)
    yield database
    database.close()


def ready(request: pytest.FixtureRequest, folder: Path, filled_by: Callable[[Database], None]) -> Database:
    """A database of the current schema on the engine that the parameter names, with what a function writes."""
    if request.param == "sqlite":
        return new_archive(folder / "kaigi.db", filled_by)
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.ready(filled_by)


@pytest.fixture(params=["sqlite", "postgresql"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    """A service with two newsrooms and a subscriber, on each engine in turn."""
    room = Room(ready(request, tmp_path, furnish))
    yield room
    room.database.close()
