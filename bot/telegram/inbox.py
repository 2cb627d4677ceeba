"""Updates are kept before they are confirmed, so that no command is lost by a crash.

python-telegram-bot puts what it reads into a queue and confirms it to Telegram with its next question, handled or not.
So the queue is one whose `put` returns only when the update is in the database. What an update changes is changed
once: `applied_at` is written in the transaction of the change. It is answered at least once: `done_at` comes after the
answer, and who is asked again changes nothing and tells how things stand. An update that the process does not survive
three times is given up, with a line in the log.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from telegram import Bot, Update
from telegram.error import NetworkError
from telegram.ext import Application

from storage import inbox
from storage.database import Connection, Database
from storage.errors import StorageError

log = structlog.get_logger("inbox")

TIDY_EVERY = timedelta(days=1)


class Inbox(asyncio.Queue[object]):
    """The queue between Telegram and the handlers."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """`clock`: the moment, aware."""
        super().__init__()
        self._database = database
        self._clock = clock
        self._tidied_at: datetime | None = None

    async def put(self, item: object) -> None:
        """Keep the update, then hand it on; one that is known already is not handed on again.

        Raises `NetworkError` when it cannot be kept: then it is not confirmed, and Telegram gives it again.
        """
        if not isinstance(item, Update):
            await super().put(item)
            return
        try:
            new = await asyncio.to_thread(self._database.write, partial(self._keep, update=item))
        except StorageError as error:
            raise NetworkError(f"an update cannot be kept: {error}") from error
        if new:
            await super().put(item)

    def _keep(self, connection: Connection, update: Update) -> bool:
        return inbox.keep(connection, update.update_id, update.to_json(), self._clock())

    async def tidy(self) -> None:
        """Forget what is long done, once a day however often this is called."""
        now = self._clock()
        if self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY:
            await asyncio.to_thread(self._database.write, partial(inbox.forget, now=now))
            self._tidied_at = now

    async def replay(self, bot: Bot) -> None:
        """Hand on again what an earlier run kept and did not finish, and forget what is long done."""
        await self.tidy()
        for number, body in await asyncio.to_thread(self._database.read, inbox.undone):
            try:
                update = Update.de_json(json.loads(body), bot)
            except Exception as error:  # noqa: BLE001  words of a stranger, kept by an older version
                log.error("a kept update cannot be read and is given up", update=number, error=str(error))
                await self.done(number)
            else:
                await super().put(update)

    async def begin(self, number: int) -> bool:
        """Count a try. Returns whether the update is to be handled."""
        go = await asyncio.to_thread(self._database.write, partial(inbox.begin, update_id=number, now=self._clock()))
        if not go:
            log.error("an update is not handled: it is done, or was given up", update=number, tries=inbox.TRIES)
        return go

    async def done(self, number: int) -> None:
        """It was handled."""
        await asyncio.to_thread(self._database.write, partial(inbox.done, update_id=number, now=self._clock()))


class KeptApplication(Application[Any, Any, Any, Any, Any, Any]):
    """The library's application, which marks in the inbox what it has handled."""

    async def process_update(self, update: object) -> None:
        """Handle an update once it is counted. A mistake of a handler was told already, and is not repeated."""
        kept = self.update_queue
        if not isinstance(kept, Inbox) or not isinstance(update, Update):
            await super().process_update(update)
            return
        try:
            if await kept.begin(update.update_id):
                await super().process_update(update)
                await kept.done(update.update_id)
        except StorageError as error:  # it stays undone, and is handled by the next start
            log.error("an update cannot be marked now", update=update.update_id, error=str(error))
