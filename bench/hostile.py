"""`make hostile`: everything that a newsroom can do to hurt us, against the real fetcher, parsers and database.

    hostile server (own process) ◄─ poll of the hostile source ─┐ at the same moment
                                 ◄─ poll of a healthy source ───┘
    each row: seconds ≤ 10, main process ≤ +150 MB, outcome noted in the source's record, healthy source unaffected

The program is put together as the service is, with its default limits. The rows about addresses keep the guard on; the
port of this test is allowed there, so that it is the address which is refused.
"""

import argparse
import asyncio
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

from bench import hostile_server
from bench.arena import HEALTHY_S, LIMIT_MB, LIMIT_S, Arena, Row, outcome_of
from bench.figures import Goal, number, print_table, report
from bench.measured import Program, patience
from bench.payloads import DOCUMENTS, Document
from bot import loop
from bot.collecting import THREADS, collecting
from bot.config import Fetch, Settings
from bot.parts import open_database
from feeds.collect import guard
from feeds.observed import FailureKind
from storage import filters
from storage.model import SourceDefinition

ROOT = Path(__file__).parents[1]
#: Ways to write this machine's or a private network's address. None may be reached.
DISGUISES = (
    "127.0.0.1", "localhost", "LOCALHOST.", "0", "0.0.0.0", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1",
    "0x7f.0x0.0x0.0x1", "0177.0.0.1", "017700000001", "0177.0.0x1", "127.0.0.1.", "%31%32%37.0.0.1", "１２７.０.０.１",
    "127。0。0。1", "①②⑦.⓪.⓪.①", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "user:pass@127.0.0.1",
    "example.com@127.0.0.1", "127.8.7.6", "[64:ff9b::127.0.0.1]", "[::ffff:0:7f00:1]", "[::127.0.0.1]",
)  # fmt: skip
#: Addresses of nobody's public host: neighbours in the network, the cloud's keys, multicast, and IPv4 inside IPv6.
NEIGHBOURS = (
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.0.8", "224.0.0.1",
    "239.255.255.250", "255.255.255.255", "198.18.0.1", "[fec0::1]", "[ff02::1]", "[fd00:ec2::254]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:a9fe:a9fe::]", "[2001:0:a9fe:a9fe::1]",
    "[::ffff:169.254.169.254]", "[2001:db8::1]", "2852039166", "0xA9.0xFE.0xA9.0xFE",
)  # fmt: skip


async def documents(arena: Arena, chosen: str) -> list[Row]:
    """Hostile documents and hostile servers, with private networks allowed: the server is on loopback."""
    unknown = Document(body=bytes)
    named = {**DOCUMENTS, **dict.fromkeys(hostile_server.BEHAVIOURS, unknown)}
    rows = [
        await _watched(arena, name, arena.address(name), document)
        for name, document in named.items()
        if chosen in name and "private" not in name and "by a name" not in name
    ]
    unread = Document(body=bytes, page=True)
    for host, behaviour in hostile_server.ROBOTS.items():
        name = f"robots.txt: {behaviour}"
        if chosen in name:
            rows.append(await _watched(arena, name, arena.address("healthy", host), unread))
    return rows


async def disguises(arena: Arena, chosen: str) -> list[Row]:
    """Addresses of this machine in disguise, and servers that send us there. The canary must not be reached."""
    refused = Document(body=bytes, fails=True, kind=FailureKind.BLOCKED_ADDRESS)
    unreached = Document(body=bytes, fails=True)  # some are no name at all for this system; the canary is the judge
    rows = []
    for host in DISGUISES:
        name = f"this machine as {host}"
        if chosen in name:
            rows.append(await _guarded(arena, name, f"http://{host}:{arena.port}/canary", unreached, ()))
    for host in NEIGHBOURS:
        name = f"a neighbour as {host}"
        if chosen in name:
            rows.append(await _guarded(arena, name, f"http://{host}/", refused, ()))
    for name, open_doors in (
        ("redirect into the private network", (True,)),
        ("redirect by a name", (True,)),
        ("a name that leads inside", ()),
    ):
        if chosen in name:
            url = arena.address(name, "outer.example")
            rows.append(await _guarded(arena, name, url, refused, open_doors))
    if chosen in "DNS rebinding":
        rows.append(await _rebinding(arena))
    return rows


async def _watched(arena: Arena, name: str, url: str, wanted: Document) -> Row:
    """One attack, and whether it made us ask for the canary."""
    before = arena.canary()
    row = await arena.attack(name, url, wanted)
    hits = arena.canary() - before
    return replace(row, problems=(*row.problems, "the canary was reached")) if hits else row


async def _guarded(arena: Arena, name: str, url: str, wanted: Document, open_doors: Sequence[bool]) -> Row:
    """One attack with the guard on; the first connections of the attacker count as public, as `open_doors` says."""
    with _names_lead_here(), _doors(arena.port, open_doors):
        return await _watched(arena, name, url, wanted)


async def _rebinding(arena: Arena) -> Row:
    """A name that is public at the first poll and private at the second."""
    url = f"http://rebound.example:{arena.port}/canary"
    before = arena.canary()
    with _names_lead_here(), _doors(arena.port, (True,)):
        first, _ = await arena.poll(SourceDefinition(key="rebound", url=url, name="rebound"))
        row = await arena.attack("DNS rebinding", url + "?again", Document(body=bytes, fails=True))
    hits = arena.canary() - before
    if first is None or first.failure or hits != 1:
        return replace(row, problems=(*row.problems, f"the first poll: {outcome_of(first)}; the canary: {hits}"))
    return row


@contextmanager
def _names_lead_here() -> Iterator[None]:
    """A name server of the attacker: every name of his is this machine."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *others: int, **options: int) -> object:
        return real("127.0.0.1" if str(host).endswith(".example") else host, port, *others, **options)

    with mock.patch("feeds.collect.resolve.socket.getaddrinfo", look_up):
        yield


@contextmanager
def _doors(port: int, open_doors: Sequence[bool]) -> Iterator[None]:
    """The guard on, with the test's port among the web ports; healthy sources (127.0.x.x, not .0.1) stay reachable."""
    judge = guard.is_public
    left = list(open_doors)

    def is_public(address: str) -> bool:
        if address.startswith("127.0.") and not address.startswith("127.0.0."):
            return True
        return left.pop(0) if left and address == "127.0.0.1" else judge(address)

    with mock.patch.object(guard, "PORTS", guard.PORTS | {port}), mock.patch.object(guard, "is_public", is_public):
        yield


async def campaign(chosen: str) -> list[Row]:
    """All rows."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="kaigi-hostile-") as folder, _server() as (server, port):
        for private, part in ((True, documents), (False, disguises)):
            settings = Settings(
                database_url=f"sqlite:///{folder}/{private}.db", fetch=Fetch(allow_private_networks=private)
            )
            database = open_database(settings)
            database.write(filters.ensure_built_in)
            async with collecting(settings, database) as ingest:
                rows += await part(Arena(database=database, ingest=ingest, server=server, port=port), chosen)
            database.close()
    return rows


@contextmanager
def _server() -> Iterator[tuple[Program, int]]:
    with Program([sys.executable, "-m", "bench.hostile_server"], cwd=ROOT) as server:
        yield server, int(server.line(60))


def show(rows: Sequence[Row]) -> None:
    """The table: a row for each attack."""
    print_table(
        ("attack", "seconds", "+MB", "healthy s", "outcome", ""),
        [
            (
                row.name,
                number(row.seconds),
                number(row.grown_mb, 0),
                number(row.healthy_s),
                row.outcome,
                "; ".join(row.problems),
            )
            for row in rows
        ],
    )


def main() -> int:
    """Run all rows, or those whose name holds `--only`."""
    parser = argparse.ArgumentParser(prog="hostile", description="Attack the collector in every way we know.")
    parser.add_argument("--only", default="", help="part of the names of the rows to run")
    chosen = parser.parse_args().only
    with patience(1800):
        rows = loop.run(campaign(chosen))
    show(rows)
    goals = [
        Goal(
            name="attacks without a problem", goal=len(rows), value=sum(not row.problems for row in rows), unit="rows"
        ),
        Goal(name="slowest attack", goal=LIMIT_S, value=_worst(rows, "seconds"), unit="s", at_least=False),
        Goal(name="main process grew by", goal=LIMIT_MB, value=_worst(rows, "grown_mb"), unit="MB", at_least=False),
        Goal(name="slowest healthy poll", goal=HEALTHY_S, value=_worst(rows, "healthy_s"), unit="s", at_least=False),
    ]
    return report("hostile", goals, note=f"only the rows with {chosen!r}" if chosen else "")


def _worst(rows: Sequence[Row], name: str) -> float | None:
    return max((float(getattr(row, name)) for row in rows), default=None)


if __name__ == "__main__":
    sys.exit(main())
