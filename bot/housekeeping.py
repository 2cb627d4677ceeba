"""Once a day: forgets what is too old to keep, and lets the database tidy up. In small bites, beside all else."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from storage import notices, retention, sessions, upkeep
from storage.database import Database
from storage.errors import StorageError

log = structlog.get_logger("housekeeping")

FIRST_S = 600.0  #: after the start, when everybody else has settled
EVERY_S = 86_400.0
BREATH_S = 0.05  #: between two bites, in which others may write


@dataclass(kw_only=True)
class Housekeeper:
    """Works until `stop` is set. `keep`: how long articles of no meeting stay; None: for good."""

    database: Database
    keep: timedelta | None
    clock: Callable[[], datetime]
    stop: asyncio.Event
    first_s: float = FIRST_S
    every_s: float = EVERY_S

    async def run(self) -> None:
        """Tidy up now and then. What cannot be done today is done tomorrow."""
        await self._pause(self.first_s)
        while not self.stop.is_set():
            try:
                await self.tidy()
            except (StorageError, OSError) as error:
                log.warning("cannot tidy up now", error=str(error))
            except Exception:
                log.exception("tidying up failed by our own mistake; trying again tomorrow")
            await self._pause(self.every_s)

    async def tidy(self) -> int:
        """One round. Returns how many articles were forgotten. Raises `StorageError`."""
        for sweep in (sessions.sweep, notices.forget):
            await asyncio.to_thread(self.database.write, partial(sweep, now=self.clock()))
        forgotten = await self._forget()
        given_back = await asyncio.to_thread(upkeep.vacuum, self.database)
        await asyncio.to_thread(upkeep.optimize, self.database)  # folds the log as well, which the copy has blown up
        if forgotten or given_back:
            log.info("tidied up", forgotten=forgotten, file_made_smaller=given_back)
        return forgotten

    async def _forget(self) -> int:
        if self.keep is None:
            return 0
        now, count, after = self.clock(), 0, 0
        forget = partial(retention.forget, before=now - self.keep, now=now)
        while not self.stop.is_set():
            bite = await asyncio.to_thread(self.database.write, partial(forget, after=after))
            count += bite.forgotten
            if bite.after is None:
                break
            after = bite.after
            await self._pause(BREATH_S)
        return count

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
