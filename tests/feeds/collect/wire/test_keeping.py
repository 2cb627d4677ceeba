"""One connection for several requests: when it is kept, when not, and what happens when it dies."""

import asyncio
from collections.abc import Callable

import pytest

from feeds.collect import kept
from feeds.collect.request import FORM
from feeds.collect.wire_errors import BrokeOff, Disconnected
from tests.feeds.collect.wire.rig import NONE, OK, SHORT, Script, Server, ask, saying, serving, whole, wire


async def test_a_connection_serves_one_request_after_another() -> None:
    async with serving(saying(SHORT)) as server, wire() as client:
        assert [await ask(client, server.url) for _ in range(3)] == [b"<rss>"] * 3
        assert server.connections == 1
        assert server.asked[0].startswith(f"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n")


async def test_requests_at_the_same_time_have_a_connection_each_and_both_are_kept() -> None:
    async with serving(saying(SHORT)) as server, wire() as client:
        await asyncio.gather(ask(client, server.url), ask(client, server.url))
        await asyncio.gather(ask(client, server.url), ask(client, server.url))
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\nConnection: close\r\n\r\n<rss>",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n<rss>",
        SHORT + b"and more",
        SHORT + SHORT,
    ],
    ids=["it says so", "HTTP/1.0", "more than was promised", "two answers"],
)
async def test_a_connection_is_not_kept_where_it_is_not_sure_what_would_come_next(answer: bytes) -> None:
    async with serving(saying(answer)) as server, wire() as client:
        assert [await ask(client, server.url) for _ in range(2)] == [b"<rss>"] * 2
        assert server.connections == 2


async def test_whoever_leaves_before_the_end_closes_the_connection() -> None:
    half = OK + b"Content-Length: 10\r\n\r\n<rss>"
    async with serving(saying(half)) as server, wire() as client:
        async with client.ask("GET", server.url, NONE) as answer:
            assert await answer.read() == b"<rss>"
        await server.ended.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), client.ask("GET", server.url, NONE) as answer:
                await whole(answer)
        assert server.connections == 2


async def test_an_answer_that_was_not_read_but_has_come_keeps_its_connection() -> None:
    async with serving(saying(SHORT)) as server, wire() as client:
        for _ in range(2):
            async with client.ask("GET", server.url, NONE) as answer:
                assert answer.content_length == 5
        assert server.connections == 1


async def test_a_kept_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    async with serving(saying(SHORT, times=1, then_close=True)) as server, wire() as client:
        assert await ask(client, server.url) == b"<rss>"
        await server.ended.wait()
        await asyncio.sleep(0.02)
        assert await ask(client, server.url) == b"<rss>"
        assert server.connections == 2


def closing_at_the_second(*, after: bytes) -> Callable[[Server], Script]:
    """On its first connection it hears a second request and then closes, having said `after`."""

    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
            await server.request(reader)
            writer.write(SHORT)
            await server.request(reader)
            if number == 1:
                writer.write(after)
                return
            writer.write(SHORT)

        return speak

    return script


async def test_a_request_on_a_kept_connection_that_dies_is_asked_once_more() -> None:
    async with serving(closing_at_the_second(after=b"")) as server, wire() as client:
        assert [await ask(client, server.url) for _ in range(3)] == [b"<rss>"] * 3
        assert server.connections == 2
        assert len(server.asked) == 4


async def test_it_is_not_asked_again_when_the_answer_had_begun_or_the_connection_was_new() -> None:
    async with serving(closing_at_the_second(after=b"HTTP/1.1 ")) as server, wire() as client:
        await ask(client, server.url)
        with pytest.raises(Disconnected):
            await ask(client, server.url)
        assert server.connections == 1
    async with serving(saying(b"", times=1, then_close=True)) as server, wire() as client:
        with pytest.raises(Disconnected):
            await ask(client, server.url)
        assert server.connections == 1


async def test_a_post_has_a_connection_of_its_own() -> None:
    seen: list[bytes] = []

    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
            while True:
                head = await server.request(reader)
                if head.startswith("POST"):
                    seen.append(await reader.readexactly(9))
                writer.write(SHORT)

        return speak

    async with serving(script) as server, wire() as client:
        await ask(client, server.url)
        for _ in range(2):
            async with client.ask("POST", server.url, FORM, body=b"topic=a%3") as answer:
                assert answer.status == 200
        assert server.connections == 3
        assert seen == [b"topic=a%3"] * 2
        assert "Content-Length: 9\r\n" in server.asked[1]
        await ask(client, server.url)
        assert server.connections == 3


async def test_a_connection_is_kept_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "KEEP_ALIVE_S", 0.05)
    async with serving(saying(SHORT)) as server, wire() as client:
        await ask(client, server.url)
        async with asyncio.timeout(3):
            await server.ended.wait()
        await ask(client, server.url)
        assert server.connections == 2


async def test_few_hosts_keep_a_connection_and_the_one_asked_last_is_among_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MAX_HOSTS", 2)
    async with serving(saying(SHORT)) as one, serving(saying(SHORT)) as two, serving(saying(SHORT)) as three:
        async with wire() as client:
            for server in (one, two, one, three, one, three, two):
                await ask(client, server.url)
        assert [server.connections for server in (one, two, three)] == [1, 2, 1]


async def test_what_a_server_says_unasked_on_a_kept_connection_ends_it() -> None:
    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
            await server.request(reader)
            writer.write(SHORT)
            if number == 1:
                await asyncio.sleep(0.02)
                writer.write(OK + b"Content-Length: 6\r\n\r\npoison")
            await reader.read()

        return speak

    async with serving(script) as server, wire() as client:
        await ask(client, server.url)
        await server.ended.wait()
        assert await ask(client, server.url) == b"<rss>"
        assert server.connections == 2


async def test_closing_the_client_closes_every_connection() -> None:
    async with serving(saying(SHORT)) as idle, serving(saying(OK + b"\r\n<rss>")) as busy:
        client = wire()
        await ask(client, idle.url)
        async with client.ask("GET", busy.url, NONE) as answer:
            await answer.read()
            await client.close()
            with pytest.raises(BrokeOff):
                await answer.read()
        assert not client._open
        await asyncio.gather(idle.ended.wait(), busy.ended.wait())


async def test_a_client_that_was_closed_asks_nobody_any_more() -> None:
    async with serving(closing_at_the_second(after=b"")) as server:
        client = wire()
        await ask(client, server.url)
        asking = asyncio.create_task(ask(client, server.url))
        while not client._open or client._kept._hosts:
            await asyncio.sleep(0)
        await client.close()
        with pytest.raises(Disconnected):
            await asking
        assert not client._open
        assert server.connections <= 2
