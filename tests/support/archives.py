"""New SQLite archives of the current schema, copied instead of migrated: a copy takes a millisecond."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from storage import filters, schema
from storage.database import Database


def new_archive(file: Path, filled_by: Callable[[Database], None] | None = None) -> Database:
    """A database of the current schema in this file, which must not exist yet: without rows, or with what a function
    writes, which is called once for a whole run of tests in a process.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as new:
        new.write(_migrated() if filled_by is None else _filled(filled_by))
    return Database(f"sqlite:///{file}")


def built_in(database: Database) -> None:
    """The filters that every service has: a filling."""
    database.write(filters.ensure_built_in)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kaigi.db"
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        database.close()  # folds the log into the file
        return file.read_bytes()


@cache
def _filled(fill: Callable[[Database], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kaigi.db"
        database = new_archive(file)
        fill(database)
        database.close()
        return file.read_bytes()
