"""WebSub over real sockets: a feed names a hub, the hub is asked, verifies and pushes, and the source is polled.

The clock is the tests': leases of ten days end at once.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from starlette.applications import Starlette

from feeds.collect import callback
from feeds.collect.callback import Callbacks
from feeds.collect.fetch import Fetcher
from feeds.collect.websub import Hubs, callback_base, follow_address
from feeds.collect.worker import ParserPool
from feeds.ingest import Ingest, PollPolicy, PollReport
from feeds.observed import Failure
from storage import filters, schema, sources, websub
from storage.database import Database
from storage.model import HubState, HubSubscription, Source
from tests.feeds.collect.conftest import Serve
from tests.support.build import definition
from tests.support.hub import Hub

T = TypeVar("T")

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


class Parsers(ParserPool):
    """The real parsers in this process: starting another one for each test would take most of its time."""

    async def run(self, func: Callable[..., T], *args: object, timeout_s: float = 10) -> T | Failure:
        return func(*args)


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


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
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
    async with _served(app) as base, Fetcher(user_agent="t", allow_private_networks=True) as fetcher:
        rig = Rig(database, fetcher, clock, base)
        yield rig
        await rig.hubs.stop()


@contextlib.asynccontextmanager
async def _served(app: Starlette) -> AsyncIterator[str]:
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


# Subscribing


@pytest.mark.parametrize("in_headers", [True, False])
async def test_a_feed_that_names_a_hub_is_subscribed_and_the_hub_is_convinced(
    rig: Rig, hub: Hub, feed: Feed, in_headers: bool
) -> None:
    feed.in_headers = in_headers
    await rig.poll()
    assert rig.about.state is HubState.FOUND
    await rig.tick(hub)
    (form,) = hub.forms
    assert (form["hub.mode"], form["hub.topic"], form["hub.lease_seconds"]) == ("subscribe", feed.topic, "864000")
    assert form["hub.callback"].startswith(f"{rig.base}/websub/")
    assert len(form["hub.callback"].rpartition("/")[2]) >= 43  # 256 bits
    assert [v.right for v in hub.verifications] == [True]
    assert (rig.about.state, rig.about.lease_until) == (HubState.ACTIVE, START + timedelta(days=10))


async def test_a_hub_that_has_not_pushed_yet_makes_no_poll_rarer(rig: Rig, hub: Hub, feed: Feed) -> None:
    before = (await rig.poll(), rig.wait)[1]
    await rig.tick(hub)
    feed.articles += 1
    await rig.poll()
    assert rig.wait < before * 1.2
    assert rig.source.pushed_until is None


async def test_a_hub_that_sends_us_on_with_307_is_followed_with_the_same_form(rig: Rig, hub: Hub) -> None:
    hub.answer_next(307, location="/other")
    await rig.poll()
    await rig.tick(hub)
    assert len(hub.forms) == 2
    assert hub.forms[0] == hub.forms[1]
    assert rig.about.state is HubState.ACTIVE


async def test_a_redirect_that_would_turn_the_post_into_a_get_is_not_followed(rig: Rig, hub: Hub) -> None:
    hub.answer_next(302, location="/other")
    await rig.poll()
    await rig.tick(hub)
    assert len(hub.forms) == 1
    assert "HTTP 302" in (rig.about.last_error or "")


async def test_a_hub_with_a_fault_is_asked_again_ever_more_rarely(rig: Rig, hub: Hub) -> None:
    hub.answer_next(503, times=4)
    await rig.poll()
    waits = []
    for _ in range(4):
        await rig.tick(hub)
        assert rig.about.next_at is not None
        waits.append(rig.about.next_at - rig.clock())
        await rig.tick(hub)  # not due: nothing is sent
        rig.clock.now = rig.about.next_at
    assert len(hub.forms) == 4
    assert [round(wait / timedelta(minutes=1)) for wait in waits] == [1, 2, 4, 8]
    assert "HTTP 503" in (rig.about.last_error or "")
    await rig.tick(hub)
    assert (rig.about.state, rig.about.last_error, rig.about.tries) == (HubState.ACTIVE, None, 0)


async def test_a_hub_that_asks_for_rest_gets_it(rig: Rig, hub: Hub) -> None:
    hub.answer_next(429, retry_after="7200")
    await rig.poll()
    await rig.tick(hub)
    assert rig.about.next_at == START + timedelta(hours=2)


async def test_a_hub_that_rejects_us_is_left_alone_for_an_hour(rig: Rig, hub: Hub) -> None:
    hub.answer_next(400)
    await rig.poll()
    await rig.tick(hub)
    assert rig.about.next_at == START + timedelta(hours=1)


async def test_a_hub_that_never_verifies_is_asked_again(rig: Rig, hub: Hub) -> None:
    hub.verifies = False
    await rig.poll()
    await rig.tick(hub)
    assert rig.state == "pending"
    rig.clock.on(minutes=2)
    await rig.tick(hub)
    assert "reached from outside" in (rig.about.last_error or "")  # what an operator can do about it
    hub.verifies = True
    rig.clock.on(minutes=3)
    await rig.tick(hub)
    assert (rig.state, rig.about.last_error) == ("active", None)
    assert hub.forms[0] == hub.forms[1]  # the same callback and secret: the hub takes it as a renewal


async def test_a_hub_that_cannot_be_reached_costs_nothing_but_a_line(rig: Rig, hub: Hub, feed: Feed) -> None:
    feed.hubs = ["http://127.0.0.1:1/"]
    await rig.poll()
    await rig.tick(hub)
    assert "refuses connections" in (rig.about.last_error or "")
    assert (await rig.poll()).failure is None


async def test_the_guard_refuses_a_hub_inside_the_operator_s_network(database: Database, rig: Rig, hub: Hub) -> None:
    await rig.poll()
    async with Fetcher(user_agent="t") as guarded:
        rig.hubs = Hubs(database=database, fetcher=guarded, clock=rig.clock)
        await rig.tick(hub)
    assert hub.forms == []
    assert "private network" in (rig.about.last_error or "")


async def test_a_denial_is_recorded_with_its_reason_and_asked_again_after_a_week(rig: Rig, hub: Hub) -> None:
    hub.denies = "too  many\nreaders"
    await rig.poll()
    await rig.tick(hub)
    about = rig.about
    assert (about.state, about.last_error) == (HubState.DENIED, "The hub denied it: too many readers")
    assert about.next_at == START + timedelta(days=7)
    hub.denies = None
    rig.clock.on(7 * DAY)
    await rig.tick(hub)
    assert rig.about.state is HubState.ACTIVE


async def test_the_second_hub_of_a_feed_is_tried_when_the_first_denies(rig: Rig, hub: Hub, feed: Feed) -> None:
    async with Hub() as other:
        feed.hubs = [other.url, hub.url]
        other.denies = "no"
        await rig.poll()
        await rig.tick(other)
        feed.articles += 1
        await rig.poll()
        await rig.tick(hub)
        assert (rig.about.hub, rig.about.state) == (hub.url, HubState.ACTIVE)


# What is not verified


async def test_only_what_we_asked_for_is_verified(rig: Rig, hub: Hub, feed: Feed) -> None:
    hub.verifies = False
    await rig.poll()
    await rig.tick(hub)
    here = rig.about.callback
    subscribe = {"mode": "subscribe", "topic": feed.topic, "challenge": "c", "lease_seconds": "60"}
    refused = [
        {**subscribe, "topic": "https://other.example/"},
        {**subscribe, "mode": "unsubscribe"},
        {**subscribe, "mode": "publish"},
        {**subscribe, "challenge": ""},
        {**subscribe, "challenge": "c" * 5000},
        {"mode": "denied", "topic": "https://other.example/", "reason": "x"},
    ]
    assert [(await hub.call(here, **words))[0] for words in refused] == [404] * len(refused)
    assert (await hub.call(f"{rig.base}/websub/{'x' * 43}", **subscribe))[0] == 404
    assert (await hub.call(f"{rig.base}/websub/short", **subscribe))[0] == 404
    assert rig.about.state is HubState.PENDING
    assert await hub.call(here, **subscribe) == (200, "c")


async def test_a_verification_whose_answer_was_lost_may_be_repeated_but_not_days_later(
    rig: Rig, hub: Hub, feed: Feed
) -> None:
    await subscribed(rig, hub)
    words = {"mode": "subscribe", "topic": feed.topic, "challenge": "<b>again</b>", "lease_seconds": "864000"}
    rig.clock.on(minutes=5)
    assert await hub.call(rig.about.callback, **words) == (200, "<b>again</b>")
    rig.clock.on(DAY)
    assert (await hub.call(rig.about.callback, **words))[0] == 404


async def test_the_challenge_is_answered_as_plain_text(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    params = {"hub.mode": "subscribe", "hub.topic": feed.topic, "hub.challenge": "<script>"}
    async with aiohttp.ClientSession() as session, session.get(rig.about.callback, params=params) as answer:
        assert answer.content_type == "text/plain"


# Pushes


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
async def test_a_signed_push_makes_the_source_due_and_the_poll_finds_the_news(
    rig: Rig, hub: Hub, feed: Feed, method: str
) -> None:
    await subscribed(rig, hub)
    rig.clock.on(minutes=3)
    feed.articles += 1
    assert rig.wait > timedelta(minutes=5)
    assert await hub.distribute(feed.topic, method=method) == [202]
    assert rig.wait <= timedelta(0)
    assert (await rig.poll()).new == 1
    assert (rig.about.pushes, rig.about.refused) == (1, 0)


@pytest.mark.parametrize("sign", ["something else", "-"])
async def test_a_push_without_the_right_signature_is_answered_alike_counted_and_ignored(
    rig: Rig, hub: Hub, feed: Feed, sign: str
) -> None:
    await subscribed(rig, hub)
    rig.clock.on(minutes=3)
    assert await hub.distribute(feed.topic, sign=sign) == [202]
    assert rig.wait > timedelta(minutes=5)
    assert (rig.about.pushes, rig.about.refused, rig.source.pushed_at) == (0, 1, None)


async def test_what_a_push_holds_is_never_read_as_news(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    etag = rig.source.body_hash
    await hub.distribute(feed.topic, b"<rss><channel><item><title>Forged</title></item></channel></rss>")
    assert rig.source.body_hash == etag
    assert (await rig.poll()).new == 0


async def test_a_push_while_the_source_is_polled_is_followed_by_another_poll(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    rig.clock.on(hours=1)
    claimed = rig.database.write(
        lambda c: sources.claim_due(c, now=rig.clock(), until=rig.clock(), worker="w", limit=1)
    )
    assert len(claimed) == 1
    await hub.distribute(feed.topic)
    await rig.shell.poll(claimed[0])
    assert rig.wait == timedelta(seconds=5)
    rig.clock.on(seconds=5)
    await rig.poll()
    assert rig.wait > timedelta(seconds=50)


async def test_a_burst_of_pushes_makes_one_poll_in_five_seconds(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    rig.clock.on(seconds=1)
    assert [await hub.distribute(feed.topic) for _ in range(5)] == [[202]] * 5
    assert rig.wait == timedelta(seconds=5)


async def test_a_hub_that_pushes_without_end_is_asked_to_wait(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    answers = [(await hub.distribute(feed.topic))[0] for _ in range(callback.BURST + 5)]
    assert answers == [202] * callback.BURST + [429] * 5
    rig.clock.on(seconds=4)
    assert [(await hub.distribute(feed.topic))[0] for _ in range(3)] == [202, 202, 429]


async def test_a_push_over_the_cap_is_not_read(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    assert await hub.distribute(feed.topic, b"x" * 10_001) == [413]
    assert rig.about.pushes == 0


async def test_a_push_that_never_ends_is_given_up(rig: Rig, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await subscribed(rig, hub)
    monkeypatch.setattr(callback, "BODY_TIMEOUT_S", 0.1)
    address = rig.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(address[0], int(address[1]))
    path = rig.about.callback.removeprefix(rig.base)
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode())
    assert b" 408 " in await reader.readline()
    writer.close()


async def test_a_push_to_a_source_that_asked_for_rest_does_not_wake_it(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    rig.database.write(lambda c: c.exec_driver_sql("UPDATE sources SET state = 'blocked'"))
    before = rig.source.next_poll_at
    await hub.distribute(feed.topic)
    assert rig.source.next_poll_at == before


async def test_nobody_learns_which_tokens_exist_but_a_hub_is_told_to_forget_us(rig: Rig) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{rig.base}/websub/{'x' * 43}", data=b"x") as unknown,
        session.post(f"{rig.base}/websub/!", data=b"x") as strange,
    ):
        assert (unknown.status, strange.status) == (410, 410)


# Polling less, and more again


async def test_polls_are_rarer_while_pushes_arrive(rig: Rig, hub: Hub, feed: Feed) -> None:
    await rig.poll()
    usual = rig.wait
    await relied_on(rig, hub, feed)
    assert 5 < rig.wait / usual < 7


async def test_news_that_two_polls_find_and_no_push_told_end_the_trust(rig: Rig, hub: Hub, feed: Feed) -> None:
    await relied_on(rig, hub, feed)
    for misses in (1, 0):
        rig.clock.on(hours=2)
        feed.articles += 1
        await rig.poll()
        assert rig.about.missed == misses
    assert (rig.about.state, rig.about.lapses, rig.source.pushed_until) == (HubState.FOUND, 1, None)
    assert rig.wait <= timedelta(0)  # at once, not only when the rare poll would have come
    await rig.tick(hub)
    assert (rig.about.state, len(hub.forms)) == (HubState.ACTIVE, 2)
    await pushed(rig, hub, feed, times=3)
    assert rig.source.pushed_until is None  # it must prove itself for longer now
    await pushed(rig, hub, feed)
    assert rig.source.pushed_until is not None


async def test_a_push_that_is_only_slower_than_the_poll_is_no_miss(rig: Rig, hub: Hub, feed: Feed) -> None:
    await relied_on(rig, hub, feed)
    for _ in range(4):
        rig.clock.on(hours=2)
        feed.articles += 1
        await rig.poll()
        rig.clock.on(minutes=3)
        await hub.distribute(feed.topic)
        await rig.poll()
    assert (rig.about.missed, rig.about.lapses) == (0, 0)


async def test_a_push_that_is_faster_than_the_publisher_s_cache_is_asked_after_until_its_news_is_there(
    rig: Rig, hub: Hub, feed: Feed
) -> None:
    await relied_on(rig, hub, feed)
    rig.clock.on(hours=2)
    await hub.distribute(feed.topic)
    waits = []
    for _ in range(4):
        await rig.poll()
        waits.append(round(rig.wait / timedelta(minutes=1)))
        rig.clock.now = rig.source.next_poll_at
    assert waits == [1, 1, 2, 4]
    feed.articles += 1
    assert (await rig.poll()).new == 1
    assert rig.wait > timedelta(minutes=50)
    assert rig.about.missed == 0


# Leases


async def test_a_lease_is_renewed_before_it_ends_and_trust_goes_on(rig: Rig, hub: Hub, feed: Feed) -> None:
    await relied_on(rig, hub, feed)
    rig.clock.now = START + timedelta(days=7.5)
    await rig.tick(hub)
    assert len(hub.forms) == 1
    rig.clock.now = START + timedelta(days=8.5)
    await rig.tick(hub)
    assert [form["hub.mode"] for form in hub.forms] == ["subscribe"] * 2
    assert rig.about.state is HubState.ACTIVE
    assert rig.source.pushed_until == rig.about.lease_until == START + timedelta(days=18.5)


async def test_a_lease_that_ends_is_followed_by_polls_at_once(rig: Rig, hub: Hub, feed: Feed) -> None:
    await relied_on(rig, hub, feed)
    hub.answer_next(503, times=99)
    rig.clock.now = START + timedelta(days=8.5)
    await rig.tick(hub)
    assert rig.source.pushed_until == rig.about.lease_until == START + timedelta(days=10)  # still leased
    await rig.poll()
    rig.clock.now = START + timedelta(days=10, seconds=1)
    await rig.tick(hub)
    assert (rig.about.lease_until, rig.source.pushed_until) == (None, None)
    assert rig.wait <= timedelta(0)


async def test_a_lease_of_a_second_does_not_make_us_hammer_the_hub(rig: Rig, hub: Hub) -> None:
    hub.grants_s = 1
    await subscribed(rig, hub)
    rig.clock.on(seconds=30)
    await rig.tick(hub)
    rig.clock.on(seconds=30)
    await rig.tick(hub)
    assert len(hub.forms) <= 2
    assert rig.source.pushed_until is None


async def test_a_lease_for_ever_is_renewed_all_the_same(rig: Rig, hub: Hub) -> None:
    hub.grants_s = 2**31 - 1
    await subscribed(rig, hub)
    assert rig.about.lease_until == START + timedelta(days=15)


# Leaving


async def test_a_paused_source_is_unsubscribed_and_a_resumed_one_subscribed_without_a_new_document(
    rig: Rig, hub: Hub
) -> None:
    await subscribed(rig, hub)
    rig.database.write(lambda c: sources.pause(c, rig.source.id))
    await rig.tick(hub)
    assert [(v.mode, v.right) for v in hub.verifications] == [("subscribe", True), ("unsubscribe", True)]
    assert (rig.about.state, hub.subscribers) == (HubState.RESTING, {})
    rig.database.write(lambda c: sources.resume(c, rig.source.id, rig.clock()))
    await rig.tick(hub)
    assert rig.about.state is HubState.ACTIVE


async def test_a_removed_source_is_unsubscribed_and_then_forgotten(rig: Rig, hub: Hub) -> None:
    await subscribed(rig, hub)
    rig.database.write(lambda c: sources.remove(c, rig.source.id))
    await rig.tick(hub)
    assert hub.subscribers == {}
    assert rig.database.read(websub.every) == []


async def test_a_hub_that_does_not_let_us_go_is_told_by_410_and_forgotten_in_the_end(
    rig: Rig, hub: Hub, feed: Feed
) -> None:
    await subscribed(rig, hub)
    rig.database.write(lambda c: sources.remove(c, rig.source.id))
    hub.answer_next(500, times=99)
    await rig.tick(hub)
    assert await hub.distribute(feed.topic) == [410]
    for _ in range(9):
        rig.clock.on(hours=1)
        await rig.tick(hub)
    assert rig.database.read(websub.every) == []
    assert len(hub.forms) == 1 + 5


async def test_a_feed_that_moves_to_another_hub_leaves_the_old_one(rig: Rig, hub: Hub, feed: Feed) -> None:
    await relied_on(rig, hub, feed)
    rig.clock.on(hours=1)
    async with Hub() as other:
        feed.hubs = [other.url]
        await rig.poll()
        await rig.tick(hub)
        await other.settled()
        assert (rig.about.hub, rig.about.state, rig.source.pushed_until) == (other.url, HubState.ACTIVE, None)
        assert hub.subscribers == {}
        assert len(other.subscribers) == 1


async def test_a_feed_whose_own_address_changes_with_every_poll_is_not_subscribed_with_every_poll(
    rig: Rig, hub: Hub, feed: Feed
) -> None:
    await subscribed(rig, hub)
    for number in range(5):
        rig.clock.on(minutes=5)
        feed.topic = f"https://ministry.example/feed?session={number}"
        await rig.poll()
        await rig.tick(hub)
    assert len(hub.forms) == 1
    assert rig.about.topic == "https://ministry.example/feed"


async def test_a_document_without_its_hub_is_believed_only_the_third_time(rig: Rig, hub: Hub, feed: Feed) -> None:
    await subscribed(rig, hub)
    feed.hubs = []
    for absent in (1, 2):
        feed.articles += 1
        await rig.poll()
        assert rig.about.unseen == absent
    feed.articles += 1
    await rig.poll()
    await rig.tick(hub)
    assert rig.database.read(websub.every) == []
    assert hub.subscribers == {}


# Starts and settings


async def test_after_a_move_to_another_address_the_hub_is_asked_anew(rig: Rig, hub: Hub) -> None:
    await subscribed(rig, hub)
    rig.database.write(lambda c: follow_address(c, rig.base, rig.clock()))
    assert rig.about.state is HubState.ACTIVE
    before = rig.about
    rig.database.write(lambda c: follow_address(c, "https://kaigi.example", rig.clock()))
    about = rig.about
    assert (about.state, about.hub) == (HubState.FOUND, hub.url)
    assert about.callback.startswith("https://kaigi.example/websub/")
    assert about.token != before.token


async def test_without_a_public_address_hubs_are_forgotten_and_polls_are_as_before(
    rig: Rig, hub: Hub, feed: Feed
) -> None:
    await relied_on(rig, hub, feed)
    rig.database.write(lambda c: follow_address(c, None, rig.clock()))
    assert rig.database.read(websub.every) == []
    assert rig.source.pushed_until is None
    assert rig.wait <= timedelta(0)


async def test_a_service_that_hubs_cannot_reach_takes_no_notice_of_them(rig: Rig) -> None:
    rig.shell = replace(rig.shell, policy=PollPolicy(callbacks=None))
    await rig.poll()
    assert rig.database.read(websub.every) == []


async def test_a_request_whose_process_died_is_sent_again_and_harms_nothing(rig: Rig, hub: Hub) -> None:
    await rig.poll()
    await rig.hubs.tick()
    await rig.hubs.stop()  # before the answer
    rig.clock.on(minutes=2)
    await rig.tick(hub)
    assert rig.about.state is HubState.ACTIVE
    assert len(hub.subscribers) == 1


@pytest.mark.parametrize(
    ("public_url", "reachable"),
    [
        (None, False),
        ("https://kaigi.example", True),
        ("http://kaigi.example/news/", True),
        ("http://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://192.168.1.5", False),
        ("http://kaigi:8000", False),
        ("http://kaigi.local", False),
        ("http://8.8.8.8", True),
    ],
)
def test_hubs_are_asked_only_when_they_can_reach_us(public_url: str | None, reachable: bool) -> None:
    expected = public_url.rstrip("/") if public_url and reachable else None
    assert callback_base(public_url, allow_private=False) == expected
    assert callback_base(public_url, allow_private=True) == (public_url.rstrip("/") if public_url else None)


def test_neither_token_nor_secret_shows_when_a_subscription_is_printed() -> None:
    about = HubSubscription(id=1, source_id=1, hub="h", topic="t", callback="c/tok", token="tok", secret="sec")
    assert "tok" not in repr(about)
    assert "sec" not in repr(about)
