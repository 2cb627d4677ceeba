"""Floods, silence, and answers that break off, on real connections."""

import asyncio
import socket

import pytest

from feeds.collect.connection import HIGH
from feeds.collect.wire_errors import BrokeOff, NotHttp
from tests.feeds.collect.wire.rig import NONE, OK, Script, Server, ask, saying, serving, whole, wire


@pytest.mark.parametrize(("piece", "tls"), [(HIGH // 2, False), (999, False), (HIGH, True)])
async def test_a_server_is_held_back_until_what_it_sent_is_read(piece: int, tls: bool) -> None:
    size = 12_000_000  # more than the buffers of two sockets hold
    sent_all = asyncio.Event()

    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
            await server.request(reader)
            writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
            for _ in range(size // 100_000):
                writer.write(b"x" * 100_000)
                await writer.drain()
            sent_all.set()
            await reader.read()

        return speak

    async with serving(script, tls=tls) as server, wire() as client:
        async with client.ask("GET", server.url, NONE, verify=False) as answer:
            while len(answer._answer.body) <= HIGH:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            assert len(answer._answer.body) <= HIGH + 2**18
            assert not sent_all.is_set()
            most = came = 0
            while body := await answer.read(piece):
                came += len(body)
                most = max(most, len(answer._answer.body))
            assert came == size
            assert most <= HIGH + 2**18
        assert len(server.asked) == 1
        assert client.kept(answer._key) is not None


async def test_silence_is_broken_off_before_the_head_and_in_the_body() -> None:
    for start in (b"", b"HTTP/1.1 200", OK + b"Content-Length: 10\r\n\r\n<rss>"):
        async with serving(saying(start)) as server, wire(read_timeout_s=0.1) as client:
            with pytest.raises(TimeoutError, match="nothing came for 0.1 s"):
                await ask(client, server.url)
            await server.ended.wait()


async def test_a_server_that_keeps_coming_is_not_silent_and_waiting_for_us_is_no_silence() -> None:
    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
            await server.request(reader)
            writer.write(OK + b"Content-Length: 1000006\r\n\r\n")
            for _ in range(6):
                writer.write(b"x")
                await asyncio.sleep(0.08)
            writer.write(b"y" * 1_000_000)
            await reader.read()

        return speak

    async with (
        serving(script) as server,
        wire(read_timeout_s=0.4) as client,
        client.ask("GET", server.url, NONE) as answer,
    ):
        start = b"".join([await answer.read() for _ in range(6)])
        await asyncio.sleep(0.5)
        assert len(start + await whole(answer)) == 1_000_006


async def test_a_reset_in_the_middle_breaks_a_body_off_also_one_without_framing() -> None:
    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
            await server.request(reader)
            writer.write(OK + b"\r\n<rss>")
            await reader.readexactly(1)

        return speak

    async with serving(script) as server, wire() as client, client.ask("GET", server.url, NONE) as answer:
        assert await answer.read() == b"<rss>"
        for writer in server.open_now:
            linger = b"\x01\0\0\0\0\0\0\0"  # on, 0 seconds: closing means a reset
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        with pytest.raises(BrokeOff):
            await answer.read()


async def test_whoever_leaves_a_flood_over_tls_hears_no_more_of_it() -> None:
    def script(server: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
            await server.request(reader)
            writer.write(OK + b"\r\n")
            while not writer.is_closing():
                writer.write(b"x" * 100_000)
                await writer.drain()

        return speak

    async with serving(script, tls=True) as server, wire() as client:
        async with client.ask("GET", server.url, NONE, verify=False) as answer:
            assert await answer.read(10) == b"x" * 10
        await server.ended.wait()
        while client._open:
            await asyncio.sleep(0.01)


async def test_a_server_that_speaks_first_is_not_http() -> None:
    def script(_: Server) -> Script:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _: int) -> None:
            writer.write(b"220 mail.example ESMTP\r\n")
            await reader.read()

        return speak

    async with serving(script) as server, wire() as client:
        with pytest.raises(NotHttp):
            await ask(client, server.url)


async def test_cancelling_closes_the_connection() -> None:
    async with serving(saying(b"")) as server, wire() as client:
        asking = asyncio.create_task(ask(client, server.url))
        while not server.asked:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await server.ended.wait()
