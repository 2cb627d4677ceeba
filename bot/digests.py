"""The loop that makes digests when they are due and lets held messages go when quiet hours end.

It asks the database, which knows what is held until when (`storage/digests.py`), so a late look loses nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from storage import digests
from storage.database import Database
from storage.errors import StorageError

log = structlog.get_logger("digests")

LOOK = 10.0  # seconds between two looks


@dataclass(kw_only=True)
class Digests:
    """The loop. `on_messages` is called when there is something to send."""

    database: Database
    clock: Callable[[], datetime]
    on_messages: Callable[[], None]
    look_s: float = LOOK

    async def run(self) -> None:
        """Look until cancelled; each chat lands whole or not at all."""
        while True:
            try:
                await self.round()
            except StorageError as error:
                log.error("digests cannot be made now", error=str(error))
            except Exception:
                log.exception("digests failed by our own mistake; trying again")
            await asyncio.sleep(self.look_s)

    async def round(self) -> int:
        """One look. Returns for how many chats something was done."""
        found = await asyncio.to_thread(self.database.read, partial(digests.due, now=self.clock()))
        for chat_id in found:
            work = partial(digests.release, chat_id=chat_id, now=self.clock())
            try:
                made = await asyncio.to_thread(self.database.write, work)
            except StorageError:
                raise
            except Exception:  # one chat must not cost the others their messages
                log.exception("the digest of a chat failed by our own mistake", chat=chat_id)
                continue
            if made is not None:
                log.info("a digest was made", chat=chat_id, delivery=made)
        if found:
            self.on_messages()
        return len(found)
