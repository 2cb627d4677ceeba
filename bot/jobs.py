"""The scheduler: one APScheduler on the service's loop, and the only place that imports it.

The database says what is due (`next_poll_at`), so nothing is lost when a tick is late: the scheduler only asks often.
`misfire_grace_time=None` and `coalesce` because APScheduler's defaults drop a run that comes one second late
(agronholm/apscheduler#296).
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feeds.collect import schedule
from feeds.ingest import Ingest, PollReport
from feeds.observed import Failure, FailureKind
from feeds.telling import keep
from storage import sources, workers
from storage.database import Connection, Database
from storage.errors import NotFound, StorageError
from storage.model import FetchEvent, Source, SourceState

log = structlog.get_logger("poll")

#: Longer than any poll can take; a lease older than this belongs to a dead process.
LEASE = timedelta(minutes=10)
#: The same for a source that was claimed, or polled, while the database failed: nobody may be polling it.
UNSURE = timedelta(seconds=20)

SET_BACK = timedelta(minutes=1)  #: less than this is how clocks are set right every day


@dataclass(kw_only=True)
class Collector:
    """Starts a poll for every source that is due. Polls run beside each other, so a slow one delays no other."""

    database: Database
    ingest: Ingest
    worker: str
    clock: Callable[[], datetime]
    concurrency: int
    on_alerts: Callable[[], None]  #: called after a poll that owes messages
    has_room: Callable[[], bool] = lambda: True  #: whether the disk takes more; asked with every tick
    last_tick: datetime | None = None  #: the last one that could ask the database
    ticks: int = 0  #: grows with each one that ended, whatever came of it
    _cramped: bool = False
    _polls: dict[asyncio.Task[None], int] = field(default_factory=dict)  #: with the ids of their sources
    patience_s: float = LEASE.total_seconds()  #: a poll that takes longer hangs; its source is due again
    _began: dict[asyncio.Task[None], float] = field(default_factory=dict)  #: monotonic seconds
    _troubled: set[asyncio.Task[None]] = field(default_factory=set)  #: those of them that may take long
    _more: asyncio.Event = field(default_factory=asyncio.Event)  #: more is due than there was room for
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refiller: asyncio.Task[None] | None = None
    _stopping: bool = False
    _unsure: bool = False  #: a write failed: sources may be ours that nobody polls

    async def tick(self) -> None:
        """Claim what is due and start polling it. Returns without waiting for the polls.

        When more is due than there is room for, the places that become free are filled without waiting for the next
        tick. Sources that failed or were slow the last time share a quarter of the places, so that a hundred hosts
        which let us wait until the deadline do not keep the others waiting.
        """
        async with self._claiming:
            try:
                await self._look(self.clock())
            finally:
                self.ticks += 1

    async def _look(self, now: datetime) -> None:
        self._end_hung()
        await self._follow_clock(now)
        room = self.concurrency - len(self._polls)
        if self._may_write() and room > 0:
            lane = min(room, max(1, self.concurrency // 4) - len(self._troubled))
            polled = tuple(self._polls.values()) if self._unsure else None
            self._unsure = False
            try:
                claim = partial(self._claim, now=now, room=room, lane=lane, polled=polled)
                calm, troubled = await asyncio.to_thread(self.database.write, claim)
            except StorageError as error:
                log.error("cannot ask what is due", error=str(error))
                self._unsure = True
                return
            full = len(calm) + len(troubled) == room or len(troubled) == lane > 0
            self._start(calm, troubled, full=full)
        self.last_tick = now

    def wake(self) -> None:
        """Something became due: look now, and not only with the next tick."""
        if not self._stopping and (self._refiller is None or self._refiller.done()):
            self._refiller = asyncio.create_task(self.tick(), name="wake")

    def _claim(
        self, connection: Connection, now: datetime, room: int, lane: int, polled: tuple[int, ...] | None
    ) -> tuple[list[Source], list[Source]]:
        """`polled`: the sources that are being polled, when some of ours may not be; None: there is no doubt."""
        if polled is not None:
            workers.shorten(connection, self.worker, polled, until=now + UNSURE)
        claim = partial(sources.claim_due, connection, now=now, until=now + LEASE, worker=self.worker)
        troubled = claim(limit=lane, troubled=True) if lane > 0 else []
        return claim(limit=room - len(troubled), troubled=False), troubled

    def _start(self, calm: list[Source], troubled: list[Source], *, full: bool) -> None:
        for source in [*calm, *troubled]:
            task = asyncio.create_task(self._poll(source), name=f"poll {source.definition.key}")
            self._polls[task] = source.id
            self._began[task] = time.monotonic()
            task.add_done_callback(self._ended)
            if source in troubled:
                self._troubled.add(task)
        if full:
            self._more.set()

    def _may_write(self) -> bool:
        """With hardly any disk left, what is owed can still be sent and marked; news would take the last of it."""
        room = self.has_room()
        if room is self._cramped:  # it changed
            self._cramped = not room
            if room:
                log.info("there is room on the disk again: polling goes on")
            else:
                log.error("the disk is nearly full: nothing is polled until there is room. Free some space")
        return room

    async def _follow_clock(self, now: datetime) -> None:
        """A clock that was set back would keep every source waiting for as long as it was set back."""
        if self.last_tick is None or now > self.last_tick - SET_BACK:
            return
        back = self.last_tick - now
        log.warning("the clock was set back", seconds=round(back.total_seconds()))
        with contextlib.suppress(StorageError):
            await asyncio.to_thread(self.database.write, partial(sources.bring_forward, by=back))

    def _end_hung(self) -> None:
        """Every step of a poll has a limit of its own. Should one hang all the same, its place is needed."""
        for task, began in self._began.items():
            if time.monotonic() - began > self.patience_s:
                log.error("a poll hangs and is ended", poll=task.get_name(), seconds=round(time.monotonic() - began))
                task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._polls.pop(task, None)
        self._began.pop(task, None)
        self._troubled.discard(task)
        few_left = len(self._polls) <= self.concurrency * 3 // 4
        if self._more.is_set() and few_left and (self._refiller is None or self._refiller.done()):
            self._more.clear()
            self._refiller = asyncio.create_task(self.tick(), name="refill")

    async def _poll(self, source: Source) -> None:
        """One poll; each line of the log that belongs to it, whoever writes it, bears its name."""
        with structlog.contextvars.bound_contextvars(poll=secrets.token_hex(4)):
            await self._poll_source(source)

    async def _poll_source(self, source: Source) -> None:
        try:
            report = await self.ingest.poll(source)
        except NotFound:
            log.info("removed while it was polled", source=source.definition.key)
        except StorageError as error:
            log.error("cannot keep what was found", source=source.definition.key, error=str(error))
            self._unsure = True
        except Exception:
            log.exception("a poll failed by our own mistake", source=source.definition.key)
            await self._slow_down(source)
        else:
            tell(report)
            tell_change(source, report)
            if report.owes:
                self.on_alerts()

    async def _slow_down(self, source: Source) -> None:
        """Our mistakes, too, are tried again ever more slowly, and stand in the source's record."""
        failure = Failure(kind=FailureKind.INTERNAL, message="Kaigi itself failed on this source; see the log.")
        now = self.clock()
        event = FetchEvent(at=now, outcome=failure.kind)
        update = schedule.after_failure(source, failure, event, self.ingest.policy.rhythm, now)
        with contextlib.suppress(StorageError):  # then its lease runs out, which slows it down as well
            await asyncio.to_thread(self.database.write, partial(keep, source=source, change=update, now=now))

    async def stop(self) -> None:
        """Cancel what is under way. A poll lands whole or not at all, so nothing is half done."""
        self._stopping = True
        self._more.clear()
        if self._refiller is not None:
            await self._refiller  # cancelled, it would leave sources claimed by nobody
        polls = list(self._polls)
        for task in polls:
            task.cancel()
        await asyncio.gather(*polls, return_exceptions=True)


def tell(report: PollReport) -> None:
    """One line a poll, with fixed keys. What did not change is not worth a line."""
    if report.failure is not None:
        log.warning("failed", source=report.source_key, kind=report.failure.kind, error=report.failure.message)
    elif report.flooded:
        log.warning("flooded", source=report.source_key, new=report.new, meetings=report.meetings, alerts=report.alerts)
    elif report.status == "changed":
        log.info(
            "polled",
            source=report.source_key,
            new=report.new,
            changed=report.changed,
            meetings=report.meetings,
            alerts=report.alerts,
            seconds=report.seconds,
        )


GOOD = (SourceState.NEW, SourceState.OK, SourceState.SLOW)


def tell_change(before: Source, report: PollReport) -> None:
    """A line when a source turns bad, and one when it is well again: what an operator wants to be woken by."""
    was_good, is_good = before.state in GOOD, report.state in GOOD
    if was_good and not is_good:
        log.warning("a source turned bad", source=report.source_key, state=report.state)
    elif is_good and not was_good:
        log.info("a source is well again", source=report.source_key, was=before.state)


class Scheduler:
    """The ticking of one service."""

    def __init__(self) -> None:
        """Must be made on the running loop."""
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 100, "misfire_grace_time": None}
        )
        self._running = asyncio.Lock()
        self._stopping = False

    def every(self, seconds: float, job: Callable[[], Awaitable[None]], name: str) -> None:
        """Run `job` now and then every `seconds`; a run that is still going is not started twice.

        APScheduler could see to that, and warns each time. That a busy service has no need of a second run is no
        trouble; one that hangs is noticed by the watchdog.
        """
        under_way = asyncio.Lock()

        async def run() -> None:
            if under_way.locked():
                return
            async with under_way, self._running:
                if not self._stopping:
                    await job()

        self._scheduler.add_job(run, "interval", seconds=seconds, id=name, name=name, next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Tick no more. A tick under way is let finish: cancelled, it would leave sources claimed by nobody."""
        self._stopping = True
        self._scheduler.pause()
        await asyncio.sleep(0)  # ticks that are due but did not begin take their place in the queue, and do nothing
        async with self._running:
            pass
        await asyncio.sleep(0)  # what is done tells APScheduler so; the rest it would cancel and call an error
        self._scheduler.shutdown(wait=False)
