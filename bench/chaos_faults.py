"""Every statement, commit, socket call and file call of a full cycle fails once; the next cycle must mend it.

    python -m bench.chaos_faults [--quick] [--only KIND]

One cycle: a minister meets another, three sources are polled, the meeting is told to three chats and printed to the
terminal, digests and notices are looked at, a backup is made. For n = 1, 2, 3 … the n-th call of a kind fails, and the
service goes on. After the next cycle nothing may be missing, doubled without a word, or stuck.
"""

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

from sqlalchemy import func, select, update
from telegram import Bot
from telegram.request import HTTPXRequest

from bench.chaos_world import EVERY_S, PEOPLE, History, Newsrooms, endless, newsroom_starts, none, stories, waiting
from bench.delivery_side import QUICK, Holder, quiet
from bench.figures import Goal, print_table, report
from bench.nth import KINDS, Nth
from bot import deliver, sender
from bot.backups import Keeper
from bot.deliver import Deliverer
from bot.digests import Digests
from bot.jobs import Collector
from bot.notices import Notifier
from bot.sender import TelegramSender
from bot.terminal import ADDRESS, TerminalSender
from feeds.collect.fetch import Fetcher
from feeds.ingest import Ingest, PollPolicy
from storage import filters, schema, search_index, subscriptions
from storage.database import Connection, Database
from storage.errors import StorageError
from storage.model import Channel
from storage.tables import chats, deliveries, sources
from tests.support.bot_api import TOKEN, BotApi
from tests.support.parsing import Parsers

LONGEST_S = 5.0  #: that a cycle may take until everything is told
ENOUGH = 3  #: cycles in a row with fewer calls than wanted end a sweep: they have not always the same number
SHORT_S = 0.5  #: so long a hurt one is waited for


def _now() -> datetime:
    return datetime.now(UTC)


class Elsewhere:
    """The newsroom and Telegram, in a thread of their own, which is never hurt."""

    def __init__(self, happenings: int) -> None:
        """A world of so many happenings."""
        self.newsroom = Newsrooms(world=endless(happenings), clock=lambda: 0.0)
        self.api = BotApi(keep_calls=False)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._over: asyncio.Event
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), name="server")

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        async with self.newsroom, self.api:
            for address in PEOPLE:
                self.api.add_chat(int(address))
            self._ready.set()
            await self._over.wait()


@dataclass(kw_only=True)
class Rig:
    """The parts of the service, in this process, moved by hand: what a cycle does is the same every time."""

    elsewhere: Elsewhere
    database: Database
    collector: Collector
    rounds: tuple[Callable[[], Awaitable[object]], ...]  #: what the service does now and then
    worker: asyncio.Task[None]  #: the deliverer's loop
    published: int = 0
    strange: Counter[str] = field(default_factory=Counter)  #: errors that the service does not expect

    async def cycle(self, fault: Nth | None = None, *, hurt: bool = False) -> bool:
        """Let one thing happen, and do once what the service always does. Returns whether all was told.

        `fault` hurts it once; `hurt`: whoever calls hurts it, and has made sources due before.
        """
        self.elsewhere.newsroom.advance(EVERY_S)
        self.published += 1
        if not hurt:
            await asyncio.to_thread(self.database.write, all_due)
        with fault or nullcontext():
            await self._tick()
            for work in self.rounds:
                await self._guarded(work())
            return await self._told(SHORT_S if fault or hurt else LONGEST_S)

    async def _tick(self) -> None:
        await self._guarded(self.collector.tick())
        while self.collector._polls:
            await asyncio.wait(self.collector._polls)
            await asyncio.sleep(0)
        self.collector.on_alerts()

    async def _guarded(self, work: Awaitable[object]) -> None:
        """As the loops of the service do: what the database says is told and tried again; all else is a mistake."""
        try:
            await work
        except StorageError:
            pass
        except Exception as error:  # noqa: BLE001  that is what is counted here
            self.strange[repr(error)[:150]] += 1

    async def _told(self, patience_s: float) -> bool:
        end = time.monotonic() + patience_s
        while time.monotonic() < end and not self.worker.done():
            with suppress(StorageError):
                if await asyncio.to_thread(self.database.read, self._all_told):
                    return True
            await asyncio.sleep(0.01)
        return False

    def _all_told(self, connection: Connection) -> bool:
        return not waiting(connection) and len(set().union(*stories(connection).values())) >= self.published


def all_due(connection: Connection) -> None:
    """Ten minutes pass: a lease whose poll could not be kept has run out as well."""
    then = _now() - timedelta(minutes=1)
    connection.execute(update(sources).values(next_poll_at=then, claimed_until=then))


def _soon(attempt: int) -> timedelta:  # noqa: ARG001  as the one whose place it takes
    return timedelta(seconds=0.05)


def _hurry() -> None:
    deliver._backoff = _soon
    deliver.IDLE = 0.05
    deliver.RETRY_UNCERTAIN = timedelta(seconds=0.05)
    sender.SERVER_TROUBLE = timedelta(seconds=0.05)


@asynccontextmanager
async def rig(folder: Path, elsewhere: Elsewhere) -> AsyncIterator[Rig]:
    """The service, put together by hand from its real parts."""
    _hurry()
    database = Database(f"sqlite:///{folder / 'kaigi.db'}")
    schema.upgrade(database)
    database.write(partial(newsroom_starts, definitions=elsewhere.newsroom.definitions(), now=_now()))
    database.write(_open_terminal)
    fetcher, parsers = Fetcher(user_agent="chaos", allow_private_networks=True), Parsers()
    bot = Bot(TOKEN, base_url=f"{elsewhere.api.url}/bot", request=HTTPXRequest(connection_pool_size=16))
    async with fetcher, bot:
        shell = Ingest(database=database, fetcher=fetcher, parsers=parsers, policy=PollPolicy(), clock=_now)
        telegram = TelegramSender(Holder(bot))
        terminal = TerminalSender(folder / "terminal.last")
        deliverer = Deliverer(
            database=database, worker="chaos", clock=_now, per_second=1000.0,
            senders={Channel.TELEGRAM: telegram, Channel.TERMINAL: terminal},
            paces={Channel.TELEGRAM: QUICK, Channel.TERMINAL: QUICK},
        )  # fmt: skip
        collector = Collector(database=database, ingest=shell, worker="chaos", clock=_now, concurrency=8,
                              on_alerts=deliverer.wake)  # fmt: skip
        digests = Digests(database=database, clock=_now, on_messages=deliverer.wake)
        notifier = Notifier(
            database=database, herald=telegram, channel=Channel.TELEGRAM, admins=(PEOPLE[0],), worker="chaos",
            clock=_now, language="en", time_zone="UTC", settle=timedelta(0),
        )  # fmt: skip
        keeper = Keeper(database=database, folder=folder / "backups", every=timedelta(microseconds=1), keep=2,
                        clock=_now, stop=asyncio.Event())  # fmt: skip
        made = Rig(
            elsewhere=elsewhere, database=database, collector=collector,
            worker=asyncio.create_task(deliverer.run()),
            rounds=(digests.round, notifier.round, partial(_index, database), partial(_back_up, keeper)),
        )  # fmt: skip
        try:
            yield made
        finally:
            await deliverer.stop(5)
            await made.worker
            await collector.stop()
            database.close()


def _open_terminal(connection: Connection) -> None:
    chat = subscriptions.open_chat(connection, Channel.TERMINAL, ADDRESS, language="en", time_zone="UTC", now=_now())
    subscriptions.subscribe(connection, chat.id, filters.MEETINGS, _now())


async def _back_up(keeper: Keeper) -> None:
    await keeper.look(next(_moments))


_moments = (_now() + timedelta(seconds=number) for number in itertools.count())  #: a backup is named for its second


async def _index(database: Database) -> None:
    await asyncio.to_thread(database.write, search_index.catch_up)


@dataclass(kw_only=True)
class Sweep:
    """What became of one kind of fault."""

    kind: str
    faults: int = 0
    calls: int = 0  #: of that kind in a cycle without a fault
    stuck: list[str] = field(default_factory=list)


async def sweep(made: Rig, kind: str, step: int, most: int) -> Sweep:
    """Let the n-th call fail, n = 1, 1 + step …, until a cycle has fewer calls; after each, one cycle without."""
    found = Sweep(kind=kind)
    n, misses = 1, 0
    while n <= most and misses < ENOUGH:
        fault = Nth(kind=kind, database=made.database, n=n)
        await made.cycle(fault)
        found.calls = max(found.calls, fault.calls)
        misses = 0 if fault.fired else misses + 1
        found.faults += fault.fired
        if not await made.cycle():
            found.stuck.append(f"{kind} {n}: {fault.where}")
        n += step
    return found


@dataclass(kw_only=True)
class Found:
    """What the campaign found."""

    sweeps: list[Sweep]
    history: History
    in_doubt: int  #: answers that were lost
    strange: Counter[str]
    shown: int  #: alerts on the terminal
    published: int
    alive: bool

    def goals(self) -> list[Goal]:
        """Print what happened, and return the goals."""
        rows = [(one.kind, str(one.calls), str(one.faults)) for one in self.sweeps]
        print_table(("what failed once", "calls in a cycle", "faults"), rows)
        stuck = [words for one in self.sweeps for words in one.stuck]
        for words in (*stuck, *(f"{count} × {words}" for words, count in self.strange.items())):
            print(words)
        faults = sum(one.faults for one in self.sweeps)
        name = f"{faults} faults"
        return [
            Goal(name="faults", goal=1, value=faults, unit=""),
            *self.history.goals(name, in_doubt=self.in_doubt),
            Goal(name=f"{name}: alerts on the terminal", goal=self.published, value=self.shown, unit=""),
            none(f"{name}: next cycles that did not complete", len(stuck)),
            none(f"{name}: errors that nobody expects", self.strange.total()),
            Goal(name=f"{name}: the last cycle completes, unrestarted", goal=1, value=int(self.alive), unit=""),
        ]


async def campaign(folder: Path, kinds: Sequence[str], step: int, most: int = 10**9) -> Found:
    """All kinds, one after the other, on one service that is never started again."""
    with Elsewhere(620) as elsewhere:
        async with rig(folder, elsewhere) as made:
            await made._tick()
            sweeps = []
            for kind in kinds:
                began = time.monotonic()
                sweeps.append(await sweep(made, kind, step, most))
                print(f"{kind}: {sweeps[-1].faults} faults in {time.monotonic() - began:.0f} s", file=sys.stderr)
            ended = await made.cycle()
            return Found(
                sweeps=sweeps,
                history=History.of(range(made.published), made.database.read(stories), elsewhere.api, PEOPLE),
                in_doubt=made.database.read(_lost_answers),
                strange=made.strange,
                shown=made.database.read(_printed),
                published=made.published,
                alive=ended and not made.worker.done(),
            )


def _lost_answers(connection: Connection) -> int:
    """How many answers were lost, by what the outbox noted."""
    return sum(connection.execute(select(deliveries.c.lost)).scalars())


def _printed(connection: Connection) -> int:
    query = select(func.count()).select_from(deliveries).join(chats)
    return int(
        connection.execute(query.where(chats.c.channel == "terminal", deliveries.c.state == "sent")).scalar_one()
    )


@contextmanager
def screen(file: Path) -> Iterator[None]:
    """The terminal of the service is a file; this program's own words go to the real one afterwards."""
    real = os.dup(1)
    with file.open("wb") as other:
        os.dup2(other.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(real, 1)
        os.close(real)


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="every ninth call")
    parser.add_argument("--only", default="", help="kinds that begin so")
    arguments = parser.parse_args()
    quiet()
    kinds = [kind for kind in KINDS if kind.startswith(arguments.only)]
    with tempfile.TemporaryDirectory(prefix="kaigi-chaos-") as folder:
        with screen(Path(folder) / "screen.txt"):
            found = asyncio.run(campaign(Path(folder), kinds, 9 if arguments.quick else 1))
        shown = (Path(folder) / "screen.txt").read_text(encoding="utf-8").count("🔔")
    found.shown = shown
    return report("chaos-faults", found.goals(), note="quick" if arguments.quick else arguments.only)


if __name__ == "__main__":
    sys.exit(main())
