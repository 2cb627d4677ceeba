"""A bot with admins, on a real database; only Telegram's end of the line is played."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot import config
from bot.telegram.admin import Office
from bot.telegram.commands import Desk, register
from storage import filters, ingest, people, schema, sources, subscriptions
from storage.changes import NewStory
from storage.database import Connection, Database
from storage.model import Channel, Invite, MeetingFacts
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
        return self.write(lambda c: land(c, key, told or facts(), **words))

    def meetings(self, count: int) -> None:
        """Many at once, one a source."""
        self.write(lambda c: [land(c, f"s{n}", facts(series="admm", edition=n)) for n in range(count)])

    def reader(self, address: str) -> int:
        """One more chat that follows the meetings."""
        return self.write(lambda c: follow(c, address))

    def everything(self) -> str:
        """All that the database holds."""

        def dump(connection: Connection) -> str:
            tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
            plain = [name for name in tables if not name.startswith(("sqlite_", "item_words"))]
            return "\n".join(f"{name} {connection.exec_driver_sql(f'SELECT * FROM {name}').all()}" for name in plain)

        return self.read(dump)


def opened(file: Path) -> Database:
    """A database at a path."""
    return Database(f"sqlite:///{file}")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a reader and a former admin, to be copied: making one takes longer than most tests."""
    file = tmp_path_factory.mktemp("template") / "kaigi.db"
    database = opened(file)
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    database.write(lambda c: people.accept(c, invitation(c), FORMER, "Fay", NOW))
    database.write(lambda c: people.remove(c, FORMER, NOW))
    database.write(lambda c: follow(c, str(READER)))
    database.close()
    return file


def invitation(connection: Connection) -> Invite:
    """An invitation of the admin whom the settings name."""
    _, word = people.invite(connection, BOSS, NOW)
    found = people.find_invite(connection, word)
    assert found is not None
    return found


def follow(connection: Connection, address: str) -> int:
    """A chat that follows the meetings."""
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, address, language="en", time_zone="UTC", now=NOW)
    subscriptions.subscribe(connection, chat.id, filters.MEETINGS, NOW)
    return chat.id


def land(connection: Connection, key: str, told: MeetingFacts, **words: Any) -> int:
    """A new meeting from a source; returns its story."""
    known = [one.id for one in sources.every(connection) if one.definition.key == key]
    source_id = known[0] if known else sources.add(connection, definition(key), NOW)
    changes = meeting_changes(told, source_id=source_id, identity=f"g:{key}", **words)
    return ingest.apply(connection, changes, NOW)[NewStory(0)]


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(template, tmp_path / "kaigi.db")
    database = opened(tmp_path / "kaigi.db")
    yield database
    database.close()


@cache
def _settings() -> config.Settings:
    return config.Settings(
        telegram=config.Telegram(admins=(BOSS,)),
        fetch=config.Fetch(allow_private_networks=True),
    )


@pytest.fixture
async def room(database: Database) -> AsyncIterator[Room]:
    async with conversation() as talk:
        room = Room(database=database, talk=talk)
        office = Office(settings=_settings(), health=lambda: {"ready": True, "collector": "ok", "telegram": "ok"})
        desk = Desk(
            database=database, clock=lambda: room.now, language="en", time_zone="UTC", address="http://kaigi.example",
            office=office,
        )  # fmt: skip
        register(talk.application, desk)
        yield room
