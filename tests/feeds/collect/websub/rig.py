"""All of Kaigi that takes part in WebSub, with a clock of the tests' own: leases of ten days end at once."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import uvicorn
from aiohttp import web
from starlette.applications import Starlette

from feeds.collect.fetch import Fetcher
from feeds.collect.websub import Hubs
from feeds.ingest import Ingest, PollPolicy, PollReport
from storage import sources, websub
from storage.database import Database
from storage.model import HubState, HubSubscription, Source
from tests.support.hub import Hub
from tests.support.parsing import Parsers

START = datetime(2025, 11, 20, 12, tzinfo=UTC)
DAY = 24.0


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def on(self, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        self.now += timedelta(hours=hours, minutes=minutes, seconds=seconds)


class Feed:
    """A feed whose hub and articles the test chooses."""

    def __init__(self) -> None:
        self.url = ""
        self.hubs: list[str] = []
        self.topic = "https://ministry.example/feed"
        self.in_headers = False
        self.articles = 1
        self.polls = 0

    async def serve(self, request: web.Request) -> web.Response:
        self.polls += 1
        links = [*((hub, "hub") for hub in self.hubs), (self.topic, "self")]
        items = "".join(f"<item><guid>{n}</guid><title>Article {n}</title></item>" for n in range(self.articles, 0, -1))
        named = "" if self.in_headers else "".join(f'<atom:link rel="{rel}" href="{href}"/>' for href, rel in links)
        body = f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>{named}{items}</channel></rss>'
        headers = {"Link": ", ".join(f'<{href}>; rel="{rel}"' for href, rel in links)} if self.in_headers else {}
        return web.Response(text=body, content_type="application/rss+xml", headers=headers)


class Rig:
    """All of Kaigi that takes part."""

    def __init__(self, database: Database, fetcher: Fetcher, clock: Clock, base: str) -> None:
        self.database, self.clock, self.base = database, clock, base
        self.hubs = Hubs(database=database, fetcher=fetcher, clock=clock)
        policy = PollPolicy(callbacks=base)
        self.shell = Ingest(database=database, fetcher=fetcher, parsers=Parsers(), policy=policy, clock=clock)

    @property
    def source(self) -> Source:
        return self.database.read(lambda c: sources.find(c, "mod"))

    @property
    def about(self) -> HubSubscription:
        (only,) = self.database.read(websub.every)
        return only

    @property
    def state(self) -> str:
        return str(self.about.state)

    @property
    def wait(self) -> timedelta:
        """Until the next poll."""
        return self.source.next_poll_at - self.clock()

    async def poll(self) -> PollReport:
        """Poll as the collector does, whether or not it is due."""
        self.database.write(lambda c: sources.claim_due(c, now=self.clock(), until=self.clock(), worker="w", limit=9))
        return await self.shell.poll(self.source)

    async def tick(self, hub: Hub) -> None:
        """Let hubs be asked, and wait until all is said."""
        await self.hubs.tick()
        await asyncio.gather(*self.hubs._talks)
        await hub.settled()


@contextlib.asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await task


async def subscribed(rig: Rig, hub: Hub) -> None:
    """Bring it to a verified subscription."""
    await rig.poll()
    await rig.tick(hub)
    assert rig.about.state is HubState.ACTIVE


async def pushed(rig: Rig, hub: Hub, feed: Feed, times: int = 1) -> None:
    """Publish, push and poll, ten minutes apart."""
    for _ in range(times):
        rig.clock.on(minutes=10)
        feed.articles += 1
        assert await hub.distribute(feed.topic) == [202]
        await rig.poll()


async def relied_on(rig: Rig, hub: Hub, feed: Feed) -> None:
    """Bring it to a hub that has proved itself."""
    await subscribed(rig, hub)
    await pushed(rig, hub, feed, times=2)
    assert rig.source.pushed_until is not None
