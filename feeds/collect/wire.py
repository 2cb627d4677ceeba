"""The HTTP/1.1 client underneath, for servers that nobody trusts: small, because unchanged sources are asked often.

    ask ─► request.py ─► a kept connection, or dial.py ─► connection.py ─► answer.py ─► status, headers, read … read

It keeps no cookies, takes no proxy from the environment, follows no redirect and unpacks nothing: that is for others to
do. How many requests run at a time is for `turns.py` to say.
"""

import asyncio
from types import TracebackType
from typing import Self

from multidict import CIMultiDict, CIMultiDictProxy

from feeds.collect import request, unpack
from feeds.collect.answer import Answer
from feeds.collect.connection import Connection
from feeds.collect.dial import Dialler
from feeds.collect.kept import Kept, Key
from feeds.collect.wire_errors import Disconnected

PIECE = 64 * 1024


class Wire:
    """A client. Use it as an async context manager, in one event loop."""

    def __init__(
        self, *, user_agent: str, allow_private: bool, connect_timeout_s: float, read_timeout_s: float
    ) -> None:
        """Set the limits, in seconds: for a connection with its TLS, and for silence. Call it inside the event loop."""
        self._loop = asyncio.get_running_loop()
        self._dialler = Dialler(allow_private=allow_private, timeout_s=connect_timeout_s)
        self._usual = request.usual_of({"User-Agent": user_agent, "Accept-Encoding": unpack.ACCEPTED})
        self._kept = Kept(self._loop)
        self._open: set[Connection] = set()
        self._closed = False
        self.read_timeout_s = read_timeout_s

    async def __aenter__(self) -> Self:
        """Nothing to open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Close all connections; what is being asked fails."""
        self._closed = True
        self._kept.clear()
        for connection in tuple(self._open):
            connection.abort()
        for _ in range(8):  # rounds of the loop, in which the sockets are closed
            if not self._open:
                break
            await asyncio.sleep(0)

    def ask(
        self,
        method: str,
        place: request.Place,
        headers: CIMultiDict[str],
        *,
        verify: bool = True,
        body: bytes | None = None,
    ) -> "Exchange":
        """Return a request that is sent by `async with`, and its answer. `verify`: check the host's certificate.

        `headers` win over the usual ones. Raises ValueError for what cannot be sent.
        """
        head = request.head(method, place, headers, self._usual, None if body is None else len(body))
        return Exchange(self, place, head + body if body else head, verify=verify, repeatable=method == "GET")

    def kept(self, key: Key) -> Connection | None:
        """Return a connection that was kept for this place, if there is one."""
        return self._kept.take(key)

    def keep(self, key: Key, connection: Connection) -> None:
        """Keep a connection for the next request to the same place."""
        self._kept.put(key, connection)

    async def connect(self, place: request.Place, *, verify: bool) -> Connection:
        """Return a new connection. Raises OSError, and Disconnected when the client was closed meanwhile."""
        connection = await self._dialler.open(place, self._new, verify=verify)
        if self._closed:
            connection.abort()
            raise Disconnected("the client is closed")
        return connection

    def _new(self) -> Connection:
        return Connection(self._loop, self._open)


class Exchange:
    """One request and its answer: `async with wire.ask(…) as answer`.

    Entering raises OSError (no connection), WireError (no answer of HTTP) and TimeoutError. Whoever leaves before the
    end of the body closes the connection.
    """

    __slots__ = ("_answer", "_connection", "_key", "_place", "_repeatable", "_request", "_verify", "_wire")

    def __init__(self, wire: Wire, place: request.Place, sent: bytes, *, verify: bool, repeatable: bool) -> None:
        """`sent`: the whole request. `repeatable`: a kept connection will do, which may turn out to be closed."""
        self._wire = wire
        self._place = place
        self._request = sent
        self._verify = verify
        self._repeatable = repeatable
        self._key = (place.secure, place.host, place.port, verify)

    async def __aenter__(self) -> Self:
        """Send the request, and wait for the head of its answer."""
        kept = self._wire.kept(self._key) if self._repeatable else None
        if kept is not None:
            try:
                return await self._over(kept)
            except Disconnected:
                if self._answer.began:
                    raise
                # the server had closed it meanwhile, and has not seen the request
        return await self._over(await self._wire.connect(self._place, verify=self._verify))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connection."""
        if not self._connection.release():
            return
        if self._repeatable:
            self._wire.keep(self._key, self._connection)
        else:
            self._connection.abort()

    @property
    def status(self) -> int:
        """The status code: 200 to 999."""
        return self._answer.status

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The header fields. Bytes that are not UTF-8 are lone surrogates."""
        return self._answer.headers

    @property
    def content_length(self) -> int | None:
        """How many bytes of body the head promises; None when it does not say."""
        return self._answer.content_length

    async def read(self, most: int = PIECE) -> bytes:
        """Return the next bytes of the body, packed as they came, at most `most`; none at its end.

        Raises WireError when it breaks off, and TimeoutError when nothing comes for `read_timeout_s`.
        """
        return await self._connection.read(most)

    async def _over(self, connection: Connection) -> Self:
        self._connection = connection
        self._answer: Answer = connection.ask(self._request, self._wire.read_timeout_s)
        try:
            await connection.head()
        except BaseException:
            connection.release()
            raise
        return self
