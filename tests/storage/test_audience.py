"""Who is told, when, and what becomes of an alert when its meeting changes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from feeds.decide.audience import tags
from feeds.decide.retelling import material
from storage import audience, contents, digests, handover, ingest, outbox, retelling, sources, subscriptions
from storage.audience import new_row
from storage.changes import Alert, Changes, MeetingWrite, NewStory, Retelling
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.model import Channel, Chat, ChatState, Delivery, DeliveryKind, Kind, MeetingFacts, Phase, Trust
from storage.retelling import retell
from storage.tables import chats, deliveries, follows, meetings, mutes
from tests.support.build import NOW, after, definition, facts, item, polled

MEETINGS = "ministerial-meetings"


def chat(database: Database, address: str = "1", *, subscribed: bool = True, **wishes: Any) -> Chat:
    def make(connection: Connection) -> Chat:
        made = subscriptions.open_chat(connection, Channel.TELEGRAM, address, language="ja", time_zone="UTC", now=NOW)
        if subscribed:
            subscriptions.subscribe(connection, made.id, MEETINGS, NOW)
        return subscriptions.change(connection, made.id, NOW, **wishes) if wishes else made

    return database.write(make)


def follow(database: Database, who: Chat, tag: str) -> None:
    row = {"chat_id": who.id, "tag": tag, "created_at": NOW}
    database.write(lambda c: c.execute(insert(follows).values(**row)))


def mute(database: Database, who: Chat, tag: str, until: datetime | None = None) -> None:
    row = {"chat_id": who.id, "tag": tag, "until": until, "created_at": NOW}
    database.write(lambda c: c.execute(insert(mutes).values(**row)))


def meet(database: Database, number: int = 1, told: MeetingFacts | None = None, *, now: datetime = NOW) -> int:
    told = told or facts(series="admm", edition=number)

    def land(connection: Connection) -> int:
        source_id = sources.add(connection, definition(f"s{number}"), NOW)
        story = NewStory(0)
        changes = Changes(
            source=polled(source_id),
            new_stories=(story,),
            inserts=(item(story, f"g:{number}", source_id=source_id, verdict="meeting", facts=told),),
            meetings=(MeetingWrite(story=story, facts=told, trust=Trust.PRESS, revision=1),),
            alerts=(Alert(story=story, filters=(MEETINGS,), tags=tags(told)),),
        )
        return ingest.apply(connection, changes, now)[story]

    return database.write(land)


def change(database: Database, story_id: int, before: MeetingFacts, now_is: MeetingFacts, now: datetime = NOW) -> None:
    """A later report: the record changes, and what is owed about it."""

    def work(connection: Connection) -> None:
        revision = connection.execute(select(meetings.c.revision).where(meetings.c.story_id == story_id)).scalar_one()
        told = MeetingWrite(story=story_id, facts=now_is, trust=Trust.PRESS, revision=revision + 1)
        ingest._write_meeting(connection, told, story_id, now)
        changes = material(before, now_is)
        retell(
            connection,
            Retelling(story=story_id, revision=revision + 1, changes=changes, tags=tags(now_is)),
            story_id,
            now,
        )

    database.write(work)


def owed(database: Database, *columns: str) -> list[tuple[Any, ...]]:
    chosen = [deliveries.c[name] for name in columns or ("chat_id", "kind", "state", "held")]
    return [tuple(row) for row in database.read(lambda c: c.execute(select(*chosen).order_by(deliveries.c.id)).all())]


def claim(database: Database, now: datetime = NOW) -> list[Delivery]:
    return database.write(
        lambda c: outbox.claim(c, worker="w", channels={Channel.TELEGRAM}, busy=set(), now=now, limit=99)
    )


def send(database: Database, now: datetime = NOW) -> list[Delivery]:
    """Deliver all that is due, as if it had arrived."""
    gone: list[Delivery] = []
    while batch := claim(database, now):
        for each in batch:
            number = each.message_id or str(100 + each.id)
            database.write(lambda c, d=each, n=number: outbox.mark_sent(c, d, "w", n, now))  # type: ignore[misc]
        gone += batch
    return gone


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


def test_a_change_that_matters_rewrites_the_alert_and_follows_it_up_silently(database: Database) -> None:
    chat(database)
    announced, held = facts(phase=Phase.ANNOUNCED), facts(phase=Phase.HELD)
    story = meet(database, 1, announced)
    (alert,) = send(database)
    change(database, story, announced, held, after(hours=1))
    assert owed(database, "kind", "parent_id", "silent")[1:] == [
        ("edit", alert.id, True),
        ("follow_up", alert.id, True),
    ]
    follow_up = claim(database, after(hours=1))[0]
    told = database.read(lambda c: contents.load(c, follow_up))
    assert follow_up.kind is DeliveryKind.FOLLOW_UP
    assert told.changes == ({"field": "phase", "before": "announced", "after": "held"},)
    assert told.target == str(100 + alert.id)


def test_a_change_while_the_alert_waits_is_simply_in_it(database: Database) -> None:
    chat(database)
    announced, held = facts(phase=Phase.ANNOUNCED), facts(phase=Phase.HELD)
    story = meet(database, 1, announced)
    change(database, story, announced, held)
    (alert,) = send(database)
    shown = database.read(lambda c: contents.load(c, alert)).story
    assert (len(owed(database)), shown.meeting.facts.phase) == (1, Phase.HELD)  # type: ignore[union-attr]


def test_what_cannot_be_rewritten_is_followed_up_only(database: Database) -> None:
    chat(database)
    announced = facts(phase=Phase.ANNOUNCED)
    story = meet(database, 1, announced)
    (alert,) = claim(database)
    database.write(lambda c: outbox.mark_sent(c, alert, "w", None, NOW))  # a line on a terminal has no number
    change(database, story, announced, facts(phase=Phase.HELD))
    assert [kind for (kind,) in owed(database, "kind")] == ["alert", "follow_up"]


@pytest.mark.parametrize(("wish", "silent"), [("silent", [True]), ("loud", [False]), ("off", [])])
def test_each_chat_says_how_it_wants_follow_ups(database: Database, wish: str, silent: list[bool]) -> None:
    chat(database, follow_ups=wish)
    announced = facts(phase=Phase.ANNOUNCED)
    story = meet(database, 1, announced)
    send(database)
    change(database, story, announced, facts(phase=Phase.CANCELLED))
    assert [quiet for kind, quiet in owed(database, "kind", "silent") if kind == "follow_up"] == silent


def test_a_muted_meeting_is_not_followed_up(database: Database) -> None:
    who = chat(database)
    announced = facts(phase=Phase.ANNOUNCED)
    story = meet(database, 1, announced)
    send(database)
    mute(database, who, f"story:{story}")
    change(database, story, announced, facts(phase=Phase.CANCELLED))
    assert [kind for (kind,) in owed(database, "kind")] == ["alert", "edit"]


def test_many_changes_make_one_edit_a_minute_of_the_newest_state(database: Database) -> None:
    chat(database)
    story = meet(database)
    send(database)
    for _ in range(3):
        change(database, story, facts(), facts(venue="A hotel"))
    assert [kind for (kind,) in owed(database, "kind")] == ["alert", "edit"]
    send(database)
    change(database, story, facts(), facts(venue="Another hotel"), after(seconds=10))
    assert owed(database, "kind", "not_before")[-1] == ("edit", after(seconds=60))
    assert claim(database, after(seconds=59)) == []


def test_changes_that_come_while_a_follow_up_waits_are_told_together(database: Database) -> None:
    chat(database)
    announced, cancelled = facts(phase=Phase.ANNOUNCED), facts(phase=Phase.CANCELLED)
    story = meet(database, 1, announced)
    send(database)
    change(database, story, announced, facts(phase=Phase.POSTPONED))
    change(database, story, facts(phase=Phase.POSTPONED), cancelled)
    payloads = [payload for kind, payload in owed(database, "kind", "payload") if kind == "follow_up"]
    assert payloads == [{"changes": [{"field": "phase", "before": "announced", "after": "cancelled"}]}]
    change(database, story, cancelled, announced)
    assert [state for kind, state in owed(database, "kind", "state") if kind == "follow_up"] == ["folded"]


def test_a_follow_up_stays_behind_its_alert_and_is_dropped_with_it(database: Database) -> None:
    chat(database)
    announced = facts(phase=Phase.ANNOUNCED)
    story = meet(database, 1, announced)
    (alert,) = claim(database)
    change(database, story, announced, facts(phase=Phase.HELD))
    database.write(lambda c: outbox.put_back(c, alert, "w", after(minutes=1), "502", NOW))
    assert claim(database) == []
    (again,) = claim(database, after(minutes=1))
    database.write(lambda c: outbox.mark_failed(c, again, "w", "refused", NOW))
    late = claim(database, after(minutes=2))
    assert [d.kind for d in late] == [DeliveryKind.FOLLOW_UP]
    with pytest.raises(NotFound, match="never arrived"):
        database.read(lambda c: contents.load(c, late[0]))


def test_a_meeting_that_was_told_in_a_digest_is_followed_up_in_reply_to_it(database: Database) -> None:
    who = chat(database, digest="daily 18:00", digest_at=after(hours=6))
    announced = facts(phase=Phase.ANNOUNCED)
    story = meet(database, 1, announced)
    made = database.write(lambda c: digests.release(c, who.id, after(hours=6)))
    send(database, after(hours=6))
    change(database, story, announced, facts(phase=Phase.HELD), after(hours=7))
    assert owed(database, "kind", "held", "parent_id")[2:] == [("follow_up", "digest", made)]


@contextmanager
def a_sender_in_between(database: Database, patch: pytest.MonkeyPatch, module: Any, name: str) -> Iterator[list[Any]]:
    """Lets a sender look for work just before `module.name` runs, and sees that it must wait. Gives what it got."""
    got: list[Any] = []
    seekers: list[threading.Thread] = []
    work = getattr(module, name)

    def seek(*arguments: Any, **words: Any) -> Any:
        seekers.append(threading.Thread(target=lambda: got.extend(claim(database, after(minutes=3)))))
        seekers[-1].start()
        seekers[-1].join(0.3)  # long enough to get what is not held back
        assert seekers[-1].is_alive()
        return work(*arguments, **words)

    patch.setattr(module, name, seek)
    yield got
    for seeker in seekers:
        seeker.join(20)


def test_a_follow_up_that_is_about_to_leave_tells_a_change_that_lands_before(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat(database)
    first, second = facts(phase=Phase.ANNOUNCED), facts(phase=Phase.ANNOUNCED, city="Manila", country="PH")
    story = meet(database, 1, first)
    send(database)
    change(database, story, first, second)
    with a_sender_in_between(database, monkeypatch, retelling, "_join") as got:
        change(database, story, second, facts(phase=Phase.CANCELLED, city="Manila", country="PH"))
    (told,) = (one for one in got if one.kind is DeliveryKind.FOLLOW_UP)
    assert {one["field"] for one in (told.payload or {})["changes"]} >= {"city", "phase"}


def test_a_conference_whose_alert_is_about_to_leave_does_not_leave_without_a_meeting_on_its_margins(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat(database, sides="parent")
    meet(database, 1, facts(series="admm-plus", edition=12, kind=Kind.MULTILATERAL))
    with a_sender_in_between(database, monkeypatch, audience, "rewrite") as got:
        meet(database, 2, facts(parent="admm-plus"))
    alert = got[0]
    shown = database.read(lambda c: contents.load(c, alert))
    assert [one.meeting.story_id for one in shown.sides] == [2]


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
    assert database.read(lambda c: outbox.pauses(c, [Channel.TELEGRAM, Channel.TERMINAL])) == {
        Channel.TELEGRAM: after(minutes=5)
    }


def test_what_is_oldest_comes_first_when_asked_for_so_that_no_digest_starves(database: Database) -> None:
    who = chat(database, quiet="11:00-13:00")
    for number in range(1, 5):
        meet(database, number)
    database.write(lambda c: digests.release(c, who.id, NOW + timedelta(hours=1)))
    chat(database, "2")
    meet(database, 5, now=after(hours=2))
    look = {"channels": {Channel.TELEGRAM}, "busy": (), "now": after(hours=3), "limit": 1}
    by_weight = database.read(lambda c: outbox.find(c, **look))  # type: ignore[arg-type]
    by_age = database.read(lambda c: outbox.find(c, **look, oldest=True))  # type: ignore[arg-type]
    kinds = dict(owed(database, "id", "kind"))
    assert (kinds[by_weight[0]], kinds[by_age[0]]) == ("alert", "digest")


def test_a_change_after_a_merge_is_told_though_both_stories_had_edits_and_follow_ups(database: Database) -> None:
    chat(database)
    announced = facts(phase=Phase.ANNOUNCED)
    kept, ended = meet(database, 1, announced), meet(database, 2, announced)
    send(database)
    change(database, ended, announced, facts(phase=Phase.POSTPONED))
    send(database, after(minutes=2))
    database.write(lambda c: handover.hand_over(c, ended, kept, after(minutes=3)))
    change(database, kept, announced, facts(phase=Phase.CANCELLED), after(minutes=4))
    waiting = [kind for kind, state in owed(database, "kind", "state") if state == "queued"]
    assert sorted(waiting) == ["edit", "follow_up"]


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
