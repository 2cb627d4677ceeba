"""Notices are kept once, owed to each admin once, and survive whatever happens to the process."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from storage import ingest, lessons, notices, polls, sources
from storage.changes import Changes, Lesson, NoticePost
from storage.database import Database
from storage.model import (
    Channel,
    DeliveryState,
    FetchEvent,
    NoticeKind,
    NoticeMessage,
    PageSnapshot,
    Skips,
    SourceState,
    Told,
)
from storage.tables import notice_messages
from tests.support.build import NOW, after, definition, polled

ADMINS = ("1001", "1002")


@pytest.fixture
def mod(database: Database) -> int:
    return database.write(lambda c: sources.add(c, definition("mod"), NOW))


def bad(source_id: int, **fields: object) -> NoticePost:
    words = {
        "kind": NoticeKind.TURNED_BAD,
        "source_id": source_id,
        "state": SourceState.FAILING,
        "message": "It answers 500.",
        "since": after(hours=-1),
        "told_before": Told.WELL,
        "told_after": Told.BAD,
        **fields,
    }
    return NoticePost(**words)  # type: ignore[arg-type]


def post(database: Database, news: NoticePost, now: datetime = NOW) -> bool:
    return database.write(lambda c: notices.post(c, news, now))


def bundle(database: Database, now: datetime = NOW, addresses: tuple[str, ...] = ADMINS) -> int:
    made = database.write(
        lambda c: notices.bundle(c, before=now, channel=Channel.TELEGRAM, addresses=addresses, now=now)
    )
    return len(made)


def claim(database: Database, worker: str = "w1", now: datetime = NOW) -> list[NoticeMessage]:
    return database.write(lambda c: notices.claim(c, worker=worker, channel=Channel.TELEGRAM, now=now))


def test_a_source_is_told_to_be_bad_once_and_well_again_once(database: Database, mod: int) -> None:
    assert post(database, bad(mod))
    assert not post(database, bad(mod))
    well = bad(mod, kind=NoticeKind.RECOVERED, told_before=Told.BAD, told_after=Told.WELL)
    assert post(database, well)
    assert not post(database, well)
    assert database.read(lambda c: sources.get(c, mod)).told is Told.WELL
    assert [one.kind for one in database.read(notices.latest)] == [NoticeKind.RECOVERED, NoticeKind.TURNED_BAD]


def test_what_has_a_name_is_kept_once(database: Database) -> None:
    down = NoticePost(kind=NoticeKind.NETWORK_DOWN, once="network down 0")
    assert post(database, down)
    assert not post(database, down)


def test_each_admin_is_owed_one_message_about_all_that_is_new(database: Database, mod: int) -> None:
    post(database, bad(mod))
    post(database, NoticePost(kind=NoticeKind.MOVED, source_id=mod, message="https://new.example/", once="m"))
    assert bundle(database) == 2
    assert bundle(database) == 0
    claimed = claim(database)
    assert [message.address for message in claimed] == list(ADMINS)
    (first, second) = claimed[0].notices
    assert (first.source_key, first.state, first.message) == ("mod", SourceState.FAILING, "It answers 500.")
    assert (first.since, second.message) == (after(hours=-1), "https://new.example/")
    assert claim(database) == []


def test_what_just_happened_waits_for_what_happens_with_it(database: Database, mod: int) -> None:
    post(database, bad(mod))
    made = database.write(
        lambda c: notices.bundle(c, before=after(seconds=-20), channel=Channel.TELEGRAM, addresses=ADMINS, now=NOW)
    )
    assert made == []
    assert bundle(database, after(seconds=20)) == 1


def test_without_an_admin_nothing_is_owed_and_nothing_piles_up(database: Database, mod: int) -> None:
    post(database, bad(mod))
    assert bundle(database, addresses=()) == 1
    assert bundle(database) == 0
    assert database.read(notices.waiting) == 0


def test_a_message_is_finished_by_the_worker_that_holds_it_and_no_other(database: Database, mod: int) -> None:
    post(database, bad(mod))
    bundle(database, addresses=("1001",))
    (message,) = claim(database)
    finish = notices.finish
    assert not database.write(lambda c: finish(c, message, "w2", DeliveryState.SENT, now=NOW))
    assert database.write(lambda c: finish(c, message, "w1", DeliveryState.SENT, now=NOW))
    assert not database.write(lambda c: finish(c, message, "w1", DeliveryState.FAILED, now=NOW))
    assert database.read(notices.waiting) == 0


def test_a_message_that_was_not_taken_is_due_again_later(database: Database, mod: int) -> None:
    post(database, bad(mod))
    bundle(database, addresses=("1001",))
    (message,) = claim(database)
    later = after(minutes=1)
    database.write(lambda c: notices.put_back(c, message, "w1", not_before=later, now=NOW, error="busy", repeat=True))
    assert claim(database) == []
    (again,) = claim(database, now=later)
    assert (again.attempt, again.repeat) == (2, True)


def test_what_a_dead_process_had_in_flight_is_told_again_as_a_repeat(database: Database, mod: int) -> None:
    post(database, bad(mod))
    bundle(database, addresses=("1001",))
    claim(database, worker="dead")
    database.write(lambda c: notices.settle(c, Channel.TELEGRAM, NOW))
    (message,) = claim(database, worker="w2")
    assert message.repeat is True


def test_what_waits_for_a_channel_that_is_gone_or_for_a_week_is_dropped(database: Database, mod: int) -> None:
    post(database, bad(mod))
    bundle(database)
    database.write(lambda c: notices.settle(c, Channel.TERMINAL, NOW))
    assert claim(database) == []
    post(database, NoticePost(kind=NoticeKind.MOVED, source_id=mod, once="m"), NOW)
    bundle(database)
    database.write(lambda c: notices.settle(c, Channel.TELEGRAM, NOW + timedelta(days=8)))
    assert claim(database, now=NOW + timedelta(days=8)) == []


def test_a_source_that_was_removed_takes_its_notices_along(database: Database, mod: int) -> None:
    post(database, bad(mod))
    bundle(database, addresses=("1001",))
    database.write(lambda c: sources.remove(c, mod))
    (message,) = claim(database)
    assert message.notices == ()


def test_an_upgrade_does_not_tell_of_what_was_bad_before(database: Database, mod: int) -> None:
    assert database.read(lambda c: sources.get(c, mod)).told is Told.WELL


class TestSurroundings:
    def _poll(self, database: Database, source_id: int, now: datetime, failing_since: datetime | None = None) -> None:
        change = polled(source_id, polled_at=now, state=SourceState.OK)
        if failing_since is not None:
            change = replace(
                change, state=SourceState.FAILING, succeeded=False, failures=1, failing_since=failing_since
            )
        database.write(lambda c: polls.update_source(c, change))

    def test_they_count_the_others_that_fail_since_about_the_same_time(self, database: Database, mod: int) -> None:
        ids = [database.write(lambda c, n=n: sources.add(c, definition(f"s{n}"), NOW)) for n in range(4)]  # type: ignore[misc]
        self._poll(database, ids[0], after(hours=-2))
        self._poll(database, ids[1], after(minutes=-5), failing_since=after(minutes=-25))
        self._poll(database, ids[2], after(minutes=-5), failing_since=after(days=-9))  # fails for a reason of its own
        database.write(lambda c: sources.pause(c, ids[3]))
        around = database.read(lambda c: notices.surroundings(c, mod, after(minutes=-20)))
        assert (around.others, around.others_failing, around.outages) == (3, 1, 0)
        assert around.last_success_at == after(hours=-2)

    def test_a_source_that_fails_unheard_is_found_after_half_an_hour(self, database: Database, mod: int) -> None:
        self._poll(database, mod, after(minutes=-40), failing_since=after(minutes=-40))
        assert database.read(lambda c: notices.failing_unheard(c, after(minutes=-45))) == []
        (found,) = database.read(lambda c: notices.failing_unheard(c, after(minutes=-30)))
        assert found.id == mod

    def test_after_an_outage_a_source_must_have_been_asked_again(self, database: Database, mod: int) -> None:
        self._poll(database, mod, after(minutes=-40), failing_since=after(minutes=-40))
        post(database, NoticePost(kind=NoticeKind.NETWORK_DOWN, once="d"), after(minutes=-35))
        assert database.read(notices.outage) is not None
        post(database, NoticePost(kind=NoticeKind.NETWORK_UP, once="u"), after(minutes=-10))
        assert database.read(notices.outage) is None
        assert database.read(lambda c: notices.failing_unheard(c, after(minutes=-30))) == []
        self._poll(database, mod, NOW, failing_since=after(minutes=-40))
        assert len(database.read(lambda c: notices.failing_unheard(c, after(minutes=-30)))) == 1


class TestLessons:
    PAGE = PageSnapshot(taken_at=NOW, found=28, items=(("会談", "https://mod.example/1"),), body=b"compressed")

    def test_the_last_good_page_is_kept_and_replaced_by_a_newer_one(self, database: Database, mod: int) -> None:
        for page in (self.PAGE, replace(self.PAGE, found=30)):
            changes = Changes(source=polled(mod), lesson=Lesson(page=page))
            database.write(lambda c, changes=changes: ingest.apply(c, changes, NOW))  # type: ignore[misc]
        assert database.read(lambda c: lessons.snapshot(c, mod)) == replace(self.PAGE, found=30)
        assert database.read(lessons.snapshots) == {mod: replace(self.PAGE, found=30, body=b"")}

    def test_when_a_feed_asks_for_rest_is_kept_until_it_says_otherwise(self, database: Database, mod: int) -> None:
        skips = Skips(hours=(1, 2), days=(6,))
        for lesson in (Lesson(skips=skips), Lesson(skips=skips), Lesson()):
            database.write(lambda c, lesson=lesson: lessons.learn(c, mod, lesson))  # type: ignore[misc]
            assert database.read(lambda c: sources.get(c, mod)).skips == lesson.skips

    def test_a_new_address_forgets_the_old_page_and_new_rules_keep_it(self, database: Database) -> None:
        page = definition("page")
        database.write(lambda c: sources.follow_file(c, [page], NOW))
        source_id = database.read(lambda c: sources.find(c, "page")).id
        database.write(lambda c: lessons.learn(c, source_id, Lesson(page=self.PAGE)))
        database.write(lambda c: sources.follow_file(c, [replace(page, name="renamed")], NOW))
        assert database.read(lambda c: lessons.snapshot(c, source_id)) is not None
        database.write(lambda c: sources.follow_file(c, [replace(page, url="https://new.example/")], NOW))
        assert database.read(lambda c: lessons.snapshot(c, source_id)) is None


def test_the_last_flood_of_each_source_is_found(database: Database, mod: int) -> None:
    for hours, outcome in ((-30, "flooded"), (-3, "flooded"), (-1, "changed")):
        event = FetchEvent(at=after(hours=hours), outcome=outcome, new_items=50)
        database.write(lambda c, event=event: polls.update_source(c, polled(mod, event=event)))  # type: ignore[misc]
    floods = database.read(lambda c: sources.floods(c, after(days=-1)))
    assert {key: event.at for key, event in floods.items()} == {mod: after(hours=-3)}
    assert database.read(lambda c: sources.floods(c, after(hours=-2))) == {}


def _kept(database: Database) -> list[str]:
    return [str(one.message or one.kind) for one in reversed(database.read(notices.latest))]


def test_what_was_told_a_year_ago_is_forgotten_and_what_still_means_something_is_not(
    database: Database, mod: int
) -> None:
    def say(kind: NoticeKind, message: str, now: datetime = NOW) -> None:
        assert post(database, NoticePost(kind=kind, message=message, once=f"{kind} {message} {now}"), now)

    post(database, bad(mod))
    say(NoticeKind.NETWORK_UP, "network")
    say(NoticeKind.TROUBLE, "disk: is full")
    bundle(database)
    claim(database)
    database.write(lambda c: notices.settle(c, Channel.TELEGRAM, after(days=9)))  # they could not be told
    say(NoticeKind.RESTARTED, "lately", after(days=300))
    now = after(days=366)
    assert database.write(lambda c: notices.forget(c, now)) == 1
    assert _kept(database) == ["network", "disk: is full", "lately"]
    assert database.read(lambda c: list(notices.troubles(c))) == ["disk"]
    assert database.read(lambda c: c.execute(select(notice_messages.c.id)).all()) == []
    say(NoticeKind.WELL, "disk", after(days=310))
    bundle(database, after(days=310))
    assert database.write(lambda c: notices.forget(c, now)) == 1  # what was well for long
    assert database.write(lambda c: notices.forget(c, after(days=900))) == 2
    assert _kept(database) == ["network"]


def test_what_nobody_was_told_yet_and_messages_on_their_way_stay(database: Database, mod: int) -> None:
    post(database, bad(mod))
    bundle(database)
    post(database, NoticePost(kind=NoticeKind.RESTARTED, message="later", once="x"))
    assert database.write(lambda c: notices.forget(c, after(days=366))) == 1
    assert _kept(database) == ["later"]
    assert len(claim(database)) == len(ADMINS)


def test_a_message_that_a_wrong_clock_put_off_for_years_is_due(database: Database, mod: int) -> None:
    post(database, bad(mod))
    bundle(database, addresses=("1001",))
    (message,) = claim(database)
    late = after(days=700)
    database.write(lambda c: notices.put_back(c, message, "w1", not_before=late, now=late, error="no network"))
    assert len(claim(database)) == 1
