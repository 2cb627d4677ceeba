"""Makes the parts of the service from its settings.

Which of them a process has, and in which order they start and stop, say `bot/app.py` for one process that does
everything and `bot/roles.py` for several.
"""

import asyncio
import contextlib
import shutil
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from bot.backups import Keeper
from bot.collecting import callbacks
from bot.config import Settings
from bot.deliver import Deliverer
from bot.digests import Digests
from bot.findings import TOO_LITTLE
from bot.jobs import Collector
from bot.notices import SETTLE, Notifier
from bot.notify import NotifySender, Target, follow_settings
from bot.outcomes import Sender
from bot.pacing import Pace
from bot.parts import utc_now
from bot.process import JOURNAL, Tasks, state_folder, web_server
from bot.pulse import Pulse
from bot.sender import TelegramSender
from bot.telegram.admin import Office
from bot.telegram.commands import Desk
from bot.telegram.service import Hook, TelegramService
from bot.terminal import ADDRESS, TerminalSender
from bot.watchdog import Watchdog, start_anew
from bot.web import Area
from bot.web import routes as admin_routes
from bot.web.visit import TEMPLATES
from feeds.collect.callback import Callbacks
from feeds.collect.websub import Hubs
from feeds.ingest import Ingest
from feeds.publish.warm import warm
from feeds.publish.web import Health, Library, create_app
from storage import filters, instance, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, SourceDefinition

log = structlog.get_logger("kaigi")

TICK = 1.0  # seconds between two looks at what is due
OLD_NEWS = timedelta(days=7)  # what could not be sent for so long (a token that was missing) is not sent any more

LONGEST_ALONE = 3600.0  # seconds for which the parts may wait for one statement that has an SQLite file for itself


@dataclass(kw_only=True)
class Assembly(ABC):
    """What a process of the service is told, and makes its parts of."""

    settings: Settings
    definitions: tuple[SourceDefinition, ...]
    tick: float = TICK
    settle: timedelta = SETTLE  #: notices to the admins wait so long for others
    restart: Callable[[], None] = start_anew  #: what the watchdog does with a process that hangs

    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _targets: tuple[Target, ...] = ()  #: the addresses of notify.urls

    def stop(self) -> None:
        """End the service as SIGTERM does."""
        self._stop.set()

    @abstractmethod
    def _health(self) -> Health:
        """What `/readyz` tells; each kind of process knows."""

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

    def _start_web(self, tasks: Tasks, app: Starlette, listener: socket.socket) -> uvicorn.Server:
        """Serve, and prepare in the meantime what the first visitor would wait for."""
        server = web_server(app)
        tasks.start(server.serve(sockets=[listener]), "web server")
        tasks.start(warm(app, TEMPLATES), "first pages")
        return server

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

    def _watchdog(self, database: Database, pulse: Pulse, signs: Mapping[str, Callable[[], object]]) -> Watchdog:
        """What starts this process anew when its loop, its database or another of its parts gives no sign of life."""
        writers = {"database": lambda: pulse.answers, **signs}
        excused = {name: partial(_moves, sign, database) for name, sign in writers.items()}
        journal = state_folder(database) / JOURNAL
        signs = {"event loop": lambda: pulse.turns, **excused}
        return Watchdog(signs=signs, journal=journal, restart=self.restart, last_resort=True)

    def _keeper(self, database: Database, stop: asyncio.Event) -> Keeper:
        chosen = self.settings.backup
        folder = chosen.folder or state_folder(database) / "backups"
        return Keeper(database=database, folder=folder, every=chosen.every, keep=chosen.keep, clock=utc_now, stop=stop)


def _moves(sign: Callable[[], object], database: Database) -> object:
    """The sign of a part that writes. While the file is made smaller it has to wait, and does not hang."""
    waits = database.alone_for()
    return sign(), waits if waits is None else min(waits, LONGEST_ALONE)


def _bot_name(telegram: TelegramService | None) -> str | None:
    """The bot's user name, once Telegram has told it."""
    bot = telegram.ready_bot if telegram is not None else None
    return bot.username if bot is not None else None


def _has_room(database: Database) -> bool:
    """Whether the disk under an SQLite archive takes more than what is needed to finish."""
    if not database.is_sqlite:
        return True
    with contextlib.suppress(OSError):
        return shutil.disk_usage(state_folder(database)).free >= TOO_LITTLE
    return True
