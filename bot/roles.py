"""The service in parts: `kaigi run --role collect|deliver|web|bot`, each a process of its own, on PostgreSQL.

    collect ×N   polls sources; one of them asks hubs, one makes the search index
    deliver ×2   sends messages, makes digests, tells admins: for each channel one process, the others stand by
    web ×N       serves page and feeds, and takes the calls of hubs; one of them tells our hub
    bot ×2       reads what people say and answers: one process, the others stand by

They know each other only by the database: rows that are claimed, duties that one of them has (`bot/standby.py`), and
words that wake (`storage/wake.py`). What is done while a duty is one's own is in `bot/duties.py`;
docs/scaling.md tells how parts are run.
"""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from bot import systemd
from bot.assembly import OLD_NEWS, Assembly
from bot.collecting import THREADS, callbacks, collecting
from bot.deliver import Deliverer
from bot.duties import PATIENCE_S, Listening, Sending, UntilSet, door
from bot.findings import Company, Finding, needed, standing
from bot.heap import give_back_now_and_then, spare_what_stays
from bot.housekeeping import Housekeeper
from bot.indexing import Indexer
from bot.jobs import Scheduler
from bot.notify import targets
from bot.outcomes import Sender
from bot.parts import open_database, utc_now
from bot.process import Tasks, bind, new_worker_id, on_signals, tell_restart, web_server
from bot.pulse import Pulse
from bot.standby import Line, Loop, Standby, Work, opened
from bot.telegram.service import TelegramService
from bot.wellbeing import Wellbeing
from feeds.collect.websub import Hubs, follow_address
from feeds.publish.announce import Announcer
from feeds.publish.web import Health
from storage import filters, outbox, sources, wake, workers
from storage.database import Connection, Database
from storage.errors import StorageError
from storage.lock import alone_at_start
from storage.model import Channel, Role

log = structlog.get_logger("kaigi")

LOOK_S = 5.0  #: between two looks at which processes live

Born = tuple[str, datetime]


@dataclass(kw_only=True)
class Part(Assembly):
    """One process of the service. `role` is what it does."""

    role: Role

    _processes: Counter[Role] = field(default_factory=Counter)  #: that live, by role
    _sending: list[Deliverer] = field(default_factory=list)
    _bot: TelegramService | None = None  #: while this process is the one that answers
    _pulse: Pulse = field(init=False)
    _signs: dict[str, Callable[[], object]] = field(default_factory=dict)  #: for the watchdog, beside the pulse

    async def run(self) -> None:
        """Work until SIGTERM, SIGINT or `stop`. Raises a `KaigiError` when it cannot start."""
        self._targets = targets(url.get_secret_value() for url in self.settings.notify.urls)
        if self.role is not Role.COLLECT:  # there `collecting` does it
            spare_what_stays()
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "kaigi"))
        async with contextlib.AsyncExitStack() as stack:
            listener = stack.enter_context(contextlib.closing(self._bind())) if self._is_asked() else None
            database = await asyncio.to_thread(open_database, self.settings)
            stack.enter_context(contextlib.closing(database))
            stack.enter_context(on_signals(self.stop))
            line = Line(database=database, worker=new_worker_id(), role=self.role)
            await stack.enter_async_context(opened(line))
            born = await asyncio.to_thread(database.write, self._prepare)
            await asyncio.to_thread(tell_restart, database)
            await stack.enter_async_context(self._at_work(listener, database, line, born))
            watchdog = self._watchdog(database, self._pulse, self._signs)
            log.info("Kaigi is running", role=self.role, process=line.worker)
            watchdog.start()
            systemd.tell("READY=1", f"STATUS=has the role {self.role}")
            await self._stop.wait()
            log.info("stopping")
            systemd.tell("STOPPING=1")
            watchdog.stop()

    def _keep_up(self, tasks: Tasks, database: Database, line: Line) -> None:
        """What every part has."""
        self._pulse = Pulse(database=database)
        tasks.start(self._pulse.run(), "pulse")
        tasks.start(give_back_now_and_then(), "memory")
        self._signs["line"] = lambda: line.turns
        tasks.start(line.run(), "line to the database")

    def _bind(self) -> socket.socket:
        return bind(self.settings.web.host, self.settings.web.port)

    def _is_asked(self) -> bool:
        """Whether somebody calls this process by HTTP."""
        return self.role is Role.WEB or (self.role is Role.BOT and self.settings.telegram.mode == "webhook")

    def _at_work(
        self, listener: socket.socket | None, database: Database, line: Line, born: Born
    ) -> contextlib.AbstractAsyncContextManager[None]:
        if self.role is Role.COLLECT:
            return self._collect(database, line)
        if self.role is Role.DELIVER:
            return self._deliver(database, line)
        if self.role is Role.BOT:
            return self._answer(listener, database, line)
        assert listener is not None
        return self._publish(listener, database, line, born)

    def _prepare(self, connection: Connection) -> Born:
        """What must be in the database before this part runs; others of its kind may be at work already."""
        alone_at_start(connection)
        now = utc_now()
        filters.ensure_built_in(connection)
        if self.role is Role.COLLECT:
            sources.follow_file(connection, self.definitions, now)
            follow_address(connection, callbacks(self.settings), now)
        elif self.role is Role.DELIVER:
            outbox.expire(connection, now - OLD_NEWS, now)
            self._prepare_channels(connection, now)
        return self._born(connection, now)

    # ------------------------------------------------------------------------------------------------- collect

    @contextlib.asynccontextmanager
    async def _collect(self, database: Database, line: Line) -> AsyncIterator[None]:
        async with collecting(self.settings, database) as ingest, Tasks(self._stop) as tasks:
            collector = self._collector(database, ingest, line.worker, on_alerts=_told_by_the_database)
            line.on_words[wake.COLLECT] = collector.wake
            self._signs["collector"] = lambda: collector.ticks
            self._keep_up(tasks, database, line)
            care = [
                Standby(lead=line.lead("search index"), begin=lambda _: self._indexing(database)),
                Standby(lead=line.lead("housekeeping"), begin=lambda _: self._tidying(database)),
            ]
            hubs = self._hubs(ingest)
            if hubs is not None:
                care.append(self._asking(hubs, line))
            for one in care:
                tasks.start(one.run(), one.lead.duty)
            scheduler = Scheduler()
            scheduler.every(self.tick, collector.tick, "poll what is due")
            scheduler.start()
            yield
            await scheduler.stop()
            await collector.stop()
            with contextlib.suppress(StorageError):  # then the others find out by themselves
                await asyncio.to_thread(database.write, partial(workers.give_back, worker=line.worker))
            await asyncio.gather(*(one.stop() for one in care))
            if hubs is not None:
                await hubs.stop(PATIENCE_S)

    def _indexing(self, database: Database) -> Work:
        stop = asyncio.Event()
        return UntilSet(Indexer(database=database, stop=stop).run, stop)

    def _tidying(self, database: Database) -> Work:
        stop = asyncio.Event()
        keep = self.settings.archive.keep_items
        return UntilSet(Housekeeper(database=database, keep=keep, clock=utc_now, stop=stop).run, stop)

    def _asking(self, hubs: Hubs, line: Line) -> Standby:
        def begin(_turn: int) -> Work:
            stop = asyncio.Event()
            return UntilSet(partial(hubs.run, 5 * self.tick, stop), stop)

        return Standby(lead=line.lead("hubs"), begin=begin)

    # ------------------------------------------------------------------------------------------------- deliver

    @contextlib.asynccontextmanager
    async def _deliver(self, database: Database, line: Line) -> AsyncIterator[None]:
        telegram = self._telegram(database, listens=False)
        async with Tasks(self._stop) as tasks:
            line.on_words[wake.DELIVER] = self._wake_deliverers
            self._keep_up(tasks, database, line)
            channels = self._senders(database, telegram)
            self._signs |= {f"deliverer of {channel}": partial(self._rounds, channel) for channel in channels}
            duties = [self._standby(database, line, channel, sender) for channel, sender in channels.items()]
            duties.append(Standby(lead=line.lead("digests"), begin=lambda _: self._digesting(database)))
            duties.append(Standby(lead=line.lead("notices"), begin=partial(self._telling, database, line, telegram)))
            duties.append(Standby(lead=line.lead("wellbeing"), begin=lambda _: self._caring(database)))
            for one in duties:
                tasks.start(one.run(), one.lead.duty)
            if telegram is not None:
                tasks.start(telegram.run(), "telegram")
            yield
            await asyncio.gather(*(one.stop() for one in duties))
            if telegram is not None:
                await telegram.stop()

    def _standby(self, database: Database, line: Line, channel: Channel, sender: Sender) -> Standby:
        duty = f"deliver {channel}" + (f" {self._bot_number}" if channel is Channel.TELEGRAM else "")
        begin = partial(self._delivering, database, line, channel, sender)
        return Standby(lead=line.lead(duty), begin=begin)

    def _delivering(self, database: Database, line: Line, channel: Channel, sender: Sender, turn: int) -> Work:
        """The n-th time that a channel is ours. Each has a name of its own: what an earlier time left is settled, and
        what the deliverer of another channel has in flight is not taken for forgotten."""
        deliverer = self._deliverer(database, {channel: sender}, f"{line.worker}/{channel}-{turn}")
        deliverer.living = partial(_others, me=line.worker)
        return Sending(deliverer, self._sending)

    def _rounds(self, channel: Channel) -> object:
        """What the deliverer of a channel shows the watchdog; while this process stands by, time itself moves."""
        return next((one.rounds for one in self._sending if channel in one.senders), time.monotonic())

    def _digesting(self, database: Database) -> Work:
        return Loop(self._digests(database, _told_by_the_database).run)

    def _telling(self, database: Database, line: Line, telegram: TelegramService | None, turn: int) -> Work:
        return Loop(self._notifier(database, telegram, f"{line.worker}/{turn}").run)

    def _caring(self, database: Database) -> Work:
        company = Company(needed=needed(self.settings))

        def look(now: datetime) -> list[Finding]:
            present = {one.role for one in database.read(workers.every)}
            return [*standing(self.settings, now), *company.look(present, now)]

        return Loop(Wellbeing(database=database, look=look, clock=utc_now).run)

    def _wake_deliverers(self) -> None:
        for deliverer in self._sending:
            deliverer.wake()

    @property
    def _bot_number(self) -> str:
        """The part of a token before the colon: the bot's own number, which is no secret."""
        token = self.settings.telegram.token
        return token.get_secret_value().partition(":")[0] if token is not None else ""

    # ----------------------------------------------------------------------------------------------------- web

    @contextlib.asynccontextmanager
    async def _publish(
        self, listener: socket.socket, database: Database, line: Line, born: Born
    ) -> AsyncIterator[None]:
        telegram = self._telegram(database, listens=False)  # only to know the bot's name
        async with Tasks(self._stop) as tasks:
            self._keep_up(tasks, database, line)
            tasks.start(self._count(database), "processes")
            library = self._library(database, *born, telegram)
            app = self._app(library, database, None)
            server = self._start_web(tasks, app, listener)
            if telegram is not None:
                tasks.start(telegram.run(), "telegram")
            duties: list[Standby] = []
            if library.hub is not None:
                announcer = partial(Announcer, library=library, cache=app.state.cache, hub=library.hub)
                duties.append(Standby(lead=line.lead("announcing"), begin=lambda _: _announcing(announcer)))
            for one in duties:
                tasks.start(one.run(), one.lead.duty)
            yield
            await asyncio.gather(*(one.stop() for one in duties))
            if telegram is not None:
                await telegram.stop()
            server.should_exit = True
            await tasks.finished("web server", patience_s=2.0)

    # ----------------------------------------------------------------------------------------------------- bot

    @contextlib.asynccontextmanager
    async def _answer(self, listener: socket.socket | None, database: Database, line: Line) -> AsyncIterator[None]:
        async with Tasks(self._stop) as tasks:
            self._keep_up(tasks, database, line)
            tasks.start(self._count(database), "processes")
            standby = Standby(
                lead=line.lead(f"updates {self._bot_number}"),
                begin=lambda _: Listening(partial(self._listen, database), self._listen_no_more),
            )
            tasks.start(standby.run(), "bot")
            server = web_server(door(lambda: self._bot, self._health))
            if listener is not None:
                tasks.start(server.serve(sockets=[listener]), "web server")
            yield
            await standby.stop()
            if listener is not None:
                server.should_exit = True
                await tasks.finished("web server", patience_s=2.0)

    def _listen(self, database: Database) -> TelegramService:
        """Be the process that answers."""
        bot = self._telegram(database)
        assert bot is not None  # parts.allow
        self._bot = bot
        return bot

    def _listen_no_more(self) -> None:
        """Another process may answer from now on."""
        self._bot = None

    # -------------------------------------------------------------------------------------------------- health

    async def _count(self, database: Database) -> None:
        """Look now and then which processes live."""
        while True:
            try:
                found = await asyncio.to_thread(database.read, workers.every)
                self._processes = Counter(worker.role for worker in found)
            except StorageError as error:
                log.warning("cannot see which processes live", error=str(error))
            await asyncio.sleep(LOOK_S)

    def _health(self) -> Health:
        """This process is ready when it can read the database; which parts have no process is told beside it."""
        processes = {role.value: "ok" if self._processes[role] else "no process" for role in needed(self.settings)}
        return {"ready": True, **processes}


def _announcing(make: Callable[..., Announcer]) -> Work:
    stop = asyncio.Event()
    return UntilSet(make(stop=stop).run, stop)


def _told_by_the_database() -> None:
    """Others are woken by the transaction itself (`storage/wake.py`)."""


def _others(connection: Connection, me: str) -> frozenset[str]:
    return workers.names(connection) - {me}
