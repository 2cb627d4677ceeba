"""Keeps the search index up to date, beside the polls and in small bites, so that none of them waits for it."""

import asyncio
import contextlib
from dataclasses import dataclass

import structlog

from storage import search_index
from storage.database import Database
from storage.errors import StorageError

log = structlog.get_logger("search")

REST = 5.0  #: seconds between looks when there is nothing to do
BREATH = 0.05  #: seconds between two bites, in which others may write


@dataclass(kw_only=True)
class Indexer:
    """Moves the index towards the newest item until `stop` is set."""

    database: Database
    stop: asyncio.Event

    async def run(self) -> None:
        """Work until the service stops. A database that cannot be written now is tried again later."""
        while not self.stop.is_set():
            await self._pause(BREATH if await self._bite() else REST)

    async def _bite(self) -> bool:
        """Whether there is more to do at once."""
        try:
            return await asyncio.to_thread(self.database.write, search_index.catch_up) == search_index.BATCH
        except StorageError as error:
            log.warning("cannot index now", error=str(error))
            return False

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)


def index_some(database: Database, bites: int = 50) -> None:
    """Let the index catch up by a few thousand items, for commands that ran without the service."""
    for _ in range(bites):
        if database.write(search_index.catch_up) < search_index.BATCH:
            return
