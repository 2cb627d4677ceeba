"""Duties of which one process of many has each: the line that holds them, and work that begins and ends with them.

    Line ── keeps a session with PostgreSQL up: sign of life, duties, words of others; anew after each break
     └─ Lead ── one duty: ours, or not
         └─ Standby ── runs a piece of work while the duty is ours

Whoever holds a duty has it until its line breaks or it stops; another process takes it over within a second then. A
line that broke ends the work at once here too: by then somebody else may have begun it.
"""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from storage.database import Database
from storage.errors import DatabaseBusy, DatabaseUnreachable
from storage.line import DEAD, OpenLine
from storage.model import Role

log = structlog.get_logger("standby")

LOOK_S = 1.0  #: between two tries to get a duty
BEAT_S = 5.0  #: between two signs of life
BACKOFF_S = (0.25, 5.0)  #: first and longest pause between two tries to connect
BUSY_TRIES = 6  #: `kaigi doctor` holds the service's lock for a moment, and a process that was started anew held it
RETAKE_S = 30.0  #: the server may not know yet that our old line is gone


class Lead:
    """A duty. Belongs to the event loop of its line."""

    def __init__(self, duty: str) -> None:
        """It is nobody's yet."""
        self.duty = duty
        self.wanted = True  #: whether it is taken when it is free
        self._ours = asyncio.Event()
        self._not_ours = asyncio.Event()
        self._not_ours.set()

    @property
    def held(self) -> bool:
        """Whether it is ours now."""
        return self._ours.is_set()

    def gain(self) -> None:
        """It is ours from now on."""
        self._not_ours.clear()
        self._ours.set()

    def lose(self) -> None:
        """It may be somebody else's."""
        self._ours.clear()
        self._not_ours.set()

    async def gained(self) -> None:
        """Return when it is ours."""
        await self._ours.wait()

    async def lost(self) -> None:
        """Return when it is not ours."""
        await self._not_ours.wait()


@dataclass(kw_only=True)
class Line:
    """The session of this process with PostgreSQL, made anew whenever it breaks."""

    database: Database
    worker: str
    role: Role
    on_words: dict[str, Callable[[], object]] = field(default_factory=dict)  #: what to call, by channel
    look_s: float = LOOK_S
    turns: int = 0  #: grows while the line is kept up, or made anew
    _leads: dict[str, Lead] = field(default_factory=dict)
    _session: OpenLine | None = None
    _up_since: float = 0.0
    _beaten_at: float = float("-inf")

    def lead(self, duty: str) -> Lead:
        """A duty that this process wants to have."""
        return self._leads.setdefault(duty, Lead(duty))

    async def open(self) -> None:
        """Connect for the first time. Raises `DatabaseBusy` when another service runs, `DatabaseUnreachable`."""
        for tries in itertools.count(1):
            try:
                self._up(await OpenLine.open(self.database, self.worker, self.role))
                await self._beat()
            except DatabaseBusy:
                if tries == BUSY_TRIES:
                    raise
                await asyncio.sleep(0.3)
            else:
                return

    async def run(self) -> None:
        """Keep the line until cancelled. Raises `DatabaseBusy` when another service came in between."""
        while True:
            try:
                await self._turn()
            except DatabaseUnreachable as error:
                log.error("the line to the database is broken; making it anew", error=str(error))
                await self._break()
                await self._connect()
                log.info("the line to the database is up again")

    async def _turn(self) -> None:
        """One look: give a sign of life, take free duties, listen."""
        self.turns += 1
        session = self._session
        assert session is not None
        fresh = False
        for lead in self._leads.values():
            if lead.wanted and not lead.held and await session.take(lead.duty):
                lead.gain()
                fresh = True
        if fresh or time.monotonic() - self._beaten_at >= BEAT_S:
            await self._beat()
            # After a break others may need a moment longer than we did.
            if time.monotonic() - self._up_since > DEAD.total_seconds():
                for name in await session.bury():
                    log.warning("a process gives no sign of life; what it held is free", process=name)
        for channel in await session.heard(self.look_s):
            self.on_words.get(channel, _nothing)()

    async def _beat(self) -> None:
        assert self._session is not None
        await self._session.beat([lead.duty for lead in self._leads.values() if lead.held])
        self._beaten_at = time.monotonic()

    def _up(self, session: OpenLine) -> None:
        self._session = session
        self._up_since = time.monotonic()

    async def _break(self) -> None:
        for lead in self._leads.values():
            lead.lose()
        session, self._session = self._session, None
        if session is not None:
            await session.drop()

    async def _connect(self) -> None:
        pause, longest = BACKOFF_S
        busy_until = time.monotonic() + RETAKE_S
        while True:
            self.turns += 1
            try:
                self._up(await OpenLine.open(self.database, self.worker, self.role))
                await self._beat()
            except DatabaseBusy:
                if time.monotonic() > busy_until:
                    raise
            except DatabaseUnreachable as error:
                log.warning("the database cannot be reached; trying again", error=str(error))
                await self._break()
                busy_until = time.monotonic() + RETAKE_S
            else:
                return
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  so that not all come at once
            pause = min(pause * 2, longest)

    async def close(self) -> None:
        """End the line: what was ours is free at once."""
        for lead in self._leads.values():
            lead.lose()
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _nothing() -> None:
    """Nobody here waits for this word."""


@asynccontextmanager
async def opened(line: Line) -> AsyncIterator[Line]:
    """The line, open while the block runs. Who opens it runs it as well. Raises as `Line.open`."""
    await line.open()
    try:
        yield line
    finally:
        await line.close()


class Work(Protocol):
    """What is done while a duty is ours. Made anew each time."""

    async def run(self) -> None:
        """Work until told to stop, or cancelled."""
        ...

    async def stop(self) -> None:
        """The process ends: begin nothing more, and finish what is under way, within seconds."""
        ...

    async def lost(self) -> None:
        """The duty may be somebody else's, and this process lives on: begin nothing more, and leave nothing of which
        only we know. It is not begun anew before this returns."""
        ...


@dataclass(kw_only=True)
class Standby:
    """Runs a piece of work while a duty is ours, and waits otherwise."""

    lead: Lead
    begin: Callable[[int], Work]  #: makes the work of the n-th time
    _work: Work | None = None
    _stopping: bool = False

    async def run(self) -> None:
        """Stand by until cancelled, or stopped. Raises what the work raises."""
        for time_ in itertools.count(1):
            await self.lead.gained()
            if self._stopping:
                return
            log.info("this process has the duty", duty=self.lead.duty)
            await self._until_lost(self.begin(time_))

    async def _until_lost(self, work: Work) -> None:
        self._work = work
        doing = asyncio.create_task(work.run(), name=self.lead.duty)
        lost = asyncio.create_task(self.lead.lost())
        try:
            await asyncio.wait({doing, lost}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                await doing  # a mistake of its own is raised; without one it was told to stop
                await lost
            log.warning("this process has lost the duty", duty=self.lead.duty)
            await work.lost()
        finally:
            lost.cancel()
            doing.cancel()
            await asyncio.gather(doing, lost, return_exceptions=True)
            self._work = None

    async def stop(self) -> None:
        """Stand by no more, and finish what is under way. `run` then waits until it is cancelled."""
        self._stopping = True
        self.lead.wanted = False
        if self._work is not None:
            await self._work.stop()


class Loop:
    """Work that can be cut off anywhere: each of its steps lands whole or not at all."""

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        """`work` goes on until it is cancelled."""
        self._work = work

    async def run(self) -> None:
        """Do it."""
        await self._work()

    async def stop(self) -> None:
        """It is cancelled."""

    async def lost(self) -> None:
        """It is cancelled."""
