"""New SQLite archives of the current schema, copied instead of migrated: a copy takes a millisecond."""

import tempfile
from functools import cache
from pathlib import Path

from storage import schema
from storage.database import Database


def new_archive(file: Path) -> Database:
    """A database of the current schema without rows, in this file, which must not exist yet."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as new:
        new.write(_migrated())
    return Database(f"sqlite:///{file}")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kaigi.db"
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        database.close()  # folds the log into the file
        return file.read_bytes()
