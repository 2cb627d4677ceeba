"""Filters can be changed without fear: every change is written down, and can be taken back with all that hung on it."""

import pytest

from storage import filters, subscriptions
from storage.database import Connection, Database
from storage.errors import AlreadyExists, NotFound
from storage.model import Channel, Filter, FilterAction
from tests.support.build import NOW, after


def add(connection: Connection, key: str = "jp", query: str = "country:JP", hours: float = 0) -> Filter:
    return filters.add(
        connection, key=key, title=key.upper(), query=query, alerts=True, action=FilterAction.KEEP, who="ann",
        now=after(hours=hours),
    )  # fmt: skip


def follow(connection: Connection, key: str) -> int:
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, "1", language="ja", time_zone="UTC", now=NOW)
    subscriptions.subscribe(connection, chat.id, key, NOW)
    return chat.id


def keys(database: Database) -> list[str]:
    return [each.key for each in database.read(filters.every)]


BUILT_IN = ["ministerial-meetings", "everything"]


def test_a_new_filter_comes_last_and_knows_since_when_it_counts(database: Database) -> None:
    made = database.write(add)
    assert keys(database) == [*BUILT_IN, "jp"]
    assert (made.since, made.paused, made.alerts) == (NOW, False, True)
    with pytest.raises(AlreadyExists, match="'jp' already"):
        database.write(add)


def test_a_change_keeps_what_it_does_not_name_and_counts_from_then_on(database: Database) -> None:
    database.write(add)
    titled = database.write(lambda c: filters.change(c, "jp", "edit", who="bob", now=after(hours=1), title="Japan"))
    assert (titled.title, titled.query, titled.since) == ("Japan", "country:JP", NOW)
    asked = database.write(lambda c: filters.change(c, "jp", "edit", who="bob", now=after(hours=2), query="country:US"))
    assert (asked.title, asked.since) == ("Japan", after(hours=2))
    paused = database.write(lambda c: filters.change(c, "jp", "pause", who="bob", now=after(hours=3), paused=True))
    assert (paused.paused, paused.since) == (True, after(hours=2))
    resumed = database.write(lambda c: filters.change(c, "jp", "resume", who="bob", now=after(hours=4), paused=False))
    assert (resumed.paused, resumed.since) == (False, after(hours=4))


def test_the_history_tells_who_changed_what_and_when(database: Database) -> None:
    database.write(add)
    database.write(lambda c: filters.change(c, "jp", "edit", who="bob", now=after(hours=1), query="country:US"))
    newest, oldest = database.read(lambda c: filters.history(c, "jp"))
    assert (newest.who, newest.what, newest.at) == ("bob", "edit", after(hours=1))
    assert newest.before is not None
    assert newest.after is not None
    assert (newest.before["query"], newest.after["query"]) == ("country:JP", "country:US")
    assert (oldest.what, oldest.before) == ("add", None)


def test_a_change_that_changes_nothing_is_no_history(database: Database) -> None:
    database.write(add)
    database.write(lambda c: filters.change(c, "jp", "edit", who="bob", now=after(hours=1), query="country:JP"))
    assert len(database.read(filters.history)) == 1


def test_undo_takes_back_one_change_after_the_other(database: Database) -> None:
    database.write(add)
    database.write(lambda c: filters.change(c, "jp", "edit", who="bob", now=after(hours=1), query="country:US"))
    database.write(lambda c: filters.change(c, "jp", "edit", who="bob", now=after(hours=2), title="Else"))
    undo = lambda c: filters.undo(c, "jp", who="ann", now=after(hours=3))  # noqa: E731
    assert database.write(undo).what == "edit"
    now_called = database.read(lambda c: filters.find(c, "jp"))
    assert (now_called.title, now_called.query) == ("JP", "country:US")
    database.write(undo)
    assert database.read(lambda c: filters.find(c, "jp")).query == "country:JP"
    assert database.write(undo).what == "add"
    assert keys(database) == BUILT_IN
    with pytest.raises(NotFound, match="no change"):
        database.write(undo)
    assert [one.undone for one in database.read(filters.history) if one.what != "undo"] == [True] * 3


def test_an_undone_removal_brings_the_subscribers_back_but_not_the_news_of_meanwhile(database: Database) -> None:
    database.write(add)
    chat_id = database.write(lambda c: follow(c, "jp"))
    database.write(lambda c: filters.remove(c, "jp", who="bob", now=after(hours=1)))
    assert keys(database) == BUILT_IN
    with pytest.raises(NotFound):
        database.read(lambda c: filters.find(c, "jp"))
    database.write(lambda c: filters.undo(c, who="ann", now=after(hours=5)))
    assert database.read(lambda c: filters.find(c, "jp")).since == after(hours=5)
    assert database.read(lambda c: subscriptions.is_subscribed(c, chat_id))


def test_who_followed_a_removed_filter_does_not_follow_a_new_one_of_the_same_name(database: Database) -> None:
    database.write(add)
    chat_id = database.write(lambda c: follow(c, "jp"))
    database.write(lambda c: filters.remove(c, "jp", who="bob", now=after(hours=1)))
    database.write(lambda c: add(c, query="country:US", hours=2))
    assert not database.read(lambda c: subscriptions.is_subscribed(c, chat_id))
    assert [one.what for one in database.read(filters.history)] == ["add", "remove", "add"]


def test_the_order_is_kept_and_can_be_taken_back(database: Database) -> None:
    database.write(add)
    every = database.write(lambda c: filters.reorder(c, ["jp", "everything"], who="ann", now=after(hours=1)))
    assert [each.key for each in every] == ["jp", "everything", "ministerial-meetings"]
    assert keys(database) == ["jp", "everything", "ministerial-meetings"]
    database.write(lambda c: filters.undo(c, who="ann", now=after(hours=2)))
    assert keys(database) == [*BUILT_IN, "jp"]


def test_a_change_of_an_admin_to_a_built_in_filter_survives_a_restart(database: Database) -> None:
    database.write(
        lambda c: filters.change(c, "everything", "edit", who="ann", now=NOW, title="All of it", alerts=False)
    )
    database.write(filters.ensure_built_in)
    assert database.read(lambda c: filters.find(c, "everything")).title == "All of it"
