"""No command is lost: updates are kept before Telegram hears that we have them, by question or by call."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from telegram import Bot, Update
from telegram.error import NetworkError
from telegram.ext import ApplicationBuilder, MessageHandler, filters

from bot import config, logs
from bot.telegram import service
from bot.telegram.commands import Desk
from bot.telegram.inbox import Inbox, KeptApplication
from bot.telegram.webhook import MAX_BODY, Webhook, path_of
from storage import inbox, schema
from storage.database import Connection, Database
from storage.errors import DatabaseBusy
from tests.support.bot_api import TOKEN, BotApi

SECRET = "a-long-random-word_0123456789"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    schema.upgrade(database)
    yield database
    database.close()


def now() -> datetime:
    return datetime.now(UTC)


def said(number: int, text: str = "hello") -> dict[str, Any]:
    person = {"id": 5, "is_bot": False, "first_name": "Reader"}
    chat = {"id": 5, "type": "private", "first_name": "Reader"}
    message = {"message_id": number, "date": 1_760_000_000, "chat": chat, "from": person, "text": text}
    return {"update_id": number, "message": message}


def update(number: int, text: str = "hello") -> Update:
    made = Update.de_json(said(number, text), None)
    assert made is not None
    return made


@asynccontextmanager
async def running(database: Database, api: BotApi, heard: list[str], gate: asyncio.Event) -> AsyncIterator[Inbox]:
    """An application that notes what it is told, once the gate is open."""
    kept = Inbox(database, now)
    builder = ApplicationBuilder().application_class(KeptApplication).update_queue(kept).token(api.token)
    application = builder.base_url(f"{api.url}/bot").job_queue(None).build()

    async def note(one: Update, _context: object) -> None:
        heard.append(str(one.effective_message.text))  # type: ignore[union-attr]
        await gate.wait()

    application.add_handler(MessageHandler(filters.TEXT, note))
    await application.initialize()
    await kept.replay(application.bot)
    await application.start()
    try:
        yield kept
    finally:
        gate.set()
        await application.stop()
        await application.shutdown()


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_what_a_killed_process_had_not_handled_is_handled_by_the_next(database: Database) -> None:
    for number in (1, 2, 3):
        database.write(lambda c, n=number: inbox.keep(c, n, json.dumps(said(n, f"word {n}")), now()))  # type: ignore[misc]
    database.write(lambda c: inbox.begin(c, 1, now()))  # killed in the middle of the first
    heard: list[str] = []
    async with BotApi() as api:
        gate = asyncio.Event()
        gate.set()
        async with running(database, api, heard, gate):
            await until(lambda: len(heard) == 3)
            await until(lambda: database.read(inbox.undone) == [])
        async with running(database, api, heard, gate):
            pass
    assert heard == ["word 1", "word 2", "word 3"]


async def test_an_update_is_on_disk_before_it_is_handed_on_and_once_however_often_it_comes(database: Database) -> None:
    heard: list[str] = []
    async with BotApi() as api, running(database, api, heard, asyncio.Event()) as kept:
        await kept.put(update(7))
        assert [number for number, _ in database.read(inbox.undone)] == [7]
        await kept.put(update(7))
        assert kept.qsize() <= 1
        await until(lambda: heard == ["hello"])
    await asyncio.sleep(0)
    assert heard == ["hello"]


async def test_an_update_that_cannot_be_kept_is_not_confirmed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_fn: object) -> None:
        raise DatabaseBusy("held by another process")

    kept = Inbox(database, now)
    monkeypatch.setattr(database, "write", busy)
    with pytest.raises(NetworkError, match="cannot be kept"):
        await kept.put(update(7))
    assert kept.empty()


def test_an_update_that_kills_the_process_is_given_up_after_three_tries(database: Database) -> None:
    database.write(lambda c: inbox.keep(c, 1, "{}", now()))
    assert [database.write(lambda c: inbox.begin(c, 1, now())) for _ in range(5)] == [True, True, True, False, False]
    assert database.read(inbox.undone) == []


def test_the_change_of_an_update_is_claimed_once_and_a_change_that_fails_is_not_claimed(database: Database) -> None:
    def fails(connection: Connection) -> None:
        assert inbox.claim(connection, 1, now())
        raise LookupError

    database.write(lambda c: inbox.keep(c, 1, "{}", now()))
    with pytest.raises(LookupError):
        database.write(fails)
    assert not database.read(lambda c: inbox.is_applied(c, 1))
    assert [database.write(lambda c: inbox.claim(c, 1, now())) for _ in range(3)] == [True, False, False]
    assert [number for number, _ in database.read(inbox.undone)] == [1], "its answer is still owed"


def test_an_update_that_is_not_kept_may_change_something_each_time(database: Database) -> None:
    assert [database.write(lambda c: inbox.claim(c, 99, now())) for _ in range(2)] == [True, True]


async def test_kept_words_that_nobody_can_read_are_given_up_and_hold_nothing_up(database: Database) -> None:
    database.write(lambda c: inbox.keep(c, 1, "no json", now()))
    kept = Inbox(database, now)
    await kept.replay(Bot(TOKEN))
    assert (kept.qsize(), database.read(inbox.undone)) == (0, [])


def test_what_was_handled_is_forgotten_after_two_days_and_its_words_at_once(database: Database) -> None:
    def work(connection: Connection) -> tuple[int, int]:
        for number in (1, 2):
            inbox.keep(connection, number, "private words", now())
        inbox.done(connection, 1, now() - timedelta(days=3))
        return inbox.forget(connection, now()), inbox.forget(connection, now())

    assert database.write(work) == (1, 0)
    assert [number for number, _ in database.read(inbox.undone)] == [2]


async def test_a_service_that_runs_for_years_forgets_every_day(database: Database) -> None:
    clock = [now()]
    kept = Inbox(database, lambda: clock[0])

    def finish(number: int) -> None:
        database.write(lambda c: inbox.keep(c, number, "{}", clock[0]))
        database.write(lambda c: inbox.done(c, number, clock[0]))

    def known() -> int:
        return database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one())  # type: ignore[no-any-return]

    finish(1)
    await kept.tidy()
    clock[0] += timedelta(days=3)
    finish(2)
    await kept.tidy()
    assert known() == 1
    clock[0] += timedelta(hours=23)
    finish(3)
    await kept.tidy()
    assert known() == 2, "it looks once a day"


async def test_the_service_forgets_without_being_started_anew(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(service, "WATCH", 0.01)
    told: list[int] = []
    async with BotApi() as api:
        desk = Desk(database=database, clock=now, language="en", time_zone="UTC", address="")
        running = service.TelegramService(TOKEN, api.url, desk)

        async def tidy(_self: Inbox) -> None:
            told.append(1)

        monkeypatch.setattr(Inbox, "tidy", tidy)
        task = asyncio.create_task(running.run())
        await until(lambda: len(told) >= 3)
        task.cancel()
        await running.stop()


@asynccontextmanager
async def called(database: Database) -> AsyncIterator[tuple[httpx.AsyncClient, Inbox]]:
    kept = Inbox(database, now)
    bot = Bot(TOKEN)
    app = Starlette(routes=[Webhook(secret=SECRET, inbox=kept, bot=lambda: bot).route()])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kaigi.test") as client:
        yield client, kept


GOOD = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


async def test_a_call_with_the_secret_is_kept_before_it_is_answered(database: Database) -> None:
    async with called(database) as (client, kept):
        answer = await client.post(f"/telegram/{path_of(SECRET)}", headers=GOOD, json=said(9))
    assert (answer.status_code, kept.qsize()) == (200, 1)
    assert [number for number, _ in database.read(inbox.undone)] == [9]


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("guessed", GOOD, b"{}", 404),
        (path_of(SECRET), {}, json.dumps(said(9)).encode(), 403),
        (path_of(SECRET), {"X-Telegram-Bot-Api-Secret-Token": SECRET + "x"}, json.dumps(said(9)).encode(), 403),
        (path_of(SECRET), GOOD, b"garbage", 400),
        (path_of(SECRET), GOOD, b"[]", 400),
        (path_of(SECRET), GOOD, b'{"update_id": 3, "message": 7}', 400),
        (path_of(SECRET), GOOD, b" " * (MAX_BODY + 1), 413),
    ],
    ids=["another path", "no secret", "a wrong secret", "no JSON", "no update", "a wrong message", "too long"],
)
async def test_strangers_and_garbage_are_refused_and_nothing_is_kept(
    database: Database, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    async with called(database) as (client, kept):
        answer = await client.post(f"/telegram/{path}", headers=headers, content=body)
        assert (await client.get(f"/telegram/{path_of(SECRET)}")).status_code == 405
    assert (answer.status_code, kept.qsize(), database.read(inbox.undone)) == (status, 0, [])


async def test_telegram_repeats_what_could_not_be_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_fn: object) -> None:
        raise DatabaseBusy("held by another process")

    monkeypatch.setattr(database, "write", busy)
    async with called(database) as (client, _kept):
        answer = await client.post(f"/telegram/{path_of(SECRET)}", headers=GOOD, json=said(9))
    assert answer.status_code == 503


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"telegram": {"mode": "webhook"}}, "telegram.webhook_secret"),
        ({"telegram": {"mode": "webhook", "webhook_secret": SECRET}}, "public_url"),
        ({"telegram": {"mode": "webhook", "webhook_secret": SECRET}, "public_url": "http://kaigi.test"}, "https"),
        ({"telegram": {"webhook_secret": "short"}}, "16 to 256"),
    ],
)
def test_webhook_mode_says_what_it_needs(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(config.ConfigError, match=words):
        config.load(**settings)


async def test_the_token_stands_in_no_line_of_the_log_whatever_fails_and_whoever_logs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every library at its most talkative, and every way in which a call can fail."""
    root, levels = logging.getLogger(), {}
    handlers, level = root.handlers[:], root.level
    logs.set_up("console", [TOKEN])
    try:
        for name in ("", "httpx", "httpcore", "telegram", "telegram.ext", "asyncio"):
            levels[name] = logging.getLogger(name).level
            logging.getLogger(name).setLevel(logging.DEBUG)
        async with BotApi() as api:
            api.add_chat(5)
            api.fail_next("sendMessage", 401, "Unauthorized")
            api.fail_next("sendMessage", 500, "Internal Server Error")
            api.drop_before("sendMessage")
            async with Bot(TOKEN, base_url=f"{api.url}/bot") as bot:
                for _ in range(4):
                    try:
                        await bot.send_message(5, "words")
                    except Exception:
                        logging.getLogger("kaigi").exception("it failed: %s", f"{api.url}/bot{TOKEN}/sendMessage")
            gone = api.url
        async with Bot(TOKEN, base_url=f"{gone}/bot") as _:
            pass
    except NetworkError:
        logging.getLogger("kaigi").exception("nobody listens")
    finally:
        for name, was in levels.items():
            logging.getLogger(name).setLevel(was)
        root.handlers[:] = handlers
        root.setLevel(level)
    told = capsys.readouterr().err
    assert "it failed" in told
    assert "nobody listens" in told
    assert TOKEN not in told
    assert TOKEN.partition(":")[2] not in told
