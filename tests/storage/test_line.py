"""The line to PostgreSQL: duties have one holder, the dead let go, and words arrive when their transaction lands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from storage import filters, sources, wake, workers
from storage.database import Connection, Database
from storage.errors import DatabaseBusy, DatabaseUnreachable
from storage.line import OpenLine
from storage.lock import only_service
from storage.model import Role
from storage.tables import sources as source_rows
from storage.tables import workers as worker_rows
from tests.support.build import NOW, definition
from tests.support.postgres import Postgres

Open = Callable[..., Awaitable[OpenLine]]


@pytest.fixture
def database(postgres: Postgres) -> Database:
    database = Database(postgres.ready_database())
    database.write(filters.ensure_built_in)
    return database


@pytest.fixture
async def line(database: Database) -> AsyncIterator[Open]:
    """Opens lines, each as another process would."""
    async with AsyncExitStack() as opened:

        async def open_line(worker: str, role: Role = Role.COLLECT) -> OpenLine:
            session = await OpenLine.open(database, worker, role)
            opened.push_async_callback(session.drop)
            return session

        yield open_line
    database.close()


async def _eventually(true: Callable[[], Awaitable[bool]]) -> None:
    """The server needs a moment to see that a client is gone."""
    async with asyncio.timeout(30):
        while not await true():
            await asyncio.sleep(0.02)


def _end_lines(connection: Connection) -> None:
    """All of this database; the server has those of other tests as well."""
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name LIKE 'kaigi %'"
    )
    connection.execute(text(query))


async def test_of_two_processes_one_has_a_duty_until_its_line_ends(line: Open) -> None:
    first, second = await line("w1"), await line("w2")
    assert await first.take("deliver telegram 1")
    assert not await second.take("deliver telegram 1")
    assert await second.take("deliver telegram 2")
    await first.close()
    await _eventually(lambda: second.take("deliver telegram 1"))


async def test_a_line_that_the_server_ended_says_so_and_its_duty_is_free(line: Open, database: Database) -> None:
    first = await line("w1")
    await first.take("digests")
    database.write(_end_lines)
    with pytest.raises(DatabaseUnreachable):
        await first.beat([])
    second = await line("w2")
    await _eventually(lambda: second.take("digests"))


async def test_roles_run_beside_each_other_but_not_beside_a_service_that_does_everything(
    line: Open, database: Database
) -> None:
    collect, web = await line("w1"), await line("w2", Role.WEB)
    with pytest.raises(DatabaseBusy, match="Another Kaigi"):
        await line("w3", Role.ALL)
    with pytest.raises(DatabaseBusy), only_service(database):
        pytest.fail("a copy began beside running processes")
    await collect.close()
    await web.close()

    async def alone() -> bool:
        try:
            await line("w3", Role.ALL)
        except DatabaseBusy:
            return False
        return True

    await _eventually(alone)
    with pytest.raises(DatabaseBusy):
        await line("w4")


async def test_a_word_is_heard_when_its_transaction_lands_and_not_when_it_fails(line: Open, database: Database) -> None:
    listener = await line("w1")

    def fail(connection: Connection) -> None:
        wake.deliverers(connection)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        database.write(fail)
    assert await listener.heard(0.2) == set()
    database.write(lambda c: sources.add(c, definition("new"), NOW))
    assert await listener.heard(10) == {wake.COLLECT}


async def test_who_lives_is_seen_with_its_duties_until_it_says_goodbye(line: Open, database: Database) -> None:
    session = await line("w1", Role.DELIVER)
    await session.beat([])
    await session.beat(["digests"])
    (seen,) = database.read(workers.every)
    assert (seen.name, seen.role, seen.leads) == ("w1", Role.DELIVER, ("digests",))
    await session.close()
    assert database.read(workers.every) == []


async def test_what_a_dead_process_held_is_free_and_its_line_is_ended(line: Open, database: Database) -> None:
    hung, living = await line("hung"), await line("living")
    await hung.beat([])
    await living.beat([])
    await hung.take("digests")
    for key in ("a", "b"):
        database.write(lambda c, key=key: sources.add(c, definition(key), NOW))  # type: ignore[misc]
    later = NOW + timedelta(minutes=10)
    for worker in ("hung", "living"):
        database.write(lambda c, w=worker: sources.claim_due(c, now=NOW, until=later, worker=w, limit=1))  # type: ignore[misc]
    assert await living.bury() == []
    old = update(worker_rows).where(worker_rows.c.name == "hung")
    database.write(lambda c: c.execute(old.values(seen_at=func.now() - timedelta(minutes=1))))
    assert await living.bury() == ["hung"]
    holders = database.read(
        lambda c: c.execute(select(source_rows.c.claimed_by).order_by(source_rows.c.key)).scalars().all()
    )
    assert holders.count(None) == 1
    assert "living" in holders
    await _eventually(lambda: living.take("digests"))
    with pytest.raises(DatabaseUnreachable):
        await hung.beat([])


async def test_a_source_that_the_dead_still_hold_in_a_transaction_keeps_nobody_waiting(
    line: Open, database: Database
) -> None:
    hung, living = await line("hung"), await line("living")
    await hung.beat([])
    for key in ("a", "b"):
        database.write(lambda c, key=key: sources.add(c, definition(key), NOW))  # type: ignore[misc]
    until = NOW + timedelta(minutes=10)
    database.write(lambda c: sources.claim_due(c, now=NOW, until=until, worker="hung", limit=2))
    old = update(worker_rows).where(worker_rows.c.name == "hung")
    database.write(lambda c: c.execute(old.values(seen_at=func.now() - timedelta(minutes=1))))
    with database.engine.begin() as silent:
        silent.execute(update(source_rows).where(source_rows.c.key == "a").values(last_polled_at=NOW))
        assert await asyncio.wait_for(living.bury(), 10) == ["hung"]
    claims = select(source_rows.c.key, source_rows.c.claimed_by)
    holders = {row.key: row.claimed_by for row in database.read(lambda c: c.execute(claims).all())}
    assert holders == {"a": "hung", "b": None}


def test_a_deliverer_lives_as_long_as_its_process() -> None:
    assert workers.alive("host-1-ab/2", {"host-1-ab"})
    assert not workers.alive("host-1-ab/2", {"host-2-cd"})
    assert not workers.alive(None, {"host-1-ab"})


async def test_a_server_that_is_not_there_is_told_with_what_to_check() -> None:
    database = Database("postgresql://kaigi:geheim123@127.0.0.1:1/kaigi")
    with pytest.raises(DatabaseUnreachable, match="Is the server running") as told:
        await OpenLine.open(database, "w1", Role.COLLECT)
    assert "geheim123" not in str(told.value)
    database.close()


async def test_saying_goodbye_on_a_line_that_is_broken_is_no_error(line: Open, database: Database) -> None:
    first, second = await line("w1"), await line("w2")
    database.write(_end_lines)
    await first.close()
    with pytest.raises(DatabaseUnreachable):
        await second.take("deliver telegram 1")
