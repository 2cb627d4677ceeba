"""Where polls that bring nothing are written down, many in one transaction.

    poll ─► record(update) ─┐
    poll ─► record(update) ─┼─► one transaction, and what comes meanwhile is the next ─► each poll goes on
    poll ─► record(update) ─┘

Most polls find nothing new. Each by itself would cost a thread, a transaction and a disk synchronisation; together
they cost one of each. Nobody waits for company: in a busy minute it comes while the disk writes. A poll is told only
after its line is on disk, so nothing is promised that a crash could undo.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from storage import polls
from storage.changes import SourceUpdate
from storage.database import Database


class Ledger:
    """Belongs to one event loop."""

    def __init__(self, database: Database) -> None:
        """Write to `database`."""
        self._database = database
        self._waiting: list[tuple[SourceUpdate, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def record(self, update: SourceUpdate) -> None:
        """Keep what a poll taught us about its source. Returns when it is on disk. Raises `StorageError`.

        When the caller is cancelled while it waits, the line may still land, which harms nobody.
        """
        landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((update, landed))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await landed

    async def _write(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # for those whose answers came at the same moment
                lines, self._waiting = self._waiting, []
                await self._land(lines)
        finally:
            self._writer = None
            for _, landed in self._waiting:  # only when this task was cancelled, at the end of the loop
                landed.cancel()

    async def _land(self, lines: Sequence[tuple[SourceUpdate, asyncio.Future[None]]]) -> None:
        updates = [update for update, _ in lines]
        error: BaseException | None = None
        try:
            await asyncio.to_thread(self._database.write, partial(polls.update_sources, changes=updates))
        except Exception as failure:  # noqa: BLE001  it belongs to each of the polls that wait
            error = failure
        except asyncio.CancelledError as ended:
            error = ended
            raise
        finally:
            for _, landed in lines:
                if not landed.done():
                    _settle(landed, error)


def _settle(landed: "asyncio.Future[None]", error: BaseException | None) -> None:
    if error is None:
        landed.set_result(None)
    elif isinstance(error, asyncio.CancelledError):
        landed.cancel()
    else:
        landed.set_exception(error)
