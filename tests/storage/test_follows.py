"""What chats follow and mute; what is kept about them, shown and forgotten."""

import json

import pytest

from storage import audit, broadcasts, filters, follows, ingest, people, privacy, sessions, sources, subscriptions
from storage.database import Connection, Database
from storage.follows import TooMany
from storage.model import Channel, Chat, FilterAction, Mute
from tests.support.build import NOW, after, definition, meeting_changes


def _chat(database: Database, address: str = "7", **settings: object) -> Chat:
    def make(connection: Connection) -> Chat:
        made = subscriptions.open_chat(connection, Channel.TELEGRAM, address, language="ja", time_zone="UTC", now=NOW)
        return subscriptions.change(connection, made.id, NOW, **settings)

    return database.write(make)


def _meeting(database: Database) -> None:
    def land(connection: Connection) -> None:
        source_id = sources.add(connection, definition("s"), NOW)
        ingest.apply(connection, meeting_changes(source_id=source_id), NOW)

    database.write(land)


def test_following_twice_is_following_once(database: Database) -> None:
    chat = _chat(database)
    told = [database.write(lambda c: follows.follow(c, chat.id, "country:JP", NOW)) for _ in range(2)]
    assert told == [True, False]
    assert database.read(lambda c: follows.followed(c, chat.id)) == ["country:JP"]
    assert database.write(lambda c: follows.unfollow(c, chat.id, "country:JP")) is True
    assert database.write(lambda c: follows.unfollow(c, chat.id, "country:JP")) is False


def test_each_chat_follows_for_itself(database: Database) -> None:
    one, other = _chat(database, "-100/1"), _chat(database, "-100/2")
    database.write(lambda c: follows.follow(c, one.id, "country:JP", NOW))
    assert database.read(lambda c: follows.followed(c, other.id)) == []


def test_a_mute_ends_by_itself_and_the_last_word_counts(database: Database) -> None:
    chat = _chat(database)
    database.write(lambda c: follows.mute(c, chat.id, "story:7", after(hours=1), NOW))
    assert database.read(lambda c: follows.muted(c, chat.id, NOW)) == [Mute(tag="story:7", until=after(hours=1))]
    assert database.read(lambda c: follows.muted(c, chat.id, after(hours=1))) == []
    database.write(lambda c: follows.mute(c, chat.id, "story:7", None, after(hours=2)))
    assert database.read(lambda c: follows.muted(c, chat.id, after(days=999))) == [Mute(tag="story:7")]
    assert database.write(lambda c: follows.unmute(c, chat.id, "story:7")) is True


def test_a_chat_cannot_fill_the_database_with_follows(database: Database) -> None:
    chat = _chat(database)

    def many(connection: Connection) -> None:
        for number in range(follows.MOST + 1):
            follows.follow(connection, chat.id, f"story:{number}", NOW)

    with pytest.raises(TooMany):
        database.write(many)


def test_a_chat_unsubscribes_from_one_filter_and_keeps_the_others(database: Database) -> None:
    chat = _chat(database)

    def both(connection: Connection) -> None:
        filters.add(
            connection, key="asia", title="Asia", query="asia", alerts=True, action=FilterAction.KEEP, who="me", now=NOW
        )
        for key in ("asia", filters.MEETINGS):
            subscriptions.subscribe(connection, chat.id, key, NOW)

    database.write(both)
    found = database.read(lambda c: filters.find(c, "asia"))
    assert database.write(lambda c: subscriptions.unsubscribe(c, chat.id, found.id)) is True
    assert [one.key for one in database.read(lambda c: subscriptions.subscribed(c, chat.id))] == [filters.MEETINGS]


def test_subscribing_twice_is_subscribing_once(database: Database) -> None:
    chat = _chat(database)
    told = [database.write(lambda c: subscriptions.subscribe(c, chat.id, filters.MEETINGS, NOW)) for _ in range(2)]
    assert told == [True, False]


def test_a_chat_that_follows_only_a_country_follows_something(database: Database) -> None:
    chat = _chat(database)
    assert database.read(lambda c: subscriptions.is_subscribed(c, chat.id)) is False
    database.write(lambda c: follows.follow(c, chat.id, "country:JP", NOW))
    assert database.read(lambda c: subscriptions.is_subscribed(c, chat.id)) is True


def test_the_rooms_of_a_forum_are_found_together_and_no_others(database: Database) -> None:
    for address in ("-100", "-100/5", "-1005", "-100_5"):
        _chat(database, address)
    found = database.read(lambda c: subscriptions.rooms(c, Channel.TELEGRAM, "-100"))
    assert [chat.address for chat in found] == ["-100", "-100/5"]


def test_what_is_kept_about_a_chat_can_be_shown_whole(database: Database) -> None:
    chat = _chat(database, "7", digest="daily 08:00", digest_at=after(days=1), quiet="22:00-07:00")
    _chat(database, "-1009", kind="channel", managed_by=7)

    def fill(connection: Connection) -> None:
        subscriptions.subscribe(connection, chat.id, filters.MEETINGS, NOW)
        follows.follow(connection, chat.id, "country:JP", NOW)
        follows.mute(connection, chat.id, "series:admm-plus", after(days=1), NOW)

    database.write(fill)
    _meeting(database)
    shown = database.read(lambda c: privacy.export(c, chat.id, 7))
    assert json.loads(json.dumps(shown)) == shown
    assert (shown["chat"]["digest"], shown["chat"]["quiet"]) == ("daily 08:00", "22:00-07:00")
    assert shown["filters"] == [filters.MEETINGS]
    assert [one["tag"] for one in shown["follows"]] == ["country:JP"]
    assert shown["mutes"][0]["until"] == after(days=1).isoformat()
    assert [(one["kind"], one["state"]) for one in shown["messages"]] == [("alert", "queued")]
    assert [one["address"] for one in shown["channels"]] == ["-1009"]


def test_what_is_forgotten_leaves_no_trace_and_touches_nobody_else(database: Database) -> None:
    chat, other = _chat(database, "7"), _chat(database, "8")
    channel = _chat(database, "-1009", kind="channel", managed_by=7)

    def fill(connection: Connection) -> None:
        for one in (chat, other):
            subscriptions.subscribe(connection, one.id, filters.MEETINGS, NOW)
            follows.follow(connection, one.id, "country:JP", NOW)
            follows.mute(connection, one.id, "story:3", None, NOW)

    database.write(fill)
    _meeting(database)
    assert database.write(lambda c: privacy.forget(c, chat.id, 7)) is True
    assert database.write(lambda c: privacy.forget(c, chat.id, 7)) is False
    assert database.read(lambda c: subscriptions.find_chat(c, Channel.TELEGRAM, "7")) is None
    left = database.read(lambda c: subscriptions.export(c, other.id))
    assert [len(left[name]) for name in ("filters", "follows", "mutes", "messages")] == [1, 1, 1, 1]
    kept = database.read(lambda c: subscriptions.chat(c, channel.id))
    assert kept is not None
    assert kept.managed_by is None


def test_who_set_up_a_channel_is_shown_and_forgotten_also_without_a_private_chat(database: Database) -> None:
    channel = _chat(database, "-1009", kind="channel", managed_by=7)
    shown = database.read(lambda c: privacy.export(c, 0, 7))
    assert [one["id"] for one in shown["channels"]] == [channel.id]
    assert database.read(lambda c: privacy.export(c, 0, 8)) == {}
    assert database.write(lambda c: privacy.forget(c, 0, 7)) is True
    assert database.read(lambda c: privacy.export(c, 0, 7)) == {}
    assert database.write(lambda c: privacy.forget(c, 0, 7)) is False


def test_who_is_signed_in_to_the_page_is_shown_that_and_signed_out_with_the_rest(database: Database) -> None:
    for who in (7, 8):
        database.write(lambda c, who=who: (sessions.begin(c, f"tg:{who}", NOW), sessions.offer(c, who, NOW)))  # type: ignore[misc]
    shown = database.read(lambda c: privacy.export(c, 0, 7))
    assert {name: len(rows) for name, rows in shown.items()} == {"sessions": 1, "links": 1}
    assert "hash" not in json.dumps(shown)
    assert database.write(lambda c: privacy.forget(c, 0, 7)) is True
    assert database.read(lambda c: privacy.export(c, 0, 7)) == {}
    assert set(database.read(lambda c: privacy.export(c, 0, 8))) == {"sessions", "links"}


def test_a_former_admin_is_shown_all_and_leaves_a_number_in_the_audit_and_no_name(database: Database) -> None:
    def live(connection: Connection) -> None:
        _, word = people.invite(connection, 1, NOW)
        opened = people.find_invite(connection, word)
        assert opened is not None
        people.accept(connection, opened, 7, "Ann", NOW)
        audit.note(connection, who="tg:7", what="admin_add", target="person:7", after={"name": "Ann"}, now=NOW)
        audit.note(connection, who="tg:7", what="source_pause", target="source:mod", now=NOW)
        broadcasts.draft(connection, "tg:7", "never sent", NOW)
        broadcasts.queue(connection, broadcasts.draft(connection, "tg:7", "sent", NOW).id, NOW)

    database.write(live)
    shown = database.read(lambda c: privacy.export(c, 0, 7))
    assert {name: len(rows) for name, rows in shown.items()} == {
        "admin": 1, "invitations": 1, "broadcasts": 2, "audit": 2,
    }  # fmt: skip
    assert "token_hash" not in shown["invitations"][0]
    database.write(lambda c: privacy.forget(c, 0, 7))
    still = database.read(lambda c: privacy.export(c, 0, 7))
    assert [one["name"] for one in still["admin"]] == ["Ann"], "while she is an admin"
    database.write(lambda c: people.remove(c, 7, NOW))
    database.write(lambda c: privacy.forget(c, 0, 7))
    left = database.read(lambda c: privacy.export(c, 0, 7))
    assert set(left) <= set(privacy.STAYS)
    assert [one["text"] for one in left["broadcasts"]] == ["sent"]
    assert "Ann" not in json.dumps(left)
    assert [one["who"] for one in left["audit"]] == ["tg:7", "tg:7"]


def test_a_group_that_moves_takes_what_it_follows_and_mutes_along(database: Database) -> None:
    before, at_new = _chat(database, "-5"), _chat(database, "-1005", quiet="22:00-07:00")

    def fill(connection: Connection) -> None:
        follows.follow(connection, before.id, "country:JP", NOW)
        follows.follow(connection, at_new.id, "country:JP", NOW)
        follows.follow(connection, at_new.id, "country:AU", after(hours=1))
        follows.mute(connection, at_new.id, "story:3", None, NOW)
        subscriptions.move(connection, before.id, "-1005", NOW)

    database.write(fill)
    moved = database.read(lambda c: subscriptions.find_chat(c, Channel.TELEGRAM, "-1005"))
    assert moved is not None
    assert (moved.id, moved.quiet) == (before.id, "22:00-07:00")
    assert database.read(lambda c: follows.followed(c, before.id)) == ["country:JP", "country:AU"]
    assert database.read(lambda c: follows.muted(c, before.id, NOW)) == [Mute(tag="story:3")]
