"""Where Telegram calls us in webhook mode: `POST /telegram/{path}` on the service's own web server.

Whoever calls is a stranger until the secret is right. The path is made of the secret and cannot be guessed; the secret
itself comes in a header and is compared in constant time. A body is read up to a limit, and an update is in the
database before Telegram hears that we have it; until then Telegram repeats it.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Bot, Update
from telegram.error import TelegramError

from bot.telegram.inbox import Inbox

log = structlog.get_logger("webhook")

PATH = "/telegram"
HEADER = "x-telegram-bot-api-secret-token"
MAX_BODY = 1 << 20  #: bytes; updates are a few kilobytes
BODY_TIMEOUT_S = 20.0


def path_of(secret: str) -> str:
    """The last part of the address, made of the secret; it tells nothing about it."""
    return hmac.new(secret.encode(), b"kaigi webhook path", hashlib.sha256).hexdigest()[:40]


@dataclass(kw_only=True)
class Webhook:
    """The web side of the bot. `bot` gives it once Telegram has accepted its token."""

    secret: str
    inbox: Inbox
    bot: Callable[[], Bot]

    def route(self) -> Route:
        """The route for the web application."""
        return Route(PATH + "/{path}", self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        if not _same(str(request.path_params["path"]), path_of(self.secret)):
            return Response(status_code=HTTPStatus.NOT_FOUND)
        if not _same(request.headers.get(HEADER, ""), self.secret):
            log.warning("a call to the webhook without the right secret was refused")
            return Response(status_code=HTTPStatus.FORBIDDEN)
        body = await _body(request)
        if isinstance(body, HTTPStatus):
            return Response(status_code=body)
        update = self._update(body)
        if update is None:
            log.warning("a call to the webhook held no update")
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        try:
            await self.inbox.put(update)
        except TelegramError as error:
            log.error("an update cannot be kept; Telegram will repeat it", error=str(error))
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        return Response()

    def _update(self, body: bytes) -> Update | None:
        try:
            return Update.de_json(json.loads(body), self.bot())
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


async def _body(request: Request) -> bytes | HTTPStatus:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT
    except ClientDisconnect:
        return HTTPStatus.BAD_REQUEST
    return bytes(body)
