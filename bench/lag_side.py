"""How late polls start: the service's own collector over two thousand sources, of which one host in ten drips.

Started as `python -m bench.lag_side DATABASE PORT SOURCES INTERVAL SECONDS SPREAD`. All healthy sources answer "not
modified". With SPREAD 1 the first polls are spread over one interval, as they are while the service runs; with 0 all
are due at once, as after a long stop. It ends after SECONDS, or when every source was polled once if all were due at
once, and prints one line of JSON. A poll that is due and was not started when it ends counts with its lag until then.
"""

import asyncio
import contextlib
import dataclasses
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from bench.kaigi_side import definitions, prepare, settings
from bot import loop
from bot.assembly import TICK
from bot.collecting import THREADS, collecting
from bot.jobs import Collector
from bot.parts import open_database, utc_now
from feeds.ingest import Ingest, PollReport
from storage.database import Connection, Database
from storage.model import Source
from storage.tables import sources


@dataclass(frozen=True, kw_only=True)
class Watched(Ingest):
    """Polls as ever, and notes how late each poll starts."""

    lags: list[float] = field(default_factory=list)
    polled: set[int] = field(default_factory=set)

    async def poll(self, source: Source) -> PollReport:
        """Note it, and poll."""
        self.lags.append((self.clock() - source.next_poll_at).total_seconds())
        self.polled.add(source.id)
        return await super().poll(source)


def _spread(connection: Connection, start: datetime, interval_s: int, count: int) -> None:
    for row in connection.execute(select(sources.c.id)).all():
        share = row.id * 7919 % count / count  # neighbours lie far apart
        moment = start + timedelta(seconds=interval_s * share)
        connection.execute(update(sources).where(sources.c.id == row.id).values(next_poll_at=moment))


def _late(connection: Connection, now: datetime) -> list[float]:
    """The lags of those that wait for their poll at this moment."""
    waiting = select(sources.c.next_poll_at).where(sources.c.claimed_by.is_(None), sources.c.next_poll_at <= now)
    return [(now - moment).total_seconds() for moment in connection.execute(waiting).scalars()]


async def collect(database: Database, watched: Watched, concurrency: int, seconds: float, count: int) -> list[float]:
    """Tick as the service does. Returns all lags."""
    collector = Collector(
        database=database, ingest=watched, worker="bench", clock=utc_now, concurrency=concurrency, on_alerts=_nothing
    )
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and len(watched.polled) < count:
        began = time.monotonic()
        await collector.tick()
        await asyncio.sleep(max(0.0, TICK - (time.monotonic() - began)))
    late = await asyncio.to_thread(database.read, lambda connection: _late(connection, utc_now()))
    await collector.stop()
    return watched.lags + late


def _nothing() -> None:
    """No message is owed."""


async def main() -> None:
    """Collect, then tell."""
    path, port, count, interval_s, seconds, spread = sys.argv[1:]
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    chosen = settings(path)
    database = open_database(chosen)
    wanted = definitions(int(port), int(count), one_drips_in=10, interval_s=int(interval_s))
    prepare(database, tuple(wanted), 0)
    if spread == "1":
        database.write(lambda connection: _spread(connection, utc_now(), int(interval_s), int(count)))
    async with collecting(chosen, database) as ingest:
        watched = Watched(**{one.name: getattr(ingest, one.name) for one in dataclasses.fields(Ingest) if one.init})
        enough = 10**9 if spread == "1" else int(count)
        lags = sorted(await collect(database, watched, chosen.fetch.concurrency, float(seconds), enough))
    database.close()
    tell = {"polls": len(watched.lags), "sources": len(watched.polled)}
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    print(json.dumps(tell | {name: lags[min(len(lags) - 1, int(len(lags) * share))] for name, share in shares.items()}))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        loop.run(main())
