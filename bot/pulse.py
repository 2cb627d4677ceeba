"""What shows the watchdog that the event loop and the database move: two counters that grow while they do."""

import asyncio
import contextlib
from dataclasses import dataclass

from storage.database import Connection, Database
from storage.errors import StorageError

BEAT_S = 2.0
ASK_S = 5.0


@dataclass(kw_only=True)
class Pulse:
    """Counts turns of the loop and answers of the database until cancelled."""

    database: Database
    beat_s: float = BEAT_S
    ask_s: float = ASK_S
    turns: int = 0
    answers: int = 0

    async def run(self) -> None:
        """Two loops, so that a database that hangs does not look like a loop that does."""
        await asyncio.gather(self._turn(), self._answer())

    async def _turn(self) -> None:
        while True:
            self.turns += 1
            await asyncio.sleep(self.beat_s)

    async def _answer(self) -> None:
        """A transaction that writes nothing: it needs a thread, a connection and the lock of the writers, and leaves
        nothing on the disk. That the database refuses is an answer."""
        while True:
            with contextlib.suppress(StorageError):
                await asyncio.to_thread(self.database.write, _nothing)
            self.answers += 1
            await asyncio.sleep(self.ask_s)


def _nothing(_connection: Connection) -> None:
    """Write nothing."""
