"""The line of a process to its PostgreSQL: one connection of its own, for as long as the process lives.

    the service's lock ─► duties (advisory locks) ─► a sign of life every few seconds ─► words of others (NOTIFY)

All of it ends with the connection, however the process ends: then another process takes the duties over. Who keeps the
line up, and what is done when it breaks, is in `bot/standby.py`.

Roles hold the service's lock together, a process that does everything holds it alone: the two never run side by side.
A process that hangs keeps its connection. Whoever gave no sign of life for `DEAD` is taken for dead by the others: its
row goes, its sources are given back, and the server ends its line, so that its duties are free.
"""

import hashlib
import json
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, LiteralString, Self, TypeVar

from storage import wake
from storage.database import Database
from storage.errors import DatabaseBusy, DatabaseUnreachable
from storage.lock import SERVICE, busy_words
from storage.model import Role

if TYPE_CHECKING:
    from psycopg import AsyncConnection

T = TypeVar("T")

DEAD = timedelta(seconds=20)  #: without a sign of life
CONNECT_S = 5
_KEEP_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}

# The server must notice as well that we are gone, when the cable was cut (it means nothing to a local socket), or that
# we stand still while others wait for what we hold.
_SESSION: tuple[LiteralString, ...] = (
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
    "SET idle_in_transaction_session_timeout = 10000",
)
_BEAT: LiteralString = """
    INSERT INTO workers (name, role, leads, started_at, seen_at) VALUES (%s, %s, %s, now(), now())
    ON CONFLICT (name) DO UPDATE SET leads = excluded.leads, seen_at = excluded.seen_at"""
_DEAD: LiteralString = "DELETE FROM workers WHERE name <> %s AND seen_at < now() - %s RETURNING name"
# The dead may still hold a source in a transaction that nobody ends: its lease ends it then.
_RELEASE: LiteralString = """
    WITH held AS (SELECT id FROM sources WHERE claimed_by = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED)
    UPDATE sources SET claimed_by = NULL, claimed_until = NULL FROM held WHERE sources.id = held.id"""
_END: LiteralString = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = ANY(%s)"""


def key_of(duty: str) -> int:
    """The number of a duty's advisory lock: the same in every process."""
    return int.from_bytes(hashlib.blake2b(b"kaigi:" + duty.encode(), digest_size=8).digest(), "big", signed=True)


class OpenLine:
    """An open line. Each method raises `DatabaseUnreachable` when it is broken; then it is of no use any more."""

    def __init__(self, connection: "AsyncConnection[Any]", database: Database, worker: str, role: Role) -> None:
        """Made by `open`."""
        self._connection = connection
        self._database = database
        self._worker = worker
        self._role = role

    @classmethod
    async def open(cls, database: Database, worker: str, role: Role) -> Self:
        """Connect, and take the service's lock. Raises `DatabaseBusy` when another service has it."""
        import psycopg  # noqa: PLC0415  SQLite needs no driver of PostgreSQL

        _, options = database.engine.dialect.create_connect_args(database.url)
        words = {**_KEEP_ALIVE, "connect_timeout": CONNECT_S, **options, "application_name": _named(worker)}
        try:
            connection = await psycopg.AsyncConnection.connect(**words, autocommit=True)
        except psycopg.Error as error:
            raise _unreachable(database, error) from error
        session = cls(connection, database, worker, role)
        try:
            await session._begin()
        except BaseException:
            await connection.close()
            raise
        return session

    async def _begin(self) -> None:
        for words in _SESSION:
            await self._run(words)
        together = "" if self._role is Role.ALL else "_shared"
        if not await self._one(f"SELECT pg_try_advisory_lock{together}(%s)", SERVICE):
            raise DatabaseBusy(busy_words(self._database))
        for channel in (wake.DELIVER, wake.COLLECT):
            await self._run(f"LISTEN {channel}")

    async def take(self, duty: str) -> bool:
        """Make a duty ours, unless another process has it. It stays ours until the line ends."""
        return bool(await self._one("SELECT pg_try_advisory_lock(%s)", key_of(duty)))

    async def beat(self, leads: Sequence[str]) -> None:
        """Give a sign of life, and say which duties are ours."""
        await self._run(_BEAT, self._worker, self._role.value, json.dumps(list(leads)))

    async def bury(self) -> list[str]:
        """Take leave of those that gave no sign of life for `DEAD`. Returns their names."""
        return await self._guarded(self._bury())

    async def _bury(self) -> list[str]:
        async with self._connection.transaction():
            gone = await self._connection.execute(_DEAD, (self._worker, DEAD))
            dead = [str(row[0]) for row in await gone.fetchall()]
            if dead:
                await self._connection.execute(_RELEASE, (dead,))
                await self._connection.execute(_END, ([_named(name) for name in dead],))
        return dead

    async def heard(self, seconds: float) -> set[str]:
        """Wait for words of other processes, at most so long. Returns the channels on which there were any."""
        return await self._guarded(self._listen(seconds))

    async def _listen(self, seconds: float) -> set[str]:
        return {note.channel async for note in self._connection.notifies(timeout=seconds, stop_after=1)}

    async def close(self) -> None:
        """Say goodbye: what was ours is free at once."""
        try:
            await self._run("DELETE FROM workers WHERE name = %s", self._worker)
        except DatabaseUnreachable:
            pass
        finally:
            await self._connection.close()

    async def drop(self) -> None:
        """Close a line that is broken, or that must not be ours any more."""
        await self._connection.close()

    async def _run(self, words: LiteralString, *values: object) -> None:
        await self._guarded(self._connection.execute(words, values or None))

    async def _one(self, words: LiteralString, value: object) -> object:
        async def ask() -> object:
            row = await (await self._connection.execute(words, (value,))).fetchone()
            return row[0] if row else None

        return await self._guarded(ask())

    async def _guarded(self, work: Awaitable[T]) -> T:
        import psycopg  # noqa: PLC0415

        try:
            return await work
        except psycopg.Error as error:
            raise _unreachable(self._database, error) from error


def _named(worker: str) -> str:
    return f"kaigi {worker}"[:63]


def _unreachable(database: Database, error: Exception) -> DatabaseUnreachable:
    words = " ".join(str(error).split())[:200]
    return DatabaseUnreachable(f"Cannot open the database {database.place}. Is the server running? ({words})")
