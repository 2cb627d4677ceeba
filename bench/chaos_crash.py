"""`kill -9` at every named point of the whole service: nothing lost, nothing twice that does not say so.

    python -m bench.chaos_crash [--quick] [--each N] [--only POINT]

The real service polls the local newsroom and tells three chats over a strict Bot API server. It is killed at each
point of a poll, a decision, a commit, a send, a mark, a migration and a backup, and started again, while ministers go
on meeting. In the end, what was published is compared with what arrived. `bench/chaos_delivery.py` does the same to the
dispatcher alone, five hundred times.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import event, func, select, text, update

from bench.chaos_world import EVERY_S, PEOPLE, History, Newsrooms, endless, newsroom_starts, none, stories, waiting
from bench.crash_side import MIGRATE, POINTS, Life, live
from bench.figures import Goal, print_table, report
from storage import backup, schema
from storage.database import Connection, Database
from storage.tables import deliveries, items, sources
from tests.support.bot_api import TOKEN, BotApi
from tests.support.running import free_port

AT_ONCE = 2  #: happenings that are new in each life
PATIENCE_S = 60.0


@dataclass(kw_only=True)
class Campaign:
    """One archive, and the lives of the service upon it."""

    folder: Path
    newsroom: Newsrooms
    api: BotApi
    published: int = 0
    recovered: int = 0  #: messages that a dead process had in flight
    damaged: list[str] = field(default_factory=list)
    died: Counter[str] = field(default_factory=Counter)

    @property
    def file(self) -> Path:
        return self.folder / "kaigi.db"

    @contextmanager
    def archive(self) -> Iterator[Database]:
        """The archive, while no service runs on it."""
        with closing(Database(f"sqlite:///{self.file}")) as database:
            yield database

    async def begin(self) -> None:
        """The sources are known and were read once, so that from now on every meeting is news."""
        with self.archive() as database:
            schema.upgrade(database)
            database.write(partial(newsroom_starts, definitions=self.newsroom.definitions(), now=datetime.now(UTC)))
        if not await self.live_until(lambda database: not database.read(_unread)):
            self.damaged.append("the first life did not read all sources")

    async def die(self, point: str, after: int, *, with_news: bool = True) -> None:
        """One life that ends at a point, while there is news."""
        process = self._process(point, after)
        with self._killing(process, point, after):
            more = float("-inf")
            began = time.monotonic()
            while time.monotonic() - began < PATIENCE_S:
                if with_news and time.monotonic() - more > 6:  # and again, when the point was not reached yet
                    self.publish()
                    more = time.monotonic()
                if process.pid is None:
                    process.start()
                if not process.is_alive():
                    break
                await asyncio.sleep(0.02)
        if process.is_alive():
            process.kill()
            self.damaged.append(f"{point} was not reached")
        await asyncio.to_thread(process.join, 10)
        if process.exitcode == -signal.SIGKILL:
            self.died[point] += 1
        else:
            self.damaged.append(f"{point}: exit code {process.exitcode}")
        await asyncio.sleep(0.01)
        print(f"{self.died.total()}: {point}", file=sys.stderr)
        self._look()

    def publish(self) -> None:
        """Let ministers meet, and time pass until all sources are due again."""
        self.newsroom.advance(AT_ONCE * EVERY_S)
        self.published += AT_ONCE
        with self.archive() as database:
            database.write(_all_due)

    async def live_until(self, done: Callable[[Database], bool]) -> bool:
        """One life without a death, ended by SIGTERM. Returns whether it got there, and ended well."""
        process = self._process("", 0)
        process.start()
        began = time.monotonic()
        reached = False
        try:
            while process.is_alive() and not reached and time.monotonic() - began < PATIENCE_S:
                await asyncio.sleep(0.1)
                with self.archive() as database:
                    reached = database.read(partial(_exists, table="sources")) and done(database)
        finally:
            process.terminate()
            await asyncio.to_thread(process.join, 30)
        return reached and process.exitcode == 0

    def _process(self, point: str, after: int) -> "multiprocessing.process.BaseProcess":
        in_server = point in ("send: request written", "send: request done")
        if point.startswith("backup"):
            for old in (self.folder / "backups").glob("*"):
                old.unlink()
        life = Life(folder=self.folder, port=free_port(), api_url=self.api.url, definitions=self.newsroom.definitions(),
                    dies_at="" if in_server else point, after=after)  # fmt: skip
        return multiprocessing.get_context("forkserver").Process(target=live, args=(life,))

    @contextmanager
    def _killing(self, process: "multiprocessing.process.BaseProcess", point: str, after: int) -> Iterator[None]:
        """Two points are seen by the server only."""
        passed = 0

        def kill(method: str) -> None:
            nonlocal passed
            passed += method == "sendMessage"
            if passed == after and method == "sendMessage" and process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)

        self.api.before = kill if point == "send: request written" else _nothing
        self.api.after = kill if point == "send: request done" else _nothing
        yield
        self.api.before = self.api.after = _nothing

    def _look(self) -> None:
        """What a dead service left: an archive that is whole, and messages in flight."""
        if problem := backup.damage(self.file):
            self.damaged.append(problem)
        with self.archive() as database:
            if database.read(partial(_exists, table="deliveries")):
                self.recovered += database.read(_in_flight)
        for name in (self.folder / "backups").glob(backup.NAMED):
            backup.check(name)  # what has its name is whole, whenever the process died


def _nothing(_method: str) -> None:
    """Nothing dies."""


def _exists(connection: Connection, table: str) -> bool:
    return (
        connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = :name"), {"name": table}).first() is not None
    )


def _all_due(connection: Connection) -> None:
    connection.execute(update(sources).values(next_poll_at=datetime.now(UTC) - timedelta(minutes=1)))


def _unread(connection: Connection) -> int:
    unread = select(func.count()).select_from(sources).where(sources.c.first_success_at.is_(None))
    return int(connection.execute(unread).scalar_one())


def _in_flight(connection: Connection) -> int:
    query = select(func.count()).select_from(deliveries).where(deliveries.c.state == "sending")
    return int(connection.execute(query).scalar_one())


async def crashes(folder: Path, points: list[str], each: int) -> list[Goal]:
    """Every point, `each` times, at its first passing, its second and its third; a life makes one backup only."""
    plan = [(point, 1 if point.startswith("backup") else 1 + turn % 3) for turn in range(each) for point in points]
    random.Random(7).shuffle(plan)  # else the first dozen lives land nothing, and news leaves the feeds unread
    world = endless(AT_ONCE * (len(plan) + 40))
    newsroom = Newsrooms(world=world, clock=lambda: 0.0)
    async with newsroom, BotApi(keep_calls=False) as api:
        for address in PEOPLE:
            api.add_chat(int(address))
        campaign = Campaign(folder=folder, newsroom=newsroom, api=api)
        await campaign.begin()
        for point, after in plan:
            await campaign.die(point, after)
        with campaign.archive() as database:
            database.write(_all_due)
        wanted = campaign.published
        ended = await campaign.live_until(
            lambda database: database.read(partial(_told_all, wanted=wanted)) and not database.read(waiting)
        )
        with campaign.archive() as database:
            told = database.read(stories)
        history = History.of(range(wanted), told, api, PEOPLE)
    print_table(("point", "deaths"), [(point, str(count)) for point, count in campaign.died.items()])
    deaths = sum(campaign.died.values())
    print(f"{wanted} meetings, {history.arrived} messages; {campaign.recovered} were in flight when a process died")
    for words in campaign.damaged:
        print(words)
    name = f"{deaths} × kill -9"
    return [
        Goal(name="deaths at named points", goal=len(plan), value=deaths, unit=""),
        *history.goals(name, in_doubt=campaign.recovered),
        none(f"{name}: archives and backups not whole", len(campaign.damaged)),
        none(f"{name}: integrity_check and foreign keys", _faults(campaign.file), "faults"),
        Goal(name=f"{name}: the last life delivered all and ended by SIGTERM", goal=1, value=int(ended), unit=""),
        none(f"{name}: the token in logs and archive", _leaks(folder)),
    ]


def _told_all(connection: Connection, wanted: int) -> bool:
    return len(set().union(*stories(connection).values())) >= wanted


def _faults(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        bad = [row for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        return len(bad) + len(connection.execute("PRAGMA foreign_key_check").fetchall())


def _leaks(folder: Path) -> int:
    """Files that hold the bot's token, which no file should (R16)."""
    secret = TOKEN.encode()
    return sum(secret in file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def migrations(folder: Path, times: int) -> list[Goal]:
    """An archive of the first version, whose upgrade is killed again and again, must come through whole."""
    campaign = Campaign(folder=folder, newsroom=Newsrooms(world=endless(0)), api=BotApi())
    _first_version(campaign.file)
    steps = _statements(folder)
    plan = [("migrate: statement", 1 + steps * turn // times) for turn in range(times)]
    plan += [("migrate: before commit", 1), ("migrate: after commit", 1)]
    async with campaign.newsroom, campaign.api:
        for point, after in plan:
            await campaign.die(point, after, with_news=False)
        with campaign.archive() as database:
            schema.upgrade(database)
            kept = database.read(lambda c: c.execute(select(func.count()).select_from(items)).scalar_one())
    print(f"{steps} statements from the first schema to this one; killed in {campaign.died.total()} upgrades")
    for words in campaign.damaged:
        print(words)
    return [
        Goal(name="upgrades killed", goal=len(plan), value=campaign.died.total(), unit=""),
        Goal(name="articles after killed upgrades", goal=ARTICLES, value=kept, unit=""),
        none("killed upgrades: archives not whole", len(campaign.damaged) + _faults(campaign.file)),
    ]


ARTICLES = 500
_MOMENT = "'2025-11-01 12:00:00'"


def _first_version(file: Path) -> None:
    with closing(Database(f"sqlite:///{file}")) as database:
        database.write(partial(schema._upgrade, target="0001"))
        database.write(_fill_first)


def _fill_first(connection: Connection) -> None:
    connection.execute(
        text(f"""INSERT INTO sources
        (id, key, url, name, kind, trust, time_zone, enabled, origin, state, next_poll_at, failures)
        VALUES (1, 'mod', 'https://mod.example', 'MOD', 'feed', 'press', 'UTC', true, 'file', 'ok', {_MOMENT}, 0)""")
    )
    count = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ARTICLES}) "
    connection.execute(text(f"{count} INSERT INTO stories (id, created_at) SELECT i, {_MOMENT} FROM n"))
    connection.execute(
        text(f"""{count} INSERT INTO items
        (source_id, story_id, identity, title, text, language, categories, first_seen_at, updated_at, content_hash,
         verdict, score, evidence, flags)
        SELECT 1, i, 'g:' || i, 'Release ' || i, 'Text', 'en', '[]', {_MOMENT}, {_MOMENT}, 'h', 'other', 0, '[]', '[]'
        FROM n""")
    )


def _statements(folder: Path) -> int:
    """How many statements the upgrade of that archive takes."""
    file = folder / "counted.db"
    _first_version(file)
    count = 0

    def one(*_: object) -> None:
        nonlocal count
        count += 1

    with closing(Database(f"sqlite:///{file}")) as database:
        event.listen(database.engine, "before_cursor_execute", one)
        database.write(schema._upgrade)
    file.unlink()
    return count


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="each point once")
    parser.add_argument("--each", type=int, default=3, help="how often each point")
    parser.add_argument("--only", default="", help="points that begin so")
    arguments = parser.parse_args()
    each = 1 if arguments.quick else arguments.each
    multiprocessing.get_context("forkserver").set_forkserver_preload(["bench.crash_side"])
    goals: list[Goal] = []
    points = [point for point in POINTS if point.startswith(arguments.only)]
    with tempfile.TemporaryDirectory(prefix="kaigi-chaos-") as folder:
        for name in ("crashes", "migrations"):
            (Path(folder) / name).mkdir()
        if points:
            goals += asyncio.run(crashes(Path(folder) / "crashes", points, each))
        if any(point.startswith(arguments.only) for point in MIGRATE):
            goals += asyncio.run(migrations(Path(folder) / "migrations", 4 if arguments.quick else 40))
    return report("chaos-crash", goals, note="quick" if arguments.quick else arguments.only)


if __name__ == "__main__":
    sys.exit(main())
