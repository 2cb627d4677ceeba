"""What a person sees who types something wrong, or something right: one clear line, and an exit code that tells."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
from aiohttp import web

from feeds.collect.catalogue import load_sources
from feeds.collect.opml import read_opml
from feeds.newsroom import Newsroom
from storage.model import PageRules
from tests.support.commands import kaigi
from tests.support.parsing import Parsers
from tests.support.running import environment, free_port, kaigi_process, running
from tests.support.web import get


def sources_file(folder: Path, *entries: str) -> dict[str, str]:
    """A sources file with these entries, as settings."""
    file = folder / "my-sources.toml"
    file.write_text("\n".join(entries), encoding="utf-8")
    return {"KAIGI_SOURCES_FILE": str(file), "KAIGI_FETCH__ALLOW_PRIVATE_NETWORKS": "true"}


def entry(key: str, url: str, **fields: str) -> str:
    words = {"key": key, "url": url, "name": key, "kind": "feed", "trust": "press", **fields}
    return "[[source]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in words.items())


NOWHERE = entry("nowhere", "http://127.0.0.1:9/feed.xml")


@pytest.fixture
def parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands parse in this process; TestPoll shows that they do in others."""
    for module in ("checking", "collecting"):
        monkeypatch.setattr(f"bot.{module}.parser_pool", lambda *_settings, **_processes: Parsers())


class TestProcess:
    """What only a process of its own can show."""

    def test_an_expected_failure_is_one_line_on_standard_error_and_no_traceback(self, tmp_path: Path) -> None:
        done = kaigi_process("run", folder=tmp_path, KAIGI_WEB__PROT="1")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("kaigi: KAIGI_WEB__PROT is not a setting.")

    def test_what_was_asked_for_is_on_standard_output_in_utf_8(self, tmp_path: Path) -> None:
        named = sources_file(tmp_path, entry("a", "http://127.0.0.1:9/", name="防衛省"))
        done = kaigi_process("sources", "list", folder=tmp_path, PYTHONIOENCODING="utf-8", **named)
        assert (done.returncode, "防衛省" in done.stdout, done.stderr) == (0, True, "")

    def test_the_version_is_told(self, tmp_path: Path) -> None:
        done = kaigi_process("--version", folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, f"kaigi {version('kaigi')}\n")

    @pytest.mark.parametrize(
        ("words", "unneeded"),
        [
            (("--version",), {"asyncio", "pydantic", "rich", "sqlalchemy", "storage.model"}),
            (("run", "--config", "gone.toml"), {"aiohttp", "sqlalchemy", "feeds", "rich", "telegram"}),
            (("sources", "list"), {"aiohttp", "babel", "feedparser", "lark", "feeds.understand", "feeds.work"}),
        ],
        ids=["version", "wrong setting", "list of sources"],
    )
    def test_a_command_loads_only_what_it_needs(
        self, tmp_path: Path, words: tuple[str, ...], unneeded: set[str]
    ) -> None:
        kaigi("db", "upgrade", folder=tmp_path)  # so that there is no migration to run
        script = "import sys; from bot import cli\ntry: cli.main()\nfinally: print('\\n', *sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", script, *words],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        loaded = done.stdout.splitlines()[-1].split()
        assert "bot.cli" in loaded
        assert unneeded.intersection(loaded) == set()


class TestMisuse:
    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"KAIGI_WEB__PROT": "1"}, "Did you mean KAIGI_WEB__PORT?"),
            ({"KAIGI_POLL__DEFAULT_INTERVAL": "ten minutes"}, "write a duration such as"),
            ({"KAIGI_TELEGRAM__TOKEN": "secret"}, "@BotFather"),
            ({"KAIGI_TELEGRAM__TOKEN_FILE": "/nowhere/token"}, "cannot be read"),
            ({"KAIGI_TIME_ZONE": "Tokyo"}, "IANA time zone"),
        ],
        ids=["unknown setting", "wrong duration", "wrong token", "missing secret file", "wrong zone"],
    )
    def test_a_wrong_setting_is_one_line_with_advice_and_exit_code_2(
        self, tmp_path: Path, settings: dict[str, str], words: str
    ) -> None:
        done = kaigi("run", folder=tmp_path, **settings)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert words in done.stderr
        assert "secret" not in done.stderr

    def test_an_unknown_setting_in_the_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "kaigi.toml").write_text("[web]\nprt = 1\n")
        done = kaigi("sources", "list", folder=tmp_path)
        assert (done.returncode, "Did you mean web.port?" in done.stderr) == (2, True)

    def test_a_settings_file_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        done = kaigi("run", "--config", "other.toml", folder=tmp_path)
        assert (done.returncode, "other.toml" in done.stderr) == (2, True)

    def test_an_unknown_command_ends_with_2(self, tmp_path: Path) -> None:
        assert kaigi("meet", folder=tmp_path).returncode == 2

    def test_an_unknown_source_is_told_with_the_way_to_the_right_one(self, tmp_path: Path) -> None:
        done = kaigi("poll", "nobody", folder=tmp_path)
        assert (done.returncode, "kaigi sources list" in done.stderr) == (1, True)

    def test_a_wrong_sources_file_names_entry_and_field(self, tmp_path: Path) -> None:
        done = kaigi("sources", "list", folder=tmp_path, **sources_file(tmp_path, entry("a", "ftp://x")))
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "url" in done.stderr


class TestRun:
    def test_a_port_in_use_is_told_with_the_setting_to_change(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            done = kaigi("run", folder=tmp_path, KAIGI_WEB__PORT=port)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "KAIGI_WEB__PORT" in done.stderr

    def test_a_data_folder_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "data").touch()
        done = kaigi("run", folder=tmp_path, KAIGI_WEB__PORT=str(free_port()))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "data folder" in done.stderr

    def test_without_network_sources_fail_one_by_one_and_page_and_feeds_answer(self, tmp_path: Path) -> None:
        port = free_port()
        with running(tmp_path, "run", KAIGI_WEB__PORT=str(port), **sources_file(tmp_path, NOWHERE)) as service:
            service.wait_for(lambda: "kind=refused" in service.err.read_text(), "the failure in the log")
            address = f"http://127.0.0.1:{port}"
            for path in ("/", "/feeds/ministerial-meetings.atom", "/feeds/everything.atom", "/healthz", "/readyz"):
                assert get(address + path).status == 200
            assert service.stop() == 0

    def test_it_stops_within_ten_seconds_though_a_source_drips(self, tmp_path: Path) -> None:
        with socket.socket() as silent:  # takes connections and never says a word
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/feed.xml"
            chosen = sources_file(tmp_path, entry("silent", url))
            with running(tmp_path, "run", KAIGI_WEB__PORT=str(free_port()), **chosen) as service:
                service.wait_for(lambda: "Kaigi is running" in service.err.read_text(), "the start")
                assert service.stop(timeout_s=10) == 0


class TestPoll:
    async def test_a_bad_source_is_told_in_one_line_and_harms_no_other(self, tmp_path: Path) -> None:
        async with Newsroom() as newsroom:
            good, bad = (d for d in newsroom.definitions() if d.key in ("demo-wire-en", "demo-ministry-ja"))
            newsroom.break_source(bad.key, 404)
            chosen = sources_file(tmp_path, entry("good", good.url), entry("bad", bad.url))
            done = await asyncio.to_thread(kaigi, "poll", "--json", folder=tmp_path, **chosen)
        reports = {report["source"]: report for report in map(json.loads, done.stdout.splitlines())}
        assert (done.returncode, reports["good"]["status"]) == (1, "changed")
        assert reports["bad"]["error"]["kind"] == "not_found"
        assert reports["bad"]["error"]["message"].count("\n") == 0

    async def test_the_table_shows_each_source_and_the_second_poll_finds_nothing_new(self, tmp_path: Path) -> None:
        async with Newsroom() as newsroom:
            newsroom.publish_all()  # else an article appears between the two polls on a slow machine
            (wire,) = (d for d in newsroom.definitions() if d.key == "demo-wire-en")
            chosen = sources_file(tmp_path, entry("wire", wire.url))
            first = await asyncio.to_thread(kaigi, "poll", folder=tmp_path, **chosen)
            second = await asyncio.to_thread(kaigi, "poll", folder=tmp_path, **chosen)
            assert newsroom.requests[-1].status == 304
        assert "changed" in first.stdout
        assert "unchanged" in second.stdout
        assert (first.returncode, second.returncode) == (0, 0)


class TestSources:
    def test_a_source_is_added_listed_paused_resumed_and_removed(self, tmp_path: Path) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        url = "https://www.example.org/news/feed.xml"
        assert kaigi("sources", "add", url, "--country", "JP", folder=tmp_path, **chosen).returncode == 0
        assert kaigi("sources", "pause", "example-org", folder=tmp_path, **chosen).returncode == 0
        listed = kaigi("sources", "list", "--json", folder=tmp_path, **chosen).stdout.splitlines()
        states = {source["key"]: (source["state"], source["country"]) for source in map(json.loads, listed)}
        assert states == {"nowhere": ("new", None), "example-org": ("paused", "JP")}
        assert kaigi("sources", "resume", "example-org", folder=tmp_path, **chosen).returncode == 0
        assert kaigi("sources", "remove", url, folder=tmp_path, **chosen).returncode == 0
        assert "example-org" not in kaigi("sources", "list", folder=tmp_path, **chosen).stdout

    def test_adding_a_source_twice_is_told(self, tmp_path: Path) -> None:
        chosen = sources_file(tmp_path, NOWHERE)
        for code in (0, 1):
            done = kaigi("sources", "add", "https://a.example/feed", folder=tmp_path, **chosen)
            assert done.returncode == code
        assert "already" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_the_bundled_sources_load_and_most_newsrooms_are_known(self, tmp_path: Path) -> None:
        listed = [json.loads(line) for line in kaigi("sources", "list", "--json", folder=tmp_path).stdout.splitlines()]
        assert len(listed) >= 25
        assert {source["kind"] for source in listed} == {"feed", "page"}


@pytest.mark.usefixtures("parsers")
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


class Front:
    """A site with a page that names a feed, the feed, and a list of news without one."""

    HEADLINES = tuple(f"Defence ministers of country {n} and country {n + 1} meet in Tokyo" for n in range(6))

    async def answer(self, request: web.Request) -> web.Response:
        pages = {"/": self.front, "/rss/news.xml": self.feed, "/list.html": self.news}
        if request.path not in pages:
            return web.Response(status=404)
        words = pages[request.path]()
        return web.Response(text=words, content_type="text/xml" if words.startswith("<rss") else "text/html")

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


@pytest.mark.usefixtures("parsers")
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
        assert answer["preview"][0]["published_at"] == "2025-11-01T00:00:00+00:00"
        assert load_sources(answer["toml"]) == (pasted,)

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


def test_the_schema_is_upgraded_by_command(tmp_path: Path) -> None:
    first, second = (kaigi("db", "upgrade", folder=tmp_path) for _ in range(2))
    assert ("upgraded" in first.stdout, "up to date" in second.stdout) == (True, True)
