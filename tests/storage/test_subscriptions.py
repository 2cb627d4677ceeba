"""Chats: they come, go, come back and move, and neither lose what they follow nor hear old news."""

import pytest

from storage import ingest, privacy, queue, sources, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, Chat, ChatState, Delivery
from tests.support.build import NOW, after, definition, facts, meeting_changes

OLD, NEW = "-5", "-1005"


def _chat(database: Database, address: str, *, days: int = 0, language: str = "ja") -> Chat:
    def say_start(connection: Connection) -> Chat:
        now = after(days=days)
        chat = subscriptions.open_chat(
            connection, Channel.TELEGRAM, address, language=language, time_zone="Asia/Tokyo", now=now
        )
        subscriptions.subscribe(connection, chat.id, "ministerial-meetings", now)
        return chat

    return database.write(say_start)


def _rest(database: Database, chat: Chat, state: ChatState) -> None:
    database.write(lambda c: subscriptions.set_state(c, chat.id, state, NOW))


def _meetings(database: Database, count: int, *, days: int = 0) -> None:
    def land(connection: Connection) -> None:
        for number in range(count):
            source_id = sources.add(connection, definition(f"s{days}-{number}"), NOW)
            told = facts(series="admm", edition=100 * days + number + 1)
            ingest.apply(connection, meeting_changes(told, source_id=source_id), after(days=days))

    database.write(land)


def _claimed(database: Database, *, days: int = 0) -> list[Delivery]:
    return database.write(
        lambda c: queue.claim(c, worker="w", channels={Channel.TELEGRAM}, busy=set(), now=after(days=days), limit=99)
    )


def _found(database: Database, address: str) -> Chat | None:
    return database.read(lambda c: subscriptions.find_chat(c, Channel.TELEGRAM, address))


def test_a_chat_that_says_start_again_keeps_its_language(database: Database) -> None:
    first = _chat(database, OLD, language="ja")
    again = _chat(database, OLD, days=1, language="en")
    assert (again.id, again.language) == (first.id, "ja")


@pytest.mark.parametrize("state", [ChatState.STOPPED, ChatState.GONE, ChatState.SUSPENDED])
def test_a_chat_that_comes_back_after_months_is_not_flooded_with_old_news(database: Database, state: ChatState) -> None:
    chat = _chat(database, OLD)
    _meetings(database, 12)
    _rest(database, chat, state)
    assert _chat(database, OLD, days=200).state is ChatState.ACTIVE
    assert _claimed(database, days=200) == []
    assert database.read(lambda c: queue.next_due(c, {Channel.TELEGRAM}, NOW)) is None


def test_a_chat_that_comes_back_the_next_day_gets_what_it_missed(database: Database) -> None:
    chat = _chat(database, OLD)
    _meetings(database, 1)
    _rest(database, chat, ChatState.GONE)
    _chat(database, OLD, days=1)
    assert [d.chat.id for d in _claimed(database, days=1)] == [chat.id]


def test_a_chat_that_never_left_keeps_what_waits_for_it_when_it_says_start(database: Database) -> None:
    _chat(database, OLD)
    _meetings(database, 1)
    _chat(database, OLD, days=5)
    assert len(_claimed(database, days=5)) == 1


def test_a_group_that_left_and_is_active_at_its_new_address_stays_active_when_the_move_is_told(
    database: Database,
) -> None:
    before = _chat(database, OLD)
    _rest(database, before, ChatState.GONE)
    _chat(database, NEW, language="en")
    database.write(lambda c: subscriptions.move(c, before.id, NEW, NOW))
    chat = _found(database, NEW)
    assert chat is not None
    assert (chat.id, chat.state, chat.language) == (before.id, ChatState.ACTIVE, "en")
    assert _found(database, OLD) is None


def test_a_group_that_said_stop_at_its_new_address_stays_stopped(database: Database) -> None:
    before = _chat(database, OLD)
    _rest(database, _chat(database, NEW), ChatState.STOPPED)
    database.write(lambda c: subscriptions.move(c, before.id, NEW, NOW))
    _meetings(database, 1)
    assert _claimed(database) == []


def test_what_the_new_address_follows_is_followed_after_the_move(database: Database) -> None:
    def meet_and_move(connection: Connection) -> int:
        before = subscriptions.open_chat(connection, Channel.TELEGRAM, OLD, language="ja", time_zone="UTC", now=NOW)
        after_it = subscriptions.open_chat(connection, Channel.TELEGRAM, NEW, language="ja", time_zone="UTC", now=NOW)
        subscriptions.subscribe(connection, after_it.id, "ministerial-meetings", NOW)
        subscriptions.move(connection, before.id, NEW, NOW)
        return before.id

    chat_id = database.write(meet_and_move)
    assert database.read(lambda c: subscriptions.is_subscribed(c, chat_id))


def test_a_move_that_is_told_twice_changes_nothing_more(database: Database) -> None:
    chat = _chat(database, OLD)
    for _ in range(2):
        database.write(lambda c: subscriptions.move(c, chat.id, NEW, NOW))
    moved = _found(database, NEW)
    assert moved is not None
    assert (moved.id, moved.state) == (chat.id, ChatState.ACTIVE)


def test_a_chat_without_a_person_behind_it_is_forgotten_alone(database: Database) -> None:
    chat = _chat(database, OLD)
    assert database.write(lambda c: privacy.forget(c, chat.id, None)) is True
    assert database.write(lambda c: privacy.forget(c, chat.id, None)) is False
