"""The hub is told which feeds changed: once, after a pause, and again when it did not listen. Over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from aiohttp import web
from lxml import etree

from feeds.publish.announce import Announcer
from feeds.publish.asking import Wanted
from feeds.publish.cache import FeedCache
from feeds.publish.web import Library
from storage import ingest
from storage.changes import Changes
from tests.support.build import after, facts, meeting_changes, polled

SIX = [
    f"https://kaigi.example/feeds/{key}.{extension}"
    for key in ("ministerial-meetings", "everything")
    for extension in ("atom", "rss", "json")
]


@dataclass
class Hub:
    """A hub that writes down what it is told."""

    url: str = ""
    status: int = 204
    told: list[tuple[str, str]] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)  #: it takes its time until this is set

    def __post_init__(self) -> None:
        self.answers.set()

    async def hear(self, request: web.Request) -> web.Response:
        words = await request.post()
        self.told.append((str(words["hub.mode"]), str(words["hub.url"])))
        await self.answers.wait()
        return web.Response(status=self.status)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """The hub, listening on a port of its own."""
    heard = Hub()
    app = web.Application()
    app.router.add_post("/", heard.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    heard.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield heard
    await runner.cleanup()


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def announcer(library: Library, hub: Hub, clock: Clock) -> Announcer:
    library = replace(library, hub=hub.url)
    return Announcer(library=library, cache=FeedCache(library, clock=clock), hub=hub.url, clock=clock)


async def test_every_feed_is_told_after_a_start_and_then_only_those_that_changed(library: Library, hub: Hub) -> None:
    clock = Clock()
    herald = announcer(library, hub, clock)
    await herald.look()
    assert hub.told == []  # it waits until it is quiet
    clock.now += 10
    await herald.look()
    assert hub.told == [("publish", url) for url in SIX]
    hub.told.clear()
    clock.now += 100
    await herald.look()
    assert hub.told == []
    library.database.write(
        lambda c: ingest.apply(c, meeting_changes(facts(level="official"), identity="g:9"), after(hours=1))
    )
    await herald.look()
    clock.now += 10
    await herald.look()
    assert [url for _, url in hub.told] == SIX[3:]  # officials are not in the feed of ministers


async def test_a_busy_archive_does_not_keep_the_hub_waiting_for_ever(library: Library, hub: Hub) -> None:
    clock = Clock()
    herald = announcer(library, hub, clock)
    for number in range(10, 20):
        changes = meeting_changes(identity=f"g:{number}")
        library.database.write(partial(ingest.apply, changes=changes, now=after(hours=1)))
        await herald.look()
        clock.now += 7
    assert len(hub.told) == 6


async def test_polls_without_news_tell_nothing(library: Library, hub: Hub) -> None:
    clock = Clock()
    herald = announcer(library, hub, clock)
    await herald.look()
    clock.now += 10
    await herald.look()
    hub.told.clear()
    library.database.write(lambda c: ingest.apply(c, Changes(source=polled(1)), after(hours=1)))
    clock.now += 100
    await herald.look()
    assert hub.told == []


@pytest.mark.parametrize("trouble", ["refused", "gone"])
async def test_a_hub_that_does_not_listen_is_told_again_later(library: Library, hub: Hub, trouble: str) -> None:
    clock = Clock()
    herald = announcer(library, hub, clock)
    hub.status = 500
    if trouble == "gone":
        herald.hub = "http://127.0.0.1:9/"
    await herald.look()
    clock.now += 10
    await herald.look()
    hub.status, herald.hub = 204, hub.url
    hub.told.clear()
    clock.now += 1
    await herald.look()
    assert hub.told == []
    clock.now += 60
    await herald.look()
    assert [url for _, url in hub.told] == SIX


async def test_the_feeds_that_the_hub_hears_of_name_it_and_no_others(library: Library, hub: Hub) -> None:
    cache = FeedCache(replace(library, hub=hub.url))

    async def named(**words: object) -> bool:
        body = (await cache.get(Wanted(extension="atom", **words))).plain.body  # type: ignore[arg-type]
        return etree.fromstring(body).find("{http://www.w3.org/2005/Atom}link[@rel='hub']") is not None

    assert await named(key="everything")
    assert not await named(key="everything", view="meetings")
    assert not await named(key="everything", language="en")
    assert not await named(key="search", words="alert")


async def test_a_feed_that_the_hub_refuses_for_good_keeps_no_other_back(library: Library, hub: Hub) -> None:
    clock = Clock()
    herald = announcer(library, hub, clock)
    hub.status = 400
    await herald.look()
    clock.now += 10
    await herald.look()
    assert [url for _, url in hub.told] == SIX


async def test_at_a_shutdown_the_hub_hears_out_what_it_is_being_told_and_nothing_more(
    library: Library, hub: Hub
) -> None:
    clock = Clock()
    herald = announcer(library, hub, clock)
    herald.look_s = 0.01
    hub.answers.clear()
    await herald.look()
    clock.now += 10
    telling = asyncio.create_task(herald.run())
    while not hub.told:
        await asyncio.sleep(0.01)
    herald.stop.set()
    hub.answers.set()
    await telling  # it ends by itself
    assert hub.told == [("publish", SIX[0])]
    assert list(herald._told) == [SIX[0]]
