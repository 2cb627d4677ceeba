"""Makes a backup of an SQLite archive every day, beside everything else, and forgets the oldest."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.findings import Finding, Grade
from storage import backup
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
    trouble: str | None = None  #: why the last one could not be made

    async def run(self) -> None:
        """Look now and then whether one is due. One that fails is told, and tried again at the next look."""
        while not self.stop.is_set():
            await self.look(self.clock())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), self.look_s)

    async def look(self, now: datetime) -> None:
        """Make one if it is due. All in a thread, the look at the folder as well: it may be on a disk far away."""
        try:
            await asyncio.to_thread(self._make_if_due, now)
        except (StorageError, OSError) as error:
            log.error("no backup could be made", error=str(error))
            self.trouble = str(error)
        except Exception as error:
            log.exception("a backup failed by our own mistake; trying again")
            self.trouble = repr(error)
        else:
            self.trouble = None

    def _make_if_due(self, now: datetime) -> None:
        """Due by the name of the newest: it holds over restarts, and for backups that a person made there. What is
        named for a moment to come was made by a clock that was ahead, and says nothing."""
        age = backup.age(backup.made_in(self.folder, now), now)
        if age is not None and age < self.every:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        backup.sweep(self.folder)  # before, since they may be what fills the disk
        made = backup.make(self.database, self.folder, now)
        dropped = backup.rotate(self.folder, self.keep, now)
        log.info("backup made", file=str(made.path), bytes=made.size, dropped=len(dropped))

    def findings(self) -> list[Finding]:
        """What an admin should hear of: that none can be made, and why."""
        if self.trouble is None:
            return []
        return [Finding(Grade.LOOK, "backups", f"none can be made: {self.trouble}")]
