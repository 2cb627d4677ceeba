"""What becomes of an alert when its meeting changes: it is rewritten, followed up, or taken along."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from storage import audience, contents, digests, handover, ingest, outbox, restored, retelling, sources
from storage.changes import Changes, FactChange, Retelling
from storage.database import Database
from storage.errors import NotFound
from storage.model import DeliveryKind, Kind, Phase
from tests.support.audience import change, chat, claim, meet, mute, owed, send
from tests.support.build import NOW, after, facts, polled


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


def test_a_change_that_the_first_look_after_a_restore_brings_may_have_been_told_and_later_ones_are_new(
    database: Database,
) -> None:
    chat(database)
    story = meet(database)
    send(database)
    database.write(lambda c: restored.note(c, after(hours=1)))
    source = database.read(sources.every)[0].id
    for revision, now in ((2, after(hours=2)), (3, after(hours=4))):
        moved = FactChange(field="starts_on", before="2025-11-01", after=f"2025-11-0{revision}")
        news = Changes(
            source=polled(source, polled_at=now),
            retellings=(Retelling(story=story, revision=revision, changes=(moved,)),),
        )
        database.write(lambda c, news=news, now=now: ingest.apply(c, news, now))  # type: ignore[misc]
        send(database, now)
    follow_ups = [repeat for kind, repeat in owed(database, "kind", "repeat") if kind == DeliveryKind.FOLLOW_UP]
    assert follow_ups == [True, False]


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


def test_documents_that_come_one_after_another_are_told_together_each_once(database: Database) -> None:
    chat(database)
    none, one = facts(), facts(outcomes=("joint statement",))
    story = meet(database, 1, none)
    send(database)
    change(database, story, none, one, after(hours=1))
    change(database, story, one, facts(outcomes=("joint statement", "road map")), after(hours=2))
    (waiting,) = [row for row in owed(database, "kind", "payload", "state") if row[0] == "follow_up"]
    (told,) = waiting[1]["changes"]
    assert (told["before"], sorted(told["after"]), waiting[2]) == ([], ["joint statement", "road map"], "queued")
