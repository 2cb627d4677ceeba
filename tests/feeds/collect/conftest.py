"""What the tests of collecting share: a moment, a source, and a web server on loopback."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
from aiohttp import web

from storage.model import SourceDefinition

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
def now() -> datetime:
    """A Thursday in November 2025, noon UTC."""
    return datetime(2025, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def ministry() -> SourceDefinition:
    """A Japanese newsroom with a feed."""
    return SourceDefinition(
        key="ministry", url="https://news.example.jp/rss.xml", name="広報室", time_zone="Asia/Tokyo", country="JP"
    )


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers: `base = await serve(handler)`; they end with the test."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()
