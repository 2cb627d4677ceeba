"""A source in trouble is told everywhere: by `kaigi sources list`, on /sources, in /metrics, and to the admins.

A local server plays the source; the poll, the database, the command and the pages are the real ones. Only time is ours.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from bot.notices import Notifier
from feeds.collect.fetch import Fetcher
from feeds.ingest import Ingest, PollPolicy, PollReport
from feeds.publish.web import Library, create_app
from storage import filters, instance, sources
from storage.database import Database
from storage.model import Channel, PageRules, Source, SourceKind, SourceState
from tests.bot.test_notices import Clock, Wire
from tests.support.archives import new_archive
from tests.support.build import definition
from tests.support.commands import kaigi
from tests.support.parsing import Parsers

HEADLINES = [f"第{n}号 防衛大臣の動静についての発表その{n}" for n in range(60)]


def rss(*numbers: int) -> web.Response:
    items = "".join(f"<item><guid>{n}</guid><title>{HEADLINES[n]}</title><link>/a/{n}</link></item>" for n in numbers)
    body = f"<rss version='2.0'><channel><title>Town</title>{items}</channel></rss>"
    return web.Response(text=body, content_type="application/rss+xml")


def listing(row: str, title: str = "ニュース一覧") -> web.Response:
    rows = "".join(row.format(n=n, title=HEADLINES[n]) for n in range(6))
    page = f"<html lang='ja'><head><title>{title}</title></head><body><main>{rows}</main></body></html>"
    return web.Response(text=page, content_type="text/html")


@dataclass
class Seen:
    """How a source is told by everything that tells of it."""

    row: dict[str, object]  #: of `kaigi sources list --json`
    table: str  #: of `kaigi sources list`
    page: str  #: /sources
    metrics: str
    notices: list[str]


@dataclass
class Town:
    """One source and all that watches it."""

    database: Database
    shell: Ingest
    clock: Clock
    wire: Wire
    folder: Path
    base: str
    answers: dict[str, Callable[[], web.Response]] = field(default_factory=dict)

    def add(self, **fields: object) -> None:
        about = definition("town", url=f"{self.base}/source", name="Town news", **fields)
        self.database.write(lambda c: sources.add(c, about, self.clock.now))

    @property
    def source(self) -> Source:
        return self.database.read(lambda c: sources.find(c, "town"))

    async def poll(self, answer: web.Response | Callable[[], web.Response], **later: float) -> PollReport:
        """Let time pass, and poll the source while it answers like this."""
        self.clock.now += timedelta(**later)
        made = answer if callable(answer) else lambda: answer
        self.answers["/source"] = made
        return await self.shell.poll(self.source)

    async def seen(self) -> Seen:
        notifier = Notifier(
            database=self.database,
            herald=self.wire,
            channel=Channel.TELEGRAM,
            admins=("1001",),
            worker="w1",
            clock=lambda: self.clock.now + timedelta(minutes=1),
            language="en",
            time_zone="UTC",
        )
        await notifier.round()
        (row,) = self.command("sources", "list", "--json").splitlines()
        return Seen(
            row=json.loads(row),
            table=self.command("sources", "list"),
            page=await self.get("/sources?lang=en"),
            metrics=await self.get("/metrics"),
            notices=[words for _, words in self.wire.told],
        )

    def command(self, *words: str, code: int = 0) -> str:
        done = kaigi(
            *words,
            folder=self.folder,
            KAIGI_SOURCES_FILE=str(self.folder / "none.toml"),
            KAIGI_FETCH__ALLOW_PRIVATE_NETWORKS="true",
            KAIGI_DATABASE_URL=f"sqlite:///{self.folder / 'kaigi.db'}",
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr * (code != 0)

    async def get(self, path: str) -> str:
        authority, began_at = self.database.write(lambda c: instance.born(c, "kaigi.example", self.clock.now))
        library = Library(
            database=self.database,
            authority=authority,
            began_at=began_at,
            address="https://kaigi.example",
            language="en",
            health=lambda: {"ready": True},
        )
        transport = httpx.ASGITransport(app=create_app(library))
        async with httpx.AsyncClient(transport=transport, base_url="http://kaigi.example") as client:
            return (await client.get(path)).text


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    database = new_archive(tmp_path / "kaigi.db")
    database.write(filters.ensure_built_in)
    (tmp_path / "none.toml").write_text("")
    answers: dict[str, Callable[[], web.Response]] = {}

    async def serve(request: web.Request) -> web.StreamResponse:
        known = answers.get(request.path)
        return known() if known else web.Response(text="<p>短い記事です。</p>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    clock, parsers = Clock(), Parsers()
    clock.now = datetime.now(UTC) - timedelta(hours=27)
    fetcher = Fetcher(user_agent="Kaigi tests", allow_private_networks=True)
    async with fetcher:
        shell = Ingest(database=database, fetcher=fetcher, parsers=parsers, policy=PollPolicy(), clock=clock)
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield Town(database, shell, clock, Wire(), tmp_path, base, answers)
    await parsers.close()
    await runner.cleanup()
    database.close()


def state_of(seen: Seen, state: SourceState) -> bool:
    """Whether all three that show the state show this one."""
    return (
        seen.row["state"] == state
        and f"state-{state}" in seen.page
        and f'kaigi_source_state{{source="town",state="{state}"}} 1.0' in seen.metrics
    )


@pytest.mark.usefixtures("parsed_here")
async def test_a_page_that_is_redesigned_is_compared_with_what_it_had_and_new_rules_are_proposed(town: Town) -> None:
    town.add(kind=SourceKind.PAGE, language="ja", rules=PageRules(item="li.item", include="/docs/"))
    old = '<ul><li class="item"><a href="/docs/{n}.html">{title}</a></li></ul>'
    new = '<div class="card"><h3 class="ttl"><a href="/docs/{n}.html">{title}</a></h3></div>'
    assert (await town.poll(lambda: listing(old))).new == 6
    for _ in range(2):
        await town.poll(lambda: listing(new, title="リニューアル"), hours=1)
    seen = await town.seen()
    assert state_of(seen, SourceState.EMPTY)
    for told in (seen.table, seen.page):
        assert "may have been redesigned" in told
        assert "the page had 6 articles, such as" in told
        assert HEADLINES[0] in told
        assert "It has now 6 links and the title “リニューアル”" in told
    assert len(seen.notices) == 1
    assert seen.notices[0].startswith("⚠️ Town news (town): empty. The rules find nothing on this page")
    checked = await asyncio.to_thread(town.command, "sources", "check", "town", code=1)  # it asks the server here
    assert "the page had 6 articles" in checked
    assert "Of these 6 addresses the page still links 6." in checked
    assert "Rule item: fitted 6 elements then, 0 now." in checked
    assert "Rules that find 6 articles on the page as it is now" in checked
    assert "card" in checked.split("[source.rules]")[1]
    await town.poll(lambda: listing(old), hours=1)
    assert (await town.seen()).notices[1:] == ["✅ Town news (town) is well again after 2 h."]


async def test_a_source_that_moves_is_followed_after_three_polls_over_a_day_and_told_to_have_moved(town: Town) -> None:
    town.add()
    town.answers["/new.xml"] = lambda: rss(1, 2)

    def redirect() -> web.Response:
        return web.Response(status=301, headers={"Location": "/new.xml"})

    await town.poll(lambda: rss(1))
    for hours in (1, 12):
        await town.poll(redirect, hours=hours)
    assert town.wire.told == []
    await town.poll(redirect, hours=12.5)
    new = f"{town.base}/new.xml"
    seen = await town.seen()
    assert seen.notices == [f"➡️ Town news (town) has moved. It is now read from {new}"]
    assert state_of(seen, SourceState.OK)
    assert seen.row["moved_to"] == new
    for told in (seen.table, seen.page):
        assert f"It has moved and is read from {new}" in told
    assert 'kaigi_source_moved{source="town"} 1.0' in seen.metrics
    assert (await town.poll(lambda: web.Response(status=500), hours=0.5)).failure is None  # the old one is not asked


async def test_a_source_that_blocks_us_is_told_as_blocked_once(town: Town) -> None:
    town.add()
    await town.poll(lambda: rss(1))
    for _ in range(4):
        await town.poll(lambda: web.Response(status=403), hours=1)
    seen = await town.seen()
    assert state_of(seen, SourceState.BLOCKED)
    assert "403" in seen.table
    assert "403" in seen.page
    assert 'kaigi_source_failures{source="town"} 4.0' in seen.metrics
    assert len(seen.notices) == 1
    assert seen.notices[0].startswith("⚠️ Town news (town): blocked. ")


async def test_a_feed_that_is_emptied_is_told_although_it_answers_as_it_should(town: Town) -> None:
    town.add()
    await town.poll(lambda: rss(1, 2, 3))
    for _ in range(3):
        assert (await town.poll(rss, hours=1)).failure is None
    seen = await town.seen()
    assert state_of(seen, SourceState.EMPTY)
    for told in (seen.table, seen.page, *seen.notices):
        assert "no entries any more" in told
    assert len(seen.notices) == 1
    await town.poll(lambda: rss(1, 2, 3, 4), hours=1)
    assert town.source.state is SourceState.OK
    assert "well again" in (await town.seen()).notices[1]


async def test_a_feed_that_never_had_anything_is_not_called_emptied(town: Town) -> None:
    town.add()
    await town.poll(rss)
    await town.poll(rss, hours=1)
    assert town.source.state is SourceState.OK


async def test_a_flood_is_told_and_stored(town: Town) -> None:
    town.add()
    await town.poll(lambda: rss(1, 2, 3))
    town.clock.now = datetime.now(UTC) - timedelta(hours=2)
    report = await town.poll(lambda: rss(*range(1, 45)), hours=1)
    assert (report.new, report.flooded) == (41, True)
    seen = await town.seen()
    assert state_of(seen, SourceState.OK)
    for told in (seen.table, seen.page):
        assert "41 new articles came at once" in told
    assert 'kaigi_source_flooded{source="town"} 1.0' in seen.metrics
    assert seen.notices == ["🌊 Town news (town) brought 41 new articles at once, where about 0 are usual."]
    assert "flooded, +41" in seen.page


async def test_when_nothing_is_reached_there_is_one_notice_about_the_network_and_one_when_it_is_back(
    town: Town,
) -> None:
    town.add()
    for n in range(6):
        twin = definition(f"twin-{n}", url=f"{town.base}/twin/{n}", name=f"Twin {n}")
        town.database.write(lambda c, twin=twin: sources.add(c, twin, town.clock.now))  # type: ignore[misc]
        town.answers[f"/twin/{n}"] = lambda: rss(1)

    async def poll_all() -> None:
        town.clock.now += timedelta(minutes=20)
        for source in town.database.read(sources.every):
            await town.shell.poll(source)

    town.answers["/source"] = lambda: rss(1)
    await poll_all()
    working = town.shell.fetcher.fetch

    async def nothing(*_: object, **__: object) -> object:
        from feeds.observed import Failure, FailureKind

        return Failure(kind=FailureKind.DNS, message="The name cannot be resolved.")

    town.shell.fetcher.fetch = nothing  # type: ignore[method-assign, assignment]
    for _ in range(4):
        await poll_all()
    notifier = Notifier(
        database=town.database,
        herald=town.wire,
        channel=Channel.TELEGRAM,
        admins=("1001",),
        worker="w1",
        clock=lambda: town.clock.now + timedelta(minutes=1),
        language="en",
        time_zone="UTC",
    )
    await notifier.round()
    assert len(town.wire.told) == 1
    assert "No source could be reached since" in town.wire.told[0][1]
    town.shell.fetcher.fetch = working  # type: ignore[method-assign]
    await poll_all()
    await notifier.round()  # notices that the network is back
    town.clock.now += timedelta(minutes=1)
    await notifier.round()
    assert [words.split(" after")[0] for _, words in town.wire.told[1:]] == ["✅ The network is back"]
