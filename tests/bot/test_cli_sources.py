"""`kaigi sources` with any address, with headers and cookies, and with OPML."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.adding import new_definition
from feeds.collect.catalogue import SourcesFileError, load_sources
from feeds.collect.opml import read_opml
from storage.model import PageRules
from tests.support.commanding import NOWHERE, entry, sources_file
from tests.support.commands import kaigi


@pytest.mark.usefixtures("parsed_here")
class TestAskedWith:
    """Headers, cookies and TLS options of one source."""

    SECRETS = ("--header", "Authorization: Bearer s3cret-word", "--cookie", "session=s3cret-word", "--no-verify")

    def test_they_are_listed_by_name_and_never_by_value(self, tmp_path: Path) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        words = ("sources", "add", "https://a.example/feed", "--kind", "feed", *self.SECRETS)
        added = kaigi(*words, folder=tmp_path, **chosen)
        table = kaigi("sources", "list", folder=tmp_path, **chosen)
        lines = kaigi("sources", "list", "--json", folder=tmp_path, **chosen)
        exported = kaigi("sources", "export", folder=tmp_path, **chosen)
        assert added.returncode == 0
        assert "TLS not verified, cookie, Authorization" in table.stdout
        source = next(one for one in map(json.loads, lines.stdout.splitlines()) if one["key"] == "a-example")
        assert (source["verify"], source["cookie"], source["headers"]) == (False, True, ["Authorization"])
        for done in (added, table, lines, exported):
            assert "s3cret-word" not in done.stdout + done.stderr

    async def test_a_poll_uses_them_and_a_source_s_failure_does_not_tell_them(self, tmp_path: Path) -> None:
        seen: list[tuple[str | None, str | None]] = []

        async def answer(request: web.Request) -> web.Response:
            seen.append((request.headers.get("Authorization"), request.headers.get("Cookie")))
            return web.Response(status=403, text=str(seen[-1]))

        async with _site(answer) as base:
            chosen = sources_file(tmp_path, NOWHERE)
            words = ("sources", "add", f"{base}/feed", "--kind", "feed", "--key", "a", *self.SECRETS)
            await asyncio.to_thread(kaigi, *words, folder=tmp_path, **chosen)
            done = await asyncio.to_thread(kaigi, "poll", "a", folder=tmp_path, **chosen)
        assert seen == [("Bearer s3cret-word", "session=s3cret-word")]
        assert (done.returncode, "s3cret-word" in done.stdout + done.stderr) == (1, False)

    def test_a_file_may_hold_them(self, tmp_path: Path) -> None:
        (tmp_path / "headers").write_text("X-One: 1\nX-Two: 2\n")
        (tmp_path / "cookie").write_text("a=b\n")
        chosen = sources_file(tmp_path, NOWHERE)
        words = ("--kind", "feed", "--header", "@headers", "--cookie", "@cookie")
        assert kaigi("sources", "add", "https://a.example/feed", *words, folder=tmp_path, **chosen).returncode == 0
        assert "cookie, X-One, X-Two" in kaigi("sources", "list", folder=tmp_path, **chosen).stdout

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("--header", "Host: other.example"), "'Host' is Kaigi's own"),
            (("--header", "no colon"), "Name: value"),
            (("--cookie", "@nowhere"), "nowhere cannot be read"),
        ],
    )
    def test_what_cannot_be_sent_is_told_in_one_line(self, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
        done = kaigi(
            "sources", "add", "https://a.example/feed", *words, folder=tmp_path, **sources_file(tmp_path, NOWHERE)
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert told in done.stderr

    async def test_a_feed_on_another_host_does_not_get_them_and_that_is_said(self, tmp_path: Path) -> None:
        seen: list[str | None] = []

        async def feed(request: web.Request) -> web.Response:
            seen.append(request.headers.get("Cookie"))
            return web.Response(text=Front().feed(), content_type="text/xml")

        async with _site(feed) as other:

            async def front(_: web.Request) -> web.Response:
                link = f'<link rel="alternate" type="application/rss+xml" href="{other}/rss.xml">'
                return web.Response(text=f"<html><head>{link}</head></html>", content_type="text/html")

            async with _site(front) as base:
                chosen = sources_file(tmp_path, NOWHERE)
                words = ("sources", "add", base, "--key", "m", "--cookie", "session=s3cret-word")
                done = await asyncio.to_thread(kaigi, *words, folder=tmp_path, **chosen)
        assert (done.returncode, "another host" in done.stderr) == (0, True)
        assert set(seen) == {None}
        assert "cookie" not in kaigi("sources", "list", folder=tmp_path, **chosen).stdout


TEXT = "The ministers of defence met in Tokyo on Thursday and agreed to work together on the security of the sea."


class Front:
    """A site with a page that names a feed, the feed, and a list of news without one."""

    HEADLINES = tuple(f"Defence ministers of country {n} and country {n + 1} meet in Tokyo" for n in range(6))

    async def answer(self, request: web.Request) -> web.Response:
        pages = {"/": self.front, "/rss/news.xml": self.feed, "/list.html": self.news, "/robots.txt": self.robots}
        if request.path.startswith("/docs/"):
            return web.Response(text=f"<title>All news</title><p>{TEXT}</p>", content_type="text/html")
        if request.path not in pages:
            return web.Response(status=404)
        words = pages[request.path]()
        return web.Response(text=words, content_type="text/xml" if words.startswith("<rss") else "text/html")

    def robots(self) -> str:
        return ""

    def front(self) -> str:
        return '<html><head><link rel="alternate" type="application/rss+xml" href="/rss/news.xml"></head></html>'

    def feed(self) -> str:
        items = "".join(
            f"<item><title>{title}</title><link>/{n}</link></item>" for n, title in enumerate(self.HEADLINES)
        )
        return f"<rss version='2.0'><channel><title>Ministry</title><link>/</link>{items}</channel></rss>"

    def news(self) -> str:
        rows = "".join(
            f"<tr><td>{n + 1} November 2025</td><td><a href='/docs/{n}.html'>{title}</a></td></tr>"
            for n, title in enumerate(self.HEADLINES)
        )
        return f"<html><head><title>All news</title></head><body><table class='news'>{rows}</table></body></html>"


@asynccontextmanager
async def _site(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """The address of a site that answers like this."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def front() -> AsyncIterator[str]:
    """The address of that site."""
    async with _site(Front().answer) as address:
        yield address


@pytest.mark.usefixtures("parsed_here")
class TestAnyAddress:
    async def test_a_page_s_feed_is_found_previewed_and_nothing_is_kept(self, tmp_path: Path, front: str) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        done = await asyncio.to_thread(kaigi, "sources", "check", front, folder=tmp_path, **chosen)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"Found: {front}/rss/news.xml (feed, named by the page)" in done.stdout
        assert "Ministry: 6 entries" in done.stdout
        assert not (tmp_path / "data").exists()

    async def test_a_page_without_a_feed_gets_rules_that_can_be_pasted(self, tmp_path: Path, front: str) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        words = ("sources", "check", f"{front}/list.html", "--limit", "2")
        done = await asyncio.to_thread(kaigi, *words, folder=tmp_path, **chosen)
        table = done.stdout[done.stdout.index("[[source]]") :]
        (pasted,) = load_sources(table)
        assert (pasted.kind, pasted.name, pasted.rules) == ("page", "All news", PageRules(item="table.news tr"))
        as_json = await asyncio.to_thread(kaigi, *words, "--json", folder=tmp_path, **chosen)
        answer = json.loads(as_json.stdout)
        assert answer["rules"] == {"item": "table.news tr"}
        assert [entry["title"] for entry in answer["preview"]] == list(Front.HEADLINES[:2])
        assert answer["preview"][0]["characters"] == len(TEXT)
        assert answer["preview"][0]["published_at"] == "2025-11-01T00:00:00+00:00"
        assert load_sources(answer["toml"]) == (pasted,)

    async def test_what_robots_txt_forbids_is_told_by_a_check_and_not_only_by_the_first_poll(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, front: str
    ) -> None:
        monkeypatch.setattr(Front, "robots", lambda _: "User-agent: *\nDisallow: /list")
        chosen = sources_file(tmp_path, NOWHERE)
        for words in (("check",), ("check", "--kind", "page"), ("add",)):
            done = await asyncio.to_thread(kaigi, "sources", *words, f"{front}/list.html", folder=tmp_path, **chosen)
            assert (done.returncode, "robots.txt of 127.0.0.1 does not allow" in done.stderr) == (1, True)
        as_page = ("add", f"{front}/list.html", "--kind", "page", "--key", "p")
        done = await asyncio.to_thread(kaigi, "sources", *as_page, folder=tmp_path, **chosen)
        assert (done.returncode, "unchecked. robots.txt" in done.stderr) == (0, True)

    async def test_a_feed_that_the_page_does_not_name_is_said_to_be_a_guess(self, tmp_path: Path) -> None:
        async def answer(request: web.Request) -> web.Response:
            words = Front().feed() if request.path == "/feed" else Front().news()
            return web.Response(text=words, content_type="text/xml" if request.path == "/feed" else "text/html")

        async with _site(answer) as base:
            chosen = sources_file(tmp_path, NOWHERE)
            for command in ("check", "add"):
                done = await asyncio.to_thread(kaigi, "sources", command, f"{base}/list", folder=tmp_path, **chosen)
                assert (done.returncode, "--kind page reads the page itself" in done.stdout) == (0, True)

    def test_an_address_may_be_written_as_in_a_browser(self) -> None:
        assert new_definition("www.ministry.example/news?a=1").url == "https://www.ministry.example/news?a=1"
        assert new_definition("防衛.example:8080").url == "https://防衛.example:8080"
        for word in ("ministry", "ftp://ministry.example/", "mailto:a@b.example"):
            with pytest.raises(SourcesFileError):
                new_definition(word)

    async def test_an_address_written_another_way_is_known(self, tmp_path: Path) -> None:
        chosen = sources_file(tmp_path, entry("one", "https://one.example/feed"))
        done = await asyncio.to_thread(kaigi, "sources", "add", "http://ONE.example/feed", folder=tmp_path, **chosen)
        assert (done.returncode, "There is a source already: one" in done.stderr) == (1, True)

    async def test_adding_a_page_adds_its_feed_and_says_so(self, tmp_path: Path, front: str) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        done = await asyncio.to_thread(kaigi, "sources", "add", front, "--key", "m", folder=tmp_path, **chosen)
        assert done.stdout == f"Added m: {front}/rss/news.xml\nThe page's feed (named by the page), 6 entries.\n"
        again = await asyncio.to_thread(kaigi, "sources", "add", front, "--key", "n", folder=tmp_path, **chosen)
        assert (again.returncode, "already" in again.stderr) == (1, True)

    async def test_adding_as_a_page_keeps_the_proposed_rules(self, tmp_path: Path, front: str) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        words = ("sources", "add", f"{front}/list.html", "--kind", "page", "--name", "Ours")
        assert (await asyncio.to_thread(kaigi, *words, folder=tmp_path, **chosen)).returncode == 0
        exported = await asyncio.to_thread(kaigi, "sources", "export", folder=tmp_path, **chosen)
        (page,) = (one for one in read_opml(exported.stdout.encode())[0] if one.kind == "page")
        assert (page.name, page.rules) == ("Ours", PageRules(item="table.news tr"))

    async def test_an_address_with_nothing_to_read_is_refused_in_one_line(self, tmp_path: Path, front: str) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        for command in ("check", "add"):
            done = await asyncio.to_thread(kaigi, "sources", command, f"{front}/gone", folder=tmp_path, **chosen)
            assert (done.returncode, done.stderr.count("\n")) == (1, 1)
            assert "404" in done.stderr


class TestOpml:
    def test_a_list_goes_out_and_comes_back_elsewhere_once(self, tmp_path: Path) -> None:
        here, there = tmp_path / "here", tmp_path / "there"
        here.mkdir()
        there.mkdir()
        file = tmp_path / "list.opml"
        two = (entry("one", "https://one.example/feed", country="JP"), entry("two", "https://two.example/feed"))
        done = kaigi("sources", "export", "--output", str(file), folder=here, **sources_file(here, *two))
        assert done.stdout == f"Wrote 2 sources to {file}.\n"
        chosen = sources_file(there, two[1])
        first = kaigi("sources", "import", str(file), folder=there, **chosen)
        assert first.stdout == "Added one.\n1 added, 1 known already, 0 refused.\n"
        second = kaigi("sources", "import", str(file), folder=there, **chosen)
        assert second.stdout == "0 added, 2 known already, 0 refused.\n"
        listed = kaigi("sources", "list", "--json", folder=there, **chosen).stdout.splitlines()
        assert {one["key"]: one["country"] for one in map(json.loads, listed)} == {"one": "JP", "two": None}

    def test_what_is_refused_is_told_with_its_reason_and_costs_no_other(self, tmp_path: Path) -> None:
        file = tmp_path / "list.opml"
        file.write_text(
            '<opml version="2.0"><body><outline text="Mail" xmlUrl="mailto:a@b"/>'
            '<outline text="Good" xmlUrl="https://good.example/feed"/></body></opml>'
        )
        done = kaigi("sources", "import", str(file), folder=tmp_path, **sources_file(tmp_path, NOWHERE))
        assert (done.returncode, done.stdout) == (0, "Added good-example.\n1 added, 0 known already, 1 refused.\n")
        assert done.stderr.startswith("Refused Mail (mailto:a@b): ")

    @pytest.mark.parametrize("words", ["<html>no list</html>", None], ids=["not OPML", "no file"])
    def test_a_file_that_cannot_be_read_is_one_line(self, tmp_path: Path, words: str | None) -> None:
        file = tmp_path / "list.opml"
        if words is not None:
            file.write_text(words)
        done = kaigi("sources", "import", str(file), folder=tmp_path, **sources_file(tmp_path, NOWHERE))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
