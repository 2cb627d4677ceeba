"""The newsrooms' web server: a process of its own that answers from memory, so that it never is what is measured.

Started as `python -m bench.server FEEDS ITEMS DAY`; prints its port, then takes one order a line and answers `ok`:
`validators on|off`, `changed N` (the first N feeds have one more entry), `delay MS` (before each answer), `reset`.
`count` is answered with the number of requests since it was asked last. It ends with its input.

Every feed has a host of its own, as newsrooms do: `address(port, number)`. All of 127.0.0.0/8 is this machine on Linux;
a connection that was not made to it is closed. A path that begins with /drip sends one byte a second, for ever.
"""

import asyncio
import sys
from contextlib import suppress
from datetime import date

from bench import corpus

DRIP_S = 1.0


def address(port: int, number: int, path: str = "feed") -> str:
    """Where a feed is: its own host on loopback."""
    return f"http://127.{1 + number // 60_000}.{number // 250 % 240}.{1 + number % 250}:{port}/{path}/{number}"


class Newsrooms:
    """What is served now."""

    def __init__(self, feeds: int, items: int, day: date) -> None:
        """Write all feeds once."""
        self._feeds, self._items, self._day = feeds, items, day
        self._bodies = [corpus.feed(number, items, day) for number in range(feeds)]
        self._changed: dict[int, bytes] = {}
        self._validators = True
        self.delay_s = 0.0
        self.asked = 0

    def order(self, words: list[str]) -> str:
        """Do what a line on standard input says. Returns the answer."""
        match words:
            case ["count"]:
                asked, self.asked = self.asked, 0
                return str(asked)
            case ["delay", milliseconds]:
                self.delay_s = int(milliseconds) / 1000
            case ["validators", switch]:
                self._validators = switch == "on"
            case ["changed", count]:
                chosen = range(min(int(count), self._feeds))
                self._changed = {number: corpus.feed(number, self._items, self._day, edition=1) for number in chosen}
            case ["reset"]:
                self._changed, self._validators = {}, True
            case _:
                raise ValueError(f"no such order: {words}")
        return "ok"

    def answer(self, number: int, request: bytes) -> bytes:
        """The whole response to one request."""
        if not self._validators:
            return _ok(self._body(number), b"")
        tag = b'"n%d-%d"' % (number, number in self._changed)
        head = b"ETag: %s\r\nLast-Modified: Sat, 01 Nov 2025 00:00:00 GMT\r\n" % tag
        if b"\r\nif-none-match: " + tag + b"\r\n" in request.lower():
            return b"HTTP/1.1 304 Not Modified\r\n" + head + b"\r\n"
        return _ok(self._body(number), head)

    def _body(self, number: int) -> bytes:
        return self._changed.get(number) or self._bodies[number % self._feeds]


def _ok(body: bytes, head: bytes) -> bytes:
    start = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset=utf-8\r\nContent-Length: %d\r\n"
    return start % len(body) + head + b"\r\n" + body


class _Connection(asyncio.Protocol):
    def __init__(self, rooms: Newsrooms) -> None:
        self._rooms = rooms
        self._input = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not transport.get_extra_info("sockname")[0].startswith("127."):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._input += data
        while b"\r\n\r\n" in self._input:
            request, _, self._input = self._input.partition(b"\r\n\r\n")
            self._serve(request + b"\r\n")

    def _serve(self, request: bytes) -> None:
        assert self._transport is not None
        path = request.split(b" ", 2)[1]
        number = int(path.rpartition(b"/")[2] or 0)
        if path.startswith(b"/drip"):
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 100000\r\n\r\n")
            self._drip()
        elif self._rooms.delay_s:
            self._rooms.asked += 1
            asyncio.get_running_loop().call_later(self._rooms.delay_s, self._answer, number, request)
        else:
            self._rooms.asked += 1
            self._answer(number, request)

    def _answer(self, number: int, request: bytes) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(self._rooms.answer(number, request))

    def _drip(self) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(b"<")
            asyncio.get_running_loop().call_later(DRIP_S, self._drip)


async def serve(rooms: Newsrooms) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(rooms), "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(rooms.order(line.split()), flush=True)
    server.close()


def main() -> None:
    """Make the feeds and serve them."""
    feeds, items, day = sys.argv[1:4]
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Newsrooms(int(feeds), int(items), date.fromisoformat(day))))


if __name__ == "__main__":
    main()
