"""Claim, send, record: whatever a channel does, a message is neither lost nor repeated without a word."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.deliver import ChatGone, Deliverer, Moved, NotSent, Outcome, Pace, Refused, Sent, Unknown
from feeds import floods
from storage import filters, ingest, news, notices, outbox, sources, subscriptions
from storage.changes import NewStory, Retelling
from storage.contents import Content
from storage.database import Connection, Database
from storage.errors import DatabaseBusy
from storage.model import Channel, ChatState, Delivery, DeliveryKind, FloodState, MeetingStory, NoticeKind
from storage.retelling import retell
from storage.tables import chats, deliveries, meetings
from tests.support.archives import new_archive
from tests.support.build import NOW, definition, facts, meeting_changes
from tests.support.floods import flood

FAST = {Channel.TELEGRAM: Pace(rest=timedelta(0))}


class Post:
    """A channel that does what the test says and remembers what it was given."""

    def __init__(self, *outcomes: Outcome, arrived: bool | None = None) -> None:
        self.outcomes = list(outcomes)
        self.arrived = arrived
        self.taken: list[Delivery] = []
        self.listed: list[int] = []
        self.in_flight = self.most_in_flight = 0

    async def send(self, delivery: Delivery, content: Content) -> Outcome:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0.002)
        self.in_flight -= 1
        self.taken.append(delivery)
        self.listed = [story.meeting.story_id for story in content.stories]
        return self.outcomes.pop(0) if self.outcomes else Sent(str(len(self.taken)))

    def was_sent(self, delivery: Delivery) -> bool | None:
        return self.arrived


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db")
    database.write(filters.ensure_built_in)
    yield database
    database.close()


def subscribe(database: Database, *addresses: str) -> None:
    def make(connection: Connection) -> None:
        for address in addresses:
            chat = subscriptions.open_chat(
                connection, Channel.TELEGRAM, address, language="ja", time_zone="UTC", now=NOW
            )
            subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)

    database.write(make)


def meet(database: Database, edition: int = 1) -> int:
    def land(connection: Connection) -> int:
        source_id = sources.add(connection, definition(f"s{edition}"), NOW)
        told = facts(series="admm", edition=edition)
        changes = meeting_changes(told, source_id=source_id, identity=f"g:{edition}")
        return ingest.apply(connection, changes, NOW)[NewStory(0)]

    return database.write(land)


def states(database: Database) -> list[str]:
    return list(
        database.read(lambda c: c.execute(select(deliveries.c.state).order_by(deliveries.c.id)).scalars().all())
    )


@asynccontextmanager
async def delivering(database: Database, post: Post, worker: str = "w1", **options: object) -> AsyncIterator[Deliverer]:
    deliverer = Deliverer(
        database=database,
        senders={Channel.TELEGRAM: post},
        worker=worker,
        per_second=options.pop("per_second", 1000),  # type: ignore[arg-type]
        clock=lambda: datetime.now(UTC),
        paces=options.pop("paces", FAST),  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        await deliverer.stop(patience_s=2)
        await asyncio.wait_for(task, 5)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


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
    from storage import outbox

    monkeypatch.setattr("bot.deliver.RETRY_UNCERTAIN", timedelta(0))
    subscribe(database, "1")
    meet(database)
    database.write(lambda c: outbox.claim(c, worker="killed", channels={Channel.TELEGRAM}, busy=[], now=NOW, limit=9))
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
        lambda c: outbox.claim(c, worker="other/1", channels={Channel.TELEGRAM}, busy=set(), now=NOW, limit=1)
    )
    meet(database, 2)
    living, post = {"other"}, Post()
    async with delivering(database, post, living=lambda _connection: living):
        await until(lambda: len(post.taken) == 2)  # both meetings, to the chat that nobody else is writing to
        assert {one.chat.address for one in post.taken}.isdisjoint({theirs.chat.address})
        living.clear()  # it died
        await until(lambda: states(database) == ["sent"] * 4)
    assert [one.repeat for one in post.taken if one.id == theirs.id] == [True]


async def test_a_claim_that_landed_though_an_error_came_back_is_sent_as_if_never_tried(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks = [True]

    def cut_once(point: str) -> None:
        if point == "claimed" and breaks:
            breaks.clear()
            raise DatabaseBusy("the connection broke when the claim had landed")

    monkeypatch.setattr("bot.deliver.IDLE", 0.02)
    subscribe(database, "100")
    meet(database)
    post = Post()
    async with delivering(database, post, at=cut_once):
        await until(lambda: states(database) == ["sent"])
    assert [(one.attempt, one.repeat) for one in post.taken] == [(1, False)]
