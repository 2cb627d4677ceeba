"""The composition root: starts the parts of the service in order, and stops them in reverse.

    sockets ─► database, schema ─► web server ─► deliverer ─► bot ─► scheduler
    (so that two services on one port never touch one database)

`bot/assembly.py` makes them from the settings. Nothing else in the program chooses parts, and no part knows this
module.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from bot import systemd
from bot.assembly import OLD_NEWS, Assembly
from bot.backups import Keeper
from bot.collecting import callbacks, collecting
from bot.config import Settings
from bot.deliver import Deliverer
from bot.findings import Finding, Grade, standing
from bot.heap import give_back_now_and_then
from bot.housekeeping import Housekeeper
from bot.indexing import Indexer
from bot.jobs import Collector, Scheduler
from bot.notices import Notifier
from bot.notify import targets
from bot.parts import open_database, utc_now
from bot.process import Tasks, bind, new_worker_id, on_signals, tell_restart
from bot.pulse import Pulse
from bot.standby import Line, opened
from bot.telegram.service import TelegramService
from bot.watchdog import Watchdog
from bot.wellbeing import Wellbeing
from feeds.collect.websub import follow_address
from feeds.publish.announce import Announcer
from feeds.publish.web import Health
from storage import filters, outbox, sources, wake
from storage.database import Connection, Database
from storage.lock import only_service
from storage.model import Role

log = structlog.get_logger("kaigi")

STALE = 60.0  # seconds without a tick after which the service calls itself not ready
PATIENCE = 5.0  # seconds for messages in flight when stopping; the whole stop stays under ten


@dataclass(kw_only=True)
class Service(Assembly):
    """The running service. `on_start` is for the demo, which has a newsroom to open once everything polls."""

    on_start: Callable[[Database], Awaitable[None]] | None = None

    _look: Callable[[], Health] | None = None  #: known once everything runs

    async def run(self) -> None:
        """Serve until SIGTERM, SIGINT or `stop`. Raises a `KaigiError` when it cannot start."""
        self._targets = targets(url.get_secret_value() for url in self.settings.notify.urls)
        listener = bind(self.settings.web.host, self.settings.web.port)
        with contextlib.closing(listener):
            database = await asyncio.to_thread(open_database, self.settings)
            with contextlib.closing(database), on_signals(self.stop):
                async with _alone(database) as line:
                    await self._serve(listener, database, self._stop, line)

    async def _serve(self, listener: socket.socket, database: Database, stop: asyncio.Event, line: Line | None) -> None:
        authority, began_at = await asyncio.to_thread(database.write, self._prepare)
        await asyncio.to_thread(tell_restart, database)
        worker = line.worker if line is not None else new_worker_id()
        telegram = self._telegram(database)
        deliverer = self._deliverer(database, self._senders(database, telegram), worker)
        notifier = self._notifier(database, telegram, worker)
        async with collecting(self.settings, database) as ingest, Tasks(stop) as tasks:
            collector = self._collector(database, ingest, worker, on_alerts=deliverer.wake)
            pulse = Pulse(database=database)
            watchdog = self._watchdog(database, pulse, _signs(collector, deliverer, line))
            self._look = partial(_health, collector, telegram, watchdog)
            library = self._library(database, authority, began_at, telegram)
            hubs = self._hubs(ingest)
            app = self._app(library, database, telegram)
            if line is not None:
                self._start_line(tasks, line, collector, deliverer)
            server = self._start_web(tasks, app, listener)
            tasks.start(deliverer.run(), "deliverer")
            tasks.start(self._digests(database, deliverer.wake).run(), "digests")
            if library.hub is not None:
                announcer = Announcer(library=library, cache=app.state.cache, hub=library.hub, stop=stop)
                tasks.start(announcer.run(), "hub")
            self._start_care(tasks, database, pulse, notifier, stop)
            if telegram is not None:
                tasks.start(telegram.run(), "telegram")
            scheduler = Scheduler()
            scheduler.every(self.tick, collector.tick, "poll what is due")
            if hubs is not None:
                scheduler.every(5 * self.tick, hubs.tick, "ask hubs")
            scheduler.start()
            if self.on_start is not None:
                tasks.start(self.on_start(database), "start")
            self._greet()
            watchdog.start()
            systemd.tell("READY=1", f"STATUS=serving {self.settings.address}/")
            await stop.wait()
            log.info("stopping")
            systemd.tell("STOPPING=1")
            watchdog.stop()
            await scheduler.stop()
            await collector.stop()
            await asyncio.gather(deliverer.stop(PATIENCE), *([hubs.stop(PATIENCE)] if hubs is not None else ()))
            if telegram is not None:
                await telegram.stop()
            server.should_exit = True
            for name in ("hub", "search index"):
                await tasks.finished(name, patience_s=2.0)
            await tasks.finished("web server", patience_s=2.0)

    def _start_line(self, tasks: Tasks, line: Line, collector: Collector, deliverer: Deliverer) -> None:
        """Hear, on PostgreSQL, of work that a command made in a process of its own."""
        line.on_words[wake.DELIVER] = deliverer.wake
        line.on_words[wake.COLLECT] = collector.wake
        tasks.start(line.run(), "line to the database")

    def _start_care(
        self, tasks: Tasks, database: Database, pulse: Pulse, notifier: Notifier, stop: asyncio.Event
    ) -> None:
        """What looks after the archive and the service, beside their work."""
        tasks.start(pulse.run(), "pulse")
        tasks.start(give_back_now_and_then(), "memory")
        tasks.start(notifier.run(), "notices")
        keeper = self._keeper(database, stop) if database.is_sqlite and self.settings.backup.keep else None
        look = partial(_standing, self.settings, database, keeper)
        tasks.start(Wellbeing(database=database, look=look, clock=utc_now).run(), "wellbeing")
        tasks.start(Indexer(database=database, stop=stop).run(), "search index")
        keep_items = self.settings.archive.keep_items
        housekeeper = Housekeeper(database=database, keep=keep_items, clock=utc_now, stop=stop)
        tasks.start(housekeeper.run(), "housekeeping")
        if keeper is not None:
            tasks.start(keeper.run(), "backups")

    def _prepare(self, connection: Connection) -> tuple[str, datetime]:
        """What must be in the database before anything runs. This process is the only service on it."""
        now = utc_now()
        filters.ensure_built_in(connection)
        sources.follow_file(connection, self.definitions, now)
        sources.release_all(connection)
        outbox.expire(connection, now - OLD_NEWS, now)
        follow_address(connection, callbacks(self.settings), now)
        self._prepare_channels(connection, now)
        return self._born(connection, now)

    def _health(self) -> Health:
        """Whether sources are polled, and what the bot does."""
        return self._look() if self._look is not None else {"ready": False, "collector": "starting"}

    def _greet(self) -> None:
        where = "this terminal" if self.settings.telegram.token is None else "Telegram"
        polled = sum(definition.enabled for definition in self.definitions)
        log.info(
            "Kaigi is running",
            page=f"{self.settings.address}/",
            feed=f"{self.settings.address}/feeds/ministerial-meetings.atom",
            sources=polled,
            alerts=where,
        )


def _standing(settings: Settings, database: Database, keeper: Keeper | None, now: datetime) -> list[Finding]:
    moved = database.displaced()
    found = [Finding(Grade.BAD, "database", moved)] if moved else []
    return [*found, *standing(settings, now), *(keeper.findings() if keeper is not None else ())]


def _health(collector: Collector, telegram: TelegramService | None, watchdog: Watchdog) -> Health:
    tick = collector.last_tick
    ticking = tick is not None and (utc_now() - tick).total_seconds() < STALE
    return {
        "ready": ticking and watchdog.hung is None,
        **({"hung": watchdog.hung} if watchdog.hung else {}),
        "collector": "ok" if ticking else "not polling",
        "telegram": telegram.state if telegram else "off",
    }


def _signs(collector: Collector, deliverer: Deliverer, line: Line | None) -> dict[str, Callable[[], object]]:
    """What shows the watchdog that the parts move."""
    signs: dict[str, Callable[[], object]] = {
        "collector": lambda: collector.ticks,
        "deliverer": lambda: deliverer.rounds,
    }
    return signs if line is None else {**signs, "line": lambda: line.turns}


@contextlib.asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[Line | None]:
    """Be the only service on the database. On PostgreSQL that needs a line, which is given back."""
    if database.is_sqlite:
        with only_service(database):
            yield None
        return
    async with opened(Line(database=database, worker=new_worker_id(), role=Role.ALL)) as line:
        yield line
