"""The hostile newsroom: a process of its own that speaks raw HTTP, and anything else.

Started as `python -m bench.hostile_server`; prints its port, then answers each line of input with a line: the number
of requests for /canary so far. The line `prepare NAME` makes a document ready first. A path is the name of a document
in `payloads.py` or of a behaviour here; /healthy is a feed like any other. It listens on all of 127.0.0.0/8 and closes
what comes from elsewhere.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from urllib.parse import unquote

from bench.payloads import DOCUMENTS, item, rss, zeros

Writer = asyncio.StreamWriter
HEALTHY = rss(item("<guid>h</guid><description>会談の概要</description>"))
_PORT = [0]
_CANARY = [0]


def _plain(answer: bytes) -> Callable[[Writer], Awaitable[None]]:
    async def send(writer: Writer) -> None:
        writer.write(answer)

    return send


def _then(start: bytes, piece: bytes, pause_s: float) -> Callable[[Writer], Awaitable[None]]:
    """Send `start`, then `piece` for ever."""

    async def send(writer: Writer) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return send


async def _silent(_: Writer) -> None:
    await asyncio.sleep(120)


def _redirect(location: str) -> Callable[[Writer], Awaitable[None]]:
    async def send(writer: Writer) -> None:
        target = location.replace("PORT", str(_PORT[0]))
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    return send


async def _slow_redirect(writer: Writer) -> None:
    await asyncio.sleep(3)
    await _redirect("/redirects%20that%20each%20take%20three%20seconds")(writer)


def ok(body: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> bytes:
    """A whole response."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"HTTP/1.1 {status} OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"

BEHAVIOURS: Mapping[str, Callable[[Writer], Awaitable[None]]] = {
    "silent after the request": _silent,
    "a byte a second, headers": _then(b"HTTP/1.1 200 OK\r\nX: ", b"x", 1),
    "a byte a second, body": _then(_OK + b"Content-Length: 100000\r\n\r\n", b"<", 1),
    "a byte a second, status line": _then(b"", b"H", 1),
    "a header line a second": _then(b"HTTP/1.1 200 OK\r\n", b"X-More: more\r\n", 1),
    "a byte a second, gzip": _then(
        _OK + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n" + zeros(1, 31)[:64], b"\0", 1
    ),
    "1 kB a second": _then(_OK + b"Content-Length: 1000000\r\n\r\n", b"<" * 1024, 1),
    "an informational answer a second": _then(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 1),
    "an error page that drips": _then(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100000\r\n\r\n", b"<", 1),
    "an empty chunk extension without end": _then(_CHUNKED + b"1;", b"x" * 65_536, 0),
    "trailers without end": _then(_CHUNKED + b"1\r\n<\r\n0\r\n", b"X-More: more\r\n" * 500, 0),
    "silent after the headers": _then(_OK + b"Content-Length: 100000\r\n\r\n", b"", 1),
    "a chunk a second": _then(_CHUNKED, b"1\r\n<\r\n", 1),
    "headers without end": _then(b"HTTP/1.1 200 OK\r\n", b"X-More: more\r\n" * 500, 0),
    "a header line without end": _then(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536, 0),
    "a status line without end": _then(b"HTTP/1.1 200 ", b"x" * 65_536, 0),
    "informational answers without end": _then(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 100, 0),
    "10,000 cookies": _plain(ok(HEALTHY).replace(b"\r\n\r\n", b"\r\n" + b"Set-Cookie: a=b\r\n" * 10_000 + b"\r\n", 1)),
    "a body without end": _then(_OK + b"\r\n", b"<item>" * 10_000, 0),
    "a chunked body without end": _then(_CHUNKED, b"ea60\r\n" + b"<item>" * 10_000 + b"\r\n", 0),
    "length of 10 GB": _then(_OK + b"Content-Length: 10000000000\r\n\r\n", b"<item>" * 10_000, 0),
    "length too long": _plain(_OK + b"Content-Length: 99999\r\n\r\n" + HEALTHY),
    "length too short": _plain(_OK + b"Content-Length: 100\r\nConnection: close\r\n\r\n" + HEALTHY),
    "length that is negative": _plain(_OK + b"Content-Length: -1\r\n\r\n" + HEALTHY),
    "two lengths": _plain(_OK + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\n" + HEALTHY),
    "length and chunks": _plain(_OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks that are garbage": _plain(_CHUNKED + b"zz\r\nnot a chunk\r\n"),
    "a chunk of 2^64 bytes": _plain(_CHUNKED + b"ffffffffffffffff\r\n<rss"),
    "a chunk size without end": _then(_CHUNKED, b"0" * 65_536, 0),
    "not HTTP": _plain(b"SSH-2.0-OpenSSH_9.2\r\n" * 10),
    "HTTP/0.9": _plain(HEALTHY),
    "status 999": _plain(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
    "304 without being asked": _plain(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "retry after a million years": _plain(
        b"HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999\r\nContent-Length: 0\r\n\r\n"
    ),
    "an error page without end": _then(b"HTTP/1.1 500 Oops\r\n\r\n", b"<p>" * 20_000, 0),
    "redirects that each take three seconds": _slow_redirect,
    "redirect to itself": _redirect("/redirect%20to%20itself"),
    "redirect without end": _redirect("/redirect%20without%20end?x=" + "y" * 100),
    "redirect to a file": _redirect("file:///etc/passwd"),
    "redirect to a script": _redirect("javascript:alert(1)"),
    "redirect of 1 MB": _redirect("/" + "x" * 1_000_000),
    "redirect without a place": _plain(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
    "redirect with broken characters": _plain(b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\n\r\n"),
    "closed at once": _plain(b""),
    "redirect into the private network": _redirect("http://127.0.0.1:PORT/canary"),
    "redirect by a name": _redirect("http://inner.example:PORT/canary"),
}


#: Hosts whose robots.txt is hostile, and in which way.
ROBOTS: Mapping[str, str] = {
    "127.77.0.1": "a byte a second, body",
    "127.77.0.2": "gzip bomb, 1 GB",
    "127.77.0.3": "a body without end",
    "127.77.0.4": "redirect without end",
}


async def _serve(reader: asyncio.StreamReader, writer: Writer) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError):
        if writer.get_extra_info("sockname")[0].startswith("127."):
            request = await reader.readuntil(b"\r\n\r\n")
            name = unquote(request.split(b" ", 2)[1].decode("latin-1")).lstrip("/").partition("?")[0]
            if name == "robots.txt":
                name = ROBOTS.get(writer.get_extra_info("sockname")[0], name)
            await _answer(name, writer)
            await writer.drain()
    writer.close()


@lru_cache(maxsize=1)
def _body(name: str) -> bytes:
    """A document. Some take seconds to make, which are not the reader's."""
    return DOCUMENTS[name].body()


async def _answer(name: str, writer: Writer) -> None:
    if name == "canary":
        _CANARY[0] += 1
    if name in BEHAVIOURS:
        await BEHAVIOURS[name](writer)
    elif document := DOCUMENTS.get(name):
        body = await asyncio.to_thread(_body, name)
        if len(body) < 10_000:
            body = body.replace(b"PORT", str(_PORT[0]).encode())
        writer.write(ok(body, {"Content-Type": document.content_type, **document.headers}, document.status))
    else:
        writer.write(ok(HEALTHY, {"Content-Type": "application/xml"}))


async def main() -> None:
    """Serve until standard input ends."""
    server = await asyncio.start_server(_serve, "0.0.0.0", 0)
    _PORT[0] = server.sockets[0].getsockname()[1]
    print(_PORT[0], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order, _, name = line.strip().replace("robots.txt: ", "").partition(" ")
        if order == "prepare" and name in DOCUMENTS:
            await asyncio.to_thread(_body, name)
        print(_CANARY[0], flush=True)
    server.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
