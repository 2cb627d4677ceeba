"""One fetch with the limits of the tests, and servers that answer as they are told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from feeds.collect.fetch import Fetcher
from feeds.observed import Failure, FailureKind, FetchResult
from storage.model import SourceDefinition
from tests.feeds.collect.conftest import Handler

CHALLENGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><script>window._cf_chl_opt={}</script></html>"
)


async def get(url: str, timeout_s: float = 5, source: SourceDefinition | None = None, **validators: str) -> FetchResult:
    async with Fetcher(
        user_agent="kaigi-tests",
        allow_private_networks=True,
        max_body_bytes=100_000,
        total_timeout_s=timeout_s,
        read_timeout_s=0.4,
    ) as fetcher:
        return await fetcher.fetch(url, source=source, **validators)


def answering(status: int = 200, body: bytes = b"", **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handler


def failed(result: FetchResult, kind: FailureKind) -> Failure:
    assert isinstance(result, Failure), result
    assert result.kind is kind, result
    assert "\n" not in result.message
    assert len(result.message) < 160
    return result


@contextlib.asynccontextmanager
async def raw_server(answer: bytes | None) -> AsyncIterator[str]:
    """Send bytes instead of HTTP, or nothing at all; every connection is gone when the block ends."""
    open_now: set[asyncio.StreamWriter] = set()
    all_gone = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        open_now.discard(writer)
        if not open_now:
            all_gone.set()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await all_gone.wait()
