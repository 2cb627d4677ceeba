"""Kaigi under measurement: a process of its own that polls every source once for each line on standard input.

Started as `python -m bench.kaigi_side DATABASE PORT SOURCES [STORED]`. It is put together as the service does it: the
same `collecting`, as many threads for the database, sources that are claimed from the database. A line `poll` polls all
sources and is answered with one line of JSON: the seconds, and how many polls ended how. `STORED` writes that many
items, and validators for every source, into the new database first, so that nothing is left but to be told "not
modified". It ends with its input.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bench import seed
from bench.server import address
from bot import loop
from bot.collecting import THREADS, collecting
from bot.config import Fetch, Settings
from bot.parts import open_database, utc_now
from feeds.ingest import Ingest
from storage import filters, sources
from storage.database import Connection, Database
from storage.model import Source, SourceDefinition, Trust

_LEASE = timedelta(hours=1)
_FAR = timedelta(days=400)  # every source counts as due, whatever its rhythm says


def settings(database: str) -> Settings:
    """The defaults, but for the newsrooms on loopback."""
    return Settings(database_url=f"sqlite:///{database}", fetch=Fetch(allow_private_networks=True))


def definitions(port: int, count: int, *, one_drips_in: int = 0, interval_s: int = 600) -> Iterator[SourceDefinition]:
    """The sources that the server has. With `one_drips_in=10`, every tenth host sends one byte a second."""
    for number in range(count):
        drips = one_drips_in and number % one_drips_in == 0
        yield SourceDefinition(
            key=f"n{number}",
            url=address(port, number, "drip" if drips else "feed"),
            name=f"Newsroom {number}",
            language="ja" if number % 2 == 0 else "en",
            country="JP",
            trust=Trust.OFFICIAL,
            time_zone="Asia/Tokyo",
            interval_s=interval_s,
        )


@dataclass(kw_only=True)
class Round:
    """Polls every source once, as many at a time as the service does."""

    database: Database
    ingest: Ingest
    concurrency: int

    async def run(self) -> dict[str, object]:
        """Returns what is printed."""
        outcomes: Counter[str] = Counter()
        started = time.perf_counter()
        waiting = iter(await asyncio.to_thread(self.database.write, self._claim))
        await asyncio.gather(*(self._poll(waiting, outcomes) for _ in range(self.concurrency)))
        return {"seconds": time.perf_counter() - started, "outcomes": dict(outcomes)}

    def _claim(self, connection: Connection) -> list[Source]:
        now = utc_now()
        return sources.claim_due(connection, now=now + _FAR, until=now + _FAR + _LEASE, worker="bench", limit=10**9)

    async def _poll(self, waiting: Iterator[Source], outcomes: Counter[str]) -> None:
        for source in waiting:
            report = await self.ingest.poll(source)
            outcomes[report.status] += 1
            outcomes["new"] += report.new


def prepare(database: Database, wanted: Sequence[SourceDefinition], stored: int | None) -> None:
    """Make what a service has after its start: the filters and the sources."""
    now = utc_now()
    database.write(filters.ensure_built_in)
    database.write(partial(sources.follow_file, definitions=wanted, now=now))
    if stored is not None:
        seed.fill(database, items=stored, now=now)


async def main() -> None:
    """Poll on demand."""
    path, port, count, *stored = sys.argv[1:]
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    chosen = settings(path)
    database = open_database(chosen)
    prepare(database, tuple(definitions(int(port), int(count))), int(stored[0]) if stored else None)
    async with collecting(chosen, database) as ingest:
        one_round = Round(database=database, ingest=ingest, concurrency=chosen.fetch.concurrency)
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await one_round.run()), flush=True)
    database.close()


if __name__ == "__main__":
    loop.run(main())
