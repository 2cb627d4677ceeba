"""A poll lands whole, and what it lands is found again by the next one."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from storage import ingest, news, snapshot, sources, subscriptions
from storage.changes import Candidate, Changes, ItemUpdate, NewStory, Snapshot
from storage.database import Connection, Database
from storage.model import Channel, ChatState, Phase, Trust
from storage.snapshot import Lookup
from storage.tables import deliveries, items, meetings, stories, story_alerts
from tests.support.build import NOW, after, definition, facts, item, meeting_changes, polled


@pytest.fixture
def source_id(database: Database) -> int:
    """A source to poll."""
    return database.write(lambda c: sources.add(c, definition(), NOW))


def _chat(database: Database, address: str = "1") -> int:
    def make(connection: Connection) -> int:
        chat = subscriptions.open_chat(
            connection, Channel.TELEGRAM, address, language="ja", time_zone="Asia/Tokyo", now=NOW
        )
        subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)
        return chat.id

    return database.write(make)


def _count(database: Database, table: object) -> int:
    return database.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def _snapshot(database: Database, source_id: int, **lookup: object) -> Snapshot:
    def load(connection: Connection) -> Snapshot:
        source = sources.get(connection, source_id)
        return snapshot.load_snapshot(connection, source, Lookup(**lookup), after(hours=1))  # type: ignore[arg-type]

    return database.read(load)


def test_items_story_meeting_messages_and_validators_land_together(database: Database, source_id: int) -> None:
    _chat(database)
    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    assert [_count(database, t) for t in (items, stories, meetings, deliveries, story_alerts)] == [1, 1, 1, 1, 1]
    source = database.read(lambda c: sources.get(c, source_id))
    assert (source.etag, source.body_hash, source.first_success_at) == ('"1"', "b", NOW)


def test_the_words_of_an_undated_meeting_are_known_again_from_the_same_source(
    database: Database, source_id: int
) -> None:
    other = database.write(lambda c: sources.add(c, definition("press"), NOW))
    undated, dated = facts(starts_on=None), facts()
    database.write(lambda c: ingest.apply(c, meeting_changes(undated, source_id=source_id), NOW))
    database.write(lambda c: ingest.apply(c, meeting_changes(dated, source_id=source_id, identity="g:2"), NOW))
    row = database.read(lambda c: c.execute(select(items).order_by(items.c.id)).first())
    assert row is not None
    wanted = {"undated": (row.title, "another"), "has_meetings": True}
    assert _snapshot(database, source_id, **wanted).said == {(row.title, row.text): row.story_id}
    assert _snapshot(database, other, **wanted).said == {}
    assert _snapshot(database, source_id, undated=("another",), has_meetings=True).said == {}


def test_a_crash_before_the_end_lands_nothing_not_even_the_validators(database: Database, source_id: int) -> None:
    _chat(database)

    def crash(connection: Connection) -> None:
        ingest.apply(connection, meeting_changes(source_id=source_id), NOW)
        raise RuntimeError("kill -9")

    with pytest.raises(RuntimeError):
        database.write(crash)
    assert [_count(database, t) for t in (items, stories, meetings, deliveries, story_alerts)] == [0] * 5
    assert database.read(lambda c: sources.get(c, source_id)).etag is None


def test_facts_survive_the_way_into_the_database_and_back(database: Database, source_id: int) -> None:
    told = facts(
        series="admm-plus", edition=12, outcomes=("共同声明",), ends_on=date(2025, 11, 2), name_ja="拡大ASEAN国防相会議"
    )
    database.write(lambda c: ingest.apply(c, meeting_changes(told, source_id=source_id), NOW))
    (story,) = database.read(news.latest_meetings)
    assert story.meeting.facts == told
    assert [report.title for report in story.reports] == ["Title of g:1"]


def test_every_active_subscriber_is_owed_one_message_and_nobody_else(database: Database, source_id: int) -> None:
    first, second, stopped = (_chat(database, address) for address in ("1", "2", "3"))
    database.write(lambda c: subscriptions.set_state(c, stopped, ChatState.STOPPED, NOW))
    database.write(lambda c: subscriptions.open_chat(c, Channel.TELEGRAM, "4", language="en", time_zone="UTC", now=NOW))
    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    owed = database.read(lambda c: c.execute(select(deliveries.c.chat_id).order_by(deliveries.c.id)).scalars().all())
    assert owed == [first, second]


def test_the_same_alert_decided_twice_is_owed_once(database: Database, source_id: int) -> None:
    _chat(database)
    ids = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    again = meeting_changes(source_id=source_id).alerts[0]
    changes = Changes(source=polled(source_id), alerts=(type(again)(story=ids[NewStory(0)], filters=again.filters),))
    database.write(lambda c: ingest.apply(c, changes, after(minutes=1)))
    assert _count(database, deliveries) == 1


def test_known_items_are_found_by_identity_or_by_address(database: Database, source_id: int) -> None:
    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    by_identity = _snapshot(database, source_id, identities=("g:1", "g:other"))
    by_url = _snapshot(database, source_id, urls=("https://mod.example/1",))
    assert by_identity.items == by_url.items
    assert by_identity.items[0].identity == "g:1"


def test_thousands_of_entries_are_looked_up_in_one_poll(database: Database, source_id: int) -> None:
    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    many = tuple(f"g:{number}" for number in range(12_000))
    assert len(_snapshot(database, source_id, identities=many).items) == 1


def test_an_address_that_another_source_gave_leads_to_its_story(database: Database, source_id: int) -> None:
    ids = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    other = database.write(lambda c: sources.add(c, definition("press"), NOW))
    seen = _snapshot(database, other, urls=("https://mod.example/1",))
    assert seen.stories_by_url == {"https://mod.example/1": ids[NewStory(0)]}
    assert seen.items == ()


@pytest.mark.parametrize(
    ("lookup", "found"),
    [
        ({"days": (date(2025, 11, 2),)}, True),
        ({"days": (date(2025, 6, 1),), "series": ("admm-plus",)}, True),
        ({"days": (date(2025, 6, 1),)}, False),
    ],
    ids=["a day beside it", "another day of the same series", "another day of nothing"],
)
def test_candidates_are_meetings_near_in_time_or_of_the_same_series(
    database: Database, source_id: int, lookup: dict[str, object], found: bool
) -> None:
    database.write(lambda c: ingest.apply(c, meeting_changes(facts(series="admm-plus"), source_id=source_id), NOW))
    later = after(days=60)  # long after its reports came in

    def load(connection: Connection) -> Snapshot:
        source = sources.get(connection, source_id)
        wanted = Lookup(has_meetings=True, **lookup)  # type: ignore[arg-type]
        return snapshot.load_snapshot(connection, source, wanted, later)

    candidates = database.read(load).candidates
    assert bool(candidates) is found
    if found:
        assert candidates[0].alerted_filters == {"ministerial-meetings"}
        assert (candidates[0].oldest_report_at, candidates[0].trust) == (NOW, Trust.PRESS)


def test_a_changed_item_keeps_its_first_sight_and_moves_its_update(database: Database, source_id: int) -> None:
    ids = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    story = ids[NewStory(0)]
    update = ItemUpdate(item_id=1, old_story_id=story, insert=item(story, source_id=source_id, title="Edited"))
    later = after(hours=3)
    changes = Changes(source=polled(source_id), updates=(update,))
    database.write(lambda c: ingest.apply(c, changes, later))
    (listed,) = database.read(news.latest_items)
    assert (listed.report.title, listed.report.first_seen_at, listed.updated_at) == ("Edited", NOW, later)


def test_a_story_that_nobody_tells_any_more_is_forgotten(database: Database, source_id: int) -> None:
    first = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))[NewStory(0)]
    second = meeting_changes(source_id=source_id, identity="g:2", alert=False)
    other = database.write(lambda c: ingest.apply(c, second, NOW))[NewStory(0)]
    moved = ItemUpdate(item_id=2, old_story_id=other, insert=item(first, "g:2", source_id=source_id))
    database.write(lambda c: ingest.apply(c, Changes(source=polled(source_id), updates=(moved,)), after(hours=1)))
    assert [story.meeting.story_id for story in database.read(news.latest_meetings)] == [first]


def test_changed_facts_replace_the_record_but_not_its_first_sight(database: Database, source_id: int) -> None:
    ids = database.write(
        lambda c: ingest.apply(c, meeting_changes(facts(phase=Phase.ANNOUNCED), source_id=source_id), NOW)
    )
    write = meeting_changes(facts(), source_id=source_id).meetings[0]
    held = type(write)(story=ids[NewStory(0)], facts=facts(), trust=Trust.OFFICIAL, revision=2)
    later = after(hours=5)
    database.write(lambda c: ingest.apply(c, Changes(source=polled(source_id), meetings=(held,)), later))
    (story,) = database.read(news.latest_meetings)
    assert (story.meeting.facts.phase, story.meeting.revision) == (Phase.HELD, 2)
    assert (story.meeting.first_seen_at, story.meeting.updated_at) == (NOW, later)


def test_removing_a_source_forgets_only_what_it_alone_reported(database: Database, source_id: int) -> None:
    shared = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))[NewStory(0)]
    own = meeting_changes(source_id=source_id, identity="g:own", alert=False)
    database.write(lambda c: ingest.apply(c, own, NOW))
    other = database.write(lambda c: sources.add(c, definition("press"), NOW))
    second = Changes(source=polled(other), inserts=(item(shared, "g:x", source_id=other),))
    database.write(lambda c: ingest.apply(c, second, NOW))
    database.write(lambda c: sources.remove(c, source_id))
    stories_left = database.read(news.latest_meetings)
    assert [(s.meeting.story_id, len(s.reports)) for s in stories_left] == [(shared, 1)]


def test_a_second_report_counts_as_an_update_of_the_meeting(database: Database, source_id: int) -> None:
    story = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))[NewStory(0)]
    later = NOW + timedelta(hours=2)
    joined = Changes(source=polled(source_id), inserts=(item(story, "g:2", source_id=source_id),))
    database.write(lambda c: ingest.apply(c, joined, later))
    assert database.read(lambda c: news.meeting(c, story)).meeting.updated_at == later


def test_the_moments_of_a_source_are_its_publication_dates(database: Database, source_id: int) -> None:
    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), after(hours=1)))
    assert database.read(lambda c: snapshot.recent_moments(c, source_id, NOW)) == [NOW]
    assert database.read(lambda c: snapshot.recent_moments(c, source_id, after(hours=2))) == []


def _candidates(database: Database, source_id: int, days_later: int, **lookup: object) -> Sequence[Candidate]:
    """The meetings that a report is compared with when it lands so many days after NOW."""

    def load(connection: Connection) -> Snapshot:
        source = sources.get(connection, source_id)
        wanted = Lookup(has_meetings=True, **lookup)  # type: ignore[arg-type]
        return snapshot.load_snapshot(connection, source, wanted, after(days=days_later))

    return database.read(load).candidates


@pytest.mark.parametrize(
    ("days", "found"),
    [(33, False), (50, True), (60, True), (66, True), (80, False)],
    ids=["long before", "ten days before", "on the day", "six days after", "long after"],
)
def test_a_report_without_a_day_sees_the_meetings_of_these_weeks_however_early_they_were_announced(
    database: Database, source_id: int, days: int, found: bool
) -> None:
    announced = facts(phase=Phase.ANNOUNCED, starts_on=after(days=60).date())
    database.write(lambda c: ingest.apply(c, meeting_changes(announced, source_id=source_id), NOW))
    assert bool(_candidates(database, source_id, days)) is found


def test_a_document_that_names_a_thousand_days_is_looked_up_like_any_other(database: Database, source_id: int) -> None:
    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    days = tuple(date(2020, 1, 1) + timedelta(days=8 * number) for number in range(1_100))
    assert [c.meeting.facts for c in _candidates(database, source_id, 90, days=days)] == [facts()]


def test_a_machines_report_does_not_make_a_meeting_old(database: Database, source_id: int) -> None:
    story = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))[NewStory(0)]
    machine = database.write(lambda c: sources.add(c, definition("machine", trust=Trust.LOW), NOW))
    early = item(story, "g:m", source_id=machine, verdict="meeting", facts=facts(), published_at=after(days=-5))
    database.write(lambda c: ingest.apply(c, Changes(source=polled(machine), inserts=(early,)), NOW))
    (found,) = _candidates(database, source_id, 0)
    assert (found.oldest_report_at, found.reports) == (NOW, 1)


def test_a_better_source_that_says_the_same_changes_the_trust_and_nothing_else(
    database: Database, source_id: int
) -> None:
    changes = meeting_changes(source_id=source_id)
    story = database.write(lambda c: ingest.apply(c, changes, NOW))[NewStory(0)]
    said = changes.meetings[0]
    same = type(said)(story=story, facts=facts(), trust=Trust.OFFICIAL, revision=1, facts_changed=False)
    again = Changes(source=polled(source_id), meetings=(same,))
    database.write(lambda c: ingest.apply(c, again, after(hours=1)))
    assert [c.trust for c in _candidates(database, source_id, 0)] == [Trust.OFFICIAL]
    meeting = database.read(lambda c: news.meeting(c, story)).meeting
    assert (meeting.revision, meeting.updated_at) == (1, NOW)


def test_an_edited_headline_counts_as_an_update_of_the_meeting(database: Database, source_id: int) -> None:
    story = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))[NewStory(0)]
    edited = ItemUpdate(item_id=1, old_story_id=story, insert=item(story, source_id=source_id, title="Edited"))
    later = after(hours=3)
    database.write(lambda c: ingest.apply(c, Changes(source=polled(source_id), updates=(edited,)), later))
    told = database.read(lambda c: news.meeting(c, story))
    assert ([report.title for report in told.reports], told.meeting.updated_at) == (["Edited"], later)


def test_the_numbers_of_a_forgotten_meeting_and_its_reports_are_never_given_out_again(
    database: Database, source_id: int
) -> None:
    """Readers know entries by them: a second meeting under the number of the first one would look read."""

    def numbers() -> tuple[int, int]:
        (told,) = database.read(news.latest_meetings)
        return told.meeting.story_id, told.reports[0].item_id

    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))
    first = numbers()
    database.write(lambda c: sources.remove(c, source_id))
    other = database.write(lambda c: sources.add(c, definition("press"), NOW))
    database.write(lambda c: ingest.apply(c, meeting_changes(source_id=other), NOW))
    second = numbers()
    assert second[0] > first[0]
    assert second[1] > first[1]


def test_of_two_polls_that_land_at_once_the_second_sees_the_meeting_of_the_first(
    database: Database, source_id: int
) -> None:
    other = database.write(lambda c: sources.add(c, definition("press"), NOW))
    both_have_read = threading.Barrier(2)
    seen: list[int] = []

    def land(mine: int) -> None:
        def poll(connection: Connection) -> int:
            source = sources.get(connection, mine)
            known = snapshot.load_snapshot(connection, source, Lookup(has_meetings=True), NOW).candidates
            with suppress(threading.BrokenBarrierError):  # one waits for the other, as it must
                both_have_read.wait(0.5)
            ingest.apply(connection, meeting_changes(source_id=mine, identity=f"g:{mine}"), NOW)
            return len(known)

        seen.append(database.write(poll))

    threads = [threading.Thread(target=land, args=(number,)) for number in (source_id, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, 1]


def test_an_item_that_gives_its_identity_away_stays_with_its_story(database: Database, source_id: int) -> None:
    first = database.write(lambda c: ingest.apply(c, meeting_changes(source_id=source_id), NOW))[NewStory(0)]
    again = replace(meeting_changes(facts(countries=("JP", "US")), source_id=source_id), retired=(1,))
    second = database.write(lambda c: ingest.apply(c, again, after(hours=1)))[NewStory(0)]
    told = {s.meeting.story_id: len(s.reports) for s in database.read(news.latest_meetings)}
    assert told == {first: 1, second: 1}
    (known,) = _snapshot(database, source_id, identities=("g:1",)).items
    assert known.story_id == second


def test_what_was_told_since_a_moment_leaves_out_what_was_told_before(database: Database) -> None:
    def land(connection: Connection, number: int) -> None:
        origin = sources.add(connection, definition(f"s{number}"), NOW)
        told = meeting_changes(facts(edition=number, series="admm"), source_id=origin, identity=f"g:{number}")
        ingest.apply(connection, told, after(hours=number))

    for number in range(1, 6):
        database.write(partial(land, number=number))
    told_since = [story for story, _ in database.read(lambda c: news.told_since(c, after(hours=4), 9))]
    assert told_since == [5, 4]
    assert database.read(lambda c: news.told_since(c, after(hours=9), 9)) == []
