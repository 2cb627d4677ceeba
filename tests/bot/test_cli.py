"""What a person sees who types something wrong, or something right: one clear line, and an exit code that tells."""

import asyncio
import json
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import pytest

from feeds.newsroom import Newsroom
from tests.support.commanding import NOWHERE, entry, sources_file
from tests.support.commands import kaigi
from tests.support.running import PATIENCE_S, environment, free_port, kaigi_process, running
from tests.support.web import get


class TestProcess:
    """What only a process of its own can show."""

    def test_an_expected_failure_is_one_line_on_standard_error_and_no_traceback(self, tmp_path: Path) -> None:
        done = kaigi_process("run", folder=tmp_path, KAIGI_WEB__PROT="1")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("kaigi: KAIGI_WEB__PROT is not a setting.")

    def test_what_was_asked_for_is_on_standard_output_in_utf_8(self, tmp_path: Path) -> None:
        named = sources_file(tmp_path, entry("a", "http://127.0.0.1:9/", name="防衛省"))
        kaigi("db", "upgrade", folder=tmp_path)  # so that there is no migration to run
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

    def test_a_file_that_is_no_text_is_told_in_one_line_and_without_its_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "odd").write_bytes("123456789:secret".encode("utf-16"))
        for done in (
            kaigi("doctor", folder=tmp_path, KAIGI_TELEGRAM__TOKEN_FILE="odd"),
            kaigi("--config", "odd", "doctor", folder=tmp_path),
        ):
            assert (done.returncode, done.stderr.count("\n")) == (2, 1)
            assert "odd" in done.stderr

    def test_a_secret_file_may_begin_with_a_mark_as_some_editors_write_it(self, tmp_path: Path) -> None:
        (tmp_path / "url").write_text("sqlite:///there.db\n", encoding="utf-8-sig")
        done = kaigi("db", "upgrade", folder=tmp_path, KAIGI_DATABASE_URL_FILE="url")
        assert (done.returncode, "there.db: upgraded" in done.stdout) == (0, True)

    def test_a_folder_that_nobody_may_look_into_has_no_settings_and_one_that_is_named_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = Path.is_file

        def locked(path: Path) -> bool:
            if path.name == "kaigi.toml":
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(Path, "is_file", locked)
        assert kaigi("db", "upgrade", folder=tmp_path).returncode == 0
        done = kaigi("--config", "/etc/locked/kaigi.toml", "db", "upgrade", folder=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "may not look into its folder" in done.stderr

    def test_a_settings_file_that_cannot_be_opened_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "kaigi.toml").touch()
        monkeypatch.setattr("tomllib.load", mock.Mock(side_effect=PermissionError(13, "Permission denied")))
        done = kaigi("db", "upgrade", folder=tmp_path)
        assert (done.returncode, done.stderr) == (2, "kaigi: kaigi.toml cannot be read: Permission denied.\n")

    def test_an_archive_is_copied_to_an_address_that_only_a_file_tells(self, tmp_path: Path) -> None:
        kaigi("db", "upgrade", folder=tmp_path)
        (tmp_path / "url").write_text("sqlite:///there.db\n")
        done = kaigi("db", "copy", "--url-file", "url", folder=tmp_path)
        assert (done.returncode, "is in there.db" in done.stdout) == (0, True)
        assert kaigi("db", "copy", folder=tmp_path).returncode == 2
        assert kaigi("db", "copy", "sqlite:///x.db", "--url-file", "url", folder=tmp_path).returncode == 2

    def test_an_archive_that_is_not_there_is_not_copied_and_not_made(self, tmp_path: Path) -> None:
        done = kaigi("db", "copy", "sqlite:///there.db", folder=tmp_path, KAIGI_DATABASE_URL="sqlite:///nowhere/x.db")
        assert (done.returncode, done.stderr.count("\n"), list(tmp_path.iterdir())) == (1, 1, [])

    def test_that_a_database_was_put_back_is_said_to_one_that_is_there(self, tmp_path: Path) -> None:
        absent = kaigi("db", "restored", folder=tmp_path)
        assert (absent.returncode, "no database at" in absent.stderr, list(tmp_path.iterdir())) == (1, True, [])
        kaigi("db", "upgrade", folder=tmp_path)
        done = kaigi("db", "restored", folder=tmp_path)
        assert (done.returncode, "0 messages that wait" in done.stdout) == (0, True)

    def test_half_a_copy_is_no_archive_for_a_service(self, tmp_path: Path) -> None:
        kaigi("db", "upgrade", folder=tmp_path)
        with closing(sqlite3.connect(tmp_path / "data" / "kaigi.db")) as connection, connection:
            connection.execute("INSERT INTO instance VALUES ('copied_from', 'old.db')")
        done = kaigi("run", folder=tmp_path, KAIGI_WEB__PORT=str(free_port()))
        assert (done.returncode, "half a copy of old.db" in done.stderr) == (1, True)
        seen = kaigi("doctor", folder=tmp_path, KAIGI_WEB__PORT=str(free_port()))
        assert (seen.returncode, "bad   database      This is half a copy" in seen.stdout) == (1, True)

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

    @pytest.mark.long
    def test_without_network_sources_fail_one_by_one_the_page_answers_and_it_stops_though_a_source_drips(
        self, tmp_path: Path
    ) -> None:
        port = free_port()
        with socket.socket() as silent:  # takes connections and never says a word
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/feed.xml"
            chosen = sources_file(tmp_path, NOWHERE, entry("silent", url))
            with running(tmp_path, "run", KAIGI_WEB__PORT=str(port), **chosen) as service:
                service.wait_for(lambda: "kind=refused" in service.err.read_text(), "the failure in the log")
                address = f"http://127.0.0.1:{port}"
                for path in ("/", "/feeds/ministerial-meetings.atom", "/feeds/everything.atom", "/healthz", "/readyz"):
                    assert get(address + path).status == 200
                silent.settimeout(PATIENCE_S)
                asked, _ = silent.accept()
                with asked:
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

    @pytest.mark.usefixtures("parsed_here")
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


def test_labelled_items_are_judged_and_predicted_by_command(tmp_path: Path) -> None:
    items = [{"id": "a", "title": "日伊防衛相会談をローマで実施", "is_meeting": True}, {"id": "b", "title": "人事発令"}]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    done = kaigi("evaluate", "items.jsonl", "--json", "--predictions", "out.jsonl", folder=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["detection"]["f1"]) == (0, 1.0), done.stderr
    predicted = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [(one["id"], one["is_meeting"]) for one in map(json.loads, predicted)] == [("a", True), ("b", False)]


@pytest.mark.parametrize(
    ("name", "problem"), [("gone", "gone cannot be read"), ("bad", "bad is not one JSON object a")]
)
def test_labelled_items_that_cannot_be_read_are_named(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "bad").write_text("{", encoding="utf-8")
    done = kaigi("evaluate", name, folder=tmp_path)
    assert (done.returncode, problem in done.stderr) == (1, True), done.stderr


def test_the_schema_is_upgraded_by_command(tmp_path: Path) -> None:
    first, second = (kaigi("db", "upgrade", folder=tmp_path) for _ in range(2))
    assert ("upgraded" in first.stdout, "up to date" in second.stdout) == (True, True)
