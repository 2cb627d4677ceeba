"""TLS, numeric addresses, hosts with several addresses, and what cannot be reached."""

import asyncio
import contextlib
import socket

import pytest
from aiohttp import web
from multidict import CIMultiDict

from feeds.collect import guard
from feeds.collect.guard import AddressBlocked
from feeds.collect.request import place_of
from feeds.collect.wire import Wire
from feeds.collect.wire_errors import NameUnknown
from tests.feeds.collect.conftest import Serve
from tests.feeds.collect.fetching import answering
from tests.feeds.collect.wire.rig import NONE, SHORT, ask, leading_to, saying, serving, whole, wire


async def test_tls_is_spoken_with_the_name_and_a_certificate_that_nobody_signed_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure: list[tuple[str, bool]] = []

    async def handler(request: web.Request) -> web.Response:
        secure.append((request.host, request.secure))
        return web.Response(body=b"<rss>" * 100_000)

    port = (await serve(handler, tls=True)).rpartition(":")[2]
    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", leading_to("127.0.0.1"))
    url = place_of(f"https://news.example.:{port}/")
    async with wire() as client:
        for _ in range(2):
            async with client.ask("GET", url, NONE, verify=False) as answer:
                assert len(await whole(answer)) == 500_000
        with pytest.raises(OSError, match="certificate"):
            async with client.ask("GET", url, NONE):
                pass
    assert secure == [(f"news.example:{port}", True)] * 2


async def test_a_connection_whose_certificate_was_not_checked_serves_nobody_who_wants_that(serve: Serve) -> None:
    url = place_of(await serve(answering(body=b"<rss>"), tls=True) + "/")
    async with wire() as client:
        async with client.ask("GET", url, NONE, verify=False) as answer:
            await whole(answer)
        with pytest.raises(OSError, match="certificate"):
            async with client.ask("GET", url, NONE, verify=True):
                pass


async def test_a_numeric_address_of_ipv6_is_asked_with_its_brackets(serve: Serve) -> None:
    hosts: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        hosts.append(request.host)
        return web.Response(body=b"<rss>")

    port = (await serve(handler, "::1")).rpartition(":")[2]
    async with wire() as client:
        assert await ask(client, place_of(f"http://[::1]:{port}/")) == b"<rss>"
    assert hosts == [f"[::1]:{port}"]


async def test_of_several_addresses_one_that_works_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", leading_to("127.0.0.9", "127.0.0.1"))
    async with serving(saying(SHORT)) as server, wire() as client:
        assert await ask(client, place_of(f"http://news.example:{server.port}/")) == b"<rss>"
        assert f"Host: news.example:{server.port}\r\n" in server.asked[0]


async def test_of_several_addresses_the_private_ones_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(saying(SHORT)) as server, wire(allow_private=False) as client:
        monkeypatch.setattr(guard, "PORTS", {server.port})
        monkeypatch.setattr(guard, "is_public", lambda address: address == "127.0.0.1")
        url = place_of(f"http://news.example:{server.port}/")
        monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", leading_to("127.0.0.9", "127.0.0.1"))
        assert await ask(client, url) == b"<rss>"
    async with wire(allow_private=False) as client:
        monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", leading_to("127.0.0.9", "10.0.0.1"))
        with pytest.raises(AddressBlocked):
            await ask(client, url)


async def test_where_tls_fails_at_one_address_the_next_one_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()
        writer.close()

    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", leading_to("127.0.0.1", "127.0.0.2"))
    async with await asyncio.start_server(no_tls, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        async with serving(saying(SHORT), tls=True, host="127.0.0.2", port=port), wire() as client:
            url = place_of(f"https://news.example:{port}/")
            async with client.ask("GET", url, NONE, verify=False) as answer:
                assert await whole(answer) == b"<rss>"


async def test_a_name_that_nobody_knows_has_its_own_error() -> None:
    async with wire() as client:
        with pytest.raises(NameUnknown):
            await ask(client, place_of("http://host.invalid/"))


async def test_a_server_that_takes_no_connection_costs_the_time_for_connecting_only() -> None:
    with socket.socket() as full:  # nobody accepts, and its queue holds one
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.1", port))
            client = Wire(user_agent="x", allow_private=True, connect_timeout_s=0.2, read_timeout_s=3)
            async with client:
                with pytest.raises(TimeoutError, match="no connection within 0.2 s"):
                    await ask(client, place_of(f"http://127.0.0.1:{port}/"))


async def test_a_header_with_a_line_break_is_refused_before_anything_is_sent() -> None:
    async with serving(saying(SHORT)) as server, wire() as client:
        with pytest.raises(ValueError, match="cannot be sent"):
            client.ask("GET", server.url, CIMultiDict({"X": "a\r\nEvil: yes"}))
        assert server.connections == 0
