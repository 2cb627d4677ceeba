"""`make bench-copy`: an archive of 100,000 items and 10,000 messages moves from SQLite to PostgreSQL, and back.

    SQLite ─► transfer.copy ─► PostgreSQL (of its own) ─► transfer.copy ─► another SQLite
      └── the sums of all three are compared, and what is owed there is what was owed here

Half of the messages were sent, the other half waits: none that was sent may be owed again.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from bench import seed
from bench.figures import Goal, machine, number, print_table, report
from bench.kaigi_side import definitions
from bench.measured import patience
from bench.scale_world import running
from storage import filters, queue, schema, sources, transfer
from storage.database import Connection, Database
from storage.model import Channel
from storage.tables import deliveries

WHOLE_S = 600.0
LIMIT_S = 120.0
NEWSROOMS, CHATS = 1_000, 100

#: About as long as a release is, and in both scripts.
_LONGER = "UPDATE items SET text = text || replace(hex(zeroblob(50)), '00', ' 会談の成果を発表した。 They met again.')"
_CHATS = """INSERT INTO chats (channel, address, language, time_zone, state, created_at, updated_at)
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    SELECT 'telegram', 1000 + i, 'ja', 'UTC', 'active', ?, ? FROM n"""
_OWED = """INSERT INTO deliveries (chat_id, story_id, kind, version, state, not_before, attempt, repeat, message_id,
    created_at, updated_at)
    SELECT c.id, s.id, 'alert', 1, iif(s.id % 2, 'sent', 'queued'), ?, s.id % 2, 0, iif(s.id % 2, s.id, NULL), ?, ?
    FROM stories s CROSS JOIN chats c WHERE s.id <= ? ORDER BY s.id, c.id"""


def fill(database: Database, items: int, messages: int) -> None:
    """The archive."""
    schema.upgrade(database)
    now = datetime.now(UTC)
    moment = f"{now:%Y-%m-%d %H:%M:%S.%f}"

    def make(connection: Connection) -> None:
        filters.ensure_built_in(connection)
        sources.follow_file(connection, definitions(80, NEWSROOMS), now)

    def owe(connection: Connection) -> None:
        connection.exec_driver_sql(_LONGER)
        connection.exec_driver_sql(_CHATS, (CHATS, moment, moment))
        connection.exec_driver_sql(_OWED, (moment, moment, moment, messages // CHATS))

    database.write(make)
    seed.fill(database, items=items, now=now)
    database.write(owe)


def owed(database: Database) -> dict[str, int]:
    """How many messages are in which state."""
    return dict(Counter(database.read(lambda c: c.execute(select(deliveries.c.state)).scalars().all())))


def first_claims(database: Database) -> list[int]:
    """What a service would send first; the claim is taken back."""
    found = database.read(
        lambda c: queue.find(c, channels={Channel.TELEGRAM}, busy=(), now=datetime.now(UTC), limit=CHATS)
    )
    return sorted(found)


def measure(items: int, messages: int, folder: Path) -> list[Goal]:
    """There and back."""
    here, back = Database(f"sqlite:///{folder}/here.db"), Database(f"sqlite:///{folder}/back.db")
    fill(here, items, messages)
    with running(folder / "pg") as server:
        there = Database(server.url)
        seconds, sums = [], []
        for source, target in ((here, there), (there, back)):
            began = time.perf_counter()
            sums.append(transfer.copy(source, target).checksum)
            seconds.append(time.perf_counter() - began)
        differ = sum(owed(here) != owed(other) for other in (there, back))
        again = set(first_claims(there)) - set(first_claims(here))
        for database in (here, there, back):
            database.close()
    rows = [
        ("SQLite → PostgreSQL", number(seconds[0], 1), sums[0][:12]),
        ("and back", number(seconds[1], 1), sums[1][:12]),
    ]
    print_table((f"{items:,} items, {messages:,} messages", "s", "sum"), rows)
    return [
        Goal(name="copy to PostgreSQL, compared", goal=LIMIT_S, value=seconds[0], unit="s", at_least=False),
        Goal(name="copy back to SQLite, compared", goal=LIMIT_S, value=seconds[1], unit="s", at_least=False),
        Goal(name="sums that differ", goal=0, value=len(set(sums)) - 1, unit="", at_least=False),
        Goal(name="copies in which other messages are owed", goal=0, value=differ, unit="", at_least=False),
        Goal(
            name="messages that would be sent though they were not owed",
            goal=0,
            value=len(again),
            unit="",
            at_least=False,
        ),
    ]


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="bench-copy", description="Measure `kaigi db copy` both ways.")
    parser.add_argument("--quick", action="store_true", help="a tenth: a trial, not a measurement")
    given = parser.parse_args()
    items, messages = (10_000, 1_000) if given.quick else (100_000, 10_000)
    print(f"{machine()}\n", flush=True)
    with patience(WHOLE_S), tempfile.TemporaryDirectory(prefix="kaigi-copy-") as folder:
        goals = measure(items, messages, Path(folder))
    return report("bench-copy", goals, note="a trial with other sizes, not the measurement" if given.quick else "")


if __name__ == "__main__":
    sys.exit(main())
