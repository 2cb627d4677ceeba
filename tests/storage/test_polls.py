"""What a poll teaches about its source is kept, and what is known stays known."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from storage import polls, sources
from storage.database import Database
from storage.model import FetchEvent, Habit, SourceState
from storage.tables import sources as source_rows
from tests.support.build import NOW, after, definition, polled


@pytest.fixture
def source_id(database: Database) -> int:
    """A source to poll."""
    return database.write(lambda c: sources.add(c, definition(), NOW))


def test_a_failed_poll_keeps_the_validators_of_the_last_good_one(database: Database, source_id: int) -> None:
    database.write(lambda c: polls.update_source(c, polled(source_id)))
    failed = polled(source_id, succeeded=False, state=SourceState.FAILING, failures=1, last_error="500", etag=None)
    database.write(lambda c: polls.update_source(c, failed))
    source = database.read(lambda c: sources.get(c, source_id))
    assert (source.etag, source.failures, source.last_error) == ('"1"', 1, "500")


def test_the_same_document_again_changes_the_moments_and_ends_the_failures(database: Database, source_id: int) -> None:
    habit = Habit(weekly=12.5, hours=(1, 9))
    first = polled(source_id, habit=habit, body_hash="b", last_modified="Sat", hint_s=60, moved_to="https://b.example/")
    database.write(lambda c: polls.update_source(c, first))
    before = database.read(lambda c: sources.get(c, source_id))
    failed = polled(source_id, succeeded=False, state=SourceState.FAILING, failures=2, failing_since=NOW)
    database.write(lambda c: polls.update_source(c, failed))
    same = polled(source_id, same=True, etag=None, polled_at=after(hours=1), next_poll_at=after(hours=2))
    database.write(lambda c: polls.update_source(c, same))
    expected = replace(
        before, last_polled_at=after(hours=1), last_success_at=after(hours=1), next_poll_at=after(hours=2)
    )
    assert database.read(lambda c: sources.get(c, source_id)) == expected


def test_a_source_that_was_given_other_rules_while_it_was_polled_is_read_whole_the_next_time(
    database: Database, source_id: int
) -> None:
    database.write(lambda c: polls.update_source(c, polled(source_id)))
    database.write(lambda c: c.execute(update(source_rows).values(push_waiting=True)))
    database.write(lambda c: polls.update_source(c, polled(source_id, same=True, next_poll_at=after(days=1))))
    source = database.read(lambda c: sources.get(c, source_id))
    assert source.etag is None
    assert source.next_poll_at < after(hours=1)


def test_a_source_paused_while_it_was_polled_stays_paused(database: Database, source_id: int) -> None:
    database.write(lambda c: sources.pause(c, source_id))
    database.write(lambda c: polls.update_source(c, polled(source_id)))
    assert database.read(lambda c: sources.get(c, source_id)).state is SourceState.PAUSED


def test_the_last_thirty_polls_are_remembered_and_no_more(database: Database, source_id: int) -> None:
    for number in range(40):
        event = FetchEvent(at=after(minutes=number), outcome="unchanged", seconds=0.1, new_items=number % 2)
        database.write(lambda c, e=event: polls.update_source(c, polled(source_id, event=e, polled_at=e.at)))  # type: ignore[misc]
    events = database.read(lambda c: sources.events(c, source_id))
    assert [event.at for event in events] == [after(minutes=number) for number in range(39, 9, -1)]
    assert database.read(lambda c: sources.get(c, source_id)).last_new_at == after(minutes=39)


def test_the_habit_is_kept_until_a_new_one_is_learnt(database: Database, source_id: int) -> None:
    habit = Habit(weekly=12.5, hours=(1, 9))
    database.write(lambda c: polls.update_source(c, polled(source_id, habit=habit)))
    database.write(lambda c: polls.update_source(c, polled(source_id, habit=None)))
    assert database.read(lambda c: sources.get(c, source_id)).habit == habit
