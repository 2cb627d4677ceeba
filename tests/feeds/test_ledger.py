"""The ledger: polls that bring nothing land together, and each is told when its line is on disk."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.ledger import Ledger
from storage import polls, sources
from storage.changes import SourceUpdate
from storage.database import Connection, Database
from storage.errors import DatabaseBusy
from storage.model import FetchEvent, SourceState
from tests.support.archives import new_archive
from tests.support.build import definition

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db")
    yield database
    database.close()


def add(database: Database, *keys: str) -> list[int]:
    return [database.write(lambda c, key=key: sources.add(c, definition(key), NOON)) for key in keys]  # type: ignore[misc]


def unchanged(source_id: int, *, succeeded: bool = True) -> SourceUpdate:
    return SourceUpdate(
        source_id=source_id,
        state=SourceState.OK if succeeded else SourceState.FAILING,
        next_poll_at=NOON + timedelta(minutes=10),
        polled_at=NOON,
        succeeded=succeeded,
        failures=0 if succeeded else 1,
        event=FetchEvent(at=NOON, outcome="unchanged" if succeeded else "timeout"),
    )


async def test_lines_that_come_together_are_one_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add(database, *(f"s{n}" for n in range(20)))
    batches: list[int] = []
    real = polls.update_sources

    def counted(connection: Connection, changes: Sequence[SourceUpdate]) -> None:
        batches.append(len(changes))
        real(connection, changes)

    monkeypatch.setattr(polls, "update_sources", counted)
    book = Ledger(database)
    await asyncio.gather(*(book.record(unchanged(one, succeeded=one % 2 == 0)) for one in ids))
    assert batches == [20]
    states = {source.id: source.state for source in database.read(sources.every)}
    assert all(states[one] is (SourceState.OK if one % 2 == 0 else SourceState.FAILING) for one in ids)
    assert [len(database.read(lambda c, one=one: sources.events(c, one))) for one in ids] == [1] * 20  # type: ignore[misc]


async def test_a_source_that_was_removed_meanwhile_costs_the_others_nothing(database: Database) -> None:
    kept, removed = add(database, "kept", "removed")
    database.write(lambda c: sources.remove(c, removed))
    book = Ledger(database)
    await asyncio.gather(book.record(unchanged(removed)), book.record(unchanged(kept)))
    assert [source.last_polled_at for source in database.read(sources.every)] == [NOON]


async def test_a_database_that_refuses_is_told_to_every_poll_that_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(database, "a", "b")
    book = Ledger(database)

    def refuse(*_: object, **__: object) -> None:
        raise DatabaseBusy("held by another process")

    with monkeypatch.context() as broken:
        broken.setattr(polls, "update_sources", refuse)
        answers = await asyncio.gather(
            book.record(unchanged(first)), book.record(unchanged(second)), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [DatabaseBusy, DatabaseBusy]
    await book.record(unchanged(first))  # and the next line is written as ever
    assert database.read(lambda c: sources.get(c, first)).last_polled_at == NOON


async def test_a_poll_that_is_cancelled_while_it_waits_stops_nobody(database: Database) -> None:
    first, second = add(database, "a", "b")
    book = Ledger(database)
    leaving = asyncio.create_task(book.record(unchanged(first)))
    await asyncio.sleep(0)
    leaving.cancel()
    await book.record(unchanged(second))
    assert database.read(lambda c: sources.get(c, second)).last_polled_at == NOON
