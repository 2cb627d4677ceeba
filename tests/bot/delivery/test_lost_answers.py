"""What nobody can know: lost answers, killed processes, a database that fails. Nothing is lost, a repeat says so."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.deliver import Deliverer
from bot.duties import Sending
from bot.outcomes import Outcome, Sent, Unknown
from bot.standby import Lead, Standby
from storage import news, queue
from storage.changes import Retelling
from storage.contents import Content
from storage.database import Connection, Database
from storage.errors import DatabaseBusy, DatabaseUnreachable
from storage.model import Channel, Delivery, DeliveryKind, MeetingStory
from storage.retelling import retell
from tests.support.build import NOW
from tests.support.delivering import Post, delivering, meet, states, subscribe, until


async def test_a_message_with_a_lost_answer_is_repeated_and_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver.RETRY_UNCERTAIN", timedelta(seconds=0.05))
    subscribe(database, "1")
    meet(database)
    post = Post(*[Unknown("answer lost")] * 9)
    async with delivering(database, post):
        await until(lambda: len(post.taken) == 3 and states(database) == ["uncertain"])
        await asyncio.sleep(0.2)
    assert [d.repeat for d in post.taken] == [False, True, True]


@pytest.mark.parametrize(
    ("arrived", "sent_again", "repeat"),
    [(True, 0, []), (False, 1, [False]), (None, 1, [True])],
    ids=["it arrived", "it did not", "nobody knows"],
)
async def test_what_a_killed_process_had_in_flight_is_settled_by_what_the_channel_can_prove(
    database: Database, monkeypatch: pytest.MonkeyPatch, arrived: bool | None, sent_again: int, repeat: list[bool]
) -> None:
    from storage import queue

    monkeypatch.setattr("bot.deliver.RETRY_UNCERTAIN", timedelta(0))
    subscribe(database, "1")
    meet(database)
    database.write(lambda c: queue.claim(c, worker="killed", channels={Channel.TELEGRAM}, busy=[], now=NOW, limit=9))
    post = Post(arrived=arrived)
    async with delivering(database, post, worker="new"):
        await until(lambda: states(database) == ["sent"])
    assert (len(post.taken), [d.repeat for d in post.taken]) == (sent_again, repeat)


async def test_a_database_that_refuses_for_a_while_does_not_make_a_sent_message_go_out_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(database, "1")
    meet(database)
    post, real = Post(), Deliverer._record_now
    refused: list[int] = []

    def busy_twice(self: Deliverer, connection: Connection, delivery: Delivery, outcome: Outcome) -> None:
        if len(refused) < 2:
            refused.append(1)
            raise DatabaseBusy("held by another process")
        real(self, connection, delivery, outcome)

    monkeypatch.setattr(Deliverer, "_record_now", busy_twice)
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"])
    assert (len(refused), len(post.taken)) == (2, 1)


async def test_a_meeting_that_cannot_be_read_for_a_moment_is_sent_a_little_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver._backoff", lambda _attempt: timedelta(seconds=0.05))
    subscribe(database, "1")
    meet(database)
    real, asked = news.meeting, []

    def busy_once(connection: Connection, story_id: int) -> MeetingStory:
        asked.append(story_id)
        if len(asked) == 1:
            raise DatabaseBusy("held by another process")
        return real(connection, story_id)

    monkeypatch.setattr(news, "meeting", busy_once)
    post = Post()
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"])
    assert [d.repeat for d in post.taken] == [False]


async def test_a_mistake_of_ours_does_not_park_the_message_that_it_hit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver._backoff", lambda _attempt: timedelta(seconds=0.05))
    subscribe(database, "1")
    meet(database)

    class Mistaken(Post):
        async def send(self, delivery: Delivery, content: Content) -> Outcome:
            outcome = await super().send(delivery, content)
            if len(self.taken) == 1:
                raise KeyError("city")
            return outcome

    post = Mistaken()
    async with delivering(database, post):
        await until(lambda: states(database) == ["sent"])
    assert [d.attempt for d in post.taken] == [1, 2]


async def test_stopping_leaves_no_message_claimed_that_was_never_tried(database: Database) -> None:
    subscribe(database, *map(str, range(30)))
    meet(database)
    tried: set[int] = set()
    for worker in ("w1", "w2"):
        post = Post()
        async with delivering(database, post, worker, per_second=25):
            await until(lambda post=post: len(post.taken) >= 3)  # type: ignore[misc]
        tried |= {d.id for d in post.taken}
        assert set(states(database)) == {"sent", "queued"}
        assert states(database).count("sent") == len(tried)


async def test_stopping_waits_for_what_is_in_flight(database: Database) -> None:
    subscribe(database, "1")
    meet(database)

    class Slow(Post):
        async def send(self, delivery: Delivery, content: Content) -> Outcome:
            self.in_flight += 1
            await asyncio.sleep(0.3)
            return await super().send(delivery, content)

    post = Slow()
    async with delivering(database, post):
        await until(lambda: post.in_flight > 0)
    assert states(database) == ["sent"]


async def test_a_known_answer_is_kept_when_the_duty_is_lost_with_the_database_for_longer_than_a_stop_may_take(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.duties.PATIENCE_S", 0.05)
    monkeypatch.setattr("bot.duties.BREATH_S", 0.0)
    subscribe(database, "1")
    meet(database)
    away, write = asyncio.Event(), database.write

    def refuse_while_away(fn: Callable[[Connection], object]) -> object:
        if away.is_set():
            raise DatabaseUnreachable("the server is restarting")
        return write(fn)

    database.write = refuse_while_away  # type: ignore[method-assign, assignment]

    class Answering(Post):
        async def send(self, delivery: Delivery, content: Content) -> Outcome:
            away.set()
            return await super().send(delivery, content)

    post, lead, turns = Answering(), Lead("deliver telegram"), []

    def begin(turn: int) -> Sending:
        turns.append(turn)
        deliverer = Deliverer(
            database=database, senders={Channel.TELEGRAM: post}, worker=f"w1/{turn}", clock=lambda: datetime.now(UTC)
        )
        return Sending(deliverer, [])

    standby = asyncio.create_task(Standby(lead=lead, begin=begin).run())
    lead.gain()
    await until(lambda: len(post.taken) == 1)
    lead.lose()
    await asyncio.sleep(0.3)
    lead.gain()
    away.clear()
    await until(lambda: turns == [1, 2] and states(database) == ["sent"])
    await asyncio.sleep(0.2)
    assert len(post.taken) == 1
    standby.cancel()
    await asyncio.gather(standby, return_exceptions=True)


async def test_an_edit_whose_answer_was_lost_is_simply_made_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver._backoff", lambda _attempt: timedelta(seconds=0.05))
    subscribe(database, "1")
    story = meet(database)
    post = Post(Sent("9"), Unknown("answer lost"))
    async with delivering(database, post) as deliverer:
        await until(lambda: states(database) == ["sent"])
        news = Retelling(story=story, revision=2)
        database.write(lambda c: retell(c, news, story, datetime.now(UTC)))
        deliverer.wake()
        await until(lambda: states(database) == ["sent"] * 2)
    assert [(d.kind, d.repeat) for d in post.taken] == [
        (DeliveryKind.ALERT, False), (DeliveryKind.EDIT, False), (DeliveryKind.EDIT, False),
    ]  # fmt: skip


async def test_with_park_a_message_that_may_have_arrived_is_never_sent_again(database: Database) -> None:
    subscribe(database, "1")
    meet(database, 1), meet(database, 2)
    post = Post(Unknown("answer lost"))
    async with delivering(database, post, uncertain="park"):
        await until(lambda: states(database) == ["uncertain", "sent"])
    assert [d.repeat for d in post.taken] == [False, False]


@pytest.mark.parametrize("told", ["an error", "nothing claimed"])
async def test_a_claim_that_landed_though_the_database_said_no_is_sent_all_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    """A server that goes away while it commits: what it holds is in flight, and nobody knows. Where others committed
    with it, each was tried alone, and a second claim finds nothing."""
    subscribe(database, "1", "2")
    meet(database)
    post, write = Post(), database.write
    lost: list[object] = []

    def answer_lost(fn: Callable[[Connection], object]) -> object:
        done = write(fn)
        if isinstance(done, list) and done and isinstance(done[0], Delivery) and not lost:
            lost.append(done)
            if told == "an error":
                raise DatabaseBusy("the connection broke")
            return []
        return done

    monkeypatch.setattr(database, "write", answer_lost)
    async with delivering(database, post) as deliverer:
        await until(lambda: bool(lost))
        deliverer.wake()
        await until(lambda: states(database) == ["sent", "sent"])
    assert sorted(one.chat.address for one in post.taken) == ["1", "2"]
    assert [(one.attempt, one.repeat) for one in post.taken] == [(1, False)] * 2


async def test_what_another_living_process_has_in_flight_is_left_to_it_and_its_room_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver.RETRY_UNCERTAIN", timedelta(0))
    subscribe(database, "100", "200")
    meet(database, 1)
    (theirs,) = database.write(
        lambda c: queue.claim(c, worker="other/1", channels={Channel.TELEGRAM}, busy=set(), now=NOW, limit=1)
    )
    meet(database, 2)
    living, post = {"other"}, Post()
    async with delivering(database, post, living=lambda _connection: living):
        await until(lambda: len(post.taken) == 2)  # both meetings, to the chat that nobody else is writing to
        assert {one.chat.address for one in post.taken}.isdisjoint({theirs.chat.address})
        living.clear()  # it died
        await until(lambda: states(database) == ["sent"] * 4)
    assert [one.repeat for one in post.taken if one.id == theirs.id] == [True]
