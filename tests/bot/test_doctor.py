"""The doctor finds what keeps the service from its work, says what to do, and changes nothing."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import Backup, Notify, Settings, Telegram, Web
from bot.doctor import examine
from bot.findings import Finding, Grade
from storage import schema, sources
from storage.database import Connection, Database
from storage.line import OpenLine
from storage.lock import only_service
from storage.model import Role
from tests.support.bot_api import BotApi
from tests.support.build import NOW, definition, polled
from tests.support.commands import kaigi
from tests.support.postgres import Postgres
from tests.support.running import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_url=f"sqlite:///{tmp_path / 'kaigi.db'}",
        web=Web(port=free_port()),
        backup=Backup(folder=tmp_path / "b"),
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    schema.upgrade(database)
    yield database
    database.close()


def _about(settings: Settings, about: str) -> list[Finding]:
    return [finding for finding in examine(settings, NOW) if finding.about == about]


def test_before_the_first_start_nothing_is_bad_and_nothing_is_made(settings: Settings, tmp_path: Path) -> None:
    found = examine(settings, NOW)
    assert [finding for finding in found if finding.grade is Grade.BAD] == []
    assert "does not exist yet" in next(finding.words for finding in found if finding.about == "database")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_bad_before_the_first_start_and_when_a_disk_turns_read_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _place, _how: False)
    (disk,) = _about(settings, "disk")
    assert (disk.grade, "cannot be written" in disk.words) == (Grade.BAD, True)
    (backups,) = _about(settings, "backups")
    assert (backups.grade, "cannot be written" in backups.words) == (Grade.LOOK, True)


def test_a_folder_in_the_place_of_the_archive_is_told(settings: Settings, tmp_path: Path) -> None:
    (finding,) = _about(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}"}), "database")
    assert (finding.grade, "is a folder" in finding.words) == (Grade.BAD, True)


def test_a_damaged_database_is_told_to_be_restored(settings: Settings, database: Database) -> None:
    database.close()
    file = Path(str(database.url.database))
    file.write_bytes(file.read_bytes()[:4096] + b"\0" * 4096 + file.read_bytes()[8192:])
    (finding,) = _about(settings, "database")
    assert finding.grade is Grade.BAD
    assert "kaigi restore" in finding.words


def test_a_newer_database_is_told(settings: Settings, database: Database) -> None:
    database.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    (finding,) = _about(settings, "database")
    assert (finding.grade, "newer Kaigi" in finding.words) == (Grade.BAD, True)


def test_a_running_service_is_seen_and_not_disturbed(settings: Settings, database: Database) -> None:
    assert _about(settings, "service")[0].grade is Grade.LOOK
    with only_service(database):
        assert _about(settings, "service") == [Finding(Grade.OK, "service", "is running")]


async def test_of_a_service_in_parts_each_part_is_told_and_one_that_is_missing(
    settings: Settings, postgres: Postgres
) -> None:
    apart = settings.model_copy(update={"database_url": postgres.ready_database()})
    database = Database(apart.database_url)
    line = await OpenLine.open(database, "w1", Role.DELIVER)
    await line.beat(["digests"])
    found = await asyncio.to_thread(_about, apart, "service")
    await line.close()
    database.close()
    assert [one.grade for one in found] == [Grade.OK, Grade.BAD, Grade.LOOK]
    assert found[0].words == "is running: 1 deliver"
    assert "no source is polled" in found[1].words


async def test_that_no_process_listens_to_people_is_bad_only_when_somebody_writes(
    settings: Settings, postgres: Postgres
) -> None:
    async with BotApi() as api:
        telegram = Telegram(token=api.token, api_url=api.url)  # type: ignore[arg-type]  # read by pydantic
        apart = settings.model_copy(update={"database_url": postgres.ready_database(), "telegram": telegram})
        database = Database(apart.database_url)
        lines = [await OpenLine.open(database, role, role) for role in (Role.COLLECT, Role.DELIVER, Role.WEB)]
        for line in lines:
            await line.beat([])
        (_, absent) = await asyncio.to_thread(_about, apart, "service")
        assert absent.grade is Grade.LOOK
        assert "kaigi run --role bot" in absent.words
        (token,) = await asyncio.to_thread(_about, apart, "telegram")
        assert token.grade is Grade.OK
        await api.user_says(7, "/start")
        (_, waiting) = await asyncio.to_thread(_about, apart, "telegram")
        assert (waiting.grade, waiting.words[:24]) == (Grade.BAD, "1 messages to the bot wa")
        for line in lines:
            await line.close()
        database.close()


def test_an_archive_without_sources_is_bad_and_a_failing_one_is_named(settings: Settings, database: Database) -> None:
    assert _about(settings, "sources")[0].grade is Grade.BAD

    def fail(connection: Connection) -> None:
        source_id = sources.add(connection, definition("mod"), NOW)
        from storage.polls import update_source

        update_source(connection, polled(source_id, succeeded=False, state="failing", last_error="It answered 500."))

    database.write(fail)
    (finding,) = _about(settings, "source")
    assert finding.grade is Grade.LOOK
    assert finding.words.startswith("mod is failing: It answered 500. Try `kaigi sources check http")


def test_a_clock_that_went_back_is_bad(settings: Settings, database: Database) -> None:
    def poll(connection: Connection) -> None:
        source_id = sources.add(connection, definition("mod"), NOW)
        from storage.polls import update_source

        update_source(connection, polled(source_id, polled_at=NOW + timedelta(hours=3)))

    database.write(poll)
    assert [finding.grade for finding in _about(settings, "clock")] == [Grade.BAD]


def test_a_port_that_a_stranger_holds_is_bad(settings: Settings) -> None:
    import socket

    with closing(socket.socket()) as stranger:
        stranger.bind(("127.0.0.1", settings.web.port))
        (finding,) = _about(settings, "web")
    assert (finding.grade, "web.port" in finding.words) == (Grade.BAD, True)


@pytest.mark.parametrize(("status", "said"), [(200, "ok"), (200, '{"status": "up"}'), (503, "[]")])
async def test_a_stranger_that_answers_at_the_port_is_not_taken_for_the_service(
    settings: Settings, status: int, said: str
) -> None:
    from starlette.responses import Response

    from bot.process import bind, web_server

    server = web_server(Response(said, status))
    with closing(bind("127.0.0.1", settings.web.port)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        (finding,) = await asyncio.to_thread(_about, settings, "web")
        server.should_exit = True
        await serving
    assert (finding.grade, "not Kaigi" in finding.words) == (Grade.BAD, True)


def test_secrets_that_every_user_of_the_machine_can_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, port = "123456789:AAF-a_token_made_for_tests_only_00000", str(free_port())
    (tmp_path / "token").write_text(token)
    (tmp_path / "kaigi.toml").write_text('[web]\nadmin_password = "long enough for this"\n')
    cut_off = {"KAIGI_TELEGRAM__API_URL": f"http://127.0.0.1:{port}", "KAIGI_TELEGRAM__TOKEN_FILE": "token"}

    def told() -> list[str]:
        done = kaigi("doctor", folder=tmp_path, KAIGI_WEB__PORT=port, **cut_off)
        assert token not in done.stdout + done.stderr
        return [line.split()[2] for line in done.stdout.splitlines() if line.startswith("look  secrets")]

    kaigi("db", "upgrade", folder=tmp_path, **cut_off)
    files = [tmp_path / name for name in ("token", "kaigi.toml", "data/kaigi.db")]
    for file in files:
        file.chmod(0o644)
    monkeypatch.setattr("bot.exposed._above", lambda _: ())  # the folder of the tests is for one user
    assert told() == ["token", "kaigi.toml", "data/kaigi.db"]
    for file in files:
        file.chmod(0o640)
    assert told() == []
    (tmp_path / "kaigi.toml").write_text('database_url = "sqlite:///data/kaigi.db"\n')
    (tmp_path / "kaigi.toml").chmod(0o644)
    assert told() == []


def test_old_and_missing_backups_are_told(settings: Settings, database: Database, tmp_path: Path) -> None:
    assert "none in" in _about(settings, "backups")[0].words
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "kaigi-20251101-000000.db").touch()
    (finding,) = [f for f in examine(settings, NOW.replace(year=2099)) if f.about == "backups"]
    assert (finding.grade, "Is the service running?" in finding.words) == (Grade.LOOK, True)


def test_backups_that_are_named_for_a_moment_to_come_prove_nothing(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "kaigi-20990101-000000.db").touch()
    (finding,) = _about(settings, "backups")
    assert (finding.grade, "Is the clock right?" in finding.words) == (Grade.LOOK, True)


def test_a_telegram_out_of_reach_is_told_without_the_token(settings: Settings) -> None:
    token = "123456789:AAF-a_token_made_for_tests_only_00000"
    cut_off = Telegram(token=token, api_url=f"http://127.0.0.1:{free_port()}")  # type: ignore[arg-type]  # read by pydantic
    (finding,) = _about(settings.model_copy(update={"telegram": cut_off}), "telegram")
    assert finding.grade is Grade.BAD
    assert token not in finding.words


def test_the_command_prints_a_line_each_and_fails_when_something_is_bad(tmp_path: Path) -> None:
    done = kaigi("doctor", "--json", folder=tmp_path, KAIGI_WEB__PORT=str(free_port()))
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, True)
    (tmp_path / "sources.toml").write_text("[[sources")
    broken = kaigi("doctor", folder=tmp_path, KAIGI_SOURCES_FILE="sources.toml", KAIGI_WEB__PORT=str(free_port()))
    assert broken.returncode == 1
    assert any(line.startswith("bad   sources file") for line in broken.stdout.splitlines())
    assert "Traceback" not in broken.stderr


def test_backup_and_restore_by_command(tmp_path: Path) -> None:
    kaigi("db", "upgrade", folder=tmp_path)
    made = kaigi("backup", "copy.db", folder=tmp_path)
    assert (made.returncode, "0 items" in made.stdout) == (0, True)
    assert "is whole" in kaigi("restore", "--check", "copy.db", folder=tmp_path).stdout
    back = kaigi("restore", "copy.db", folder=tmp_path)
    assert (back.returncode, "before-restore" in back.stdout) == (0, True)
    (tmp_path / "copy.db").write_bytes(b"rubbish")
    refused = kaigi("restore", "copy.db", folder=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert kaigi("backup", "new/backups/", folder=tmp_path).returncode == 0
    assert [file.suffix for file in sorted((tmp_path / "new" / "backups").iterdir())] == [".db", ".sha256"]


def test_an_address_of_notify_that_cannot_be_used_is_bad_and_not_shown(settings: Settings) -> None:
    good = Notify(urls=["json://example.org/secret-word"])  # type: ignore[arg-type]
    (finding,) = _about(settings.model_copy(update={"notify": good}), "notify")
    assert (finding.grade, "secret-word" in finding.words) == (Grade.OK, False)
    wrong = Notify(urls=["nonsense://secret-word"])  # type: ignore[arg-type]
    (finding,) = _about(settings.model_copy(update={"notify": wrong}), "notify")
    assert (finding.grade, "number 1" in finding.words, "secret-word" in finding.words) == (Grade.BAD, True, False)
