"""What the tests of collecting share: a moment, a source, and a web server on loopback."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from aiohttp import web

from storage.model import SourceDefinition

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = Path(__file__).parents[2] / "data" / "self-signed.pem"


class Serve(Protocol):
    """Starts a server on this machine and returns its address, without a slash at its end."""

    def __call__(self, handler: Handler, host: str = "127.0.0.1", *, tls: bool = False) -> Awaitable[str]: ...


def self_signed() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(KEY)
    return context


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
    """Start servers: `base = await serve(handler)`; they end with the test. Of their certificate nobody has heard."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler, host: str = "127.0.0.1", *, tls: bool = False) -> str:
        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, host, 0, ssl_context=self_signed() if tls else None).start()
        return f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()
