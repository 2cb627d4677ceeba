"""The composition root: makes the parts of the service, starts them in order, and stops them in reverse.

    sockets ─► database, schema ─► web server ─► deliverer ─► bot ─► scheduler
    (so that two services on one port never touch one database)

Nothing else in the program chooses parts, and no part knows this module.
"""

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from bot import systemd
from bot.backups import Keeper
from bot.collecting import callbacks, collecting
from bot.config import Settings
from bot.deliver import Deliverer, Pace, Sender
from bot.digests import Digests
from bot.doctor import TOO_LITTLE, Finding, Grade, standing
from bot.housekeeping import Housekeeper
from bot.indexing import Indexer
from bot.jobs import Collector, Scheduler
from bot.notices import SETTLE, Notifier
from bot.notify import NotifySender, Target, follow_settings, targets
from bot.parts import ServiceError, open_database, utc_now
from bot.pulse import Pulse
from bot.sender import TelegramSender
from bot.standby import Line, opened
from bot.telegram.admin import Office
from bot.telegram.commands import Desk
from bot.telegram.service import Hook, TelegramService
from bot.terminal import ADDRESS, TerminalSender
from bot.watchdog import Watchdog, noted, start_anew
from bot.web import Area
from bot.web import routes as admin_routes
from bot.wellbeing import Wellbeing
from feeds.collect.callback import Callbacks
from feeds.collect.websub import Hubs, follow_address
from feeds.ingest import Ingest
from feeds.publish.announce import Announcer
from feeds.publish.web import Health, Library, create_app
from storage import filters, instance, notices, outbox, sources, subscriptions, wake
from storage.changes import NoticePost
from storage.database import Connection, Database
from storage.lock import only_service
from storage.model import Channel, NoticeKind, Role, SourceDefinition

log = structlog.get_logger("kaigi")

TICK = 1.0  # seconds between two looks at what is due
OLD_NEWS = timedelta(days=7)  # what could not be sent for so long (a token that was missing) is not sent any more
STALE = 60.0  # seconds without a tick after which the service calls itself not ready
JOURNAL = "watchdog.last"  #: why a process started itself anew, until the next one has told it
PATIENCE = 5.0  # seconds for messages in flight when stopping; the whole stop stays under ten


def new_worker_id() -> str:
    """A name that no other process has or had."""
    return f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"


def bind(host: str, port: int) -> socket.socket:
    """Take the port, or say who to blame. Raises `ServiceError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        advice = {
            errno.EADDRINUSE: "Stop the program that uses the port, or set KAIGI_WEB__PORT (web.port) to another one.",
            errno.EACCES: "Ports below 1024 need rights of their own; set KAIGI_WEB__PORT (web.port) to a higher one.",
        }.get(error.errno or 0, "Set KAIGI_WEB__HOST (web.host) to an address of this machine, or 0.0.0.0 for all.")
        raise ServiceError(f"Cannot serve on {host}:{port}: {error.strerror}. {advice}") from error
    listener.setblocking(False)
    return listener


def state_folder(database: Database) -> Path:
    """Where small files of this installation live: beside the SQLite file; with PostgreSQL in `data` below the current
    folder, or, where that cannot be written, with what does not outlast the machine."""
    place = database.url.database if database.is_sqlite else None
    if place and place != ":memory:":
        return Path(place).parent
    folder = Path("data")
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder


@dataclass(kw_only=True)
class Service:
    """The running service. `on_start` is for the demo, which has a newsroom to open once everything polls."""

    settings: Settings
    definitions: tuple[SourceDefinition, ...]
    tick: float = TICK
    settle: timedelta = SETTLE  #: notices to the admins wait so long for others
    on_start: Callable[[Database], Awaitable[None]] | None = None
    restart: Callable[[], None] = start_anew  #: what the watchdog does with a process that hangs

    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _look: Callable[[], Health] | None = None  #: known once everything runs
    _targets: tuple[Target, ...] = ()  #: the addresses of notify.urls

    def stop(self) -> None:
        """End the service as SIGTERM does."""
        self._stop.set()

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
            watchdog = self._watchdog(database, pulse, collector, deliverer)
            self._look = partial(_health, collector, telegram, watchdog)
            library = self._library(database, authority, began_at, telegram)
            hubs = self._hubs(ingest)
            app = self._app(library, database, telegram)
            server = web_server(app)
            if line is not None:
                self._start_line(tasks, line, collector, deliverer)
            tasks.start(server.serve(sockets=[listener]), "web server")
            tasks.start(deliverer.run(), "deliverer")
            tasks.start(self._digests(database, deliverer.wake).run(), "digests")
            if library.hub is not None:
                announcer = Announcer(library=library, cache=app.state.cache, hub=library.hub)
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
            if hubs is not None:
                await hubs.stop()
            await collector.stop()
            await deliverer.stop(PATIENCE)
            if telegram is not None:
                await telegram.stop()
            server.should_exit = True
            await tasks.finished("search index", patience_s=2.0)
            await tasks.finished("web server", patience_s=2.0)

    def _start_line(self, tasks: "Tasks", line: Line, collector: Collector, deliverer: Deliverer) -> None:
        """Hear, on PostgreSQL, of work that a command made in a process of its own."""
        line.on_words[wake.DELIVER] = deliverer.wake
        line.on_words[wake.COLLECT] = collector.wake
        tasks.start(line.run(), "line to the database")

    def _start_care(
        self, tasks: "Tasks", database: Database, pulse: Pulse, notifier: Notifier, stop: asyncio.Event
    ) -> None:
        """What looks after the archive and the service, beside their work."""
        tasks.start(pulse.run(), "pulse")
        tasks.start(notifier.run(), "notices")
        look = partial(_standing, self.settings, database)
        tasks.start(Wellbeing(database=database, look=look, clock=utc_now).run(), "wellbeing")
        tasks.start(Indexer(database=database, stop=stop).run(), "search index")
        keep_items = self.settings.archive.keep_items
        housekeeper = Housekeeper(database=database, keep=keep_items, clock=utc_now, stop=stop)
        tasks.start(housekeeper.run(), "housekeeping")
        if database.is_sqlite and self.settings.backup.keep:
            tasks.start(self._keeper(database, stop).run(), "backups")

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

    def _prepare_channels(self, connection: Connection, now: datetime) -> None:
        """Whom this service tells: the terminal where there is no bot, and the addresses of `notify.urls`."""
        if self.settings.telegram.token is None:
            chat = subscriptions.open_chat(
                connection,
                Channel.TERMINAL,
                ADDRESS,
                language=self.settings.language,
                time_zone=self.settings.time_zone,
                now=now,
            )
            subscriptions.subscribe(connection, chat.id, filters.MEETINGS, now)
        else:
            subscriptions.suspend_channel(connection, Channel.TERMINAL, now)
        notify = self.settings.notify
        language, zone = notify.language or self.settings.language, notify.time_zone or self.settings.time_zone
        follow_settings(connection, self._targets, language, zone, now)

    def _born(self, connection: Connection, now: datetime) -> tuple[str, datetime]:
        host = urlsplit(self.settings.address).hostname or "localhost"
        return instance.born(connection, host, now)

    def _health(self) -> Health:
        return self._look() if self._look is not None else {"ready": False, "collector": "starting"}

    def _collector(self, database: Database, ingest: Ingest, worker: str, on_alerts: Callable[[], None]) -> Collector:
        return Collector(
            database=database,
            ingest=ingest,
            worker=worker,
            clock=utc_now,
            concurrency=self.settings.fetch.concurrency,
            on_alerts=on_alerts,
            has_room=partial(_has_room, database),
        )

    def _library(
        self, database: Database, authority: str, began_at: datetime, telegram: TelegramService | None
    ) -> Library:
        return Library(
            database=database,
            authority=authority,
            began_at=began_at,
            address=self.settings.address,
            language=self.settings.language,
            health=self._health,
            hub=str(self.settings.websub_hub) if self.settings.websub_hub else None,
            time_zone=str(self.settings.time_zone),
            bot_name=partial(_bot_name, telegram),
        )

    def _digests(self, database: Database, on_messages: Callable[[], None]) -> Digests:
        return Digests(database=database, clock=utc_now, on_messages=on_messages, look_s=max(10 * self.tick, 0.1))

    def _hubs(self, ingest: Ingest) -> Hubs | None:
        """What asks hubs; None when they could not call back."""
        if ingest.policy.callbacks is None:
            if self.settings.public_url:
                log.info("hubs are not asked to push, because public_url does not lead to the public Internet")
            return None
        return Hubs(database=ingest.database, fetcher=ingest.fetcher, clock=utc_now)

    def _app(self, library: Library, database: Database, telegram: TelegramService | None) -> Starlette:
        per_s = self.settings.web.requests_per_second
        return create_app(library, self._routes(database, telegram), requests_per_s=per_s)

    def _routes(self, database: Database, telegram: TelegramService | None) -> list[Route]:
        """What is served beside page and feeds: where hubs and Telegram call, and the admin area."""
        area = Area(database=database, settings=self.settings, health=self._health, clock=utc_now)
        return [
            *self._callback_routes(database),
            *admin_routes(area),
            *(telegram.routes() if telegram is not None else ()),
        ]

    def _callback_routes(self, database: Database) -> list[Route]:
        """Where hubs call back."""
        if callbacks(self.settings) is None:
            return []
        cap = self.settings.fetch.max_body_mb * 2**20
        return [Callbacks(database=database, clock=utc_now, max_body_bytes=cap).route()]

    def _telegram(self, database: Database, *, listens: bool = True) -> TelegramService | None:
        """The bot; without `listens` only to send, or to know its name."""
        token = self.settings.telegram.token
        if token is None:
            return None
        desk = Desk(
            database=database,
            clock=utc_now,
            language=self.settings.language,
            time_zone=self.settings.time_zone,
            address=self.settings.address,
            office=Office(settings=self.settings, health=self._health),
        )
        secret = self.settings.telegram.webhook_secret if self.settings.telegram.mode == "webhook" else None
        hook = Hook(self.settings.address, secret.get_secret_value()) if secret is not None else None
        return TelegramService(token.get_secret_value(), self.settings.telegram.api_url, desk, hook, listens=listens)

    def _senders(self, database: Database, telegram: TelegramService | None) -> dict[Channel, Sender]:
        channels: dict[Channel, Sender] = {}
        if telegram is None:
            journal = state_folder(database) / "terminal.last"
            channels[Channel.TERMINAL] = TerminalSender(journal)
        else:
            channels[Channel.TELEGRAM] = TelegramSender(telegram, str(self.settings.public_url or ""))
        if self._targets:
            channels[Channel.NOTIFY] = NotifySender(self._targets, str(self.settings.public_url or ""))
        return channels

    def _deliverer(self, database: Database, senders: Mapping[Channel, Sender], worker: str) -> Deliverer:
        quick = Pace(rest=timedelta(0))
        return Deliverer(
            database=database,
            senders=senders,
            worker=worker,
            clock=utc_now,
            paces={Channel.TERMINAL: quick},
            uncertain=self.settings.alerts.uncertain,
        )

    def _notifier(self, database: Database, telegram: TelegramService | None, worker: str) -> Notifier:
        """With a bot, notices go to the admins' private chats; without one, to the terminal."""
        admins = tuple(map(str, self.settings.telegram.admins))
        return Notifier(
            database=database,
            herald=TelegramSender(telegram) if telegram else TerminalSender(state_folder(database) / "terminal.last"),
            channel=Channel.TELEGRAM if telegram else Channel.TERMINAL,
            admins=admins if telegram else (ADDRESS,),
            worker=worker,
            clock=utc_now,
            language=self.settings.language,
            time_zone=self.settings.time_zone,
            look_s=max(5 * self.tick, 0.1),
            settle=self.settle,
        )

    def _watchdog(self, database: Database, pulse: Pulse, collector: Collector, deliverer: Deliverer) -> Watchdog:
        return Watchdog(
            signs={
                "event loop": lambda: pulse.turns,
                "database": lambda: pulse.answers,
                "collector": lambda: collector.last_tick,
                "deliverer": lambda: deliverer.rounds,
            },
            journal=state_folder(database) / JOURNAL,
            restart=self.restart,
            last_resort=True,
        )

    def _keeper(self, database: Database, stop: asyncio.Event) -> Keeper:
        chosen = self.settings.backup
        folder = chosen.folder or state_folder(database) / "backups"
        return Keeper(database=database, folder=folder, every=chosen.every, keep=chosen.keep, clock=utc_now, stop=stop)

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


def _bot_name(telegram: TelegramService | None) -> str | None:
    """The bot's user name, once Telegram has told it."""
    bot = telegram.ready_bot if telegram is not None else None
    return bot.username if bot is not None else None


def tell_restart(database: Database) -> None:
    """Tell the admins that the process before this one started itself anew. The reason goes when it is kept."""
    journal = state_folder(database) / JOURNAL
    why = noted(journal)
    if why is None:
        return
    log.warning("the last process started itself anew", part=why.hung, seconds=why.seconds)
    post = NoticePost(kind=NoticeKind.RESTARTED, message=why.hung, once=f"restarted {why.at.isoformat()}")
    database.write(partial(notices.post, news=post, now=utc_now()))
    journal.unlink(missing_ok=True)


def _has_room(database: Database) -> bool:
    """Whether the disk under an SQLite archive takes more than what is needed to finish."""
    if not database.is_sqlite:
        return True
    with contextlib.suppress(OSError):
        return shutil.disk_usage(state_folder(database)).free >= TOO_LITTLE
    return True


def _standing(settings: Settings, database: Database, now: datetime) -> list[Finding]:
    moved = database.displaced()
    found = [Finding(Grade.BAD, "database", moved)] if moved else []
    return [*found, *standing(settings, now)]


def _health(collector: Collector, telegram: TelegramService | None, watchdog: Watchdog) -> Health:
    tick = collector.last_tick
    ticking = tick is not None and (utc_now() - tick).total_seconds() < STALE
    return {
        "ready": ticking and watchdog.hung is None,
        **({"hung": watchdog.hung} if watchdog.hung else {}),
        "collector": "ok" if ticking else "not polling",
        "telegram": telegram.state if telegram else "off",
    }


@contextlib.asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[Line | None]:
    """Be the only service on the database. On PostgreSQL that needs a line, which is given back."""
    if database.is_sqlite:
        with only_service(database):
            yield None
        return
    async with opened(Line(database=database, worker=new_worker_id(), role=Role.ALL)) as line:
        yield line


def web_server(app: ASGIApp) -> uvicorn.Server:
    """The web server of an application, to be run as a task."""
    return _WebServer(uvicorn.Config(app, log_config=None, lifespan="off", access_log=False))


class _WebServer(uvicorn.Server):
    """Uvicorn without its own signal handlers: the service stops all its parts in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Tasks:
    """The long-running tasks. One that ends by itself is a mistake, which stops the service and is then raised."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    def start(self, work: Awaitable[None], name: str) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        self._tasks[name] = task

    def _ended(self, task: "asyncio.Future[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._stop.set()

    async def finished(self, name: str, patience_s: float) -> None:
        await asyncio.wait([self._tasks[name]], timeout=patience_s)

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        results = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


@contextlib.contextmanager
def on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
