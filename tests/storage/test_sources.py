"""Which sources are polled, when, and by whom."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from feeds.collect import schedule
from feeds.collect.schedule import Rhythm
from feeds.observed import Failure, FailureKind
from storage import ingest, sources
from storage.database import Database
from storage.errors import FromFile, NotFound
from storage.model import FetchEvent, FetchOptions, PageRules, Source, SourceKind, SourceState
from tests.support.build import NOW, after, definition, polled

EVENT = FetchEvent(at=NOW, outcome="not_found")


def _claim(database: Database, now: datetime = NOW, worker: str = "w1", limit: int = 10) -> list[str]:
    until = now.replace(year=now.year + 1) if worker == "forever" else after(minutes=10)
    claimed = database.write(lambda c: sources.claim_due(c, now=now, until=until, worker=worker, limit=limit))
    return sorted(source.definition.key for source in claimed)


def _keys(database: Database) -> dict[str, Source]:
    return {source.definition.key: source for source in database.read(sources.every)}


def test_a_due_source_is_claimed_by_one_worker_only(database: Database) -> None:
    database.write(lambda c: sources.add(c, definition("a"), NOW))
    assert _claim(database) == ["a"]
    assert _claim(database, worker="w2") == []


def test_many_workers_claim_each_source_exactly_once(database: Database) -> None:
    for number in range(60):
        database.write(partial(sources.add, definition=definition(f"s{number}"), now=NOW))
    claimed: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: claimed.extend(_claim(database, worker=f"w{n}", limit=20)))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    claimed.extend(_claim(database, worker="last", limit=100))
    assert sorted(claimed) == sorted(f"s{n}" for n in range(60))


def test_the_lease_of_a_dead_process_runs_out(database: Database) -> None:
    database.write(lambda c: sources.add(c, definition("a"), NOW))
    _claim(database)
    assert _claim(database, now=after(minutes=11), worker="w2") == ["a"]


def test_a_released_source_is_due_again(database: Database) -> None:
    source_id = database.write(lambda c: sources.add(c, definition("a"), NOW))
    _claim(database)
    database.write(lambda c: sources.release(c, source_id))
    assert _claim(database) == ["a"]


def test_paused_disabled_and_future_sources_are_not_due(database: Database) -> None:
    paused = database.write(lambda c: sources.add(c, definition("paused"), NOW))
    database.write(lambda c: sources.pause(c, paused))
    database.write(lambda c: sources.add(c, definition("disabled", enabled=False), NOW))
    database.write(lambda c: sources.add(c, definition("later"), after(minutes=1)))
    assert _claim(database) == []
    database.write(lambda c: sources.resume(c, paused, NOW))
    assert _claim(database) == ["paused"]


def test_the_longest_overdue_goes_first(database: Database) -> None:
    database.write(lambda c: sources.add(c, definition("fresh"), after(minutes=-1)))
    database.write(lambda c: sources.add(c, definition("late"), after(minutes=-9)))
    assert _claim(database, limit=1) == ["late"]


def test_the_file_adds_changes_and_disables_but_never_deletes(database: Database) -> None:
    database.write(lambda c: sources.follow_file(c, [definition("a"), definition("b")], NOW))
    database.write(lambda c: sources.add(c, definition("mine"), NOW))
    renamed = definition("a", name="A, renamed")
    database.write(lambda c: sources.follow_file(c, [renamed], NOW))
    kept = _keys(database)
    assert kept["a"].definition.name == "A, renamed"
    assert (kept["b"].definition.enabled, kept["mine"].definition.enabled) == (False, True)


def test_a_source_with_a_new_address_forgets_the_validators_of_the_old_one(database: Database) -> None:
    database.write(lambda c: sources.follow_file(c, [definition("a")], NOW))
    source_id = _keys(database)["a"].id
    database.write(lambda c: ingest.update_source(c, polled(source_id)))
    moved = replace(definition("a"), url="https://a.example/new.xml")
    database.write(lambda c: sources.follow_file(c, [moved], after(minutes=1)))
    source = _keys(database)["a"]
    assert (source.etag, source.body_hash, source.next_poll_at) == (None, None, after(minutes=1))
    assert source.first_success_at is None  # the backlog of the new document is not news either


def test_a_source_is_found_by_key_and_by_address_and_else_the_error_helps(database: Database) -> None:
    database.write(lambda c: sources.add(c, definition("a"), NOW))
    assert database.read(lambda c: sources.find(c, "a")) == database.read(
        lambda c: sources.find(c, "https://a.example/feed.xml")
    )
    with pytest.raises(NotFound, match="kaigi sources list"):
        database.read(lambda c: sources.find(c, "nobody"))


def test_a_new_source_has_no_success_yet(database: Database) -> None:
    database.write(lambda c: sources.add(c, definition("a"), NOW))
    source = _keys(database)["a"]
    assert (source.state, source.first_success_at) == (SourceState.NEW, None)


def test_a_source_that_the_file_calls_by_another_key_stays_the_same_source(database: Database) -> None:
    before = definition("old", url="https://x.example/feed.xml")
    database.write(lambda c: sources.follow_file(c, [before], NOW))
    source_id = _keys(database)["old"].id
    database.write(lambda c: ingest.update_source(c, polled(source_id)))
    for _ in range(2):  # and so does every later start
        database.write(lambda c: sources.follow_file(c, [replace(before, key="new")], NOW))
    (source,) = database.read(sources.every)
    assert (source.id, source.definition.key, source.definition.enabled) == (source_id, "new", True)
    assert source.etag is not None


def test_an_address_that_the_operator_added_is_not_polled_a_second_time_for_the_file(database: Database) -> None:
    database.write(lambda c: sources.add(c, definition("mine", url="https://x.example/feed.xml"), NOW))
    for _ in range(2):
        database.write(lambda c: sources.follow_file(c, [definition("theirs", url="https://x.example/feed.xml")], NOW))
    assert list(_keys(database)) == ["mine"]


def test_a_page_whose_rules_did_not_change_keeps_its_validators_over_a_start(database: Database) -> None:
    page = definition("page", kind=SourceKind.PAGE, rules=PageRules(link="a.news"))
    database.write(lambda c: sources.follow_file(c, [page], NOW))
    source_id = _keys(database)["page"].id
    database.write(lambda c: ingest.update_source(c, polled(source_id)))
    database.write(lambda c: sources.follow_file(c, [page], after(minutes=1)))
    source = _keys(database)["page"]
    assert (source.etag, source.next_poll_at) == ('"1"', after(minutes=10))


def test_a_page_with_new_rules_is_read_as_if_for_the_first_time(database: Database) -> None:
    page = definition("page", kind=SourceKind.PAGE, rules=PageRules(link="a.news"))
    database.write(lambda c: sources.follow_file(c, [page], NOW))
    source_id = _keys(database)["page"].id
    database.write(lambda c: ingest.update_source(c, polled(source_id)))
    changed = replace(page, rules=PageRules(link="a.title"))
    database.write(lambda c: sources.follow_file(c, [changed], after(minutes=1)))
    source = _keys(database)["page"]
    assert (source.etag, source.first_success_at, source.next_poll_at) == (None, None, after(minutes=1))


def test_a_source_that_an_admin_changed_is_theirs_until_it_is_given_back_to_the_file(database: Database) -> None:
    page = definition("page", kind=SourceKind.PAGE, rules=PageRules(link="a.news"))
    database.write(lambda c: sources.follow_file(c, [page], NOW))
    source_id = _keys(database)["page"].id
    database.write(lambda c: ingest.update_source(c, polled(source_id)))
    theirs = replace(page, rules=PageRules(link="a.title"))
    database.write(lambda c: sources.change(c, source_id, theirs, after(minutes=1)))
    database.write(lambda c: sources.follow_file(c, [page], after(minutes=2)))
    source = _keys(database)["page"]
    assert (source.definition, source.etag, source.next_poll_at) == (theirs, None, after(minutes=1))
    assert not database.read(lambda c: sources.follows(c, source_id))
    database.write(lambda c: sources.change(c, source_id, page, after(minutes=3), follow=True))
    database.write(lambda c: sources.follow_file(c, [replace(page, name="New")], after(minutes=4)))
    assert _keys(database)["page"].definition.name == "New"


def test_a_source_of_the_file_with_rules_of_the_operators_is_not_removed_to_come_back_later(
    database: Database,
) -> None:
    page = definition("page", kind=SourceKind.PAGE, rules=PageRules(link="a.news"))
    database.write(lambda c: sources.follow_file(c, [page], NOW))
    source_id = _keys(database)["page"].id
    database.write(lambda c: sources.change(c, source_id, replace(page, rules=PageRules(link="a.title")), NOW))
    with pytest.raises(FromFile, match="Take it out there"):
        database.write(lambda c: sources.remove(c, source_id, NOW))
    database.write(lambda c: sources.follow_file(c, [], NOW))  # taken out there
    database.write(lambda c: sources.remove(c, source_id, NOW))
    database.write(lambda c: sources.follow_file(c, [], NOW))
    assert _keys(database) == {}


def test_a_source_added_by_command_that_the_file_has_too_is_removed_in_both_places_or_in_none(
    database: Database,
) -> None:
    theirs = definition("theirs", url="https://x.example/feed.xml")
    source_id = database.write(lambda c: sources.add(c, replace(theirs, key="mine"), NOW))
    database.write(lambda c: sources.follow_file(c, [theirs], NOW))
    with pytest.raises(FromFile):
        database.write(lambda c: sources.remove(c, source_id, NOW))
    database.write(lambda c: sources.change(c, source_id, replace(theirs, key="mine", name="Mine"), NOW))
    database.write(lambda c: sources.follow_file(c, [theirs], NOW))
    assert list(_keys(database)) == ["mine"]
    database.write(lambda c: sources.follow_file(c, [], NOW))
    assert _keys(database)["mine"].definition.enabled  # it was theirs before it stood in the file
    database.write(lambda c: sources.remove(c, source_id, NOW))
    assert _keys(database) == {}


def test_a_poll_under_way_when_the_rules_changed_leaves_no_validators_and_is_not_the_first_with_them(
    database: Database,
) -> None:
    page = definition("page", kind=SourceKind.PAGE, rules=PageRules(link="a.news"))
    source_id = database.write(lambda c: sources.add(c, page, NOW))
    assert _claim(database) == ["page"]
    changed = replace(page, rules=PageRules(link="a.title"))
    database.write(lambda c: sources.change(c, source_id, changed, after(minutes=1)))
    database.write(lambda c: ingest.update_source(c, polled(source_id, polled_at=after(minutes=2))))
    source = _keys(database)["page"]
    assert (source.etag, source.last_modified, source.first_success_at) == (None, None, None)
    assert source.next_poll_at == after(minutes=2, seconds=5)
    assert _claim(database, after(minutes=3)) == ["page"]
    database.write(lambda c: ingest.update_source(c, polled(source_id, polled_at=after(minutes=3))))
    source = _keys(database)["page"]
    assert (source.etag, source.first_success_at) == ('"1"', after(minutes=3))


def test_a_clock_that_was_years_ahead_for_a_moment_does_not_keep_a_source_from_being_polled(
    database: Database,
) -> None:
    source_id = database.write(lambda c: sources.add(c, definition("a"), NOW))
    database.write(lambda c: ingest.update_source(c, polled(source_id, next_poll_at=after(days=1500))))
    assert _claim(database) == ["a"]


def test_a_source_that_is_asked_once_a_day_is_not_asked_sooner(database: Database) -> None:
    source_id = database.write(lambda c: sources.add(c, definition("a"), NOW))
    database.write(lambda c: ingest.update_source(c, polled(source_id, next_poll_at=after(hours=25))))
    assert _claim(database) == []


OPTIONS = FetchOptions(headers=(("Authorization", "Bearer s3cret"),), cookie="a=b", verify=False)


def test_how_a_source_wants_to_be_asked_is_kept_as_it_was_given(database: Database) -> None:
    plain, special = definition("plain"), replace(definition("special"), fetch=OPTIONS)
    for one in (plain, special):
        database.write(partial(sources.add, definition=one, now=NOW))
    known = _keys(database)
    assert (known["plain"].definition, known["special"].definition) == (plain, special)
    assert sorted(database.read(sources.secrets)) == ["Bearer s3cret", "a=b"]


def test_a_source_that_is_now_asked_another_way_is_asked_at_once_and_keeps_what_is_known(database: Database) -> None:
    before = definition("a")
    database.write(lambda c: sources.follow_file(c, [before], NOW))
    source = _keys(database)["a"]
    database.write(lambda c: ingest.update_source(c, polled(source.id, next_poll_at=after(minutes=50), etag='"1"')))
    database.write(lambda c: sources.follow_file(c, [replace(before, fetch=OPTIONS)], after(minutes=1)))
    now = _keys(database)["a"]
    assert (now.definition.fetch, now.next_poll_at, now.etag) == (OPTIONS, after(minutes=1), '"1"')


@pytest.mark.parametrize(
    "new",
    [
        {"url": "https://a.example/new"},
        {"kind": SourceKind.PAGE},
        {"kind": SourceKind.PAGE, "rules": PageRules(item="li")},
        {"fetch": OPTIONS},
    ],
)
def test_a_source_that_its_failures_paused_goes_on_when_it_is_asked_or_read_another_way(
    database: Database, new: dict[str, Any]
) -> None:
    before = definition("a")
    database.write(lambda c: sources.follow_file(c, [before], NOW))
    source = replace(_keys(database)["a"], failures=40, failing_since=after(days=-31))
    gone = schedule.after_failure(source, Failure(kind=FailureKind.NOT_FOUND, message="404"), EVENT, Rhythm(), NOW)
    database.write(lambda c: ingest.update_source(c, gone))
    assert _keys(database)["a"].state is SourceState.PAUSED
    database.write(lambda c: sources.follow_file(c, [replace(before, **new)], after(minutes=1)))
    now = _keys(database)["a"]
    assert (now.state, now.failures, now.failing_since, now.last_error) == (SourceState.NEW, 0, None, None)
    assert _claim(database, now=after(minutes=1)) == ["a"]


def test_a_source_that_a_person_paused_stays_so_with_a_new_address(database: Database) -> None:
    source_id = database.write(lambda c: sources.add(c, definition("a"), NOW))
    database.write(lambda c: sources.pause(c, source_id))
    moved = replace(definition("a"), url="https://a.example/new")
    database.write(lambda c: sources.change(c, source_id, moved, NOW))
    assert _keys(database)["a"].state is SourceState.PAUSED


def test_a_sitemap_that_becomes_a_page_is_read_as_one(database: Database) -> None:
    source_id = database.write(lambda c: sources.add(c, definition("a"), NOW))
    database.write(lambda c: ingest.update_source(c, polled(source_id, etag='"1"')))
    database.write(lambda c: sources.change(c, source_id, replace(definition("a"), kind=SourceKind.PAGE), NOW))
    assert _keys(database)["a"].etag is None


def test_a_source_of_the_file_is_not_removed_for_it_would_come_back(database: Database) -> None:
    database.write(lambda c: sources.follow_file(c, [definition("a")], NOW))
    source_id = _keys(database)["a"].id
    with pytest.raises(FromFile, match="kaigi sources pause"):
        database.write(lambda c: sources.remove(c, source_id, NOW))
    assert list(_keys(database)) == ["a"]


def test_a_clock_that_was_set_back_brings_all_sources_forward_and_none_where_there_is_none(database: Database) -> None:
    database.write(lambda c: sources.bring_forward(c, timedelta(hours=1)))
    source_id = database.write(lambda c: sources.add(c, definition("a"), NOW))
    database.write(lambda c: ingest.update_source(c, polled(source_id, next_poll_at=after(hours=1))))
    database.write(lambda c: sources.bring_forward(c, timedelta(minutes=90)))
    assert _keys(database)["a"].next_poll_at == after(minutes=-30)
