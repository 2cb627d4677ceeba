"""A database, a hub, a feed that names it, and what of Kaigi takes part; all on loopback."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from feeds.collect.callback import Callbacks
from feeds.collect.fetch import Fetcher
from storage import sources
from storage.database import Database
from tests.feeds.collect.conftest import Serve
from tests.feeds.collect.websub.rig import Clock, Feed, Rig, served
from tests.support.archives import built_in, new_archive
from tests.support.build import definition
from tests.support.hub import Hub


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db", filled_by=built_in)
    yield database
    database.close()


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub() as hub:
        yield hub


@pytest.fixture
async def feed(serve: Serve, hub: Hub) -> Feed:
    feed = Feed()
    feed.url = await serve(feed.serve) + "/feed.xml"
    feed.hubs = [hub.url]
    return feed


@pytest.fixture
async def rig(database: Database, feed: Feed) -> AsyncIterator[Rig]:
    clock = Clock()
    database.write(lambda c: sources.add(c, definition("mod", url=feed.url), clock()))
    door = Callbacks(database=database, clock=clock, max_body_bytes=10_000)
    app = Starlette(routes=[door.route()])
    async with served(app) as base, Fetcher(user_agent="t", allow_private_networks=True) as fetcher:
        rig = Rig(database, fetcher, clock, base)
        yield rig
        await rig.hubs.stop()
