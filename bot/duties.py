"""What is done while a duty is one's own, as `bot/standby.py` wants it: begun, and stopped in order."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.deliver import Deliverer
from bot.telegram.service import TelegramService
from bot.telegram.webhook import PATH
from feeds.publish.web import Health

PATIENCE_S = 5.0  #: for messages in flight, and for other work under way
BREATH_S = 1.0  #: before a deliverer that took over sends: the one before it may have used up this second


class Sending:
    """The messages of a channel."""

    def __init__(self, deliverer: Deliverer, sending: list[Deliverer]) -> None:
        """`sending`: the deliverers at work, which are woken; this one is among them while it works."""
        self.deliverer = deliverer
        self._sending = sending

    async def run(self) -> None:
        """Take a breath, and deliver."""
        await asyncio.sleep(BREATH_S)
        self._sending.append(self.deliverer)
        await self.deliverer.run()

    async def stop(self) -> None:
        """Claim nothing more, and let what is in flight finish."""
        self._leave()
        await self.deliverer.stop(PATIENCE_S)

    async def lost(self) -> None:
        """The same, but what is known about a message is kept in any case."""
        self._leave()
        await self.deliverer.give_way(PATIENCE_S)

    def _leave(self) -> None:
        if self.deliverer in self._sending:
            self._sending.remove(self.deliverer)


class UntilSet:
    """Work that ends when an event is set: a bite under way is let finish."""

    def __init__(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """`work` looks at `stop`."""
        self._work, self._stop = work, stop
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Do it."""
        self._idle.clear()
        try:
            await self._work()
        finally:
            self._idle.set()

    async def stop(self) -> None:
        """Begin no more bites, and wait for the one under way, within patience."""
        self._stop.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._idle.wait()

    async def lost(self) -> None:
        """The same."""
        await self.stop()


class Listening:
    """Reading what people say to the bot."""

    def __init__(self, begin: Callable[[], TelegramService], ended: Callable[[], None]) -> None:
        """`begin` makes the bot anew; `ended` is called when another process may have it."""
        self._bot, self._ended = begin(), ended

    async def run(self) -> None:
        """Read and answer."""
        await self._bot.run()

    async def stop(self) -> None:
        """Finish what is being handled."""
        self._ended()
        await self._bot.stop()

    async def lost(self) -> None:
        """The same."""
        await self.stop()


def door(bot: Callable[[], TelegramService | None], health: Callable[[], Health]) -> Starlette:
    """Where Telegram calls in webhook mode. Whoever stands by has no bot and refuses: a proxy tries another process, or
    Telegram calls again."""

    async def pass_on(request: Request) -> Response:
        current = bot()
        if current is None:
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        (route,) = current.routes()
        answer: Response = await route.endpoint(request)
        return answer

    async def lives(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def is_ready(_request: Request) -> Response:
        ready = bot() is not None
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({**health(), "ready": ready}, status)

    calls = Route(PATH + "/{path}", pass_on, methods=["POST"])
    return Starlette(routes=[Route("/healthz", lives), Route("/readyz", is_ready), calls])
