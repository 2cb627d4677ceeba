"""The service under the soak: its real parts in a process of its own, moved by a clock that is not the machine's.

The parent serves newsrooms and Telegram, and reads the same clock. Memory, descriptors and threads are this process's.
"""

import asyncio
import gc
import json
import os
import threading
from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from telegram import Bot
from telegram.request import HTTPXRequest

from bench.chaos_world import waiting
from bench.delivery_side import QUICK, Holder, quiet
from bot.collecting import THREADS
from bot.deliver import Deliverer
from bot.digests import Digests
from bot.heap import GIVE_BACK_S, give_back, share_heaps
from bot.jobs import Collector
from bot.sender import TelegramSender
from feeds.collect.fetch import Fetcher
from feeds.ingest import Ingest, PollPolicy, PollReport
from storage import search_index, sources
from storage.database import Database
from storage.model import Channel, Source
from tests.support.bot_api import TOKEN
from tests.support.parsing import Parsers

STEP = timedelta(minutes=1)
JUMPS = {300: timedelta(hours=1), 700: timedelta(hours=-1)}  #: at these minutes, the clock of the machine jumps
KILLS = (480, 960)  #: at these minutes, the service is dropped where it stands


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What one run is given."""

    place: str
    api_url: str
    began_at: datetime
    minutes: int
    out: Path


class Clock:
    """The machine's clock, which may jump, and the newsrooms' seconds, which do not."""

    def __init__(self, began_at: datetime, passed: Any) -> None:
        """`passed`: seconds, shared with the newsrooms."""
        self._began_at, self._passed, self.off = began_at, passed, timedelta(0)

    def __call__(self) -> datetime:
        return self._began_at + timedelta(seconds=self._passed.value) + self.off

    @property
    def passed(self) -> float:
        """Seconds that really passed."""
        return float(self._passed.value)

    @property
    def just_jumped(self) -> bool:
        """Whether it jumped within the last minutes."""
        return any(0 <= self.passed / 60 - minute < 15 for minute in JUMPS)

    def go_on(self, minute: int) -> None:
        """A minute passes."""
        self._passed.value += STEP.total_seconds()
        self.off += JUMPS.get(minute, timedelta(0))


def _seconds() -> "array[float]":
    """Room for a figure of every poll in four bytes: lists of numbers would be most of what memory seems to grow by."""
    return array("f")


@dataclass(frozen=True, kw_only=True)
class Watched(Ingest):
    """Polls as ever, and notes how late each poll starts."""

    lags: "array[float]" = field(default_factory=_seconds)
    gaps: "array[float]" = field(default_factory=_seconds)  #: between two polls of one source, that really passed
    last: dict[int, float] = field(default_factory=dict)

    async def poll(self, source: Source) -> PollReport:
        """Note it, and poll."""
        assert isinstance(self.clock, Clock)
        passed = self.clock.passed
        if source.id in self.last:
            self.gaps.append(passed - self.last[source.id])
        self.last[source.id] = passed
        if not self.clock.just_jumped:  # what is "late" by a clock that jumped is not
            self.lags.append((self.clock() - source.next_poll_at).total_seconds())
        return await super().poll(source)


def live(day: Day, passed: Any) -> None:
    """Live through the day, and write down what it cost."""
    quiet()
    day.out.write_text(json.dumps(asyncio.run(_live(day, Clock(day.began_at, passed)))), encoding="utf-8")


async def _live(day: Day, clock: Clock) -> dict[str, Any]:
    share_heaps()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "kaigi"))
    database = Database(day.place)
    seen: dict[str, Any] = {
        "memory": [],
        "descriptors": [],
        "threads": [],
        "polls": [],
        "lags": _seconds(),
        "gaps": _seconds(),
        "left": 0,
    }
    minute = 0
    while minute < day.minutes:
        until = min([kill for kill in KILLS if kill > minute], default=day.minutes)
        minute = await _life(day, database, clock, minute, min(until, day.minutes), seen)
    seen["left"] = database.read(waiting)
    database.close()
    return {**seen, "lags": list(seen["lags"]), "gaps": list(seen["gaps"])}


async def _life(
    day: Day, database: Database, clock: Clock, minute: int, until: int, seen: dict[str, Any]
) -> int:  # fmt: skip
    """One start of the service, until it is dropped."""
    database.write(sources.release_all)
    bot = Bot(TOKEN, base_url=f"{day.api_url}/bot", request=HTTPXRequest(connection_pool_size=16))
    fetcher = Fetcher(user_agent="soak", allow_private_networks=True)
    async with fetcher, bot:
        shell = Watched(database=database, fetcher=fetcher, parsers=Parsers(), policy=PollPolicy(), clock=clock)
        deliverer = Deliverer(
            database=database, senders={Channel.TELEGRAM: TelegramSender(Holder(bot))}, worker=f"w{minute}",
            clock=clock, per_second=10_000.0, paces={Channel.TELEGRAM: QUICK}, in_flight=16,
        )  # fmt: skip
        collector = Collector(database=database, ingest=shell, worker=f"w{minute}", clock=clock, concurrency=64,
                              on_alerts=deliverer.wake)  # fmt: skip
        digests = Digests(database=database, clock=clock, on_messages=deliverer.wake)
        delivering = asyncio.create_task(deliverer.run())
        while minute < until:
            await _minute(collector, digests, database)
            deliverer.wake()
            minute += 1
            clock.go_on(minute)
            if minute * STEP.total_seconds() % GIVE_BACK_S == 0:
                await asyncio.to_thread(give_back)
            if minute % 30 == 0:
                _measure(seen, len(seen["lags"]) + len(shell.lags))
        if minute == day.minutes:
            await _delivered(database, deliverer)
            await deliverer.stop(5)
        delivering.cancel()  # dropped where it stands, unless the day is over
        for task in [*deliverer._tasks.values(), *collector._polls]:
            task.cancel()
        await asyncio.gather(delivering, *deliverer._tasks.values(), *collector._polls, return_exceptions=True)
    seen["lags"] += shell.lags
    seen["gaps"] += shell.gaps
    return minute


async def _minute(collector: Collector, digests: Digests, database: Database) -> None:
    await collector.tick()
    while collector._polls:
        await asyncio.wait(collector._polls)
        await asyncio.sleep(0)
    await digests.round()
    await asyncio.to_thread(database.write, search_index.catch_up)


async def _delivered(database: Database, deliverer: Deliverer) -> None:
    for _ in range(3000):
        if not await asyncio.to_thread(database.read, waiting):
            return
        deliverer.wake()
        await asyncio.sleep(0.01)


def _measure(seen: dict[str, Any], polls: int) -> None:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    seen["memory"].append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
    seen["descriptors"].append(len(list(Path("/proc/self/fd").iterdir())))
    seen["threads"].append(threading.active_count())
    seen["polls"].append(polls)
