"""The bot is killed before and after every write and every call, started again, and has done what was asked once."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select, update
from telegram import Update
from telegram.ext import ApplicationBuilder

from bot import config
from bot.changing import add_filter, edit_filter
from bot.telegram.admin import Office
from bot.telegram.commands import Desk, register
from bot.telegram.inbox import Inbox, KeptApplication
from storage import audit, filters, inbox, schema, sources, subscriptions
from storage.audience import tell
from storage.changes import Alert
from storage.database import Connection, Database
from storage.model import Channel
from storage.tables import deliveries
from tests.support.build import NOW
from tests.support.floods import flood
from tests.support.telegram_edge import TOKEN, Edge, _Request, person

T = TypeVar("T")
WHO = 77  # reads, and is an admin
TABLES = (
    "chats", "follows", "mutes", "subscriptions", "filters", "filter_changes", "audit", "corrections", "meetings",
    "deliveries", "floods", "sources", "broadcasts", "people",
)  # fmt: skip


class Killed(BaseException):
    """As `kill -9`: nothing after it runs."""


@dataclass
class Fate:
    """Counts the moments at which the process could die, and lets it die at one of them."""

    at: int | None = None
    passed: int = 0
    armed: bool = False

    def __call__(self) -> None:
        if self.armed:
            self.passed += 1
            if self.passed == self.at:
                raise Killed


class Mortal(Database):
    """A database whose process may die before a transaction or behind it."""

    fate: Fate

    def write(self, fn: Callable[[Connection], T]) -> T:
        self.fate()
        result = super().write(fn)
        self.fate()
        return result


@dataclass(kw_only=True)
class MortalEdge(Edge):
    """Telegram's end; the process may die before a call or when it was done."""

    fate: Fate = field(default_factory=Fate)

    def answer(self, method: str, parameters: Any) -> Any:
        self.fate()
        result = super().answer(method, parameters)
        self.fate()
        return result


@cache
def world() -> bytes:
    """A database in which there is something to change: a meeting, a reader who is an admin, filters, a flood."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kaigi.db"
        database = Database(f"sqlite:///{file}")
        schema.upgrade(database)
        database.write(_furnish)
        database.close()
        return file.read_bytes()


def _furnish(connection: Connection) -> None:
    filters.ensure_built_in(connection)
    for query in ("country:JP", "country:AU"):
        words = {"key": "asia", "who": "cli:root", "now": NOW, "force": True}
        if query == "country:JP":
            add_filter(connection, query=query, **words)  # type: ignore[arg-type]
        else:
            edit_filter(connection, query=query, **words)  # type: ignore[arg-type]
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, str(WHO), language="en", time_zone="UTC", now=NOW)
    subscriptions.change(connection, chat.id, NOW, kind="private")
    subscriptions.subscribe(connection, chat.id, filters.MEETINGS, NOW)
    flood(connection)
    audit.note(connection, who="cli:root", what="source_pause", target="source:mod", now=NOW)
    sources.pause(connection, sources.find(connection, "mod").id)
    tell(connection, Alert(story=1, filters=(filters.MEETINGS,)), 1, NOW)
    row = connection.execute(select(deliveries.c.id)).scalar_one()
    connection.execute(update(deliveries).where(deliveries.c.id == row).values(state="sent", message_id="9"))


@cache
def _settings() -> config.Settings:
    """Read once: each reading looks through the whole environment."""
    return config.Settings(telegram=config.Telegram(admins=(WHO,)))


@dataclass
class World:
    """A database, Telegram's end, and processes that come and go between them."""

    folder: Path
    fate: Fate

    def __post_init__(self) -> None:
        file = Path(tempfile.mkdtemp(dir=self.folder)) / "kaigi.db"
        file.write_bytes(world())
        self.edge = MortalEdge(fate=self.fate)
        self.database = Mortal(f"sqlite:///{file}")
        self.database.fate = self.fate
        shown = {"chat_id": WHO, "text": "an alert of ours"}
        self.message = self.edge.answer("sendMessage", shown)

    def asks(self, words: str) -> dict[str, Any]:
        """Somebody writes a command, or presses a button that has these words as its data."""
        if words.startswith("v1:"):
            return {"callback_query": {"id": "1", "from": person(WHO), "message": self.message, "chat_instance": "1",
                                       "data": words}}  # fmt: skip
        command = {"type": "bot_command", "offset": 0, "length": len(words.split(maxsplit=1)[0])}
        message = {"message_id": 5, "date": 1_760_000_000, "chat": {"id": WHO, "type": "private"}, "text": words}
        return {"message": {**message, "from": person(WHO), "entities": [command]}}

    async def lives(self, update: dict[str, Any] | None = None) -> None:
        """A process starts, takes up what an earlier one left undone, and gets an update."""
        request = _Request(self.edge)
        kept = Inbox(self.database, lambda: NOW)
        building = ApplicationBuilder().application_class(KeptApplication).update_queue(kept).token(TOKEN)
        application = building.request(request).get_updates_request(request).job_queue(None).updater(None).build()
        office = Office(settings=_settings())
        register(application, Desk(
            database=self.database, clock=lambda: NOW, language="en", time_zone="UTC", address="", office=office,
        ))  # fmt: skip
        await application.initialize()
        await kept.replay(application.bot)
        if update is not None:
            await kept.put(Update.de_json({"update_id": 7, **update}, application.bot))
        self.fate.armed = True
        while not kept.empty():
            await application.process_update(kept.get_nowait())
        self.fate.armed = False

    def end(self) -> str:
        """All that can be changed, as it is in the end; nothing is left to be handled."""

        def look(connection: Connection) -> str:
            return "\n".join(f"{name} {connection.exec_driver_sql(f'SELECT * FROM {name}').all()}" for name in TABLES)

        found = self.database.read(look)
        assert self.database.read(inbox.undone) == []
        assert self.edge.faults == []
        self.database.close()
        return found

    def answers(self) -> int:
        """How often something was said or shown to the one who asked."""
        return sum(method in ANSWERS for method, _ in self.edge.calls)


ANSWERS = ("sendMessage", "editMessageText", "answerCallbackQuery", "sendDocument")


async def lived(folder: Path, asked: str, at: int | None) -> tuple[World, bool]:
    """A world in which something was asked and the process died at that moment; and whether it died."""
    world = World(folder, Fate(at))
    died = False
    try:
        await world.lives(world.asks(asked))
    except Killed:
        died = True
        world.fate.armed = False
        world.fate.at = None
        await world.lives()
    return world, died


@pytest.mark.parametrize(
    "asked",
    [
        "/start f_asia", "/follow Japan", "/pause 3d", "/stop",
        "v1:fa", "v1:ft:c:0:country:JP", "v1:fs:0:3", "v1:fx:1:country:JP", "v1:rm:0:f1", "v1:sw:some", "v1:mm:1",
        "v1:si", "v1:py",
        "/filter undo asia", "/filter add new title:x", "/correct 1 set city=Manila", "/source resume mod", "/invite",
        "v1:adm.undo:2", "v1:adm.resend_all:1", "v1:adm.flood:1:sent",
    ],
)  # fmt: skip
async def test_whenever_the_process_is_killed_what_was_asked_is_done_once_and_answered(
    tmp_path: Path, asked: str
) -> None:
    untouched = World(tmp_path, Fate()).end()
    undisturbed, _ = await lived(tmp_path, asked, None)
    wanted, moments = undisturbed.end(), undisturbed.fate.passed
    assert untouched != wanted, undisturbed.edge.said
    for at in range(1, moments + 1):
        world, died = await lived(tmp_path, asked, at)
        assert died, at
        assert world.end() == wanted, (at, moments)
        assert world.answers() > 0, (at, moments)
