"""Newsrooms that rename what they published: other guids, schemes, titles, addresses; and one alert for each meeting.

    python -m bench.chaos_identity [--quick] [--only PART]

For every kind of change (`identity_world.py`), feeds in four shapes and two languages are polled by the real shell of a
poll, over HTTP on loopback, into an archive of their own: first news of no meeting, then reports of meetings, then the
changed feed three times, then the changed feed with one more meeting, so that silence is no proof by itself, and at
last the feed as it was before. Alerts are counted in the outbox after each poll. The brake for floods is off: it would
hide the very alerts that are looked for.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

from aiohttp import web
from sqlalchemy import select

from bench.chaos_world import none
from bench.delivery_side import quiet
from bench.figures import Goal, number, print_table, report
from bench.identity_world import KINDS, TYPES, Entry, Kind, document, number_in, ordinary
from bench.identity_world import report as meeting_report
from feeds.collect.fetch import Fetcher
from feeds.decide.routing import AlertPolicy
from feeds.ingest import Ingest, PollPolicy
from storage import filters, sources, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, SourceDefinition, Trust
from storage.tables import deliveries, items
from tests.support.archives import new_archive
from tests.support.parsing import Parsers

FEEDS = 4  #: for each kind of change
MEETINGS = 8  #: of each feed, and one more after the change
TURNS = 3  #: polls of the changed feed
STEP = timedelta(minutes=20)
BEGAN_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = BEGAN_AT

    def __call__(self) -> datetime:
        return self.now


class Site:
    """Serves what it is told to, an async context manager."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, str]] = {}
        self.moved: dict[str, str] = {}
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.base = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path in self.moved:
            return web.Response(status=301, headers={"Location": self.moved[request.path]})
        body, content_type = self.pages[request.path]
        return web.Response(body=body, content_type=content_type)


@dataclass(kw_only=True, slots=True)
class Feed:
    """One feed while its kind of change is tried."""

    key: str
    shape: str
    language: str
    path: str
    entries: list[Entry] = field(default_factory=list)  #: newest first, as they are before the change


@dataclass(kw_only=True, slots=True)
class Heard:
    """What was published, and what the outbox owes to the one chat."""

    published: set[int] = field(default_factory=set)
    alerts: Counter[int] = field(default_factory=Counter)
    unexpected: int = 0  #: alerts of nothing that was published, or of two meetings taken for one
    others: int = 0  #: edits and follow-ups
    polls: int = 0
    failed: int = 0  #: polls that brought nothing
    renamed: int = 0  #: entries that were taken for new ones though only their names were
    seen: set[int] = field(default_factory=set)  #: deliveries that are counted

    @property
    def lost(self) -> int:
        """Meetings that nobody was told of."""
        return len(self.published - self.alerts.keys())

    @property
    def twice(self) -> int:
        """Alerts that came once more."""
        return sum(count - 1 for count in self.alerts.values())

    def look(self, connection: Connection) -> None:
        """Count what is owed since the last look."""
        for row in connection.execute(select(deliveries.c.id, deliveries.c.story_id, deliveries.c.kind)):
            if row.id in self.seen:
                continue
            self.seen.add(row.id)
            if row.kind != "alert":
                self.others += 1
                continue
            texts = connection.execute(select(items.c.text).where(items.c.story_id == row.story_id)).scalars()
            numbers = {found for found in map(number_in, texts) if found is not None}
            if len(numbers) == 1 and numbers <= self.published:
                self.alerts[numbers.pop()] += 1
            else:
                self.unexpected += 1


@dataclass(kw_only=True)
class Trial:
    """One kind of change, from the first poll to the last."""

    kind: Kind
    database: Database
    shell: Ingest
    site: Site
    clock: Clock
    feeds: Sequence[Feed]
    heard: Heard = field(default_factory=Heard)

    async def run(self) -> Heard:
        """All its polls."""
        for place, feed in enumerate(self.feeds):
            feed.entries = [ordinary(1000 * place + n, self.clock() - n * STEP) for n in range(self.kind.others)]
            self.database.write(partial(sources.add, definition=self._definition(feed), now=self.clock()))
        await self._poll(changed=None)
        self._publish(range(MEETINGS))
        await self._poll(changed=None)
        await self._change()
        self._publish([MEETINGS])
        await self._poll(changed=TURNS)
        await self._poll(changed=None, renames=True)
        return self.heard

    def _definition(self, feed: Feed) -> SourceDefinition:
        return SourceDefinition(
            key=feed.key, url=self.site.base + feed.path, name=feed.key, language=feed.language, trust=Trust.PRESS,
            time_zone="UTC",
        )  # fmt: skip

    def _publish(self, which: Sequence[int]) -> None:
        for place, feed in enumerate(self.feeds):
            new = [meeting_report(20 * place + n, feed.language, self.clock() - timedelta(minutes=n)) for n in which]
            feed.entries = [*new, *feed.entries]

    async def _change(self) -> None:
        """The changed feed, as often as `TURNS`; between two a day passes where a redirect must be believed."""
        self.clock.now += self.kind.later
        for feed in self.feeds if self.kind.moves else ():
            self._move(feed)
        for turn in range(TURNS):
            if self.kind.moves == "redirect":
                self.clock.now += timedelta(days=1)
            await self._poll(changed=turn, renames=True)

    def _move(self, feed: Feed) -> None:
        old, feed.path = feed.path, f"/moved{feed.path}"
        if self.kind.moves == "redirect":
            self.site.moved[old] = self.site.base + feed.path
            return
        if self.kind.moves == "added":
            feed.key += "-new"
            self.database.write(partial(sources.add, definition=self._definition(feed), now=self.clock()))
            return
        known = self.database.read(partial(sources.find, key_or_url=feed.key))
        self.database.write(
            partial(sources.change, source_id=known.id, definition=self._definition(feed), now=self.clock())
        )

    async def _poll(self, *, changed: int | None, renames: bool = False) -> None:
        """Poll every feed once; `changed` is the turn of the change, None is the feed as it was."""
        for feed in self.feeds:
            shown = feed.entries if changed is None else self.kind.change(feed.entries, changed, self.clock())
            shape = feed.shape if changed is None else self.kind.into or feed.shape
            self.site.pages[feed.path] = (document(shape, feed.language, shown), TYPES[shape])
            self.heard.published |= {found for entry in shown if (found := number_in(entry.text)) is not None}
        for feed in self.feeds:
            source = self.database.read(partial(sources.find, key_or_url=feed.key))
            done = await self.shell.poll(source)
            self.heard.polls += 1
            self.heard.failed += done.status == "failed"
            self.heard.renamed += done.new if renames else 0
            self.database.read(self.heard.look)
        self.clock.now += STEP


def _listener(connection: Connection) -> None:
    """One chat that hears of every meeting."""
    filters.ensure_built_in(connection)
    chat = subscriptions.open_chat(
        connection, Channel.TELEGRAM, "101", language="en", time_zone="UTC", now=BEGAN_AT - STEP
    )
    subscriptions.subscribe(connection, chat.id, filters.MEETINGS, BEGAN_AT - STEP)


async def attempt(kind: Kind, file: Path, feeds: Sequence[Feed], site: Site, fetcher: Fetcher) -> Heard:
    """Try one kind of change on these feeds, in an archive of their own."""
    clock = Clock()
    with closing(new_archive(file, _starts)) as database:
        shell = Ingest(
            database=database, fetcher=fetcher, parsers=Parsers(), clock=clock,
            policy=PollPolicy(alerts=AlertPolicy(flood_brake=10**6)),
        )  # fmt: skip
        trial = Trial(kind=kind, database=database, shell=shell, site=site, clock=clock, feeds=feeds)
        return await trial.run()


def _starts(database: Database) -> None:
    database.write(_listener)


def _feeds(kind: Kind, place: int, count: int) -> list[Feed]:
    """The shapes in turn, Japanese and English in turn."""
    return [
        Feed(key=f"n{n}", shape=kind.shapes[n % len(kind.shapes)], language=("ja", "en")[n % 2], path=f"/{place}/{n}")
        for n in range(count)
    ]


async def campaign(folder: Path, kinds: Sequence[Kind], feeds: int = FEEDS) -> dict[str, Heard]:
    """Every kind in turn, each with so many feeds."""
    fetcher = Fetcher(user_agent="chaos", allow_private_networks=True)
    async with fetcher, Site() as site:
        return {
            kind.name: await attempt(kind, folder / f"{place}.db", _feeds(kind, place, feeds), site, fetcher)
            for place, kind in enumerate(kinds)
        }


def judged(kinds: Sequence[Kind], found: dict[str, Heard]) -> list[Goal]:
    """A row for each kind, then what must hold for all."""
    head = ("kind of change", "polls", "meetings", "alerts", "lost", "twice", "unexpected", "taken for new", "edits")
    rows = [
        (name, *(number(value, 0) for value in (
            heard.polls, len(heard.published), heard.alerts.total(), heard.lost, heard.twice, heard.unexpected,
            heard.renamed, heard.others,
        )))
        for name, heard in found.items()
    ]  # fmt: skip
    print_table(head, rows)
    every = list(found.values())
    wordless = [found[kind.name].others for kind in kinds if kind.wordless]
    return [
        Goal(name="kinds of change", goal=len(kinds), value=len(found), unit=""),
        none("meetings lost", sum(heard.lost for heard in every)),
        none("alerts that came twice", sum(heard.twice for heard in every)),
        none("alerts of nothing that was published", sum(heard.unexpected for heard in every)),
        none("messages though no word changed", sum(wordless)),
        none("polls that failed", sum(heard.failed for heard in every)),
    ]


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="without the feeds of 500 entries")
    parser.add_argument("--only", default="", metavar="PART", help="kinds with this in their name")
    arguments = parser.parse_args()
    quiet()
    kinds = [kind for kind in KINDS if arguments.only in kind.name and not (arguments.quick and kind.others > 100)]
    with tempfile.TemporaryDirectory(prefix="kaigi-chaos-") as folder:
        found = asyncio.run(campaign(Path(folder), kinds))
    part = "quick" if arguments.quick else f"only {arguments.only!r}" if arguments.only else ""
    return report("chaos-identity", judged(kinds, found), note=part)


if __name__ == "__main__":
    sys.exit(main())
