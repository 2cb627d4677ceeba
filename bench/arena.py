"""Where a hostile source meets a running Kaigi: both polls, the clock, the memory, and what the records say."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import select

from bench.measured import Program
from bench.payloads import Document
from bot.parts import utc_now
from feeds.ingest import Ingest, PollReport
from storage import sources
from storage.database import Connection, Database
from storage.model import SourceDefinition, SourceKind, SourceState
from storage.tables import items

LIMIT_S = 10.0
LIMIT_MB = 150.0
MAKING_S = 120.0  # of a hostile document
KILL_S = 90.0  # of one row, should it not end by itself
HEALTHY_S = 5.0  # a healthy poll beside a hostile one; two cores and a parser that is busy


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One attack and what became of it."""

    name: str
    seconds: float
    grown_mb: float
    outcome: str
    healthy_s: float
    problems: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Arena:
    """A running Kaigi with a hostile server before it."""

    database: Database
    ingest: Ingest
    server: Program
    port: int
    _added: int = field(default=0)

    def address(self, name: str, host: str = "127.0.0.1") -> str:
        """Where the server has something."""
        return f"http://{host}:{self.port}/{quote(name)}"

    async def attack(self, name: str, url: str, document: Document) -> Row:
        """Poll the hostile source and a healthy one, and look at both."""
        kind = SourceKind.PAGE if document.page else SourceKind.FEED
        key = self._key()
        hostile = SourceDefinition(key=key, url=url, name=name, kind=kind)
        healthy = SourceDefinition(key=self._key(), url=self._healthy_url(), name="healthy")
        self.server.order(f"prepare {name}", MAKING_S)
        _forget_peak()
        before = _memory("VmRSS")
        (report, seconds), (other, healthy_s) = await asyncio.gather(self.poll(hostile), self._healthy(healthy))
        grown = max(0.0, _memory("VmHWM") - before)
        print(f"{name}: {seconds:.1f} s", file=sys.stderr, flush=True)
        problems = [*_bounds(seconds, grown), *_unaffected(other, healthy_s)]
        problems += await asyncio.to_thread(
            self.database.read, partial(_judge, key=key, report=report, wanted=document)
        )
        return Row(
            name=name,
            seconds=seconds,
            grown_mb=grown,
            outcome=outcome_of(report),
            healthy_s=healthy_s,
            problems=tuple(problems),
        )

    def _healthy_url(self) -> str:
        return f"http://127.0.{self._added // 250 + 1}.{self._added % 250 + 1}:{self.port}/healthy"

    def _key(self) -> str:
        self._added += 1
        return f"s{self._added}"

    async def _healthy(self, definition: SourceDefinition) -> tuple[PollReport | None, float]:
        await asyncio.sleep(0.2)  # by then the hostile poll is under way
        return await self.poll(definition)

    async def poll(self, definition: SourceDefinition) -> tuple[PollReport | None, float]:
        """Add a source and poll it once. Returns the report, None when it had to be broken off, and the seconds."""
        write = partial(sources.add, definition=definition, now=utc_now())
        await asyncio.to_thread(self.database.write, write)
        source = await asyncio.to_thread(self.database.read, partial(sources.find, key_or_url=definition.key))
        started = time.monotonic()
        report: PollReport | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(KILL_S):
                report = await self.ingest.poll(source)
        return report, time.monotonic() - started

    def canary(self) -> int:
        """How often somebody reached what must not be reached."""
        return int(self.server.order("canary?"))


def _bounds(seconds: float, grown_mb: float) -> Iterator[str]:
    if seconds > LIMIT_S:
        yield f"took {seconds:.1f} s"
    if grown_mb > LIMIT_MB:
        yield f"took {grown_mb:.0f} MB"


def _unaffected(report: PollReport | None, seconds: float) -> Iterator[str]:
    if report is None or report.new != 1 or seconds > HEALTHY_S:
        yield f"the healthy source beside it: {outcome_of(report)} in {seconds:.1f} s"


def _judge(connection: Connection, *, key: str, report: PollReport | None, wanted: Document) -> list[str]:
    """What the source's record and the stored items say, against what must come of the document."""
    if report is None:
        return ["had to be broken off"]
    source = sources.find(connection, key)
    stored = connection.execute(
        select(items.c.title, items.c.text, items.c.published_at).where(items.c.source_id == source.id)
    ).all()
    found = []
    if report.failure is not None and (source.state in (SourceState.NEW, SourceState.OK) or not source.last_error):
        found.append(f"failed, but its record says {source.state}")
    if wanted.fails is not None and wanted.fails != (report.failure is not None):
        found.append("should have failed" if wanted.fails else "should not have failed")
    if wanted.title is not None and wanted.title not in {row.title for row in stored}:
        found.append("its words were lost")
    if wanted.kind is not None and report.failure is not None and report.failure.kind is not wanted.kind:
        found.append(f"should have been called {wanted.kind}")
    if not wanted.dated and any(row.published_at for row in stored):
        found.append("a date was guessed")
    if wanted.never and any(wanted.never in f"{row.title} {row.text}" for row in stored):
        found.append(f"{wanted.never!r} was stored")
    return found


def outcome_of(report: PollReport | None) -> str:
    """The outcome of a poll in a few words."""
    if report is None:
        return "no end"
    return f"failed: {report.failure.kind}" if report.failure else f"{report.status}, {report.new} new"


def _memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name))) * 1024 / 1e6


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
