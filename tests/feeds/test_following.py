"""Documents that belong to one source: further pages of a list, sitemaps of an index. With real sockets and parsers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from feeds.collect.fetch import Fetcher
from feeds.collect.follow import MAX_PAGES
from feeds.ingest import Ingest, PollPolicy, PollReport
from storage import filters, news, sources
from storage.model import PageRules, SourceKind
from tests.support.archives import new_archive
from tests.support.build import definition
from tests.support.parsing import Parsers

RULES = PageRules(item="li", include=r"/a/\d+", article="p", next_page="a.next")


@dataclass
class Site:
    """A site whose list of news goes over several pages, the newest first; each page holds three."""

    shell: Ingest
    base: str = ""
    numbers: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    pinned: str = ""  #: stands at the top of every page
    one_title: bool = False  #: whether all pages have the title of the site
    files: dict[str, bytes] = field(default_factory=dict)
    passed: list[timedelta] = field(default_factory=list)  #: since the test began
    broken: set[str] = field(default_factory=set)
    documents: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path_qs
        self.asked.append(path)
        if path in self.broken:
            return web.Response(status=503)
        if request.path == "/list":
            return web.Response(text=self._page(int(request.query.get("page", "1"))), content_type="text/html")
        if request.path in self.documents:
            return web.Response(text=self.documents[request.path], content_type="application/xml")
        if request.path in self.files:
            return web.Response(body=self.files[request.path], content_type="text/html")
        title = "News of the site" if self.one_title else "An article"
        return web.Response(text=f"<title>{title}</title><p>The text of an article.</p>", content_type="text/html")

    def _page(self, page: int) -> str:
        newest = sorted(self.numbers, reverse=True)
        rows = "".join(f'<li><a href="/a/{n}">Headline number {n}</a></li>' for n in newest[3 * page - 3 : 3 * page])
        onward = f'<a class="next" href="/list?page={page + 1}">older</a>'
        return f"<title>News of the site</title><ul>{self.pinned}{rows}</ul>{onward}"

    @property
    def pages(self) -> list[str]:
        """The pages of the list that were asked for since the last look."""
        found = [path.removeprefix("/list").removeprefix("?page=") or "1" for path in self.asked if "/list" in path]
        self.asked.clear()
        return found

    async def poll(self) -> PollReport:
        source = self.shell.database.read(lambda c: sources.find(c, "site"))
        return await self.shell.poll(source)

    def add(self, path: str, **fields: object) -> None:
        about = definition("site", url=self.base + path, **fields)
        self.shell.database.write(lambda c: sources.add(c, about, datetime.now(UTC)))

    @property
    def titles(self) -> list[str]:
        return sorted(item.report.title for item in self.shell.database.read(lambda c: news.latest_items(c, limit=200)))


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = new_archive(tmp_path / "kaigi.db")
    database.write(filters.ensure_built_in)
    parsers = Parsers()
    fetcher = Fetcher(user_agent="Kaigi tests", allow_private_networks=True)
    async with fetcher:
        passed: list[timedelta] = []
        site = Site(
            Ingest(
                database=database,
                fetcher=fetcher,
                parsers=parsers,
                policy=PollPolicy(),
                clock=lambda: datetime.now(UTC) + sum(passed, timedelta()),
            ),
            passed=passed,
        )
        app = web.Application()
        app.router.add_get("/{path:.*}", site.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield site
    await parsers.close()
    await runner.cleanup()
    database.close()


class TestPages:
    async def test_the_first_poll_goes_through_five_pages_and_no_more(self, site: Site) -> None:
        site.numbers = list(range(100))
        site.add("/list", kind=SourceKind.PAGE, rules=RULES)
        assert (await site.poll()).new == 3 * MAX_PAGES
        assert site.pages == ["1", "2", "3", "4", "5"]

    async def test_later_polls_go_on_only_when_the_whole_first_page_is_new(self, site: Site) -> None:
        site.numbers = list(range(6))
        site.add("/list", kind=SourceKind.PAGE, rules=RULES)
        await site.poll()
        assert site.pages == ["1", "2", "3"]  # the third is empty
        site.numbers += [6, 7]
        assert (await site.poll()).new == 2
        assert site.pages == ["1"]
        site.numbers += [8, 9, 10, 11]
        assert (await site.poll()).new == 4
        assert site.pages[:2] == ["1", "2"]

    async def test_an_entry_that_is_pinned_to_the_top_does_not_hide_the_next_page(self, site: Site) -> None:
        site.numbers = list(range(6))
        site.pinned = '<li><a href="/a/1000">Headline number 1000</a></li>'
        site.add("/list", kind=SourceKind.PAGE, rules=RULES)
        await site.poll()
        site.numbers += [6, 7, 8, 9, 10]
        assert (await site.poll()).new == 5

    async def test_a_further_page_that_cannot_be_had_is_asked_for_again(self, site: Site) -> None:
        site.numbers = list(range(3))
        site.add("/list", kind=SourceKind.PAGE, rules=RULES)
        await site.poll()
        site.numbers += [3, 4, 5, 6]
        site.broken.add("/list?page=2")
        assert (await site.poll()).new == 3
        site.broken.clear()
        assert (await site.poll()).new == 1

    async def test_without_a_rule_the_list_has_one_page(self, site: Site) -> None:
        site.numbers = list(range(10))
        site.add("/list", kind=SourceKind.PAGE, rules=PageRules(item="li", article="p"))
        assert (await site.poll()).new == 3
        assert site.pages == ["1"]


class TestArticles:
    async def test_an_article_that_cannot_be_read_for_hours_is_taken_in_with_its_headline(self, site: Site) -> None:
        site.numbers = [1]
        site.add("/list", kind=SourceKind.PAGE, rules=RULES)
        await site.poll()
        site.numbers += [2, 3]
        site.broken.add("/a/2")
        assert [(await site.poll()).new for _ in range(3)] == [1, 0, 0]
        site.passed.append(timedelta(hours=2))
        assert (await site.poll()).new == 1
        assert (await site.poll()).status == "unchanged"
        assert "Headline number 2" in site.titles

    async def test_the_title_that_all_pages_share_is_nobodys_headline(self, site: Site) -> None:
        site.numbers, site.one_title = [1, 2], True
        site.add("/list", kind=SourceKind.PAGE, rules=RULES)
        await site.poll()
        assert site.titles == ["Headline number 1", "Headline number 2"]

    async def test_a_headline_that_leads_to_a_file_keeps_no_rubbish_as_its_text(self, site: Site) -> None:
        site.numbers, site.files = [1], {"/a/1": b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj stream \xff\xfe\x00 end"}
        site.add("/list", kind=SourceKind.PAGE, rules=replace(RULES, article=""))
        await site.poll()
        (item,) = site.shell.database.read(lambda c: news.latest_items(c, limit=9))
        assert (item.report.title, item.text) == ("Headline number 1", "")


def urlset(base: str, *numbers: int) -> str:
    urls = "".join(f"<url><loc>{base}/news/headline-{n}</loc></url>" for n in numbers)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'


def index(base: str, *names: str) -> str:
    named = "".join(f"<sitemap><loc>{base}/{name}.xml</loc><lastmod>2025-11-0{9 - place}</lastmod></sitemap>"
                    for place, name in enumerate(names))  # fmt: skip
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{named}</sitemapindex>'


class TestSitemaps:
    async def test_the_newest_sitemaps_of_an_index_are_read_as_one_source(self, site: Site) -> None:
        site.documents["/index.xml"] = index(site.base, "a", "b", "c", "d")
        site.documents |= {f"/{name}.xml": urlset(site.base, n, 9) for n, name in enumerate("abcd")}
        site.add("/index.xml")
        report = await site.poll()
        assert report.failure is None
        assert site.titles == ["headline 0", "headline 1", "headline 2", "headline 9"]
        assert "/d.xml" not in site.asked

    async def test_news_in_a_sitemap_is_found_although_the_index_stays_the_same(self, site: Site) -> None:
        site.documents = {"/index.xml": index(site.base, "a"), "/a.xml": urlset(site.base, 1)}
        site.add("/index.xml")
        await site.poll()
        assert (await site.poll()).status == "unchanged"
        site.documents["/a.xml"] = urlset(site.base, 1, 2)
        assert (await site.poll()).new == 1

    async def test_one_sitemap_that_is_down_does_not_cost_the_others(self, site: Site) -> None:
        site.documents["/index.xml"] = index(site.base, "a", "b")
        site.documents |= {"/a.xml": urlset(site.base, 1), "/b.xml": urlset(site.base, 2)}
        site.broken.add("/a.xml")
        site.add("/index.xml")
        assert (await site.poll()).new == 1
        site.broken.clear()
        assert (await site.poll()).new == 1

    async def test_when_all_are_down_the_source_fails(self, site: Site) -> None:
        site.documents["/index.xml"] = index(site.base, "a")
        site.broken.add("/a.xml")
        site.add("/index.xml")
        report = await site.poll()
        assert report.failure is not None
        assert report.failure.kind == "server_error"

    async def test_an_index_of_indexes_is_followed_no_further(self, site: Site) -> None:
        site.documents["/index.xml"] = index(site.base, "index")
        site.add("/index.xml")
        report = await site.poll()
        assert (report.seen, site.asked.count("/index.xml")) == (0, 2)
