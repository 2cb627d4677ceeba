"""From any address to its feeds: by what the page says, by well-known addresses, else by rules for the page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.discover import Found, discover, well_known
from feeds.collect.fetch import Fetcher
from feeds.collect.find import MAX_REQUESTS, Discovery, find_feeds, propose_rules
from feeds.collect.worker import ParserPool
from feeds.observed import FailureKind, Fetched
from storage.model import SourceDefinition
from tests.feeds.collect.conftest import Serve
from tests.feeds.collect.test_propose import HEADLINES, SHAPES, page
from tests.support.parsing import Parsers

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
RSS = """<rss version="2.0"><channel><title>{title}</title><link>https://news.example/</link>
<item><title>{title} one</title><link>https://news.example/1</link></item></channel></rss>"""
JSON = '{"version": "https://jsonfeed.org/version/1.1", "title": "As JSON", "items": [{"id": 1, "title": "x"}]}'


def found(head: str = "", body: str = "", lang: str = "en") -> tuple[Found, ...]:
    html = f"<html lang='{lang}'><head>{head}</head><body>{body}</body></html>"
    return discover(Fetched(url="https://news.example/a/list.html", body=html.encode()))


def link(href: str, kind: str = "application/rss+xml", more: str = "") -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}" {more}>'


class TestWhatAPageNames:
    @pytest.mark.parametrize(
        "kind",
        ["application/rss+xml", "application/atom+xml", "application/feed+json", "Application/RSS+XML; charset=utf-8"],
    )
    def test_a_link_in_the_head_of_any_kind_is_found_with_its_absolute_address(self, kind: str) -> None:
        (one,) = found(link("../feed?utm_source=page", kind, 'title="News"'))
        assert one == Found(url="https://news.example/feed", title="News", declared=True)

    def test_other_alternates_are_not_feeds(self) -> None:
        head = link("/fr", "text/html") + link("/x.json", "application/json+oembed") + '<link rel="icon" href="/i">'
        assert found(head) == ()

    def test_addresses_are_resolved_against_the_base(self) -> None:
        assert found(f'<base href="https://cdn.example/x/">{link("rss")}')[0].url == "https://cdn.example/x/rss"

    def test_comments_and_other_languages_come_after_the_news(self) -> None:
        head = link("/comments/feed/") + link("/ja/feed", more='hreflang="ja"') + link("/feed/")
        assert [one.url.rpartition("example")[2] for one in found(head)] == ["/feed/", "/ja/feed", "/comments/feed/"]

    @pytest.mark.parametrize(
        "href",
        ["/rss/news.xml", "/news.rdf", "/feed/", "/index.xml", "/?format=rss", "/DesktopModules/RSS.ashx?Site=945"],
    )
    def test_a_link_that_looks_like_a_feed_is_found(self, href: str) -> None:
        assert [one.declared for one in found(body=f'<a href="{href}">xml</a>')] == [False]

    def test_a_link_that_says_rss_is_found(self) -> None:
        assert found(body='<a href="/j/haishin.html">RSS配信</a>')[0].url == "https://news.example/j/haishin.html"

    def test_the_old_feed_scheme_means_the_address_behind_it(self) -> None:
        urls = [
            one.url for one in found(body='<a href="feed:https://a.example/rss"></a><a href="feed://b.example/rss">')
        ]
        assert urls == ["https://a.example/rss", "https://b.example/rss"]

    def test_buttons_of_feed_readers_and_ordinary_links_are_not_feeds(self) -> None:
        body = '<a href="https://feedly.com/i/subscription/feed/x">RSS</a><a href="/feedback/">Feedback</a>'
        assert (
            found(body=body + '<a href="/rssi-report">Report on signal strength</a><a href="mailto:a@b">RSS</a>') == ()
        )

    def test_an_address_named_twice_is_one_and_declared(self) -> None:
        (one,) = found(link("/feed"), '<a href="/feed">RSS</a>')
        assert one.declared

    @given(st.text(alphabet="<>/a='\" hreflinktype:rsfed", max_size=200))
    def test_no_page_makes_it_raise(self, words: str) -> None:
        found(words, words)


def test_well_known_addresses_leave_room_for_the_page_itself() -> None:
    urls = well_known("https://news.example/a/list.html?x=1")
    assert urls[0] == "https://news.example/feed"
    assert len(urls) < MAX_REQUESTS


class Site:
    """Pages by path; remembers what was asked for."""

    def __init__(self, pages: dict[str, str | int]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        words = self.pages.get(request.path, 404)
        if isinstance(words, int):
            return web.Response(status=words)
        kind = "text/html" if "<html" in words else "application/xml"
        return web.Response(text=words, content_type=kind)


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(user_agent="test", allow_private_networks=True, total_timeout_s=5) as one:
        yield one


@pytest.fixture
async def parsers() -> AsyncIterator[ParserPool]:
    pool = Parsers()
    yield pool
    await pool.close()


class TestSearch:
    @pytest.fixture(autouse=True)
    def _parts(self, serve: Serve, fetcher: Fetcher, parsers: ParserPool) -> None:
        self.serve, self.fetcher, self.parsers = serve, fetcher, parsers

    async def search(self, site: Site, path: str = "/") -> Discovery:
        self.base = await self.serve(site.answer)
        definition = SourceDefinition(key="s", url=self.base + path, name="s", time_zone="Asia/Tokyo")
        return await find_feeds(self.fetcher, self.parsers, definition, NOON)

    def paths(self, result: Discovery) -> list[str]:
        return [feed.url.removeprefix(self.base) for feed in result.feeds]

    async def test_an_address_that_is_a_feed_is_the_answer_with_one_request(self) -> None:
        site = Site({"/": RSS.format(title="News")})
        result = await self.search(site)
        assert (self.paths(result), result.feeds[0].title, result.feeds[0].how) == (["/"], "News", "itself")
        assert site.asked == ["/"]

    async def test_the_feeds_that_a_page_names_are_read_and_the_dead_ones_left_out(self) -> None:
        head = link("/gone") + link("/b.xml") + link("/c.json", "application/feed+json") + link("/b-again.xml")
        feed = RSS.format(title="B")
        site = Site({"/": f"<html><head>{head}</head></html>", "/b.xml": feed, "/b-again.xml": feed, "/c.json": JSON})
        result = await self.search(site)
        assert self.paths(result) == ["/b.xml", "/c.json"]
        assert [feed.title for feed in result.feeds] == ["B", "As JSON"]
        assert result.feeds[0].how == "named by the page"

    async def test_a_page_about_the_feeds_is_read_one_step_further(self) -> None:
        about = "<html><body><h1>RSS</h1><a href='/data/news.rdf'>新着情報</a></body></html>"
        front = "<html><body><a href='/rss.html'>RSS配信について</a></body></html>"
        site = Site({"/": front, "/rss.html": about, "/data/news.rdf": RSS.format(title="新着")})
        assert self.paths(await self.search(site)) == ["/data/news.rdf"]

    async def test_without_any_hint_well_known_addresses_are_tried(self) -> None:
        soft_404 = "<html><body>not here</body></html>"
        site = Site({"/news/": "<html><body>hi</body></html>", "/feed": soft_404, "/atom.xml": RSS.format(title="A")})
        result = await self.search(site, "/news/")
        assert (self.paths(result), result.feeds[0].how) == (["/atom.xml"], "well-known address")
        assert site.asked == ["/news/", "/feed", "/rss.xml", "/atom.xml"]

    @pytest.mark.parametrize(
        "title", ["Blog » Comments Feed", "Kommentar-Feed", "Flux des commentaires", "コメントフィード"]
    )
    async def test_a_feed_of_comments_is_found_only_where_there_is_no_other(self, title: str) -> None:
        named = link("/said.xml").replace("<link ", f"<link title='{title}' ")
        head, feed = f"<html><head>{named}</head></html>", RSS.format(title=title)
        alone = await self.search(Site({"/": head, "/said.xml": feed}))
        assert self.paths(alone) == ["/said.xml"]
        site = Site({"/": head, "/said.xml": feed, "/feed": RSS.format(title="News")})
        assert self.paths(await self.search(site)) == ["/feed"]

    async def test_a_feed_that_says_itself_that_it_holds_comments_is_no_feed_of_news(self) -> None:
        said = RSS.format(title="Comments on: A headline")
        site = Site({"/": f"<html>{link('/a/feed')}</html>", "/a/feed": said, "/feed": RSS.format(title="News")})
        assert self.paths(await self.search(site)) == ["/feed"]

    async def test_a_section_of_commentary_is_news(self) -> None:
        site = Site({"/": f"<html>{link('/commentary.xml')}</html>", "/commentary.xml": RSS.format(title="Commentary")})
        assert self.paths(await self.search(site)) == ["/commentary.xml"]

    async def test_a_page_without_any_feed_gets_rules(self) -> None:
        site = Site({"/": page(SHAPES["ul and li"])})
        result = await self.search(site)
        assert result.feeds == ()
        assert [entry.title for entry in result.proposals[0].entries] == HEADLINES
        assert len(site.asked) <= MAX_REQUESTS

    async def test_no_search_takes_more_than_ten_requests(self) -> None:
        site = Site({"/": "<html>" + "".join(link(f"/{n}.xml") for n in range(50)) + "</html>"})
        result = await self.search(site)
        assert result.failure is not None
        assert result.failure.kind is FailureKind.NOT_A_FEED
        assert len(site.asked) == MAX_REQUESTS

    async def test_a_site_that_asks_for_fewer_requests_gets_no_more(self) -> None:
        site = Site({"/": f"<html>{link('/a')}{link('/b')}</html>", "/a": 429})
        await self.search(site)
        assert site.asked == ["/", "/a"]

    async def test_a_dead_address_says_so(self) -> None:
        result = await self.search(Site({}))
        assert result.failure is not None
        assert result.failure.kind is FailureKind.NOT_FOUND

    async def test_a_broken_feed_says_so_and_is_not_taken_for_a_page(self) -> None:
        site = Site({"/": "<rss version='2.0'><channel"})
        result = await self.search(site)
        assert site.asked == ["/"]
        assert result.failure is not None
        assert result.failure.kind is FailureKind.BROKEN

    async def test_rules_can_be_asked_for_though_the_page_has_a_feed(self) -> None:
        html = page(SHAPES["cards"]).replace("<head>", "<head>" + link("/feed"))
        base = await self.serve(Site({"/": html}).answer)
        definition = SourceDefinition(key="s", url=base, name="s", time_zone="Asia/Tokyo")
        result = await propose_rules(self.fetcher, self.parsers, definition, NOON)
        assert result.proposals[0].rules.item == "article.card"


def test_a_page_too_deep_to_be_read_names_no_feed() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/f">'
    assert len(found(link)) == 1
    assert found(link, "<i>" * 30_000) == ()
