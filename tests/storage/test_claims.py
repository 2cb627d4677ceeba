"""Several processes share sources and messages: each goes to one of them, and nothing that a process held is lost."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from storage import ingest, outbox, queue, sources, subscriptions, workers
from storage.database import Connection, Database
from storage.model import Channel, DeliveryState
from storage.tables import deliveries
from storage.tables import sources as source_rows
from tests.support.build import NOW, definition, facts, meeting_changes

LEASE = timedelta(minutes=10)


@pytest.fixture
def again(database: Database) -> Iterator[Callable[[], Database]]:
    """Opens the same database once more, as another process would."""
    with ExitStack() as opened:

        def open_again() -> Database:
            other = Database(database.url.render_as_string(hide_password=False))
            opened.callback(other.close)
            return other

        yield open_again


def _add_sources(database: Database, count: int) -> None:
    def add(connection: Connection) -> None:
        for number in range(count):
            sources.add(connection, definition(f"s{number}"), NOW)

    database.write(add)


def _claim(database: Database, worker: str, limit: int = 7) -> list[int]:
    claimed = database.write(lambda c: sources.claim_due(c, now=NOW, until=NOW + LEASE, worker=worker, limit=limit))
    return [source.id for source in claimed]


def _side_by_side(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_collectors_that_claim_at_the_same_moment_share_the_sources_and_poll_none_twice(
    database: Database, again: Callable[[], Database]
) -> None:
    _add_sources(database, 120)
    claimed: list[int] = []
    begin = threading.Barrier(4)

    def collect(number: int) -> None:
        mine = again()
        begin.wait()
        while found := _claim(mine, f"w{number}"):
            assert len(found) <= 7
            claimed.extend(found)

    _side_by_side(collect, 4)
    assert len(claimed) == 120
    assert len(set(claimed)) == 120


def test_a_collector_does_not_wait_for_another_that_is_claiming(
    database: Database, again: Callable[[], Database]
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one writer")
    _add_sources(database, 10)
    found: list[int] = []

    def hold(connection: Connection) -> None:
        held = sources.claim_due(connection, now=NOW, until=NOW + LEASE, worker="w1", limit=7)
        assert len(held) == 7
        found.extend(_claim(again(), "w2"))

    database.write(hold)
    assert len(found) == 3


def test_what_a_collector_gives_back_is_due_again_but_not_what_it_polls(database: Database) -> None:
    _add_sources(database, 5)
    mine = _claim(database, "w1", limit=3)
    theirs = _claim(database, "w2", limit=2)
    assert database.write(lambda c: workers.give_back(c, "w1", but=mine[:1])) == 2
    assert sorted(_claim(database, "w3")) == sorted(mine[1:])
    assert theirs


def test_leases_that_nobody_may_be_using_run_out_early(database: Database) -> None:
    _add_sources(database, 3)
    mine = _claim(database, "w1")
    soon = NOW + timedelta(seconds=20)
    assert database.write(lambda c: workers.shorten(c, "w1", mine[:1], soon)) == 2
    assert database.write(lambda c: workers.shorten(c, "w1", mine[:1], soon + timedelta(seconds=5))) == 0
    later = soon + timedelta(seconds=1)
    found = database.write(lambda c: sources.claim_due(c, now=later, until=later + LEASE, worker="w2", limit=9))
    assert sorted(source.id for source in found) == sorted(mine[1:])


def _owe(database: Database, chats: int) -> None:
    def make(connection: Connection) -> None:
        for number in range(chats):
            chat = subscriptions.open_chat(
                connection, Channel.TELEGRAM, str(100 + number), language="ja", time_zone="UTC", now=NOW
            )
            subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)
        source_id = sources.add(connection, definition("s"), NOW)
        ingest.apply(connection, meeting_changes(facts(), source_id=source_id), NOW)

    database.write(make)


def test_deliverers_that_claim_at_the_same_moment_send_each_message_once(
    database: Database, again: Callable[[], Database]
) -> None:
    _owe(database, 60)
    taken: list[int] = []
    begin = threading.Barrier(3)

    def deliver(number: int) -> None:
        mine = again()
        begin.wait()
        tries = 0
        while tries < 5:  # a claim comes back empty as well when others hold what it found
            claimed = mine.write(
                lambda c: queue.claim(c, worker=f"w{number}", channels={Channel.TELEGRAM}, busy=set(), now=NOW, limit=8)
            )
            taken.extend(one.id for one in claimed)
            tries = 0 if claimed else tries + 1

    _side_by_side(deliver, 3)
    assert len(taken) == len(set(taken)) == 60


def test_messages_whose_claim_landed_unheard_are_queued_again_as_if_never_tried(database: Database) -> None:
    _owe(database, 3)
    claimed = database.write(
        lambda c: queue.claim(c, worker="w1", channels={Channel.TELEGRAM}, busy=set(), now=NOW, limit=3)
    )
    assert database.write(lambda c: outbox.disown(c, "w1", [claimed[0].id], NOW)) == 2
    assert database.write(lambda c: outbox.disown(c, "w2", [], NOW)) == 0
    rows = {row.id: row for row in database.read(lambda c: c.execute(select(deliveries)).all())}
    assert rows[claimed[0].id].state == DeliveryState.SENDING
    assert {(rows[one.id].state, rows[one.id].attempt, rows[one.id].repeat) for one in claimed[1:]} == {
        (DeliveryState.QUEUED, 0, False)
    }


def test_a_lease_that_ran_out_makes_a_source_due(database: Database) -> None:
    _add_sources(database, 1)
    _claim(database, "w1")
    assert _claim(database, "w2") == []
    database.write(lambda c: c.execute(update(source_rows).values(claimed_until=NOW - timedelta(seconds=1))))
    assert len(_claim(database, "w2")) == 1
