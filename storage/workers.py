"""The processes of the service: who lives, and which duties each has. Each writes its own row (`line.py`)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from storage.model import Role, Worker
from storage.tables import sources, workers


def every(connection: Connection) -> list[Worker]:
    """All that gave a sign of life lately, by role and age."""
    rows = connection.execute(select(workers).order_by(workers.c.role, workers.c.started_at, workers.c.name))
    return [
        Worker(
            name=row.name, role=Role(row.role), leads=tuple(row.leads), started_at=row.started_at, seen_at=row.seen_at
        )
        for row in rows
    ]  # fmt: skip


def names(connection: Connection) -> frozenset[str]:
    """Of all that gave a sign of life lately."""
    return frozenset(connection.execute(select(workers.c.name)).scalars())


def alive(worker: str | None, living: Collection[str]) -> bool:
    """Whether the process of a deliverer lives: its name is that of its process, and more after a slash."""
    return worker is not None and worker.partition("/")[0] in living


def give_back(connection: Connection, worker: str, but: Collection[int] = ()) -> int:
    """Give back the sources that a worker leased, but for some. Returns how many."""
    return _release(connection, worker, but, claimed_by=None, claimed_until=None)


def shorten(connection: Connection, worker: str, but: Collection[int], until: datetime) -> int:
    """Let the leases of a worker, but for some, run out at that moment already. Returns how many."""
    return _release(connection, worker, but, sources.c.claimed_until > until, claimed_until=until)


def _release(
    connection: Connection, worker: str, but: Collection[int], *which: ColumnElement[bool], **values: datetime | None
) -> int:
    ours = select(sources.c.id).where(sources.c.claimed_by == worker, sources.c.id.not_in(list(but)), *which)
    held = list(connection.execute(ours.order_by(sources.c.id).with_for_update()).scalars())
    if held:
        connection.execute(update(sources).where(sources.c.id.in_(held)).values(**values))
    return len(held)
