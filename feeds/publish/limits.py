"""How often one reader may ask: a bucket of tokens each, in bounded memory, and 429 for who has emptied it.

What is dear costs more tokens: a kept feed one, a page four, a search ten. This machine itself is never refused, so
that health checks and scrapers always get their answer; behind a proxy on it, the reader is who the proxy names.
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

BURST_S = 20.0  #: seconds of asking that a full bucket holds
MOST_READERS = 20_000  #: buckets that are kept; the longest unasked goes first, and would be full again by then
_FREE = ("/healthz", "/static/", "/telegram/", "/websub/")  # the last two have limits and secrets of their own
_DEAR = ("/search", "/feeds/search.", "/top")

Refusal = Callable[[Request, float], Awaitable[Response]]


@dataclass(kw_only=True)
class Buckets:
    """Tokens by reader: `per_s` flow in each second, up to what `BURST_S` seconds bring."""

    per_s: float
    clock: Callable[[], float] = time.monotonic
    most: int = MOST_READERS
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, reader: str, cost: float) -> float:
        """Take tokens. Returns 0, or the seconds until there are enough; then none were taken."""
        now = self.clock()
        full = self.per_s * BURST_S
        left, at = self._left.pop(reader, (full, now))
        left = min(left + (now - at) * self.per_s, full)
        wait = max(cost - left, 0.0) / self.per_s
        self._left[reader] = (left if wait else left - cost, now)
        if len(self._left) > self.most:
            self._left.popitem(last=False)
        return wait


class RateLimit:
    """Middleware. `refuse` makes the answer for somebody who must wait so many seconds."""

    def __init__(self, app: ASGIApp, *, buckets: Buckets, refuse: Refusal) -> None:
        """`buckets` are shared by all requests of this application."""
        self._app, self._buckets, self._refuse = app, buckets, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        reader = reader_of(scope) if scope["type"] == "http" else None
        wait = self._buckets.take(reader, _cost(scope["path"])) if reader else 0.0
        if not wait:
            await self._app(scope, receive, send)
            return
        response = await self._refuse(Request(scope, receive), wait)
        await response(scope, receive, send)


def reader_of(scope: Scope) -> str | None:
    """Who asks, fit for a bucket, in up to 64 characters; None for this machine, which is not limited.

    Only a proxy on this machine is believed about whom it asks for, and only its own, last word
    (`X-Forwarded-For` is written by everybody on the way). Of IPv6 a /64 is one reader: each has millions of addresses.
    """
    peer = (scope.get("client") or ("", 0))[0]
    if peer in ("127.0.0.1", "::1", ""):
        named = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if not named:
            return None
        peer = named[-1].rpartition(b",")[2].decode("latin-1").strip()[:64]
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer[:64] or None
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return peer


def _cost(path: str) -> float:
    if path.startswith(_FREE):
        return 0.0
    if path.startswith(_DEAR):
        return 10.0
    return 1.0 if path.startswith("/feeds/") else 4.0
