"""What is kept of polls that brought nothing, where the network may be to blame."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from feeds.collect import schedule
from feeds.collect.schedule import Rhythm
from feeds.observed import Failure, FailureKind
from feeds.telling import keep, tell_of_the_network
from storage import ingest, sources
from storage.database import Database
from storage.model import FetchEvent, Source, SourceState, Told
from tests.support.archives import new_archive
from tests.support.build import NOW, after, definition, polled


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db")
    yield database
    database.close()


def _fails_for_a_month(database: Database, source_id: int, kind: FailureKind = FailureKind.DNS) -> Source:
    source = replace(database.read(lambda c: sources.get(c, source_id)), failures=40, failing_since=after(days=-31))
    failure = Failure(kind=kind, message="No such host.")
    update = schedule.after_failure(source, failure, FetchEvent(at=NOW, outcome=kind), Rhythm(), NOW)
    database.write(lambda c: keep(c, source=source, change=update, now=NOW))
    return database.read(lambda c: sources.get(c, source_id))


@pytest.fixture
def two(database: Database) -> tuple[int, int]:
    first, second = (database.write(partial(sources.add, definition=definition(k), now=NOW)) for k in "ab")
    return first, second


def test_a_month_without_a_network_pauses_no_source(database: Database, two: tuple[int, int]) -> None:
    read = polled(two[1], polled_at=after(days=-32))
    database.write(lambda c: ingest.update_source(c, read))
    source = _fails_for_a_month(database, two[0])
    assert (source.state, source.last_error) == (SourceState.FAILING, "No such host.")


def test_a_source_that_fails_alone_is_paused(database: Database, two: tuple[int, int]) -> None:
    read = polled(two[1], polled_at=after(days=-1))
    database.write(lambda c: ingest.update_source(c, read))
    assert _fails_for_a_month(database, two[0]).state is SourceState.PAUSED


def test_what_no_network_causes_pauses_a_source(database: Database, two: tuple[int, int]) -> None:
    assert _fails_for_a_month(database, two[0], FailureKind.NOT_FOUND).state is SourceState.PAUSED


def test_a_source_that_is_paused_a_second_time_is_told_a_second_time(database: Database, two: tuple[int, int]) -> None:
    database.write(lambda c: ingest.update_source(c, polled(two[1])))
    assert _fails_for_a_month(database, two[0]).told is Told.PAUSED
    database.write(lambda c: sources.resume(c, two[0], NOW))
    assert database.read(lambda c: sources.get(c, two[0])).told is Told.BAD


def test_when_the_network_is_back_what_waited_for_it_is_polled_at_once(
    database: Database, two: tuple[int, int]
) -> None:
    down = Failure(kind=FailureKind.DNS, message="No such host.")

    def fails(number: int, now: datetime) -> None:
        source = database.read(lambda c: sources.get(c, number))
        event = FetchEvent(at=now, outcome=FailureKind.DNS)
        update = schedule.after_failure(source, down, event, Rhythm(), now)
        database.write(lambda c: keep(c, source=source, change=update, now=now))

    for hours in (0, 1, 20):
        for number in two:
            fails(number, after(hours=hours))
    assert database.read(lambda c: sources.get(c, two[1])).next_poll_at > after(hours=20, minutes=30)
    read = polled(two[0], polled_at=after(hours=20, minutes=1), next_poll_at=after(hours=21))
    database.write(lambda c: ingest.update_source(c, read))
    database.write(lambda c: tell_of_the_network(c, after(hours=20, minutes=2)))
    due = [database.read(partial(sources.get, source_id=n)).next_poll_at for n in two]
    assert due == [after(hours=21), after(hours=20, minutes=2)]
