"""Over real sockets: a feed names a hub, the hub is asked, and it verifies."""

from datetime import timedelta

import aiohttp
import pytest

from feeds.collect.fetch import Fetcher
from feeds.collect.websub import Hubs
from storage.database import Database
from storage.model import HubState
from tests.feeds.collect.websub.rig import DAY, START, Feed, Rig, subscribed
from tests.support.hub import Hub


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
