"""Claim, send, record: whatever a channel does, a message is neither lost nor repeated without a word."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.outcomes import ChatGone, Moved, NotSent, Outcome, Refused, Sent
from bot.pacing import Pace
from feeds import floods
from storage import notices, outbox, subscriptions
from storage.contents import Content
from storage.database import Database
from storage.model import Channel, ChatState, Delivery, FloodState, NoticeKind
from storage.tables import chats, meetings
from tests.support.build import NOW
from tests.support.delivering import Post, delivering, meet, states, subscribe, until
from tests.support.floods import flood


async def test_every_chat_gets_its_message_once(database: Database) -> None:
    subscribe(database, "1", "2", "3")
    meet(database)
    post = Post()
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"] * 3)
    assert sorted(d.chat.address for d in post.taken) == ["1", "2", "3"]


async def test_a_digest_is_one_message_and_leaves_out_what_is_no_meeting_any_more(database: Database) -> None:
    subscribe(database, "1")
    database.write(flood)
    database.write(lambda c: floods.settle(c, 1, FloodState.DIGEST, who="ann", now=NOW))
    database.write(lambda c: c.execute(meetings.delete().where(meetings.c.story_id == 2)))
    post = Post()
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"])
    assert post.listed == [1, 3]


async def test_a_digest_of_which_nothing_is_left_is_closed(database: Database) -> None:
    subscribe(database, "1")
    database.write(flood)
    database.write(lambda c: floods.settle(c, 1, FloodState.DIGEST, who="ann", now=NOW))
    database.write(lambda c: c.execute(meetings.delete()))
    post = Post()
    async with delivering(database, post):
        await until(lambda: states(database) == ["expired"])
    assert post.taken == []


async def test_a_new_message_is_sent_at_once_when_somebody_wakes_the_loop(database: Database) -> None:
    subscribe(database, "1")
    post = Post()
    async with delivering(database, post) as deliverer:
        await asyncio.sleep(0.05)
        meet(database)
        deliverer.wake()
        await until(lambda: states(database) == ["sent"])


async def test_one_chat_has_one_message_in_flight_and_gets_them_in_order(database: Database) -> None:
    subscribe(database, "1")
    expected = [meet(database, number) for number in range(1, 6)]
    post = Post()
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"] * 5)
    assert post.most_in_flight == 1
    assert [d.story_id for d in post.taken] == expected


async def test_a_message_that_did_not_arrive_is_sent_again_after_the_wait_that_was_asked_for(
    database: Database,
) -> None:
    subscribe(database, "1")
    meet(database)
    post = Post(NotSent("429", timedelta(seconds=0.2), whole_channel=True))
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"])
    assert [d.attempt for d in post.taken] == [1, 2]
    assert not any(d.repeat for d in post.taken)


async def test_too_many_requests_lets_the_whole_channel_rest(database: Database) -> None:
    subscribe(database, *map(str, range(6)))
    meet(database)
    post = Post(NotSent("429", timedelta(seconds=0.4), whole_channel=True))
    async with delivering(database, post, in_flight=1):
        await until(lambda: len(post.taken) == 1)
        await asyncio.sleep(0.2)
        assert len(post.taken) == 1
        await until(lambda: states(database) == ["sent"] * 6)


async def test_a_refused_message_is_given_up_and_blocks_nobody(database: Database) -> None:
    subscribe(database, "1")
    meet(database, 1), meet(database, 2)
    post = Post(Refused("can't parse entities"))
    async with delivering(database, post):
        await until(lambda: states(database) == ["failed", "sent"])


async def test_a_chat_that_blocks_the_bot_is_left_alone_and_keeps_its_settings(database: Database) -> None:
    subscribe(database, "1")
    meet(database, 1), meet(database, 2)
    post = Post(ChatGone("bot was blocked by the user"))
    async with delivering(database, post):
        await until(lambda: "chat_gone" in states(database))
        await asyncio.sleep(0.05)
    assert states(database) == ["chat_gone", "queued"]
    assert database.read(lambda c: c.execute(select(chats.c.state)).scalar_one()) == ChatState.GONE
    assert database.read(lambda c: subscriptions.is_subscribed(c, 1))


async def test_a_moved_group_gets_the_message_at_its_new_address(database: Database) -> None:
    subscribe(database, "-5")
    meet(database)
    post = Post(Moved("-100555"))
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"])
    assert [d.chat.address for d in post.taken] == ["-5", "-100555"]


async def test_a_chat_that_is_owed_hundreds_of_messages_does_not_keep_the_others_waiting(database: Database) -> None:
    subscribe(database, "1")
    for number in range(1, 121):
        meet(database, number)
    subscribe(database, "2", "3")
    meet(database, 999)
    post = Post()
    async with delivering(database, post, paces={Channel.TELEGRAM: Pace()}):
        await until(lambda: {"2", "3"} <= {d.chat.address for d in post.taken})
    assert len(post.taken) < 10


async def test_messages_to_one_chat_keep_a_distance(database: Database) -> None:
    subscribe(database, "1")
    meet(database, 1), meet(database, 2)
    moments: list[datetime] = []

    class Clocked(Post):
        async def send(self, delivery: Delivery, content: Content) -> Outcome:
            moments.append(datetime.now(UTC))
            return await super().send(delivery, content)

    pace = {Channel.TELEGRAM: Pace(rest=timedelta(seconds=0.3))}
    async with delivering(database, Clocked(), paces=pace):
        await until(lambda: states(database) == ["sent"] * 2)
    assert moments[1] - moments[0] >= timedelta(seconds=0.3)


async def test_a_topic_that_is_closed_is_told_to_the_admins_once(database: Database) -> None:
    subscribe(database, "-5/3")
    meet(database, 1), meet(database, 2)
    post = Post(Sent("1", topic_lost=True), Sent("2", topic_lost=True))
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"] * 2)
    told = database.read(notices.latest)
    assert [(one.kind, one.message) for one in told] == [(NoticeKind.TOPIC_LOST, "-5/3")]


async def test_a_pause_that_the_server_asked_for_is_obeyed_by_the_next_process(database: Database) -> None:
    subscribe(database, "1", "2")
    meet(database)
    first = Post(NotSent("429", timedelta(seconds=2), whole_channel=True))
    async with delivering(database, first, in_flight=1):
        await until(lambda: len(first.taken) == 1)
    began, second = datetime.now(UTC), Post()
    async with delivering(database, second, "w2"):
        await until(lambda: states(database) == ["sent"] * 2)
    assert len(first.taken) == 1
    assert datetime.now(UTC) - began > timedelta(seconds=0.5)


async def test_a_message_that_fails_is_waited_for_three_tries_and_then_overtaken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver._backoff", lambda _attempt: timedelta(seconds=0.1))
    subscribe(database, "1")
    bad, good = meet(database, 1), meet(database, 2)
    post = Post(*[NotSent("refused connection")] * 3, Sent("2"), Sent("1"))
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"] * 2)
    assert [d.story_id for d in post.taken] == [bad, bad, bad, good, bad]


async def test_a_clock_that_is_set_back_keeps_no_message_waiting(database: Database) -> None:
    subscribe(database, "1")
    meet(database)
    ahead = [timedelta(hours=5)]
    post = Post(NotSent("too many requests", wait=timedelta(seconds=0.3), whole_channel=True))
    async with delivering(
        database, post, paces={}, clock=lambda: datetime.now(UTC) + (ahead[0] if ahead else timedelta(0))
    ) as deliverer:
        await until(lambda: len(post.taken) == 1 and states(database) == ["queued"])
        ahead.clear()
        deliverer.wake()
        await until(lambda: states(database) == ["sent"])


async def test_a_pause_of_years_that_an_earlier_process_wrote_down_is_none(database: Database) -> None:
    subscribe(database, "1")
    meet(database)
    database.write(lambda c: outbox.pause(c, Channel.TELEGRAM, datetime.now(UTC) + timedelta(days=900)))
    async with delivering(database, Post()):
        await until(lambda: states(database) == ["sent"])
