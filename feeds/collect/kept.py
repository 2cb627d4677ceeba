"""Connections that are kept for a moment, because another request to the same host often follows."""

import asyncio

from feeds.collect.connection import Connection
from feeds.collect.turns import PER_HOST

KEEP_ALIVE_S = 3.0  # articles of one page follow each other by a second; the next poll is a minute away at least
MAX_HOSTS = 64  # the hosts asked last

Key = tuple[bool, str, int, bool]  #: TLS, host, port, whether the certificate was checked


class Kept:
    """Belongs to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with none."""
        self._loop = loop
        self._hosts: dict[Key, list[tuple[Connection, float]]] = {}  # the host asked last is the last one
        self._sweep: asyncio.TimerHandle | None = None

    def take(self, key: Key) -> Connection | None:
        """Return the connection that was used last, as far as we know still open; it is not kept any longer."""
        kept = self._hosts.get(key)
        while kept:
            connection, since = kept.pop()
            if not kept:
                del self._hosts[key]
            if connection.usable and self._loop.time() - since < KEEP_ALIVE_S:
                return connection
            connection.abort()
        return None

    def put(self, key: Key, connection: Connection) -> None:
        """Keep a connection for KEEP_ALIVE_S seconds; there is room for few, and the oldest make place."""
        kept = self._hosts.pop(key, [])
        kept.append((connection, self._loop.time()))
        if len(kept) > PER_HOST:
            kept.pop(0)[0].abort()
        self._hosts[key] = kept
        if len(self._hosts) > MAX_HOSTS:
            self._close(next(iter(self._hosts)))
        if self._sweep is None:
            self._sweep = self._loop.call_later(KEEP_ALIVE_S, self._close_old)

    def clear(self) -> None:
        """Close all."""
        for key in tuple(self._hosts):
            self._close(key)
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def _close(self, key: Key) -> None:
        for connection, _ in self._hosts.pop(key):
            connection.abort()

    def _close_old(self) -> None:
        """Close those whose time is over; a host goes when its youngest does."""
        self._sweep = None
        now = self._loop.time()
        for key, kept in tuple(self._hosts.items()):
            if now - kept[-1][1] >= KEEP_ALIVE_S:
                self._close(key)
        if self._hosts:
            oldest = next(iter(self._hosts.values()))[-1][1]
            self._sweep = self._loop.call_later(max(KEEP_ALIVE_S - (now - oldest), 0.05), self._close_old)
