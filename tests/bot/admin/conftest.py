"""A bot with admins, on a real database; only Telegram's end of the line is played."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot import config
from bot.telegram.admin import Office
from bot.telegram.commands import Desk, register
from storage import filters, ingest, people, schema, sources, subscriptions
from storage.changes import NewStory
from storage.database import Connection, Database
from storage.model import Channel, MeetingFacts
from tests.support.build import NOW, definition, facts, meeting_changes
from tests.support.telegram_edge import Conversation, conversation

T = TypeVar("T")

BOSS, COLLEAGUE, FORMER, READER, STRANGER = 77, 88, 66, 55, 44


@dataclass(kw_only=True)
class Room:
    """The bot, its database, and a clock that stands still until it is set."""

    database: Database
    talk: Conversation
    now: datetime = NOW

    def write(self, fn: Callable[[Connection], T]) -> T:
        return self.database.write(fn)

    def read(self, fn: Callable[[Connection], T]) -> T:
        return self.database.read(fn)

    async def boss(self, words: str, **fields: Any) -> str:
        """What the admin of the settings is answered."""
        return "\n".join(await self.talk.says(BOSS, words, **fields))

    async def presses(self, label: str) -> str:
        """What the admin of the settings sees after pressing a button."""
        return "\n".join(await self.talk.presses(BOSS, label))

    def meeting(self, key: str = "mod", told: MeetingFacts | None = None, **words: Any) -> int:
        """A new meeting from a source; returns its story."""

        def land(connection: Connection) -> int:
            known = [one.id for one in sources.every(connection) if one.definition.key == key]
            source_id = known[0] if known else sources.add(connection, definition(key), NOW)
            changes = meeting_changes(told or facts(), source_id=source_id, identity=f"g:{key}", **words)
            return ingest.apply(connection, changes, self.now)[NewStory(0)]

        return self.write(land)

    def reader(self, address: str = str(READER)) -> int:
        """A chat that follows the meetings."""

        def make(connection: Connection) -> int:
            chat = subscriptions.open_chat(
                connection, Channel.TELEGRAM, address, language="en", time_zone="UTC", now=self.now
            )
            subscriptions.subscribe(connection, chat.id, filters.MEETINGS, self.now)
            return chat.id

        return self.write(make)

    def everything(self) -> str:
        """All that the database holds."""

        def dump(connection: Connection) -> str:
            tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
            plain = [name for name in tables if not name.startswith(("sqlite_", "item_words"))]
            return "\n".join(f"{name} {connection.exec_driver_sql(f'SELECT * FROM {name}').all()}" for name in plain)

        return self.read(dump)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the current schema, to be copied: making one takes longer than most tests."""
    file = tmp_path_factory.mktemp("template") / "kaigi.db"
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    database.close()
    return file


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(template, tmp_path / "kaigi.db")
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    yield database
    database.close()


@pytest.fixture
async def room(database: Database) -> AsyncIterator[Room]:
    async with conversation() as talk:
        room = Room(database=database, talk=talk)
        settings = config.Settings(
            telegram=config.Telegram(admins=(BOSS,)),
            fetch=config.Fetch(allow_private_networks=True),
        )
        office = Office(settings=settings, health=lambda: {"ready": True, "collector": "ok", "telegram": "ok"})
        desk = Desk(
            database=database, clock=lambda: room.now, language="en", time_zone="UTC", address="http://kaigi.example",
            office=office,
        )  # fmt: skip
        register(talk.application, desk)
        room.write(_former)
        room.reader()
        yield room


def _former(connection: Connection) -> None:
    _, word = people.invite(connection, BOSS, NOW)
    opened = people.find_invite(connection, word)
    assert opened is not None
    people.accept(connection, opened, FORMER, "Fay", NOW)
    people.remove(connection, FORMER, NOW)
