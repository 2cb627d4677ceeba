"""`make bench-scale`: 1, 2 and 4 collectors on one PostgreSQL, kill -9 of workers and of the database, and takeover.

    feed server (own process) ◄── collectors (own processes, the service's own role) ──► PostgreSQL (of its own)
     1. 10,000 unchanged sources are due at once: how long until each was polled, and what it cost
     2. the same, when newsrooms take a third of a second to answer, as those far away do
     3. new sources, four collectors; chance kills collectors and the database: is anything lost or done twice?
     4. two deliverers; the one at work is killed: how long until the other sends?

Lost: a source that nobody polled, an article that is not in the archive. Done twice: a poll or an article that was kept
a second time. A request that was cut off by a kill is made again; that is told, and is no mistake.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import insert, update

from bench.figures import Goal, machine, number, print_table, report
from bench.kaigi_side import definitions
from bench.measured import Program, patience
from bench.scale_world import ROOT, Collectors, Locks, Server, Worker, running
from storage import filters, outbox, schema
from storage.database import Connection, Database
from storage.records import definition_to_row
from storage.tables import broadcasts, sources

WHOLE_S = 900.0
ROUND_S = 120.0
FASTER = 1.7  # four collectors against one
TAKEOVER_S = 5.0
FAR_AWAY_MS = 330
ITEMS = 3


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is done."""

    sources: int = 10_000
    far: int = 2_000  #: sources of the part with slow newsrooms
    fresh: int = 2_000  #: sources of the part with kills
    kills: int = 8
    crashes: int = 2
    takeovers: int = 3


QUICK = Sizes(sources=2_000, far=500, fresh=400, kills=3, crashes=1, takeovers=1)


@dataclass(frozen=True, kw_only=True)
class Run:
    """All sources once, by some collectors."""

    collectors: int
    seconds: float | None
    polls: int
    twice: int
    lost: int
    collect_cpu_s: float
    server_cpu_s: float
    feeds_cpu_s: float
    claim_p50_ms: float
    claim_p99_ms: float
    waiting: float  #: per cent of the looks in which somebody waited for a lock

    @property
    def rate(self) -> float | None:
        """Polls a second."""
        return self.polls / self.seconds if self.seconds else None

    @property
    def cores(self) -> float | None:
        """How many cores were busy with it."""
        total = self.collect_cpu_s + self.server_cpu_s + self.feeds_cpu_s
        return total / self.seconds if self.seconds else None


def fill(database: Database, port: int, sizes: Sizes) -> None:
    """The sources, unchanged and not due: the collectors are to start in peace."""
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    now = datetime.now(UTC)
    rows = [
        {**definition_to_row(one), "origin": "command", "state": "ok", "next_poll_at": now + timedelta(hours=3),
         "failures": 0, "etag": f'"{one.key}-0"', "last_modified": "Sat, 01 Nov 2025 00:00:00 GMT",
         "first_success_at": now}
        for one in definitions(port, sizes.sources)
    ]  # fmt: skip
    database.write(lambda c: c.execute(insert(sources), rows))


def make_due(database: Database, count: int, **words: object) -> datetime:
    """The first `count` sources are due from now on. Returns the moment."""
    now = datetime.now(UTC)

    def due(connection: Connection) -> None:
        chosen = update(sources).where(sources.c.id <= count)
        connection.execute(chosen.values(next_poll_at=now, claimed_by=None, claimed_until=None, **words))

    database.write(due)
    return now


_POLLS = "SELECT count(*) FROM fetch_events WHERE at >= '{since}'"
_POLLED = "SELECT count(DISTINCT source_id) FROM fetch_events WHERE at >= '{since}'"


def one_round(server: Server, database: Database, feeds: Program, collectors: int, count: int) -> Run:
    """Let so many collectors poll so many sources once."""
    with Collectors(server, collectors) as crew:
        parts = (crew.cpu_s, server.cpu_s, feeds.cpu_s)
        before = [part() for part in parts]
        with Locks(server.url) as locks:
            since = make_due(database, count)
            seconds = server.until(_POLLED.format(since=since), lambda found: found >= count, ROUND_S)
            used = [part() - was for part, was in zip(parts, before, strict=True)]
            time.sleep(0.5)  # what is done twice may come late
        polls, polled = (int(server.ask(query.format(since=since))) for query in (_POLLS, _POLLED))
        told = crew.stop()
    database.write(lambda c: c.execute(update(sources).values(next_poll_at=datetime.now(UTC) + timedelta(hours=3))))
    return Run(
        collectors=collectors,
        seconds=seconds,
        polls=polls,
        twice=polls - polled,
        lost=count - polled,
        collect_cpu_s=used[0],
        server_cpu_s=used[1],
        feeds_cpu_s=used[2],
        claim_p50_ms=statistics.median(one["p50"] for one in told) if told else 0.0,
        claim_p99_ms=max((one["p99"] for one in told), default=0.0),
        waiting=locks.share,
    )


def print_rounds(name: str, runs: Sequence[Run]) -> None:
    """The curve."""
    first = runs[0]
    rows = [
        (
            f"{run.collectors} collector{'s' * (run.collectors > 1)}",
            number(run.seconds, 1),
            number(run.rate, 0),
            number(run.rate / first.rate if run.rate and first.rate else None),
            number(run.collect_cpu_s / run.polls * 1000 if run.polls else None),
            number(run.server_cpu_s / run.polls * 1000 if run.polls else None),
            number(run.feeds_cpu_s / run.polls * 1000 if run.polls else None),
            number(run.cores),
            number(run.claim_p50_ms, 1),
            number(run.claim_p99_ms, 1),
            number(run.waiting, 1),
        )
        for run in runs
    ]
    head = (name, "s", "polls/s", "×", "ms CPU", "ms server", "ms feeds", "cores", "claim p50 ms", "p99 ms", "waits %")
    print_table(head, rows)


def curve(server: Server, database: Database, feeds: Program, sizes: Sizes) -> list[Goal]:
    """1, 2 and 4 collectors, with newsrooms that answer at once and with some that are far away."""
    near = [one_round(server, database, feeds, count, sizes.sources) for count in (1, 2, 4)]
    print_rounds(f"{sizes.sources:,} sources, answers at once", near)
    feeds.order(f"delay {FAR_AWAY_MS}")
    far = [one_round(server, database, feeds, count, sizes.far) for count in (1, 2, 4)]
    feeds.order("delay 0")
    print_rounds(f"{sizes.far:,} sources, answers after {FAR_AWAY_MS} ms", far)
    runs = [*near, *far]
    return [
        Goal(name="4 collectors vs one, answers at once", goal=FASTER, value=_faster(near), unit="x"),
        Goal(name=f"4 collectors vs one, answers after {FAR_AWAY_MS} ms", goal=FASTER, value=_faster(far), unit="x"),
        _none("sources that nobody polled", sum(run.lost for run in runs)),
        _none("polls that were made twice", sum(run.twice for run in runs)),
    ]


def _faster(runs: Sequence[Run]) -> float | None:
    one, four = runs[0].rate, runs[-1].rate
    return four / one if one and four else None


def _none(name: str, found: int | None) -> Goal:
    return Goal(name=name, goal=0, value=found, unit="", at_least=False)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the database holds when all was done."""

    seconds: float | None  #: since the last kill
    polls: int
    polled: int
    articles: int
    barren: int  #: stories without an article
    held: int  #: sources that are still leased


def under_kills(server: Server, database: Database, feeds: Program, sizes: Sizes) -> list[Goal]:
    """New sources, four collectors, and chance."""
    feeds.order("count")
    with Collectors(server, 4) as crew:
        since = make_due(database, sizes.fresh, etag=None, last_modified=None, body_hash=None, first_success_at=None)
        _kill(server, crew, sizes)
        found = _found(server, since, sizes.fresh)
    asked = int(feeds.order("count"))
    rows = [
        (
            f"{sizes.fresh:,} new sources",
            number(found.seconds, 1),
            f"{found.polls:,}",
            f"{found.articles:,}",
            f"{asked:,}",
        )
    ]
    name = f"{sizes.kills} kills of collectors, {sizes.crashes} of the database"
    print_table((name, "s after the last", "polls", "articles", "requests"), rows)
    wanted = sizes.fresh * ITEMS
    return [
        _none("under kills: sources that nobody polled", sizes.fresh - found.polled),
        _none("under kills: polls that were kept twice", found.polls - found.polled),
        _none("under kills: articles missing", max(wanted - found.articles, 0)),
        _none("under kills: articles kept twice", max(found.articles - wanted, 0)),
        _none("under kills: stories without an article", found.barren),
        _none("under kills: sources still leased when all was done", found.held),
    ]


def _kill(server: Server, crew: Collectors, sizes: Sizes) -> None:
    victims = ["collector"] * sizes.kills + ["database"] * sizes.crashes
    random.shuffle(victims)
    for victim in victims:
        time.sleep(random.uniform(0.5, 2.0))
        if victim == "collector":
            crew.kill_one()
        else:
            server.kill()
            time.sleep(random.uniform(0.2, 2.0))
            server.start_again()


def _found(server: Server, since: datetime, count: int) -> Found:
    took = server.until(_POLLED.format(since=since), lambda found: found >= count, ROUND_S, every_s=0.5)
    time.sleep(2)  # what is done twice may come late
    barren = "SELECT count(*) FROM stories s WHERE NOT EXISTS (SELECT 1 FROM items WHERE story_id = s.id)"
    return Found(
        seconds=took,
        polls=int(server.ask(_POLLS.format(since=since))),
        polled=int(server.ask(_POLLED.format(since=since))),
        articles=int(server.ask("SELECT count(*) FROM items")),
        barren=int(server.ask(barren)),
        held=int(server.ask("SELECT count(*) FROM sources WHERE claimed_by IS NOT NULL")),
    )


#: Who has the duty. The row of one that was killed before stays for a while.
_HOLDER = "SELECT name FROM workers WHERE leads::text LIKE '%deliver terminal%' ORDER BY seen_at DESC LIMIT 1"


def takeover(server: Server, database: Database, folder: Path, sizes: Sizes) -> list[Goal]:
    """Two deliverers that print; the one at work is killed."""
    nothing = folder / "sources.toml"
    nothing.write_text("", encoding="utf-8")
    start = partial(
        Worker, "-m", "bot.cli", "run", "--role", "deliver", folder=folder,
        KAIGI_DATABASE_URL=server.url, KAIGI_SOURCES_FILE=str(nothing), KAIGI_LOG__FORMAT="json",
    )  # fmt: skip
    crew = [start(), start()]
    server.until("SELECT count(*) FROM workers WHERE role = 'deliver'", lambda n: n == 2, ROUND_S)
    usual, gaps = [], []
    try:
        usual = [_sent_after(server, database) for _ in range(10)]
        for _ in range(sizes.takeovers):
            name = str(server.ask(_HOLDER))
            victim = next(worker for worker in crew if f"-{worker.pid}-" in name)
            victim.kill()
            gaps.append(_sent_after(server, database))
            crew[crew.index(victim)] = start()
            server.until(
                f"SELECT count(*) FROM workers WHERE role = 'deliver' AND name <> '{name}'", lambda n: n == 2, ROUND_S
            )
    finally:
        for worker in crew:
            worker.stop()
    known = [gap for gap in gaps if gap is not None]
    rows = [
        ("a message while one deliverer works", number(_middle(usual), 3)),
        ("the first one after its death", number(_middle(gaps), 3)),
    ]
    print_table(("from commit to sent", "s"), rows)
    unsent = int(server.ask("SELECT count(*) FROM deliveries WHERE state <> 'sent'"))
    return [
        Goal(name="takeover by the other deliverer, longest", goal=TAKEOVER_S,
             value=max(known) if len(known) == sizes.takeovers else None, unit="s", at_least=False),
        _none("messages that were not sent", unsent),
    ]  # fmt: skip


def _middle(seconds: Sequence[float | None]) -> float | None:
    known = [one for one in seconds if one is not None]
    return statistics.median(known) if known else None


def _sent_after(server: Server, database: Database) -> float | None:
    """Owe every chat one message. Returns the seconds until it was sent."""
    now = datetime.now(UTC)

    def owe(connection: Connection) -> None:
        draft = (
            insert(broadcasts).values(at=now, by="bench", text="A message", queued_at=now).returning(broadcasts.c.id)
        )
        outbox.owe_broadcast(connection, int(connection.execute(draft).scalar_one()), now)

    database.write(owe)
    waiting = "SELECT count(*) FROM deliveries WHERE state <> 'sent'"
    return server.until(waiting, lambda found: found == 0, 60, every_s=0.01)


def measure(sizes: Sizes, folder: Path, only: str | None) -> list[Goal]:
    """All parts, or one."""
    today = datetime.now(UTC).date().isoformat()
    with (
        running(folder / "pg") as server,
        Program([sys.executable, "-m", "bench.server", str(sizes.sources), str(ITEMS), today], cwd=ROOT) as feeds,
    ):
        port = int(feeds.line(ROUND_S))
        database = Database(server.url)
        fill(database, port, sizes)
        goals: list[Goal] = []
        if only in (None, "curve"):
            goals += curve(server, database, feeds, sizes)
        if only in (None, "kills"):
            goals += under_kills(server, database, feeds, sizes)
        if only in (None, "takeover"):
            goals += takeover(server, database, folder, sizes)
        database.close()
    return goals


def main() -> int:
    """Measure everything and report."""
    parser = argparse.ArgumentParser(prog="bench-scale", description="Measure several processes on one PostgreSQL.")
    parser.add_argument("--quick", action="store_true", help="a fifth of everything: a trial, not a measurement")
    parser.add_argument("--only", choices=("curve", "kills", "takeover"), help="one part")
    parser.add_argument("--seed", type=int, default=None, help="repeats the same kills")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(4), "big")
    random.seed(seed)
    print(f"{machine()}; kills from --seed {seed}\n", flush=True)
    with patience(WHOLE_S), tempfile.TemporaryDirectory(prefix="kaigi-scale-") as folder:
        goals = measure(QUICK if given.quick else Sizes(), Path(folder), given.only)
    return report("bench-scale", goals, note="a trial, not the measurement" if given.quick or given.only else "")


if __name__ == "__main__":
    sys.exit(main())
