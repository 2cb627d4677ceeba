"""Over real sockets: hubs push, sources are polled, and polls are rarer as long as that works."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest

from feeds.collect import callback
from storage import sources
from storage.model import HubState
from tests.feeds.collect.websub.rig import Feed, Rig, pushed, relied_on, subscribed
from tests.support.hub import Hub


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


async def test_a_push_for_nobody_is_answered_so_that_the_hub_forgets_us(rig: Rig) -> None:
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
