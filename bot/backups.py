"""Makes a backup of an SQLite archive every day, beside everything else, and forgets the oldest."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from storage import backup
from storage.backup import NAMED
from storage.database import Database
from storage.errors import StorageError

log = structlog.get_logger("backup")

LOOK_S = 600.0  #: between two looks at the clock


@dataclass(kw_only=True)
class Keeper:
    """Keeps the newest `keep` backups in `folder`, one made `every` so often. Runs until `stop` is set."""

    database: Database
    folder: Path
    every: timedelta
    keep: int
    clock: Callable[[], datetime]
    stop: asyncio.Event
    look_s: float = LOOK_S

    async def run(self) -> None:
        """Look now and then whether one is due. One that fails is told, and tried again at the next look."""
        while not self.stop.is_set():
            now = self.clock()
            if self._due(now):
                await self._make(now)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), self.look_s)

    def _due(self, now: datetime) -> bool:
        """By the date of the newest file: it holds over restarts, and for backups that a person made there."""
        made = [file.stat().st_mtime for file in self.folder.glob(NAMED)]
        return not made or now.timestamp() - max(made) >= self.every.total_seconds()

    async def _make(self, now: datetime) -> None:
        try:
            made = await asyncio.to_thread(partial(_make_in, self.database, self.folder, now))
            dropped = await asyncio.to_thread(backup.rotate, self.folder, self.keep)
        except (StorageError, OSError) as error:
            log.error("no backup could be made", error=str(error))
        else:
            log.info("backup made", file=str(made.path), bytes=made.size, dropped=len(dropped))


def _make_in(database: Database, folder: Path, now: datetime) -> backup.Backup:
    folder.mkdir(parents=True, exist_ok=True)
    return backup.make(database, folder, now)
