"""A disk that is full, cannot be written, is held by somebody else, loses its log, or rots: alarm, and nothing is lost.

    python -m bench.chaos_disk [--quick]

The parts of the service go through cycles (bench/chaos_faults.py) while the disk fails under them. Where this may mount
file systems (as root), the disk is a small one in memory that really is full, or read-only; else SQLite is told that it
is. A backup of 100,000 articles is then put back in the place of a file that rotted.
"""

import argparse
import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog
from structlog.testing import capture_logs

from bench import seed
from bench.chaos_faults import Elsewhere, Rig, all_due, rig, screen
from bench.chaos_world import PEOPLE, History, none, stories
from bench.delivery_side import now
from bench.figures import Goal, report
from storage import backup, filters, schema, sources
from storage.database import Connection, Database
from storage.errors import BackupError, StorageError
from tests.support.build import definition

SMALL = 24 * 2**20  #: bytes of the small disk


@dataclass(kw_only=True)
class Disk:
    """The file system under the archive, and how it can be hurt."""

    folder: Path
    mounted: bool

    @contextmanager
    def full(self, database: Database) -> Iterator[None]:
        """No byte more can be written."""
        if not self.mounted:
            with _as_sqlite_says(database, "database or disk is full"):
                yield
            return
        database.alone("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log has room of its own for a while
        ballast = self.folder / "ballast"
        handle = os.open(ballast, os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while True:
                os.write(handle, b"x" * 4096)
        os.close(handle)
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self, database: Database) -> Iterator[None]:
        """Nothing can be written. A disk with files open cannot be made so in earnest, hence SQLite is told; the folder
        is, as far as that keeps its owner out."""
        self.folder.chmod(0o555)
        try:
            with _as_sqlite_says(database, "attempt to write a readonly database"):
                yield
        finally:
            self.folder.chmod(0o755)


@contextmanager
def _as_sqlite_says(database: Database, words: str) -> Iterator[None]:
    dialect = database.engine.dialect
    inner = dialect.do_commit

    def commit(_connection: object) -> None:
        raise sqlite3.OperationalError(words)

    dialect.do_commit = commit  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        dialect.do_commit = inner  # type: ignore[method-assign]


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A disk of some megabytes, where we may mount one; else a folder."""
    mounted = os.geteuid() == 0 and _mount(folder)
    try:
        yield Disk(folder=folder, mounted=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=False, capture_output=True)


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@dataclass(kw_only=True)
class Campaign:
    """Hurts one service after the other way of hurting, and lets it recover each time."""

    made: Rig
    disk: Disk
    stuck: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)  #: troubles that left no line in the log

    async def through(self, name: str, hurt: Callable[[], Awaitable[None]]) -> None:
        """Run cycles while `hurt` lasts, and one after it."""
        began = time.monotonic()
        self.made.database.write(all_due)  # so that there is something to do when it begins
        with capture_logs() as said:
            await hurt()
        if not any(line["log_level"] in ("error", "warning", "critical") for line in said):
            self.silent.append(name)
        if not await self.made.cycle():
            self.stuck.append(name)
        print(f"{name}: {time.monotonic() - began:.1f} s, {len(said)} lines in the log", file=sys.stderr)

    async def full(self) -> None:
        """Three cycles on a full disk."""
        with self.disk.full(self.made.database):
            for _ in range(3):
                await self.made.cycle(hurt=True)

    async def read_only(self) -> None:
        """Three cycles on a disk that takes nothing."""
        with self.disk.read_only(self.made.database):
            for _ in range(3):
                await self.made.cycle(hurt=True)

    async def locked(self) -> None:
        """Another program holds the file for ten seconds, while a cycle runs."""
        with closing(sqlite3.connect(self.disk.folder / "kaigi.db", check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            release = asyncio.get_running_loop().call_later(10, other.rollback)
            await self.made.cycle(hurt=True)
            await self.made.cycle(hurt=True)
            while not release.cancelled() and other.in_transaction:
                await asyncio.sleep(0.1)


async def weather(folder: Path) -> list[Goal]:
    """Full, read-only and locked, one after the other, on one service that is never started again."""
    with Elsewhere(60) as elsewhere, small_disk(folder) as disk:
        async with rig(folder, elsewhere) as made:
            await made._tick()
            await made.cycle()
            campaign = Campaign(made=made, disk=disk)
            for name, hurt in (
                ("full", campaign.full), ("read-only", campaign.read_only), ("locked for 10 s", campaign.locked),
            ):  # fmt: skip
                await campaign.through(name, hurt)
            history = History.of(range(made.published), made.database.read(stories), elsewhere.api, PEOPLE)
            problem = backup.damage(folder / "kaigi.db")
            alive = not made.worker.done() and not made.strange
    how = "a real one of 24 MB" if disk.mounted else "as SQLite would say"
    for words in (*campaign.stuck, *made.strange):
        print(words)
    return [
        *history.goals(f"disk full ({how}), read-only, locked", in_doubt=0),
        none("troubles after which the next cycle did not complete", len(campaign.stuck)),
        none("troubles without a line in the log", len(campaign.silent)),
        none("archives damaged by a full, read-only or locked disk", int(problem is not None)),
        Goal(name="the service goes on without a restart", goal=1, value=int(alive), unit=""),
    ]


def rot(folder: Path, items: int) -> list[Goal]:
    """A page of the archive rots: it is noticed, a damaged backup is refused, and a whole one is put back in time."""
    file = folder / "kaigi.db"
    with closing(Database(f"sqlite:///{file}")) as database:
        schema.upgrade(database)
        database.write(_ten_sources)
        seed.fill(database, items=items, now=now())
        began = time.monotonic()
        made = backup.make(database, folder / "good.db", now())
        backed_up_s = time.monotonic() - began
    with file.open("r+b") as rotten:
        rotten.seek(file.stat().st_size // 2)
        rotten.write(os.urandom(64 * 4096))
    noticed = backup.damage(file) is not None
    shutil.copy(folder / "good.db", folder / "bad.db")
    (folder / "bad.db.sha256").write_text((folder / "good.db.sha256").read_text())
    with (folder / "bad.db").open("r+b") as rotten:
        rotten.seek(made.size // 2)
        rotten.write(b"rot")
    with closing(Database(f"sqlite:///{file}")) as database:
        refused = _refuses(folder / "bad.db", database)
        began = time.monotonic()
        backup.restore(folder / "good.db", database, now())
        restored_s = time.monotonic() - began
        kept = database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM items").scalar_one())
    print(f"backup of {items:,} articles, {made.size / 2**20:.0f} MB: {backed_up_s:.1f} s", file=sys.stderr)
    return [
        Goal(name="a rotten page is noticed", goal=1, value=int(noticed), unit=""),
        Goal(name="a backup with three wrong bytes is refused", goal=1, value=int(refused), unit=""),
        Goal(name=f"restore of {items:,} articles", goal=60, value=restored_s, unit="s", at_least=False),
        Goal(name="articles after the restore", goal=items, value=kept, unit=""),
    ]


def _ten_sources(connection: Connection) -> None:
    filters.ensure_built_in(connection)
    for number in range(10):
        sources.add(connection, definition(f"n{number}"), now() - timedelta(days=90))


def _refuses(path: Path, database: Database) -> bool:
    try:
        backup.restore(path, database, now())
    except BackupError:
        return True
    return False


def log_gone(folder: Path) -> list[Goal]:
    """The write-ahead log is deleted: under the service it is noticed; at rest, the archive opens and is whole."""
    file = folder / "kaigi.db"
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.write(_ten_sources)
    before = database.displaced()
    (folder / "kaigi.db-wal").unlink()
    noticed = before is None and database.displaced() is not None
    database.close()
    opened = False
    with closing(Database(f"sqlite:///{file}")) as again:
        try:
            schema.upgrade(again)
            opened = backup.damage(file) is None
        except StorageError as error:
            print(f"after the log was deleted: {error}")
    return [
        Goal(name="a log that is deleted under the service is noticed", goal=1, value=int(noticed), unit=""),
        Goal(name="the archive opens whole without its log", goal=1, value=int(opened), unit=""),
    ]


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a restore of 5,000 articles")
    arguments = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory(prefix="kaigi-chaos-") as base:
        folders = [Path(base) / name for name in ("weather", "rot", "log")]
        for folder in folders:
            folder.mkdir()
        with screen(Path(base) / "screen.txt"):
            goals = asyncio.run(weather(folders[0]))
        goals += rot(folders[1], 5_000 if arguments.quick else 100_000)
        goals += log_gone(folders[2])
    return report("chaos-disk", goals, note="quick" if arguments.quick else "")


if __name__ == "__main__":
    sys.exit(main())
