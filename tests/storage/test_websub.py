"""Subscriptions at hubs, on both engines."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from storage import sources, websub
from storage.database import Connection, Database
from storage.ingest import update_source
from storage.model import HubState, HubSubscription
from storage.polls import PUSH_GAP
from tests.support.build import NOW, after, definition, polled

LEASED = {"state": HubState.ACTIVE, "lease_until": after(days=10), "next_at": after(days=8), "to_prove": 0}


def filled(database: Database, **words: object) -> HubSubscription:
    """A source, polled an hour ago and due in a day, with a subscription."""
    source_id = database.write(lambda c: sources.add(c, definition("a"), NOW))
    about = HubSubscription(
        id=0, source_id=source_id, hub="https://hub.example/", topic="https://a.example/", callback="c", token="t" * 43,
        secret="s", next_at=NOW,
    )  # fmt: skip
    database.write(lambda c: websub.add(c, about))
    poll = polled(source_id, polled_at=after(hours=-1), next_poll_at=after(days=1))
    database.write(lambda c: update_source(c, poll))
    (kept,) = database.read(websub.every)
    database.write(lambda c: websub.save(c, replace(kept, **words), NOW))  # type: ignore[arg-type]
    (kept,) = database.read(websub.every)
    return kept


def restless(database: Database, hours: float = 0) -> list[tuple[int, bool]]:
    return database.read(lambda c: websub.restless(c, after(hours=hours), 10))


def test_what_is_kept_comes_back(database: Database) -> None:
    about = filled(database, **LEASED, last_error="x", pushes=3, missed_at=NOW)
    assert database.read(lambda c: websub.find(c, about.token)) == about
    assert database.write(lambda c: websub.by_token(c, about.token)) == about
    assert database.write(lambda c: websub.by_source(c, about.source_id or 0)) == about
    assert database.write(lambda c: websub.by_id(c, about.id)) == about
    assert database.read(lambda c: websub.find(c, "other")) is None


def test_the_source_knows_until_when_it_is_told(database: Database) -> None:
    filled(database, **LEASED)
    assert database.read(lambda c: sources.find(c, "a")).pushed_until == after(days=10)


def test_a_hub_that_has_to_prove_itself_is_not_relied_on(database: Database) -> None:
    filled(database, **{**LEASED, "to_prove": 1})
    assert database.read(lambda c: sources.find(c, "a")).pushed_until is None


def test_losing_the_hub_makes_the_source_due_and_never_having_had_it_does_not(database: Database) -> None:
    about = filled(database, **LEASED)
    lost = replace(about, lease_until=None)
    database.write(lambda c: websub.save(c, lost, NOW))
    assert database.read(lambda c: sources.find(c, "a")).next_poll_at == NOW
    database.write(lambda c: update_source(c, polled(about.source_id or 0, next_poll_at=after(days=1))))
    database.write(lambda c: websub.save(c, lost, NOW))
    assert database.read(lambda c: sources.find(c, "a")).next_poll_at == after(days=1)


def test_a_subscription_rests_until_its_moment_or_the_end_of_its_lease(database: Database) -> None:
    about = filled(database, **LEASED)
    assert restless(database) == []
    assert restless(database, hours=8 * 24) == [(about.id, True)]
    database.write(lambda c: websub.save(c, replace(about, next_at=None), NOW))
    assert restless(database, hours=9 * 24) == []
    assert restless(database, hours=10 * 24) == [(about.id, True)]


def test_a_moment_from_when_the_clock_was_years_ahead_is_looked_at_now(database: Database) -> None:
    about = filled(database, **LEASED | {"next_at": after(days=3000)})
    assert restless(database) == [(about.id, True)]
    database.write(lambda c: websub.save(c, replace(about, next_at=after(days=8), lease_until=after(days=3000)), NOW))
    assert restless(database) == [(about.id, True)]


def test_pausing_resuming_and_removing_a_source_wakes_its_subscription(database: Database) -> None:
    about = filled(database, **LEASED)
    source_id = about.source_id or 0
    database.write(lambda c: sources.pause(c, source_id))
    assert restless(database) == [(about.id, False)]
    resting = replace(about, state=HubState.RESTING, lease_until=None, next_at=None)
    database.write(lambda c: websub.save(c, resting, NOW))
    assert restless(database) == []
    database.write(lambda c: sources.resume(c, source_id, NOW))
    assert restless(database) == [(about.id, True)]
    database.write(lambda c: sources.pause(c, source_id))
    database.write(lambda c: sources.remove(c, source_id))
    assert restless(database) == [(about.id, False)]
    database.write(lambda c: websub.forget(c, about.id))
    assert database.read(websub.every) == []


def test_two_subscriptions_left_behind_do_not_stand_in_each_other_s_way(database: Database) -> None:
    about = filled(database, **LEASED)
    database.write(lambda c: websub.let_go(c, about, NOW))
    database.write(lambda c: websub.add(c, replace(about, token="u" * 43)))
    (_, second) = database.read(websub.every)
    database.write(lambda c: websub.let_go(c, second, NOW))
    assert [one.source_id for one in database.read(websub.every)] == [None, None]
    database.write(lambda c: websub.let_go(c, replace(second, source_id=None), NOW))
    assert [one.source_id for one in database.read(websub.every)] == [None, None]


def test_a_push_makes_its_source_due_at_once_or_some_seconds_after_a_poll(database: Database) -> None:
    source_id = filled(database).source_id or 0
    database.write(lambda c: websub.announce(c, source_id, NOW))
    source = database.read(lambda c: sources.find(c, "a"))
    assert (source.next_poll_at, source.pushed_at) == (NOW, NOW)
    database.write(lambda c: sources.claim_due(c, now=NOW, until=NOW, worker="w", limit=1))
    database.write(lambda c: update_source(c, polled(source_id, next_poll_at=after(days=1))))
    database.write(lambda c: websub.announce(c, source_id, after(seconds=1)))
    due = database.read(lambda c: sources.find(c, "a")).next_poll_at
    assert NOW + PUSH_GAP <= due <= NOW + PUSH_GAP + timedelta(seconds=1)


def test_a_push_during_a_poll_outlives_it_whether_it_went_well_or_not(database: Database) -> None:
    source_id = filled(database).source_id or 0
    database.write(lambda c: websub.announce(c, source_id, NOW))
    well = polled(source_id, next_poll_at=after(days=1))
    database.write(lambda c: update_source(c, well))
    assert database.read(lambda c: sources.find(c, "a")).next_poll_at == NOW + PUSH_GAP
    failed = replace(well, succeeded=False, failures=1)
    database.write(lambda c: update_source(c, failed))
    assert database.read(lambda c: sources.find(c, "a")).next_poll_at == after(
        days=1
    )  # a failing source keeps its pace
    database.write(lambda c: sources.claim_due(c, now=after(days=1), until=NOW, worker="w", limit=1))
    database.write(lambda c: update_source(c, well))
    assert database.read(lambda c: sources.find(c, "a")).next_poll_at == after(days=1)


def test_polls_and_pushes_of_one_source_never_wait_for_each_other_in_a_circle(database: Database) -> None:
    """On PostgreSQL, one that took the rows the other way round was ended by the server's deadlock detector."""
    about = filled(database, **LEASED)
    source_id = about.source_id or 0

    def poll(connection: Connection) -> None:
        update_source(connection, polled(source_id))
        time.sleep(0.01)
        websub.save(connection, replace(websub.by_source(connection, source_id) or about, unseen=1), NOW)

    def push(connection: Connection) -> None:
        held = websub.by_token(connection, about.token)
        time.sleep(0.01)
        websub.save(connection, replace(held or about, pushes=1), NOW)
        websub.announce(connection, source_id, NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(database.write, [poll, push] * 10))
    assert database.read(lambda c: websub.find(c, about.token)) is not None
