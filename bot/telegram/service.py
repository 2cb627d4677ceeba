"""Starts, watches and stops the bot on the service's own loop.

Telegram may be out of reach, or refuse the token, for days: sources are polled and feeds are served all the same, and
alerts wait in the outbox. So the bot is started by a task of its own that tries until it succeeds.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from starlette.routing import Route
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError
from telegram.ext import Application, ApplicationBuilder
from telegram.request import HTTPXRequest

from bot.telegram.admin import show_menus
from bot.telegram.commands import Desk, publish_commands, register
from bot.telegram.inbox import Inbox, KeptApplication
from bot.telegram.webhook import PATH, Webhook, path_of
from storage.errors import StorageError

log = structlog.get_logger("telegram")

RETRY = 10.0  # seconds, doubling up to
RETRY_MOST = 300.0
STOP_PATIENCE = 3.0
WATCH = 5.0  # seconds between two looks at whether updates still come
SILENCE = 60.0  # a healthy connection answers every ten seconds, with or without updates

UPDATES = (Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)


@dataclass(frozen=True, slots=True)
class Hook:
    """Webhook mode: the public address of the web server, and the secret that Telegram shows when it calls."""

    address: str
    secret: str = field(repr=False)


class _Watched(HTTPXRequest):
    """The connection on which updates are read. It remembers when Telegram last answered: the library's own reading
    task may end without a word."""

    def __init__(self) -> None:
        super().__init__(connection_pool_size=2)
        self.answered_at = time.monotonic()

    async def do_request(self, *args: Any, **options: Any) -> tuple[int, bytes]:
        """As the library does, and note a good answer. A refused token must not end the reading task for good."""
        code, payload = await super().do_request(*args, **options)
        if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):
            raise NetworkError(f"Telegram answers {code} to getUpdates: it does not know the bot's token")
        if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
            self.answered_at = time.monotonic()
        return code, payload


class TelegramService:
    """The bot, from the first try to reach Telegram to the last update."""

    def __init__(self, token: str, api_url: str, desk: Desk, hook: Hook | None = None, *, listens: bool = True) -> None:
        """`api_url`: Telegram's, or a local Bot API server's address without a slash at its end. With `hook`, Telegram
        calls us; without, it is asked for updates. Without `listens` updates are another process's: this one only
        sends."""
        self.state = "starting"
        self._running = False
        self._hook = hook
        self._listens = listens
        self._updates = _Watched()
        self._desk = desk
        self._inbox = Inbox(desk.database, desk.clock)
        self._application = _build(token, api_url, self._updates, self._inbox)
        register(self._application, desk)

    def routes(self) -> list[Route]:
        """Where Telegram calls us, in webhook mode."""
        if self._hook is None:
            return []
        return [Webhook(secret=self._hook.secret, inbox=self._inbox, bot=lambda: self._application.bot).route()]

    @property
    def ready_bot(self) -> Bot | None:
        """The bot, once Telegram has accepted its token."""
        bot: Bot | None = self._application.bot if self._running else None
        return bot

    async def run(self) -> None:
        """Connect, whatever it takes, and keep reading updates until cancelled."""
        wait = RETRY
        while not await self._try(self._start):
            await asyncio.sleep(wait)
            wait = min(wait * 2, RETRY_MOST)
        self._running = True
        self._well()
        while True:
            await asyncio.sleep(WATCH)
            await self._tidy()
            if not self._listens or self._hook is not None or time.monotonic() - self._updates.answered_at < SILENCE:
                self._well()
            elif await self._try(self._read_anew):
                self._updates.answered_at = time.monotonic()  # it has as long as before to answer

    async def _tidy(self) -> None:
        """What was handled long ago is forgotten every day, also by a service that runs for years."""
        try:
            await self._inbox.tidy()
        except StorageError as error:
            log.warning("old updates cannot be forgotten now", error=str(error))

    async def _try(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Whether a step succeeded; whatever stands in its way is told and tried again."""
        try:
            await step()
        except InvalidToken:
            self._tell(
                "token refused",
                "Telegram refuses the bot token. Ask @BotFather for a valid one and set KAIGI_TELEGRAM__TOKEN; "
                "alerts wait until then.",
            )
            return False
        except TelegramError as error:
            self._tell("unreachable", f"Telegram cannot be reached ({error}). Alerts wait; trying again.")
            return False
        except Exception:
            log.exception("the bot cannot be started by our own mistake; trying again")
            return False
        return True

    async def _start(self) -> None:
        """Each step may have been done by an earlier try that failed later."""
        await self._application.initialize()
        if not self._listens:
            return
        await publish_commands(self._application.bot)
        await show_menus(self._application.bot, self._desk)
        if not self._application.running:
            await self._inbox.replay(self._application.bot)
            await self._application.start()
        if self._hook is None:
            await self._read_updates()
        else:
            await self._be_called(self._hook)

    async def _be_called(self, hook: Hook) -> None:
        """Tell Telegram where to bring updates. It keeps this, and repeats what it could not bring."""
        await self._application.bot.set_webhook(
            f"{hook.address}{PATH}/{path_of(hook.secret)}", secret_token=hook.secret, allowed_updates=UPDATES
        )

    async def _read_updates(self) -> None:
        updater = self._application.updater
        assert updater is not None
        if not updater.running:
            await updater.start_polling(
                allowed_updates=UPDATES,
                error_callback=self._polling_failed,
            )

    async def _read_anew(self) -> None:
        """Nothing has come for long: end the reading task, dead or alive, and start another."""
        updater = self._application.updater
        assert updater is not None
        if updater.running:
            await updater.stop()
        await self._updates.shutdown()  # a connection that hangs must not be waited for again
        await self._updates.initialize()
        await self._read_updates()

    def _well(self) -> None:
        if self.state != "ok":
            log.info("the bot is ready", name=self._application.bot.username)
        self.state = "ok"

    def _polling_failed(self, error: TelegramError) -> None:
        if isinstance(error, Conflict):
            self._tell("conflict", "Another program reads this bot's updates. Stop it, or use a token of its own.")
        else:
            self._tell("unreachable", f"Updates cannot be read ({error}). Trying again.")

    def _tell(self, state: str, words: str) -> None:
        """Each state is told once, not with every try."""
        if state != self.state:
            log.error(words)
        self.state = state

    async def stop(self) -> None:
        """Finish what is being handled and close the connections, within a few seconds."""
        with contextlib.suppress(TimeoutError, TelegramError):
            async with asyncio.timeout(STOP_PATIENCE):
                await self._stop()
        self._running = False

    async def _stop(self) -> None:
        updater = self._application.updater
        if updater is not None and updater.running:
            await updater.stop()
        if self._application.running:
            await self._application.stop()
        await self._application.shutdown()
        await self._application.bot.shutdown()  # after a refused token the application believes it never began


def _build(
    token: str, api_url: str, updates: HTTPXRequest, inbox: Inbox
) -> "Application[Any, Any, Any, Any, Any, Any]":
    builder = (
        ApplicationBuilder()
        .application_class(KeptApplication)
        .update_queue(inbox)
        .token(token)
        .base_url(f"{api_url.rstrip('/')}/bot")
        .base_file_url(f"{api_url.rstrip('/')}/file/bot")
        .get_updates_request(updates)
        .job_queue(None)  # there is one scheduler in this program
    )
    return builder.build()
