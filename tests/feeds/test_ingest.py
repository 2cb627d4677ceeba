"""A poll from the socket to the database, with the real fetcher, parsers and SQLite, against the local newsroom."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from feeds.collect.fetch import Fetcher
from feeds.ingest import Ingest, PollPolicy, PollReport
from feeds.newsroom import Fault, Newsroom
from storage import ingest, news, retention, sources
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.model import FetchOptions, SourceDefinition, SourceKind, SourceState
from tests.support.archives import built_in, new_archive
from tests.support.parsing import Parsers

MEETING = "admm-plus"
TROUBLE = {
    "forbidden": SourceState.BLOCKED,
    "rate_limited": SourceState.BLOCKED,
    "empty": SourceState.EMPTY,
    "gone": SourceState.PAUSED,
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db", filled_by=built_in)
    yield database
    database.close()


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom(clock=lambda: 0.0) as newsroom:
        yield newsroom


class Desk:
    """Polls sources of the newsroom by key."""

    def __init__(self, shell: Ingest, newsroom: Newsroom) -> None:
        self.shell, self.newsroom = shell, newsroom

    def add(self, definition: SourceDefinition) -> None:
        self.shell.database.write(lambda c: sources.add(c, definition, datetime.now(UTC)))

    async def poll(self, key: str) -> PollReport:
        source = self.shell.database.read(lambda c: sources.find(c, key))
        return await self.shell.poll(source)

    async def poll_all(self) -> list[PollReport]:
        return [await self.poll(d.key) for d in self.newsroom.definitions()]


@pytest.fixture
async def desk(database: Database, newsroom: Newsroom) -> AsyncIterator[Desk]:
    parsers = Parsers()
    fetcher = Fetcher(
        user_agent="Kaigi tests", allow_private_networks=True, max_body_bytes=2 * 2**20, total_timeout_s=1.5
    )
    async with fetcher:
        shell = Ingest(
            database=database, fetcher=fetcher, parsers=parsers, policy=PollPolicy(), clock=lambda: datetime.now(UTC)
        )
        desk = Desk(shell, newsroom)
        for definition in newsroom.definitions():
            desk.add(definition)
        yield desk
    await parsers.close()


async def test_the_meeting_of_three_newsrooms_is_one_story_and_one_alert(desk: Desk, newsroom: Newsroom) -> None:
    first = await desk.poll_all()
    assert sum(report.alerts for report in first) == 0
    newsroom.advance(9)
    second = await desk.poll_all()
    assert sum(report.alerts for report in second) == 1
    stories = desk.shell.database.read(news.latest_meetings)
    (story,) = [s for s in stories if (s.meeting.facts.series, s.meeting.facts.edition) == (MEETING, 13)]
    told_by = sorted(r.source_key for r in story.reports)
    assert told_by == ["demo-list-ja", "demo-ministry-ja", "demo-wire-en"], [r.title for r in story.reports]
    assert {r.language for r in story.reports} == {"ja", "en"}


async def test_the_whole_world_gives_one_alert_a_new_meeting_and_none_for_a_look_alike(
    desk: Desk, newsroom: Newsroom
) -> None:
    await desk.poll_all()
    newsroom.advance(100)
    assert sum(report.alerts for report in await desk.poll_all()) == 4


async def test_a_document_that_did_not_change_is_answered_304_and_not_parsed(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.poll("demo-wire-en")
    monkeypatch.setattr(desk.shell.parsers, "run", None)  # would raise if it were called
    assert (await desk.poll("demo-wire-en")).status == "unchanged"
    assert newsroom.requests[-1].status == 304


async def test_the_same_bytes_without_validators_are_not_parsed_either(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.poll("demo-wire-en")
    source = desk.shell.database.read(lambda c: sources.find(c, "demo-wire-en"))
    monkeypatch.setattr(desk.shell.parsers, "run", None)
    assert (await desk.shell.poll(replace(source, etag=None, last_modified=None))).status == "unchanged"


async def test_an_article_that_is_down_at_the_first_poll_of_a_page_is_backlog_all_the_same(
    desk: Desk, newsroom: Newsroom
) -> None:
    newsroom.advance(9)
    (path,) = _article_paths(newsroom)
    newsroom.break_source(path, 503)
    assert (await desk.poll("demo-list-ja")).alerts == 0
    newsroom.heal(path)
    assert (await desk.poll("demo-list-ja")).alerts == 0
    titles = [item.report.title for item in desk.shell.database.read(lambda c: news.latest_items(c, limit=100))]
    assert len([title for title in titles if "第13回" in title]) == 1


async def test_the_first_poll_of_a_page_takes_all_of_its_list_in_and_the_next_finds_nothing_new(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.articles.ARTICLES_PER_POLL", 2)
    newsroom.advance(9)
    first = await desk.poll("demo-list-ja")
    assert first.new == first.seen >= 10
    second = await desk.poll("demo-list-ja")
    assert (first.alerts, second.alerts, second.new) == (0, 0, 0)


async def test_later_polls_of_a_page_leave_what_is_too_much_for_the_next(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.poll("demo-list-ja")
    newsroom.advance(100)
    monkeypatch.setattr("feeds.articles.ARTICLES_PER_POLL", 1)
    counts = [(await desk.poll("demo-list-ja")).new for _ in range(20)]
    assert 1 < sum(counts) < 20
    assert counts == sorted(counts, reverse=True)  # one a poll until none is left


async def test_a_source_that_was_removed_while_it_was_polled_leaves_nothing_behind(desk: Desk) -> None:
    database = desk.shell.database
    source = database.read(lambda c: sources.find(c, "demo-wire-en"))
    database.write(lambda c: sources.remove(c, source.id))
    with pytest.raises(NotFound):
        await desk.shell.poll(source)
    assert database.read(news.figures).items == 0


async def test_a_list_page_is_read_with_its_articles_and_without_their_rankings(desk: Desk, newsroom: Newsroom) -> None:
    newsroom.advance(9)
    report = await desk.poll("demo-list-ja")
    assert report.new >= 10
    items = desk.shell.database.read(lambda c: news.latest_items(c, limit=100))
    (article,) = [item for item in items if "第13回" in item.report.title]
    assert "採択" in article.text
    assert "24時間" not in article.text
    assert article.report.published_at is not None


async def test_an_article_that_is_down_for_a_moment_is_read_by_the_next_poll(desk: Desk, newsroom: Newsroom) -> None:
    await desk.poll("demo-list-ja")
    newsroom.advance(9)
    (path,) = _article_paths(newsroom)
    newsroom.break_source(path, 503)
    assert (await desk.poll("demo-list-ja")).new == 0
    newsroom.heal(path)
    assert (await desk.poll("demo-list-ja")).new == 1


async def test_the_articles_of_a_page_on_its_own_host_are_asked_for_as_the_source_is(desk: Desk) -> None:
    seen: dict[str, str | None] = {}

    async def answer(request: web.Request) -> web.Response:
        seen[request.path] = request.headers.get("Cookie")
        links = "".join(f'<p><a href="/docs/{n}.html">防衛相会談の概要について、その{n}</a></p>' for n in range(3))
        body = links if request.path == "/list" else "<h1>防衛相会談の概要</h1><p>両大臣は会談した。</p>"
        return web.Response(text=f"<html><body>{body}</body></html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/list"
    options = FetchOptions(cookie="session=1")
    desk.add(SourceDefinition(key="own", url=url, name="own", kind=SourceKind.PAGE, fetch=options))
    report = await desk.poll("own")
    await runner.cleanup()
    assert report.new == 3
    assert seen == dict.fromkeys(["/list", "/docs/0.html", "/docs/1.html", "/docs/2.html"], "session=1")


async def test_the_time_that_articles_take_does_not_make_a_page_slow(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0.0]
    monkeypatch.setattr("feeds.ingest.time", SimpleNamespace(monotonic=lambda: passed[0]))
    fetch = desk.shell.fetcher.fetch
    (page,) = (d.url for d in newsroom.definitions() if d.key == "demo-list-ja")

    async def with_pauses(url: str, **words: Any) -> Any:
        passed[0] += 0 if url == page else 20
        return await fetch(url, **words)

    monkeypatch.setattr(desk.shell.fetcher, "fetch", with_pauses)
    newsroom.advance(9)
    report = await desk.poll("demo-list-ja")
    assert report.seconds >= 200
    assert report.state is SourceState.OK


def _article_paths(newsroom: Newsroom) -> list[str]:
    """The path of the list page's article about the meeting."""
    (listing,) = [s for s in newsroom.world.sources if s.definition.key == "demo-list-ja"]
    return [article.path for article in listing.articles if article.meeting == "admm-plus-13"]


async def test_an_article_that_is_gone_is_kept_with_its_headline(desk: Desk, newsroom: Newsroom) -> None:
    await desk.poll("demo-list-ja")
    newsroom.advance(9)
    newsroom.break_source(_article_paths(newsroom)[0], 404)
    assert (await desk.poll("demo-list-ja")).new == 1
    (item,) = desk.shell.database.read(lambda c: news.latest_items(c, limit=1))
    assert (item.text, "第13回" in item.report.title) == ("", True)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (404, "not_found"),
        (410, "gone"),
        (403, "forbidden"),
        (429, "rate_limited"),
        (500, "server_error"),
        (Fault.HTML_INSTEAD, "not_a_feed"),
        (Fault.EMPTY, "empty"),
        (Fault.BROKEN_XML, "broken"),
        (Fault.OVERSIZED, "too_large"),
        (Fault.SLOW, "timeout"),
        (Fault.REFUSE, "network"),
    ],
    ids=str,
)
async def test_every_failure_has_a_kind_a_line_for_people_and_leaves_the_items_alone(
    desk: Desk, newsroom: Newsroom, fault: Fault | int, kind: str
) -> None:
    await desk.poll("demo-wire-en")
    before = desk.shell.database.read(news.figures).items
    newsroom.break_source("demo-wire-en", fault)
    report = await desk.poll("demo-wire-en")
    assert report.failure is not None
    assert (report.status, report.failure.kind) == ("failed", kind)
    source = desk.shell.database.read(lambda c: sources.find(c, "demo-wire-en"))
    assert (source.state, source.failures) == (TROUBLE.get(kind, SourceState.FAILING), 1)
    assert source.last_error is not None
    assert source.last_error.endswith(report.failure.message)
    assert "\n" not in report.failure.message
    assert desk.shell.database.read(news.figures).items == before
    newsroom.heal("demo-wire-en")
    assert (await desk.poll("demo-wire-en")).status in ("changed", "unchanged")
    healed = desk.shell.database.read(lambda c: sources.find(c, "demo-wire-en")).state
    assert healed is (SourceState.PAUSED if kind == "gone" else SourceState.OK)
    events = desk.shell.database.read(lambda c: sources.events(c, source.id))
    assert [event.outcome for event in events][1:] == [kind, "changed"]


async def test_a_server_that_asks_for_patience_is_left_alone_that_long(desk: Desk, newsroom: Newsroom) -> None:
    newsroom.break_source("demo-wire-en", 429, retry_after_s=7200)
    await desk.poll("demo-wire-en")
    source = desk.shell.database.read(lambda c: sources.find(c, "demo-wire-en"))
    assert source.next_poll_at - datetime.now(UTC) > timedelta(minutes=115)


async def test_a_crash_in_the_middle_of_the_transaction_costs_a_second_fetch_and_no_item(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ingest.update_source

    def crash(connection: Connection, change: object) -> None:
        raise RuntimeError("kill -9")

    monkeypatch.setattr(ingest, "update_source", crash)
    with pytest.raises(RuntimeError):
        await desk.poll("demo-wire-en")
    monkeypatch.setattr(ingest, "update_source", real)
    assert desk.shell.database.read(news.figures).items == 0
    assert (await desk.poll("demo-wire-en")).new > 0
    assert newsroom.requests[-1].conditional is False


async def test_an_article_that_was_forgotten_is_no_news_when_its_source_still_shows_it(
    desk: Desk, newsroom: Newsroom, database: Database
) -> None:
    definition = newsroom.definitions()[0]
    first = await desk.poll(definition.key)
    later = datetime.now(UTC) + timedelta(days=1)
    bite = database.write(lambda c: retention.forget(c, later, later))
    assert bite.forgotten
    database.write(lambda c: c.exec_driver_sql("UPDATE sources SET etag = NULL, last_modified = NULL, body_hash = ''"))
    again = await desk.poll(definition.key)
    assert (again.seen, again.new, again.alerts) == (first.seen, 0, 0)
