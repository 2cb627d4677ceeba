"""The HTTP client underneath: aiohttp, set up for servers that nobody trusts.

No cookies are kept, no proxy is taken from the environment, every socket passes the guard, and informational answers
(1xx, RFC 9110 §15.2) are counted, which aiohttp does not do: it reads any number of them and waits for the real one.
"""

import asyncio
from functools import partial
from typing import cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from feeds.collect import unpack
from feeds.collect.guard import socket_factory
from feeds.collect.resolve import Resolver
from feeds.collect.turns import PER_HOST

MAX_INFORMATIONAL = 16
KEEP_ALIVE_S = 3.0  # articles of one page follow each other by a second; the next poll is a minute away at least


def open_session(
    *, user_agent: str, allow_private: bool, concurrency: int, connect_timeout_s: float, read_timeout_s: float
) -> aiohttp.ClientSession:
    """Return a session; whoever asked for it closes it. Call it inside the event loop."""
    connector = aiohttp.TCPConnector(
        limit=concurrency,
        limit_per_host=PER_HOST,
        keepalive_timeout=KEEP_ALIVE_S,
        socket_factory=socket_factory(allow_private),
        resolver=Resolver(connect_timeout_s),
    )
    # aiohttp has no public hook here. Without this line only the test about informational answers would fail.
    connector._factory = cast("partial[ResponseHandler]", partial(_Handler, loop=asyncio.get_running_loop()))
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": user_agent, "Accept-Encoding": unpack.ACCEPTED},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s, sock_read=read_timeout_s),
        auto_decompress=False,  # unpack.py does it, within the cap
        trust_env=False,
    )


class _Handler(ResponseHandler):
    """Breaks off a connection that says "wait" again and again."""

    _informational = 0

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take one answer from the parser."""
        if self.exception() is not None:
            return
        if 100 <= data[0].code < 200:
            self._informational += 1
            if self._informational > MAX_INFORMATIONAL:
                self.set_exception(HttpProcessingError(code=data[0].code, message="informational answers without end"))
                if self.transport is not None:
                    self.transport.abort()
                return
        else:
            self._informational = 0
        super().feed_data(data, size)
