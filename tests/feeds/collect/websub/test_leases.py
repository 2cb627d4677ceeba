"""Over real sockets: leases are renewed and end, and hubs are left."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.collect.websub import Hubs, callback_base, follow_address
from feeds.ingest import PollPolicy
from storage import sources, websub
from storage.model import HubState, HubSubscription
from tests.feeds.collect.websub.rig import START, Feed, Rig, relied_on, subscribed
from tests.support.hub import Hub


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
    rig.hubs = Hubs(database=rig.database, fetcher=rig.shell.fetcher, clock=rig.clock)  # the next start
    rig.clock.on(minutes=2)
    await rig.tick(hub)
    assert rig.about.state is HubState.ACTIVE
    assert len(hub.subscribers) == 1


async def test_a_request_under_way_at_a_shutdown_is_let_finish_and_not_sent_again(rig: Rig, hub: Hub) -> None:
    hub.slow_s = 0.2
    await rig.poll()
    await rig.hubs.tick()
    await rig.hubs.stop(patience_s=5)
    await hub.settled()
    hub.slow_s = 0
    rig.hubs = Hubs(database=rig.database, fetcher=rig.shell.fetcher, clock=rig.clock)  # the next start
    rig.clock.on(minutes=2)
    await rig.tick(hub)
    assert rig.about.state is HubState.ACTIVE
    assert len(hub.forms) == 1


async def test_hubs_are_asked_until_the_duty_ends_and_not_afterwards(rig: Rig, hub: Hub) -> None:
    await rig.poll()
    stop = asyncio.Event()
    asking = asyncio.create_task(rig.hubs.run(0.01, stop))
    while not hub.forms:
        await asyncio.sleep(0.01)
    stop.set()
    await asking  # it ends by itself
    await rig.hubs.stop(patience_s=5)
    rig.clock.on(hours=24 * 9)  # to renew would be due
    await rig.hubs.tick()
    assert len(hub.forms) == 1


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
