"""Keeps an SQLite file in shape: statistics for the planner, a log that does not grow, space that is given back.

PostgreSQL does all of this by itself (autovacuum), so there nothing is done here.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from storage.database import Connection, Database

WORTH_IT = 64 * 2**20  #: bytes of free pages for which copying the file is worth the time …
SHARE = 0.25  #: … and their share of the file


@dataclass(frozen=True, slots=True)
class Space:
    """How an archive's file is filled, in bytes."""

    size: int
    unused: int  #: free pages within it, which new rows take again

    @property
    def is_loose(self) -> bool:
        """Whether a good part of the file is empty."""
        return self.unused >= max(WORTH_IT, self.size * SHARE)


def optimize(database: Database) -> None:
    """Let SQLite look again at tables that grew (https://sqlite.org/pragma.html#pragma_optimize), and fold the log."""
    if database.is_sqlite:
        database.alone("PRAGMA optimize")
        database.alone("PRAGMA wal_checkpoint(TRUNCATE)")


def space(database: Database) -> Space:
    """How the file is filled; nothing is known of PostgreSQL's."""
    if not database.is_sqlite:
        return Space(size=0, unused=0)
    page, pages, unused = database.read(_pages)
    return Space(size=page * pages, unused=page * unused)


def _pages(connection: Connection) -> list[int]:
    names = ("page_size", "page_count", "freelist_count")
    return [int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in names]


def vacuum(database: Database) -> bool:
    """Give the empty part of the file back, if it is worth it and there is room for the copies that this takes: one
    where SQLite keeps what is temporary, and one in the log beside the file. Returns whether it was done. Polls and
    messages wait meanwhile: some seconds a gigabyte.
    """
    found = space(database)
    name = database.url.database
    if not found.is_loose or not name:
        return False
    if shutil.disk_usage(Path(name).parent).free < 2 * found.size:
        return False
    if shutil.disk_usage(_temporary()).free < found.size:
        return False
    database.alone("VACUUM")
    return True


def _temporary() -> Path:
    """Where SQLite keeps what is temporary, https://sqlite.org/tempfiles.html: often a small disk, or memory."""
    told = (os.environ.get(name, "") for name in ("SQLITE_TMPDIR", "TMPDIR"))
    places = (Path(place) for place in (*told, "/var/tmp", "/usr/tmp", "/tmp") if place)  # noqa: S108  they are its
    return next((place for place in places if place.is_dir() and os.access(place, os.W_OK | os.X_OK)), Path())
