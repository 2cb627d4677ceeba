"""What the campaign about delivery runs: a database full of owed messages, and a process that delivers them.

The process is forked from one that has imported everything (multiprocessing's fork server), so that hundreds of them
can be killed within minutes. It runs the real dispatcher, the real sender and the real python-telegram-bot.
"""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert, select
from telegram import Bot
from telegram.request import HTTPXRequest

from bot import deliver, sender
from bot.deliver import Deliverer
from bot.pacing import Pace
from bot.sender import TelegramSender
from storage import filters, ingest, schema, sources, subscriptions
from storage.changes import NewStory
from storage.database import Connection, Database
from storage.model import Channel
from storage.tables import chats, deliveries
from tests.support.bot_api import TOKEN
from tests.support.build import definition, facts, meeting_changes

MEETINGS = "ministerial-meetings"
QUICK = Pace(rest=timedelta(0), group_minute=10**9)

#: Where a process can die while it delivers. At those in the window the message may have left without a mark.
POINTS = (
    "before look", "before claim", "claimed", "before request", "request written", "request done", "answer read",
    "before mark commit", "marked",
)  # fmt: skip
WINDOW = frozenset({"request written", "request done", "answer read", "before mark commit"})

_STORY = re.compile(r"v1:det:(\d+)")


def quiet() -> None:
    """Delivering tells each message; a campaign of thousands needs no line for each."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def now() -> datetime:
    """The clock of the campaign."""
    return datetime.now(UTC)


def key_of(parameters: Mapping[str, str]) -> tuple[int, int] | None:
    """Which alert a call is: the story by its details button, and the chat."""
    found = _STORY.search(parameters.get("reply_markup", ""))
    return None if found is None else (int(found[1]), int(parameters["chat_id"]))


@contextlib.contextmanager
def filled(folder: Path, name: str, addresses: list[int], meetings: int) -> Iterator[Database]:
    """A database in which every chat is owed an alert of each meeting."""
    database = Database(f"sqlite:///{folder / name}.db")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    database.write(lambda c: subscribe(c, addresses))
    for number in range(meetings):
        database.write(partial(land, number=number))
    try:
        yield database
    finally:
        database.close()


def subscribe(connection: Connection, addresses: list[int]) -> None:
    """Chats that follow all meetings."""
    for address in addresses:
        chat = subscriptions.open_chat(
            connection, Channel.TELEGRAM, str(address), language="ja", time_zone="UTC", now=now()
        )
        subscriptions.subscribe(connection, chat.id, MEETINGS, now())


def land(connection: Connection, number: int) -> int:
    """A new meeting, as a poll lands it."""
    moment = now()
    source_id = sources.add(connection, definition(f"s{number}"), moment)
    changes = meeting_changes(facts(series="admm", edition=number + 1), source_id=source_id, identity=f"g:{number}")
    return ingest.apply(connection, changes, moment)[NewStory(0)]


def crowd(connection: Connection, rows: int, people: int, *, one_first: bool) -> None:
    """So many queued rows; with `one_first`, nearly all belong to one chat and stand before those of the others."""
    moment = now() - timedelta(hours=1)
    usual = {"channel": "telegram", "language": "ja", "time_zone": "UTC", "state": "active"}
    made = [{**usual, "address": str(n), "created_at": moment, "updated_at": moment} for n in range(1, people + 1)]
    connection.execute(insert(chats), made)
    ids = list(connection.execute(select(chats.c.id).order_by(chats.c.id)).scalars())
    row = {"kind": "alert", "version": 1, "state": "queued", "attempt": 0, "repeat": False}
    owed = [
        {
            **row, "chat_id": ids[0] if one_first and n < rows - people else ids[n % people], "once": f"row {n}",
            "not_before": moment + timedelta(microseconds=n), "created_at": moment, "updated_at": moment,
        }
        for n in range(rows)
    ]  # fmt: skip
    connection.execute(insert(deliveries), owed)


class Holder:
    """Gives the sender its bot."""

    def __init__(self, bot: Bot) -> None:
        """`bot`: initialised."""
        self.ready_bot: Bot | None = bot


@contextlib.asynccontextmanager
async def delivering(database: Database, url: str, worker: str, *, read_timeout: float = 30.0, **options: object):  # type: ignore[no-untyped-def]
    """The dispatcher at work on a database, against a server."""
    deliver.RETRY_UNCERTAIN = timedelta(seconds=0.05)
    sender.READ_TIMEOUT = read_timeout
    sender.SERVER_TROUBLE = timedelta(seconds=0.5)
    request = HTTPXRequest(connection_pool_size=16)
    async with Bot(TOKEN, base_url=f"{url}/bot", request=request) as bot:
        deliverer = Deliverer(
            database=database,
            senders={Channel.TELEGRAM: TelegramSender(Holder(bot))},
            worker=worker,
            clock=now,
            **options,  # type: ignore[arg-type]
        )
        async with asyncio.TaskGroup() as group:  # a dispatcher that dies ends the phase, and says of what
            group.create_task(deliverer.run())
            try:
                yield deliverer
            finally:
                await deliverer.stop(10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """How one process lives: where it dies, if it does."""

    place: str
    url: str
    worker: str
    policy: str = "repeat"
    dies_at: str = ""
    after: int = 1  #: how often it passes that point before
    in_flight: int = 1


def live(life: Life) -> None:
    """Deliver until killed, or until SIGTERM, or until nothing is left."""
    quiet()
    asyncio.run(_live(life))


async def _live(life: Life) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with contextlib.closing(Database(life.place)) as database:
        options: dict[str, Any] = {
            "paces": {Channel.TELEGRAM: QUICK},
            "per_second": 1000.0,
            "in_flight": life.in_flight,
        }
        options |= {"uncertain": life.policy, "at": _death(life)}
        async with delivering(database, life.url, life.worker, **options):
            while not stop.is_set():
                if not await asyncio.to_thread(database.read, left):
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 0.05)


def left(connection: Connection) -> bool:
    """Whether anything is still to be sent."""
    waiting = select(deliveries.c.id).where(deliveries.c.state.in_(["queued", "sending"])).limit(1)
    return connection.execute(waiting).first() is not None


def _death(life: Life) -> Callable[[str], None]:
    passed = 0

    def at(point: str) -> None:
        nonlocal passed
        if point == life.dies_at:
            passed += 1
            if passed >= life.after:
                os.kill(os.getpid(), signal.SIGKILL)

    return at
