"""The local newsroom keeps its promises: what appears when, stable identities, honest validators, switchable faults."""

import io
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import aiohttp
import feedparser
import pytest
from selectolax.lexbor import LexborHTMLParser

from feeds.newsroom import Fault, Newsroom, World, WorldArticle, fill_dates, load_world
from storage.model import SourceDefinition, SourceKind

STARTED = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
WORLD = load_world()
FEEDS = ["demo-ministry-ja", "demo-wire-en", "demo-department-en", "demo-paper-ja"]


def stopped_clock() -> float:
    return 1000.0


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom(world=WORLD, clock=stopped_clock, started_at=STARTED) as running:
        yield running


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def source(newsroom: Newsroom, key: str) -> SourceDefinition:
    return next(it for it in newsroom.definitions() if it.key == key)


async def entries(newsroom: Newsroom, web: aiohttp.ClientSession, key: str) -> list[Any]:
    async with web.get(source(newsroom, key).url) as response:
        headers = {"content-type": response.headers["Content-Type"]}
        parsed = feedparser.parse(io.BytesIO(await response.read()), response_headers=headers)
    assert not parsed.bozo
    return list(parsed.entries)


def articles(world: World) -> list[WorldArticle]:
    return [article for own in world.sources for article in own.articles]


def test_the_world_is_large_enough_to_be_worth_filtering() -> None:
    later = [it.appears_after_s for it in articles(WORLD) if it.appears_after_s]
    assert len(articles(WORLD)) - len(later) >= 25
    assert len(later) >= 12
    assert 2 <= min(later) <= max(later) <= 60


def test_every_article_either_reports_a_known_meeting_or_says_why_it_does_not() -> None:
    known = {table["key"] for table in WORLD.meetings}
    for article in articles(WORLD):
        assert (article.meeting is None) != (article.look_alike is None), article.title
        assert article.meeting is None or article.meeting in known
    assert known == {it.meeting for it in articles(WORLD)} - {None}


def test_paths_are_unique_because_guids_are_made_of_them() -> None:
    assert max(Counter(it.path for it in articles(WORLD)).values()) == 1


def test_the_first_meeting_is_alone_in_the_first_fifteen_seconds_and_three_sources_report_it() -> None:
    early = [
        (own.definition.language, article)
        for own in WORLD.sources
        for article in own.articles
        if 0 < article.appears_after_s <= 15 and article.meeting
    ]
    assert {article.meeting for _, article in early} == {"admm-plus-13"}
    assert sorted(article.appears_after_s for _, article in early) == [3, 5, 7]
    assert {language for language, _ in early} == {"ja", "en"}


def test_no_meeting_is_reported_both_before_and_after_the_start() -> None:
    before = {it.meeting for it in articles(WORLD) if not it.appears_after_s}
    after = {it.meeting for it in articles(WORLD) if it.appears_after_s}
    assert before & after == {None}


def test_twin_releases_differ_by_the_country_alone() -> None:
    finland, sweden = (next(it for it in articles(WORLD) if it.meeting == key) for key in ("jp-fi", "jp-se"))
    assert finland.text.replace("フィンランド", "スウェーデン") == sweden.text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{date_ja}", "2026年11月1日"),
        ("{date_ja:-1}", "2026年10月31日"),
        ("{era_date_ja}", "令和8(2026)年11月1日(日)"),
        ("{wide_date_ja:+1}", "令和８年１１月２日（月）"),
        ("{month_day_ja}", "11月1日"),
        ("{date_en:-1}", "31 October 2026"),
    ],
)
def test_dates_in_texts_follow_the_day_of_the_start(written: str, read: str) -> None:
    assert fill_dates(f"({written})", date(2026, 11, 1)) == f"({read})"


def test_an_unknown_date_style_is_an_error_and_not_printed() -> None:
    with pytest.raises(KeyError, match="date_fr"):
        fill_dates("{date_fr}", date(2026, 11, 1))


def test_expected_facts_are_dated_in_tokyo() -> None:
    late_evening = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # already the 24th in Tokyo
    facts = Newsroom(world=WORLD, started_at=late_evening).expected()["admm-plus-13"]
    assert (facts.series, facts.edition, facts.starts_on) == ("admm-plus", 13, date(2026, 11, 23))


@pytest.mark.parametrize("key", FEEDS)
async def test_feeds_are_read_without_complaint(newsroom: Newsroom, web: aiohttp.ClientSession, key: str) -> None:
    newsroom.publish_all()
    found = await entries(newsroom, web, key)
    own = next(it for it in WORLD.sources if it.definition.key == key)
    today = newsroom.today
    assert {it.title for it in found} == {fill_dates(it.title, today) for it in own.articles}
    assert all(it.id.startswith("tag:newsroom.example,2026:/") for it in found)


async def test_articles_appear_when_their_time_comes(newsroom: Newsroom, web: aiohttp.ClientSession) -> None:
    before = {it.id for it in await entries(newsroom, web, "demo-wire-en")}
    newsroom.advance(5)
    after = {it.id for it in await entries(newsroom, web, "demo-wire-en")}
    assert after - before == {"tag:newsroom.example,2026:/wire/stories/admm-plus-manila.html"}
    assert before < after


async def test_a_second_run_with_the_same_start_serves_the_same_news(
    newsroom: Newsroom, web: aiohttp.ClientSession
) -> None:
    newsroom.advance(30)
    async with Newsroom(world=WORLD, clock=stopped_clock, started_at=STARTED, elapsed_s=30) as again:
        assert again.base_url != newsroom.base_url
        for key in FEEDS:
            runs = [await entries(it, web, key) for it in (newsroom, again)]
            first, second = ([(it.id, it.title, it.summary, it.get("published")) for it in run] for run in runs)
            assert first == second


async def test_the_ministry_feed_has_relative_links_and_japanese_time(
    newsroom: Newsroom, web: aiohttp.ClientSession
) -> None:
    async with web.get(source(newsroom, "demo-ministry-ja").url) as response:
        text = await response.text()
    assert "<link>/ministry/press/0902.html</link>" in text
    assert "+0900</pubDate>" in text
    assert newsroom.base_url not in text.split("<item>", 1)[1]


async def test_the_newspaper_feed_is_really_shift_jis(newsroom: Newsroom, web: aiohttp.ClientSession) -> None:
    async with web.get(source(newsroom, "demo-paper-ja").url) as response:
        body = await response.read()
    assert response.charset == "Shift_JIS"
    assert body.startswith(b'<?xml version="1.0" encoding="Shift_JIS"?>')
    assert "掃海艇が機雷戦訓練" in body.decode("shift_jis")


async def test_the_list_page_and_its_articles_can_be_read_with_the_rules_given(
    newsroom: Newsroom, web: aiohttp.ClientSession
) -> None:
    newsroom.advance(7)
    definition = source(newsroom, "demo-list-ja")
    rules = definition.rules
    assert definition.kind is SourceKind.PAGE
    assert rules is not None
    async with web.get(definition.url) as response:
        page = LexborHTMLParser(await response.text())
    found = [node.css_first(rules.link) for node in page.css(rules.item)]
    addresses = [node.attributes["href"] or "" for node in found if node is not None]
    assert all(rules.include in it for it in addresses)
    assert set(addresses) == {
        it.path for own in WORLD.sources if own.ranking for it in own.articles if it.appears_after_s <= 7
    }
    assert addresses[0] == "/news/docs/005803.html"  # an old article that is kept on top

    async with web.get(newsroom.base_url + "/news/docs/005910.html") as response:
        article = LexborHTMLParser(await response.text()).css_first(rules.article)
    assert article is not None
    assert "人事発令" in article.text()
    assert [it.text() for it in article.css(rules.article_date)] == ["2026-11-23 10:30"]
    for selector in rules.cut:
        for node in article.css(selector):
            node.decompose()
    assert article.text(strip=True).startswith("防衛省は令和8(2026)年11月22日(日)20時10分")
    assert article.text(strip=True).endswith("(以上)")


async def test_validators_are_strong_and_the_etag_decides_before_the_date(
    newsroom: Newsroom, web: aiohttp.ClientSession
) -> None:
    url = source(newsroom, "demo-wire-en").url
    async with web.get(url) as response:
        etag, modified = response.headers["ETag"], response.headers["Last-Modified"]
    assert etag.startswith('"')

    async def status(**headers: str) -> int:
        async with web.get(url, headers={it.replace("_", "-"): headers[it] for it in headers}) as answer:
            assert answer.headers["ETag"]
            return answer.status

    assert await status(If_None_Match=etag) == 304
    assert await status(If_None_Match=f'"other", W/{etag}') == 304
    assert await status(If_Modified_Since=modified) == 304
    assert await status(If_None_Match='"other"', If_Modified_Since=modified) == 200
    newsroom.advance(5)
    assert await status(If_None_Match=etag) == 200
    assert await status(If_Modified_Since=modified) == 200
    seen = Counter((it.status, it.conditional) for it in newsroom.requests)
    assert seen == {(200, False): 1, (304, True): 3, (200, True): 3}


@pytest.mark.parametrize("status", [404, 410, 429, 500])
async def test_a_source_can_be_broken_with_a_status_and_healed(
    newsroom: Newsroom, web: aiohttp.ClientSession, status: int
) -> None:
    url = source(newsroom, "demo-paper-ja").url
    newsroom.break_source("demo-paper-ja", status, retry_after_s=30)
    async with web.get(url) as response:
        assert (response.status, response.headers["Retry-After"]) == (status, "30")
    newsroom.heal("demo-paper-ja")
    async with web.get(url) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("fault", "beginning"),
    [(Fault.EMPTY, b""), (Fault.HTML_INSTEAD, b"<!DOCTYPE html>"), (Fault.BROKEN_XML, b"<?xml")],
)
async def test_a_source_can_answer_with_a_useless_body(
    newsroom: Newsroom, web: aiohttp.ClientSession, fault: Fault, beginning: bytes
) -> None:
    newsroom.break_source("demo-wire-en", fault)
    async with web.get(source(newsroom, "demo-wire-en").url) as response:
        body = await response.read()
    assert response.status == 200
    assert body.startswith(beginning)
    assert bool(body) == bool(beginning)


async def test_an_oversized_body_goes_on_until_the_reader_leaves(
    newsroom: Newsroom, web: aiohttp.ClientSession
) -> None:
    newsroom.break_source("demo-wire-en", Fault.OVERSIZED)
    async with web.get(source(newsroom, "demo-wire-en").url) as response:
        assert len(await response.content.readexactly(9 * 1024 * 1024)) > 8 * 1024 * 1024


async def test_a_slow_source_drips_and_does_not_hold_up_the_end(newsroom: Newsroom, web: aiohttp.ClientSession) -> None:
    newsroom.break_source("/news/docs/005901.html", Fault.SLOW)
    with pytest.raises(TimeoutError):
        async with web.get(
            newsroom.base_url + "/news/docs/005901.html", timeout=aiohttp.ClientTimeout(total=0.3)
        ) as response:
            await response.read()


async def test_a_refusing_source_closes_the_connection(newsroom: Newsroom, web: aiohttp.ClientSession) -> None:
    newsroom.break_source("demo-wire-en", Fault.REFUSE)
    with pytest.raises(aiohttp.ClientConnectionError):
        await web.get(source(newsroom, "demo-wire-en").url)
    assert {it.status for it in newsroom.requests} == {0}


async def test_unknown_paths_are_not_found(newsroom: Newsroom, web: aiohttp.ClientSession) -> None:
    for path in ("/", "/wire/stories/admm-plus-manila.html"):  # the second has not appeared yet
        async with web.get(newsroom.base_url + path) as response:
            assert response.status == 404


async def test_a_port_in_use_is_an_error_that_leaves_nothing_behind(newsroom: Newsroom) -> None:
    port = int(newsroom.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        async with Newsroom(world=WORLD, port=port):
            pass


def test_time_passes_by_the_clock() -> None:
    now = 50.0
    newsroom = Newsroom(world=WORLD, clock=lambda: now, started_at=STARTED)
    now += 2.5
    assert newsroom.elapsed_s == 2.5
