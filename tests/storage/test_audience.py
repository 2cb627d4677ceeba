"""Who is told, when, and what becomes of an alert when its meeting changes."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from storage import contents, digests, handover, hours, ingest, outbox, queue, restored, subscriptions
from storage.audience import new_row
from storage.changes import Alert
from storage.database import Connection, Database
from storage.model import Channel, ChatState, DeliveryKind
from storage.tables import chats, deliveries
from tests.support.audience import chat, claim, follow, meet, mute, owed, send
from tests.support.build import NOW, after, facts


def test_a_chat_is_told_of_what_it_follows_by_tag_and_of_nothing_else(database: Database) -> None:
    both = chat(database, "1", subscribed=False)
    other = chat(database, "2", subscribed=False)
    for who, tag in ((both, "country:JP"), (both, "series:admm"), (other, "country:FR")):
        follow(database, who, tag)
    meet(database)
    assert owed(database, "chat_id") == [(both.id,)]


def test_following_a_tag_counts_as_the_filter_of_all_meetings_and_of_no_other(database: Database) -> None:
    follow(database, chat(database, subscribed=False), "country:JP")
    story = meet(database)
    fan = chat(database, "2", subscribed=False)
    follow(database, fan, "country:JP")
    alert = Alert(story=story, filters=("everything",), tags=frozenset({"country:JP"}))
    database.write(lambda c: ingest.owe(c, alert, story, NOW))
    assert len(owed(database)) == 1


def test_a_mute_holds_for_series_and_stories_until_it_ends(database: Database) -> None:
    for number, until in enumerate([None, after(days=1), after(days=-1)], 1):
        mute(database, chat(database, str(number)), "series:admm", until)
    mute(database, chat(database, "4"), "all", after(hours=1))
    meet(database)
    assert owed(database, "chat_id") == [(3,)]


def test_quiet_hours_hold_an_alert_until_they_end_in_the_chats_own_zone(database: Database) -> None:
    chat(database, "1", quiet="20:00-07:00", time_zone="Asia/Tokyo")  # noon in London is 21:00 in Tokyo
    chat(database, "2", quiet="20:00-07:00", time_zone="Europe/London")
    meet(database)
    assert sorted(owed(database, "chat_id", "held", "not_before")) == [(1, "quiet", after(hours=10)), (2, "", NOW)]
    assert [d.chat.id for d in claim(database)] == [2]


def test_a_few_held_alerts_go_one_by_one_when_quiet_ends(database: Database) -> None:
    who = chat(database, quiet="11:00-13:00")
    meet(database, 1), meet(database, 2)
    assert database.read(lambda c: digests.due(c, NOW)) == []
    assert database.read(lambda c: digests.due(c, after(hours=1))) == [who.id]
    assert database.write(lambda c: digests.release(c, who.id, after(hours=1))) is None
    assert [d.kind for d in send(database, after(hours=1))] == [DeliveryKind.ALERT] * 2


def test_more_than_three_become_one_digest_once(database: Database) -> None:
    who = chat(database, quiet="11:00-13:00")
    stories = [meet(database, number) for number in range(1, 5)]
    for _ in range(2):
        database.write(lambda c: digests.release(c, who.id, after(hours=1)))
    (digest,) = send(database, after(hours=1))
    assert (digest.kind, digest.payload) == (DeliveryKind.DIGEST, {"stories": stories, "more": 0})
    assert owed(database, "state", "parent_id")[:4] == [("folded", digest.id)] * 4
    told = database.read(lambda c: contents.load(c, digest))
    assert [story.meeting.story_id for story in told.stories] == stories


def test_a_digest_lists_what_was_folded_into_an_alert_that_it_collects_beside_it(database: Database) -> None:
    who = chat(database, quiet="11:00-13:00", sides="parent")
    conference = meet(database, 1, facts(series="admm-plus", countries=("AU", "JP", "US")))
    others = [meet(database, number) for number in (2, 3, 4)]
    side = meet(database, 5, facts(parent="admm-plus"))
    made = database.write(lambda c: digests.release(c, who.id, after(hours=1)))
    (digest,) = send(database, after(hours=1))
    assert (digest.id, digest.payload) == (made, {"stories": [conference, side, *others], "more": 0})


def test_what_a_refused_digest_would_have_told_goes_one_by_one(database: Database) -> None:
    who = chat(database, quiet="11:00-13:00")
    stories = [meet(database, number) for number in range(1, 5)]
    database.write(lambda c: digests.release(c, who.id, after(hours=1)))
    (digest,) = claim(database, after(hours=1))
    database.write(lambda c: outbox.mark_failed(c, digest, "w", "message is too long", after(hours=1)))
    assert [d.story_id for d in send(database, after(hours=1))] == stories


def test_a_chat_with_a_digest_gets_one_message_a_day(database: Database) -> None:
    who = chat(database, digest="daily 18:00", digest_at=after(hours=6))
    meet(database, 1)
    assert claim(database) == []
    assert database.read(lambda c: digests.due(c, after(hours=6))) == [who.id]
    made = database.write(lambda c: digests.release(c, who.id, after(hours=6)))
    assert [d.id for d in send(database, after(hours=6))] == [made]
    assert database.read(lambda c: digests.due(c, after(hours=7))) == []
    assert database.read(lambda c: subscriptions.chat(c, who.id)).digest_at == after(hours=30)  # type: ignore[union-attr]


@pytest.mark.parametrize("repeat", [True, False])
def test_a_digest_with_a_meeting_that_may_have_been_told_before_says_so(database: Database, repeat: bool) -> None:
    who = chat(database, digest="daily 18:00", digest_at=after(hours=6))
    meet(database, 1)
    if repeat:
        database.write(lambda c: restored.note(c, after(minutes=5)))
    meet(database, 2, now=after(minutes=10))
    database.write(lambda c: digests.release(c, who.id, after(hours=6)))
    assert [(d.kind, d.repeat) for d in send(database, after(hours=6))] == [(DeliveryKind.DIGEST, repeat)]


def test_a_day_without_news_has_no_digest_and_a_digest_without_a_moment_gets_one(database: Database) -> None:
    who = chat(database, digest="daily 18:00")
    for _ in range(2):
        assert database.write(lambda c: digests.release(c, who.id, NOW)) is None
    assert database.write(lambda c: digests.release(c, who.id, after(hours=6))) is None
    assert owed(database) == []


def test_whoever_turns_the_digest_off_gets_what_was_held(database: Database) -> None:
    who = chat(database, digest="daily 18:00", digest_at=after(hours=6))
    meet(database)
    database.write(lambda c: subscriptions.change(c, who.id, NOW, digest="off", digest_at=None))
    assert database.read(lambda c: digests.due(c, NOW)) == [who.id]
    database.write(lambda c: digests.release(c, who.id, NOW))
    assert len(claim(database)) == 1


def test_side_meetings_are_folded_into_the_alert_of_their_conference(database: Database) -> None:
    chat(database, "1", sides="parent"), chat(database, "2")
    mine = chat(database, "3", sides="mine")
    follow(database, mine, "country:FR")
    meet(database, 1, facts(series="admm-plus", countries=("AU", "JP", "US")))
    alerts = send(database)
    side = meet(database, 2, facts(parent="admm-plus"))
    assert sorted(owed(database, "chat_id", "kind", "state")[3:]) == [
        (1, "alert", "folded"), (1, "edit", "queued"), (2, "alert", "queued"),
    ]  # fmt: skip
    edit = next(d for d in claim(database) if d.kind is DeliveryKind.EDIT)
    shown = database.read(lambda c: contents.load(c, edit))
    first = next(d for d in alerts if d.chat.id == 1)
    assert [s.meeting.story_id for s in shown.sides] == [side]
    assert shown.target == str(100 + first.id)


def test_a_broadcast_is_owed_once_to_every_active_chat(database: Database) -> None:
    chat(database, "1"), chat(database, "2", quiet="11:00-13:00")
    assert database.write(lambda c: outbox.owe_broadcast(c, 5, NOW)) == 2
    assert database.write(lambda c: outbox.owe_broadcast(c, 5, NOW)) == 0
    assert owed(database, "kind", "not_before") == [("broadcast", NOW), ("broadcast", after(hours=1))]


def test_the_topics_of_a_forum_are_one_room(database: Database) -> None:
    chat(database, "-5/1"), chat(database, "-5/2"), chat(database, "-6")
    meet(database)
    first = claim(database)
    assert [d.chat.address for d in first] == ["-5/1", "-6"]
    where = first[0].chat
    database.write(lambda c: subscriptions.move_room(c, where, "-1005", NOW))
    addresses = database.read(lambda c: c.execute(select(chats.c.address).order_by(chats.c.id)).scalars().all())
    assert addresses == ["-1005/1", "-1005/2", "-6"]
    database.write(lambda c: outbox.mark_chat_gone(c, first[1], "w", "kicked", NOW))
    moved = database.read(lambda c: subscriptions.chat(c, where.id))
    assert moved is not None
    assert (moved.room, moved.topic) == ("-1005", 1)


def test_a_pause_that_a_server_asked_for_outlives_the_process(database: Database) -> None:
    def pause(connection: Connection) -> None:
        outbox.pause(connection, Channel.TELEGRAM, after(minutes=5))
        outbox.pause(connection, Channel.TELEGRAM, after(minutes=1))

    database.write(pause)
    channels = [Channel.TELEGRAM, Channel.TERMINAL]
    assert database.read(lambda c: outbox.pauses(c, channels, NOW)) == {Channel.TELEGRAM: after(minutes=5)}


def test_a_pause_that_a_wrong_clock_wrote_down_mutes_nobody_for_years(database: Database) -> None:
    database.write(lambda c: outbox.pause(c, Channel.TELEGRAM, after(days=700)))
    assert database.read(lambda c: outbox.pauses(c, [Channel.TELEGRAM], NOW)) == {}
    database.write(lambda c: outbox.pause(c, Channel.TELEGRAM, after(minutes=5)))
    assert database.read(lambda c: outbox.pauses(c, [Channel.TELEGRAM], NOW)) == {Channel.TELEGRAM: after(minutes=5)}


@pytest.mark.parametrize(("digest", "ahead"), [("daily 18:00", 40), ("weekly mon 18:00", 24 * 9)])
def test_a_digest_that_was_planned_by_a_clock_that_was_ahead_is_planned_anew(
    database: Database, digest: str, ahead: float
) -> None:
    who = chat(database, digest=digest, digest_at=after(hours=ahead))
    assert database.read(lambda c: digests.due(c, NOW)) == [who.id]
    assert database.write(lambda c: digests.release(c, who.id, NOW)) is None
    planned = database.read(lambda c: subscriptions.chat(c, who.id)).digest_at  # type: ignore[union-attr]
    assert planned is not None
    assert planned == hours.next_digest(digest, "UTC", NOW)
    assert database.read(lambda c: digests.due(c, NOW)) == []


def test_what_waits_for_a_moment_for_which_nothing_waits_is_due(database: Database) -> None:
    chat(database, "1"), chat(database, "2", quiet="11:00-13:00")
    meet(database, 1)
    database.write(lambda c: c.execute(update(deliveries).values(not_before=after(days=700))))
    assert database.write(lambda c: outbox.hasten(c, NOW)) == 2
    assert len(claim(database)) == 1  # the other one is held until it is let go
    assert len(database.read(lambda c: digests.due(c, NOW))) == 1
    assert database.write(lambda c: outbox.hasten(c, NOW)) == 0


def test_after_a_clock_was_set_back_what_was_due_is_due_and_quiet_hours_stay_quiet(database: Database) -> None:
    chat(database, "1"), chat(database, "2", quiet="11:00-13:00")
    meet(database, 1, now=after(minutes=30))
    database.write(lambda c: outbox.pause(c, Channel.TELEGRAM, after(minutes=31)))
    back = after(minutes=-30)
    assert claim(database, back) == []
    assert database.write(lambda c: outbox.follow_clock(c, after(minutes=30), back)) == 1
    assert [d.chat.address for d in claim(database, back)] == ["1"]
    assert database.read(lambda c: outbox.pauses(c, [Channel.TELEGRAM], back)) == {Channel.TELEGRAM: after(minutes=-29)}


def test_what_is_oldest_comes_first_when_asked_for_so_that_no_digest_starves(database: Database) -> None:
    who = chat(database, quiet="11:00-13:00")
    for number in range(1, 5):
        meet(database, number)
    database.write(lambda c: digests.release(c, who.id, NOW + timedelta(hours=1)))
    chat(database, "2")
    meet(database, 5, now=after(hours=2))
    look = {"channels": {Channel.TELEGRAM}, "busy": (), "now": after(hours=3), "limit": 1}
    by_weight = database.read(lambda c: queue.find(c, **look))  # type: ignore[arg-type]
    by_age = database.read(lambda c: queue.find(c, **look, oldest=True))  # type: ignore[arg-type]
    kinds = dict(owed(database, "id", "kind"))
    assert (kinds[by_weight[0]], kinds[by_age[0]]) == ("alert", "digest")


def test_a_digest_has_a_name_that_nothing_else_takes(database: Database) -> None:
    who = chat(database, digest="daily 08:00")
    database.write(lambda c: digests.release(c, who.id, NOW))  # plans the first one
    meet(database, 1)
    flood = new_row(who.id, None, DeliveryKind.DIGEST, NOW, once="flood:1", payload={"stories": []})
    database.write(lambda c: c.execute(insert(deliveries).values(**flood)))
    morning = after(days=1)
    first = database.write(lambda c: digests.release(c, who.id, morning))
    database.write(lambda c: c.execute(delete(deliveries).where(deliveries.c.once == "flood:1")))
    meet(database, 2, now=morning)
    second = database.write(lambda c: digests.release(c, who.id, morning + timedelta(days=1)))
    assert None not in (first, second)


def test_what_was_folded_into_an_alert_that_is_called_off_goes_by_itself(database: Database) -> None:
    chat(database, sides="parent", quiet="11:00-23:00")
    conference = meet(database, 1, facts(series="sld", edition=None))
    side = meet(database, 2, facts(parent="sld"))
    assert ("alert", "folded") in owed(database, "kind", "state")
    database.write(lambda c: handover.call_off(c, conference, NOW))
    states = dict(owed(database, "story_id", "state"))
    assert (states[conference], states[side]) == ("expired", "queued")


def test_a_chat_that_was_away_gets_no_old_digest(database: Database) -> None:
    who = chat(database, digest="weekly mon 08:00")
    meet(database)
    database.write(lambda c: subscriptions.set_state(c, who.id, ChatState.GONE, NOW))
    late = after(days=90)
    database.write(
        lambda c: subscriptions.open_chat(c, Channel.TELEGRAM, "1", language="ja", time_zone="UTC", now=late)
    )
    assert owed(database, "state") == [("expired",)]


def test_a_group_that_moves_forgets_its_message_numbers_and_loses_no_held_alert(database: Database) -> None:
    old, new = chat(database, "-1"), chat(database, "-1002", subscribed=False, digest="daily 08:00")
    first = meet(database, 1)
    send(database)
    follow(database, new, "country:JP")
    second = meet(database, 2)
    send(database)
    database.write(lambda c: digests.release(c, new.id, after(days=1)))
    database.write(lambda c: subscriptions.move(c, old.id, "-1002", after(days=1)))
    rows = owed(database, "story_id", "message_id")
    assert {story for story, _ in rows} == {first, second}
    assert {number for _, number in rows} == {None}


def test_a_side_meeting_of_a_conference_that_nobody_was_told_of_is_told_alone(database: Database) -> None:
    chat(database, sides="parent")
    meet(database, 1, facts(parent="admm-plus", starts_on=None))
    assert owed(database, "kind", "state", "parent_id") == [("alert", "queued", None)]
