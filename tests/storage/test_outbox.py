"""The life of a message: every step is taken once, by one worker, and none is forgotten."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select, update

from storage import ingest, outbox, queue, sources, subscriptions
from storage.changes import NewStory
from storage.database import Connection, Database
from storage.model import Channel, Chat, ChatState, Delivery
from storage.tables import chats, deliveries
from tests.support.build import NOW, after, definition, facts, meeting_changes

TELEGRAM = {Channel.TELEGRAM}


@pytest.fixture
def chat(database: Database) -> Chat:
    """A subscribed chat."""
    return _subscribed(database, "100")


def _subscribed(database: Database, address: str) -> Chat:
    def make(connection: Connection) -> Chat:
        chat = subscriptions.open_chat(connection, Channel.TELEGRAM, address, language="ja", time_zone="UTC", now=NOW)
        subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)
        return chat

    return database.write(make)


def _new_meeting(database: Database, number: int = 1) -> int:
    def land(connection: Connection) -> int:
        key = f"s{number}"
        source_id = sources.add(connection, definition(key), NOW)
        changes = meeting_changes(facts(edition=number, series="admm"), source_id=source_id, identity=f"g:{number}")
        return ingest.apply(connection, changes, NOW)[NewStory(0)]

    return database.write(land)


def _claim(
    database: Database, *, worker: str = "w1", now: datetime = NOW, busy: set[str] | None = None, limit: int = 10
) -> list[Delivery]:
    return database.write(
        lambda c: queue.claim(c, worker=worker, channels=TELEGRAM, busy=busy or set(), now=now, limit=limit)
    )


def test_a_claimed_message_belongs_to_one_worker(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    (mine,) = _claim(database)
    assert (mine.chat.address, mine.attempt) == ("100", 1)
    assert _claim(database, worker="w2") == []


def test_a_chat_never_has_two_messages_in_one_claim(database: Database, chat: Chat) -> None:
    first, second = _new_meeting(database, 1), _new_meeting(database, 2)
    assert [d.story_id for d in _claim(database)] == [first]
    assert _claim(database, busy={chat.address}) == []
    assert [d.story_id for d in _claim(database)] == [second]


def test_only_channels_that_somebody_reads_are_claimed(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    claim: Callable[[Connection], list[Delivery]] = lambda c: queue.claim(  # noqa: E731
        c, worker="w1", channels={Channel.TERMINAL}, busy=set(), now=NOW, limit=10
    )
    assert database.write(claim) == []


def test_a_sent_message_stays_sent_whatever_comes_later(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    (mine,) = _claim(database)
    assert database.write(lambda c: outbox.mark_sent(c, mine, "w1", "55", NOW)) is True
    assert database.write(lambda c: outbox.mark_failed(c, mine, "w1", "late news", NOW)) is False
    assert database.write(lambda c: outbox.put_back(c, mine, "w1", NOW, "late news", NOW)) is False
    assert _claim(database) == []


def test_another_worker_cannot_finish_what_is_not_its_own(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    (mine,) = _claim(database)
    assert database.write(lambda c: outbox.mark_sent(c, mine, "w2", "55", NOW)) is False


def test_a_message_that_was_put_back_waits_its_time(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    (mine,) = _claim(database)
    database.write(lambda c: outbox.put_back(c, mine, "w1", after(minutes=1), "429", NOW))
    assert _claim(database) == []
    assert database.read(lambda c: queue.next_due(c, TELEGRAM, NOW)) == after(minutes=1)
    (again,) = _claim(database, now=after(minutes=1))
    assert again.attempt == 2


def test_what_only_the_channel_keeps_from_leaving_is_told_apart_from_what_is_to_wait(
    database: Database, chat: Chat
) -> None:
    assert database.read(lambda c: queue.due(c, NOW)) == (0, None)
    for number in range(1, 6):
        _new_meeting(database, number)
    rows = database.read(lambda c: list(c.execute(select(deliveries.c.id).order_by(deliveries.c.id)).scalars()))
    states: tuple[dict[str, object], ...] = (
        {"state": "queued", "held": "digest"},
        {"state": "queued", "not_before": after(hours=9)},
        {"state": "uncertain"},
        {"state": "queued", "not_before": after(minutes=14)},
    )
    for number, values in zip(rows, states, strict=False):
        change = update(deliveries).where(deliveries.c.id == number).values(values)
        database.write(lambda c, change=change: c.execute(change))  # type: ignore[misc]
    assert database.read(lambda c: queue.due(c, NOW)) == (2, NOW)
    database.write(lambda c: c.execute(update(chats).values(state="gone")))
    assert database.read(lambda c: queue.due(c, NOW)) == (0, None)


def test_a_chat_that_is_gone_keeps_what_is_owed_for_its_return(database: Database, chat: Chat) -> None:
    _new_meeting(database, 1)
    second = _new_meeting(database, 2)
    (mine,) = _claim(database)
    database.write(lambda c: outbox.mark_chat_gone(c, mine, "w1", "blocked", NOW))
    assert _claim(database) == []
    assert database.read(lambda c: subscriptions.find_chat(c, Channel.TELEGRAM, "100")).state is ChatState.GONE  # type: ignore[union-attr]
    _subscribed(database, "100")
    assert [d.story_id for d in _claim(database)] == [second]


def test_what_a_dead_process_had_in_flight_is_found_and_settled(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    _claim(database, worker="dead")
    (left,) = database.read(lambda c: outbox.left_behind(c, "new", TELEGRAM))
    database.write(lambda c: outbox.settle(c, left, arrived=False, now=NOW))
    assert [d.repeat for d in _claim(database, worker="new")] == [False]


def test_a_message_that_arrived_before_the_crash_is_not_sent_again(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    _claim(database, worker="dead")
    (left,) = database.read(lambda c: outbox.left_behind(c, "new", TELEGRAM))
    database.write(lambda c: outbox.settle(c, left, arrived=True, now=NOW))
    assert _claim(database, worker="new") == []


def test_an_uncertain_message_is_tried_again_as_a_repeat_but_three_times_at_the_most(
    database: Database, chat: Chat
) -> None:
    _new_meeting(database)
    repeats = []
    for again in (1, 1, 0):
        (mine,) = _claim(database)
        repeats.append(mine.repeat)
        database.write(lambda c, d=mine: outbox.mark_uncertain(c, d, "w1", "answer lost", NOW))  # type: ignore[misc]
        assert database.write(lambda c: outbox.retry_uncertain(c, NOW, NOW)) == again
    assert repeats == [False, True, True]
    assert _claim(database) == []


def test_what_the_own_process_has_in_flight_is_not_left_behind(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    _claim(database)
    assert database.read(lambda c: outbox.left_behind(c, "w1", TELEGRAM)) == []


def test_many_workers_claim_each_message_exactly_once(database: Database) -> None:
    for number in range(30):
        _subscribed(database, str(number))
    _new_meeting(database)
    claimed: list[int] = []

    def work(name: str) -> None:
        for _ in range(8):
            claimed.extend(d.id for d in _claim(database, worker=name, limit=5))

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed.extend(d.id for d in _claim(database, worker="last", limit=100))
    assert len(claimed) == len(set(claimed)) == 30


def test_a_group_that_became_a_supergroup_gets_its_messages_at_the_new_address(database: Database, chat: Chat) -> None:
    _new_meeting(database)
    database.write(lambda c: subscriptions.move(c, chat.id, "-100200", NOW))
    assert [d.chat.address for d in _claim(database)] == ["-100200"]


def test_two_records_of_one_room_become_one_without_a_second_message(database: Database, chat: Chat) -> None:
    _subscribed(database, "-100200")
    _new_meeting(database)  # owed to both records of the room
    database.write(lambda c: subscriptions.move(c, chat.id, "-100200", NOW))
    assert [(d.chat.id, d.chat.address) for d in _claim(database)] == [(chat.id, "-100200")]


def test_a_channel_that_nobody_reads_any_more_is_owed_nothing(database: Database, chat: Chat) -> None:
    _new_meeting(database, 1)
    database.write(lambda c: subscriptions.suspend_channel(c, Channel.TELEGRAM, NOW))
    _new_meeting(database, 2)
    _subscribed(database, "100")
    assert _claim(database) == []


def test_a_chat_that_is_owed_much_does_not_hide_the_others(database: Database, chat: Chat) -> None:
    for number in range(1, 61):
        _new_meeting(database, number)
    _subscribed(database, "200"), _subscribed(database, "300")
    _new_meeting(database, 61)
    first = _claim(database, limit=8)
    assert first[0].chat.id == chat.id
    others = [*first[1:], *_claim(database, limit=8, busy={chat.address})]
    assert sorted(d.chat.address for d in others) == ["200", "300"]


def test_what_has_waited_too_long_is_dropped_and_what_was_sent_or_is_fresh_is_not(
    database: Database, chat: Chat
) -> None:
    _new_meeting(database, 1)
    (sent,) = _claim(database)
    database.write(lambda c: outbox.mark_sent(c, sent, "w1", "55", NOW))
    _new_meeting(database, 2)
    assert database.write(lambda c: outbox.expire(c, NOW, NOW)) == 0
    assert database.write(lambda c: outbox.expire(c, after(minutes=1), NOW)) == 1
    assert _claim(database) == []


def test_old_news_of_one_chat_is_dropped_without_touching_the_others(database: Database, chat: Chat) -> None:
    _subscribed(database, "200")
    _new_meeting(database)
    assert database.write(lambda c: outbox.expire(c, after(days=1), NOW, chat_id=chat.id)) == 1
    assert [d.chat.address for d in _claim(database)] == ["200"]
