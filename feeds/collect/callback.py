"""Where hubs call us: `/websub/{token}`. GET verifies or denies a subscription, POST is a push (WebSub, 5.3 and 7).

Whoever asks is a stranger. The token is looked up before anything is read, a body is read up to the cap and only to
check its signature, and pushes are counted per token. An answer never tells whether a signature was right.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feeds.collect import lease
from feeds.collect.websub import PATH, keep
from storage import websub
from storage.database import Connection, Database
from storage.model import HubState, HubSubscription

log = structlog.get_logger("websub")

BODY_TIMEOUT_S = 20.0
BURST = 30  #: pushes of one hub at once …
REFILL_S = 2.0  #: … and one more after so many seconds
MAX_CHALLENGE = 4096

_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,64}")
_GONE = (HubState.LEAVING, HubState.RESTING)


@dataclass(kw_only=True)
class Callbacks:
    """The web side of our subscriptions."""

    database: Database
    clock: Callable[[], datetime]
    max_body_bytes: int
    _allowance: dict[str, tuple[float, datetime]] = field(default_factory=dict)  #: by token: what is left, and when

    def route(self) -> Route:
        """The route for the web application."""
        return Route(PATH + "/{token}", self._answer, methods=["GET", "POST"])

    async def _answer(self, request: Request) -> Response:
        token = str(request.path_params["token"])
        if request.method == "POST":
            return await self._push(request, token)
        return await self._verify(request, token)

    async def _verify(self, request: Request, token: str) -> Response:
        heard = lease.intent(request.query_params)
        if len(heard.challenge) > MAX_CHALLENGE or await self._find(token) is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)  # before any write: strangers must not hold up polls
        work = partial(_hear, token=token, heard=heard, now=self.clock())
        if not await asyncio.to_thread(self.database.write, work):
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return PlainTextResponse(heard.challenge)

    async def _push(self, request: Request, token: str) -> Response:
        about = await self._find(token)
        if about is None or about.state in _GONE:
            return Response(status_code=HTTPStatus.GONE)  # the hub may then forget us (section 7)
        if not self._is_allowed(token):
            return Response(status_code=HTTPStatus.TOO_MANY_REQUESTS, headers={"retry-after": "60"})
        body = await self._body(request)
        if isinstance(body, HTTPStatus):
            return Response(status_code=body)
        good = lease.is_signed(about.secret, request.headers.get("x-hub-signature"), body)
        await asyncio.to_thread(self.database.write, partial(_take, token=token, good=good, now=self.clock()))
        if good:
            log.info("a hub pushed", hub=urlsplit(about.hub).netloc, topic=about.topic)
        else:
            log.warning("a push with a wrong signature was ignored", hub=urlsplit(about.hub).netloc, topic=about.topic)
        return Response(status_code=HTTPStatus.ACCEPTED)

    async def _find(self, token: str) -> HubSubscription | None:
        if not _TOKEN.fullmatch(token):
            return None
        return await asyncio.to_thread(self.database.read, partial(websub.find, token=token))

    def _is_allowed(self, token: str) -> bool:
        """A bucket per token. One that is empty answers 429, and not silence, so that the hub pushes again later."""
        now = self.clock()
        left, since = self._allowance.get(token, (float(BURST), now))
        passed = max((now - since).total_seconds(), 0.0)  # a clock that is set back costs a hub nothing
        left = min(left + passed / REFILL_S, BURST)
        self._allowance[token] = (max(left - 1, 0.0) if left >= 1 else left, now)
        return left >= 1

    async def _body(self, request: Request) -> bytes | HTTPStatus:
        """Read what was pushed, or say why not."""
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self.max_body_bytes:
                        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        except ClientDisconnect:
            return HTTPStatus.BAD_REQUEST
        return bytes(body)


def _hear(connection: Connection, token: str, heard: lease.Intent, now: datetime) -> bool:
    """Let the hub's request change the subscription; False: it is not about anything that we asked for."""
    about = websub.by_token(connection, token)
    if about is None:
        return False
    step = lease.deny(about, heard, now) if heard.mode == lease.DENIED else lease.confirm(about, heard, now)
    if step is None:
        return False
    keep(connection, about, step, now)
    return True


def _take(connection: Connection, token: str, good: bool, now: datetime) -> None:
    about = websub.by_token(connection, token)
    if about is None or about.state in _GONE:
        return  # it was left while the body was on its way
    if not good:
        websub.save(connection, replace(about, refused=about.refused + 1), now)
        return
    websub.save(connection, lease.pushed(about, now), now)
    if about.source_id is not None:
        websub.announce(connection, about.source_id, now)
