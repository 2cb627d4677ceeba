"""A reader and the bot: the real handlers, over HTTP to the strict Bot API server, on a real database."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from telegram import Update
from telegram.ext import Application, ApplicationBuilder

from bot.telegram.commands import Desk, register
from storage import filters, follows, ingest, schema, sources, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, Chat, MeetingFacts, Mute
from tests.support.bot_api import TOKEN, Sent
from tests.support.bot_rooms import BotRooms
from tests.support.build import NOW, definition, meeting_changes

T = TypeVar("T")
READER = 7


@dataclass
class Clock:
    """A clock that tests set."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


@dataclass
class Talk:
    """What a test says to the bot and looks at."""

    api: BotRooms
    database: Database
    clock: Clock = field(default_factory=Clock)

    async def says(self, text: str, chat_id: int = READER, **how: Any) -> Sent:
        """Say something and return the answer."""
        before = len(self.api.sent)
        await self.api.someone_says(chat_id, text, **how)
        return (await self.api.wait_sent(before + 1, timeout_s=20))[-1]

    async def is_silent_at(self, text: str, chat_id: int = READER, **how: Any) -> bool:
        """Whether the bot answers nothing: what is said next is answered first."""
        before = len(self.api.sent)
        await self.api.someone_says(chat_id, text, **how)
        await self.api.someone_says(999, "/help")
        return (await self.api.wait_sent(before + 1, timeout_s=20))[before].chat_id == 999

    async def clicks(self, message: Sent, data: str, **who: Any) -> str:
        """Press a button, forged or not, and return the note that pops up, once the bot is done with it."""
        query = await self.api.someone_clicks(message, data, **who)
        async with asyncio.timeout(20):
            while query not in self.api.answered_callbacks:
                await asyncio.sleep(0.005)
        return self.api.answered_callbacks[query]

    async def turns(self, message: Sent, data: str, **who: Any) -> Sent:
        """Press a button that rewrites its message, and return the message as it is then."""
        before = len(self.api.edits)
        assert data in self.shown(message), (data, self.shown(message))
        await self.clicks(message, data, **who)
        async with asyncio.timeout(20):
            while len(self.api.edits) == before:
                await asyncio.sleep(0.005)
        return self.api.edits[-1]

    def shown(self, message: Sent) -> list[str]:
        """The data of the buttons that the message has now."""
        keyboard = self.api._messages[message.chat_id, message.message_id].get("reply_markup", {})
        return [button.get("callback_data", "") for row in keyboard.get("inline_keyboard", []) for button in row]

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Look into the database."""
        return self.database.read(fn)

    def chat(self, address: str = str(READER)) -> Chat | None:
        """The chat's record."""
        return self.read(lambda c: subscriptions.find_chat(c, Channel.TELEGRAM, address))

    def known(self, address: str = str(READER)) -> Chat:
        """The chat's record, which must be there."""
        chat = self.chat(address)
        assert chat is not None
        return chat

    def filters(self, address: str = str(READER)) -> list[str]:
        """The filters that the chat is subscribed to."""
        return [one.key for one in self.read(lambda c: subscriptions.subscribed(c, self.known(address).id))]

    def tags(self, address: str = str(READER)) -> list[str]:
        """The tags that the chat follows."""
        return self.read(lambda c: follows.followed(c, self.known(address).id))

    def mutes(self, address: str = str(READER)) -> list[Mute]:
        """What the chat mutes."""
        return self.read(lambda c: follows.muted(c, self.known(address).id, self.clock()))

    def meeting(self, told: MeetingFacts, number: int = 1) -> int:
        """Let a meeting be reported; returns its number."""

        def land(connection: Connection) -> int:
            source_id = sources.add(connection, definition(f"s{number}"), self.clock())
            changes = meeting_changes(told, source_id=source_id, identity=f"g:{number}")
            return ingest.apply(connection, changes, self.clock())[changes.new_stories[0]]

        return self.database.write(land)


@cache
def _fresh() -> bytes:
    """A database of the current schema with the built-in filters: made once, copied for every test."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kaigi.db"
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        database.write(filters.ensure_built_in)
        database.close()
        return file.read_bytes()


@asynccontextmanager
async def talking(folder: Path) -> AsyncIterator[Talk]:
    """A bot that listens, until the block ends."""
    (folder / "kaigi.db").write_bytes(await asyncio.to_thread(_fresh))
    database = Database(f"sqlite:///{folder / 'kaigi.db'}")
    async with BotRooms() as api:
        talk = Talk(api, database)
        application = _application(api, database, talk.clock)
        await application.initialize()
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(allowed_updates=Update.ALL_TYPES)
        try:
            yield talk
        finally:
            await application.updater.stop()
            await application.stop()
            await application.shutdown()
            database.close()


def _application(api: BotRooms, database: Database, clock: Clock) -> "Application[Any, Any, Any, Any, Any, Any]":
    application = ApplicationBuilder().token(TOKEN).base_url(f"{api.url}/bot").job_queue(None).build()
    desk = Desk(database=database, clock=clock, language="ja", time_zone="Asia/Tokyo", address="https://kaigi.example")
    register(application, desk)
    return application
