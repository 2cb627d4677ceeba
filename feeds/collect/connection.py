"""One connection to a server: sends a request, and hands its answer on at the pace of whoever reads it.

    ask ─► (bytes ─► Answer) ─► head ─► read … read ─► release: kept for another request, or closed

The server is held back while more than 128 kB wait unread. One timer for each request watches the silence.
"""

import asyncio
from typing import cast

from feeds.collect.answer import Answer
from feeds.collect.wire_errors import Disconnected, WireError

HIGH = 128 * 1024  #: bytes that may wait unread before the server has to wait as well …
LOW = HIGH // 2  #: … and at which it may go on


class Connection(asyncio.Protocol):
    """Belongs to one event loop, and to one request at a time."""

    __slots__ = (
        "_answer", "_everyone", "_failure", "_loop", "_lost", "_patience_s", "_paused", "_seen", "_timer", "_transport",
        "_waiter",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, everyone: "set[Connection]") -> None:
        """`everyone`: where it writes itself down for as long as it is open."""
        self._loop = loop
        self._everyone = everyone
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = Answer()  # from the start: some servers speak first, and what they say is no HTTP
        self._failure: Exception | None = None
        self._lost = False
        self._paused = False
        self._patience_s = 0.0
        self._seen = 0.0  # when the last bytes came, on the clock of the loop
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None

    def ask(self, request: bytes, patience_s: float) -> Answer:
        """Send a request, and return where its answer will be. `patience_s`: the longest silence, in seconds."""
        if self._answer is None:
            self._answer = Answer()
        if self._transport is not None and self.usable:
            self._patience_s = patience_s
            self._seen = self._loop.time()
            self._timer = self._loop.call_later(patience_s, self._look)
            self._transport.write(request)
        return self._answer

    async def head(self) -> None:
        """Wait for the head of the answer. Raises WireError, TimeoutError."""
        assert self._answer is not None
        while not self._answer.status:
            await self._news()

    async def read(self, most: int) -> bytes:
        """Return the next bytes of the body, at most `most`; none at its end. Raises WireError, TimeoutError."""
        answer = self._answer
        assert answer is not None
        while not answer.body:
            if answer.ended:
                return b""
            await self._news()
        piece = answer.take(most)
        if self._paused and len(answer.body) <= LOW:
            self._go_on()
        return piece

    def release(self) -> bool:
        """Let go of the answer. Returns whether another request may follow; if not, the connection is closed."""
        answer, self._answer = self._answer, None
        self._end_watch()
        if answer is None or not answer.ended or not answer.reusable or not self.usable:
            self.abort()
            return False
        if self._paused:
            self._go_on()
        return True

    def abort(self) -> None:
        """Close it now. Whoever still reads an answer is told that it is not whole."""
        self._end_watch()
        if self._answer is not None and self._failure is None:
            self._failure = self._answer.cut(ConnectionAbortedError())
        if self._transport is not None and not self._lost:
            self._transport.abort()

    @property
    def usable(self) -> bool:
        """Whether it is open, as far as we know."""
        return self._transport is not None and not self._lost and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop, like all that follow: there is a connection, and TLS on it where it is asked for."""
        self._transport = cast("asyncio.Transport", transport)
        self._everyone.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        answer = self._answer
        if answer is None or self._failure is not None:
            self.abort()  # nobody asked for them, or wants them any more
            return
        self._seen = self._loop.time()
        try:
            answer.feed(data)
        except WireError as error:
            self._fail(error)
            return
        if answer.ended:
            self._end_watch()
        elif len(answer.body) > HIGH and not self._paused:
            self._hold()
        if answer.status:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._lost = True
        self._everyone.discard(self)
        self._end_watch()
        if self._answer is not None and self._failure is None:
            self._failure = self._answer.cut(exc)
            if self._failure is not None:
                self._failure.__cause__ = exc
        self._wake()

    async def _news(self) -> None:
        """Wait until something has happened. Raises what went wrong."""
        if self._failure is not None:
            raise self._failure
        if self._lost:
            raise Disconnected("the connection is closed")
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self.abort()
        self._wake()

    def _look(self) -> None:
        """See how long the server has been silent; while we hold it back, it may be."""
        quiet_s = 0.0 if self._paused else self._loop.time() - self._seen
        if quiet_s >= self._patience_s:
            self._fail(TimeoutError(f"nothing came for {self._patience_s:g} s"))
        else:
            self._timer = self._loop.call_later(self._patience_s - quiet_s, self._look)

    def _end_watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hold(self) -> None:
        assert self._transport is not None
        self._paused = True
        self._transport.pause_reading()

    def _go_on(self) -> None:
        self._paused = False
        self._seen = self._loop.time()
        if self.usable and self._transport is not None:
            self._transport.resume_reading()
