"""What the tests of the client share: servers that speak by a script, and one request."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from multidict import CIMultiDict

from feeds.collect.request import Place, place_of
from feeds.collect.wire import Exchange, Wire
from tests.feeds.collect.conftest import self_signed

OK = b"HTTP/1.1 200 OK\r\n"
SHORT = OK + b"Content-Length: 5\r\n\r\n<rss>"
NONE: CIMultiDict[str] = CIMultiDict()
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


@dataclass
class Server:
    """Answers as it is told, and writes down what it was asked."""

    scheme: str = "http"
    port: int = 0
    connections: int = 0
    asked: list[str] = field(default_factory=list)
    open_now: set[asyncio.StreamWriter] = field(default_factory=set)
    ended: asyncio.Event = field(default_factory=asyncio.Event)  #: a connection has ended

    @property
    def url(self) -> Place:
        return place_of(f"{self.scheme}://127.0.0.1:{self.port}/feed")

    async def request(self, reader: asyncio.StreamReader) -> str:
        """The next request, up to its body."""
        text = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(text)
        return text

    async def speak(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(reader, writer, self.connections)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.open_now.discard(writer)
        self.ended.set()


@contextlib.asynccontextmanager
async def serving(
    script: Callable[[Server], Script], *, tls: bool = False, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Server]:
    """A server that speaks by a script, which learns the number of the connection."""
    server = Server(scheme="https" if tls else "http")
    speak = partial(server.speak, script(server))
    async with await asyncio.start_server(speak, host, port, ssl=self_signed() if tls else None) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        for writer in tuple(server.open_now):
            writer.transport.abort()
        while server.open_now:
            await asyncio.sleep(0.01)


def saying(answer: bytes, *, times: int = 100, then_close: bool = False) -> Callable[[Server], Script]:
    """Answers each request on a connection alike, up to `times`, and then stays silent or closes."""

    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
            for _ in range(times):
                await server.request(reader)
                writer.write(answer)
                await writer.drain()
            if not then_close:
                await reader.read()

        return speak

    return script


def wire(read_timeout_s: float = 3.0, *, allow_private: bool = True) -> Wire:
    return Wire(
        user_agent="kaigi-tests", allow_private=allow_private, connect_timeout_s=3, read_timeout_s=read_timeout_s
    )


async def whole(answer: Exchange, most: int = 65_536) -> bytes:
    body = b""
    while piece := await answer.read(most):
        assert len(piece) <= most
        body += piece
    return body


async def ask(client: Wire, url: Place) -> bytes:
    async with client.ask("GET", url, NONE) as answer:
        assert answer.status == 200
        return await whole(answer)


def leading_to(*addresses: str) -> Callable[..., list[object]]:
    """A name server that knows one answer for every name."""

    def look_up(_: str, port: int, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return look_up
