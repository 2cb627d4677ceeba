"""The bot end to end: the whole service, the real library, over HTTP to a strict Bot API server."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot import config
from bot.app import Service
from feeds.newsroom import Newsroom
from tests.support.bot_api import TOKEN, BotApi
from tests.support.running import PATIENCE_S, free_port
from tests.support.web import get

pytestmark = pytest.mark.usefixtures("parsed_here")

MEETING = "第13回拡大ASEAN国防相会議"
MEETING_EN = "13th ASEAN Defence Ministers"


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as api:
        yield api


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    """A world that stands still until the test publishes it."""
    async with Newsroom(clock=lambda: 0.0) as newsroom:
        yield newsroom


def settings(folder: Path, api: BotApi, admins: tuple[int, ...] = ()) -> config.Settings:
    return config.Settings(
        database_url=f"sqlite:///{folder / 'kaigi.db'}",
        web=config.Web(port=free_port()),
        telegram=config.Telegram(token=TOKEN, api_url=api.url, admins=admins),  # type: ignore[arg-type]
        fetch=config.Fetch(allow_private_networks=True),
        poll=config.Poll(min_interval="1s"),  # type: ignore[arg-type]
    )


@asynccontextmanager
async def serving(
    chosen: config.Settings, newsroom: Newsroom, settle: timedelta = timedelta(seconds=20)
) -> AsyncIterator[str]:
    """The whole service, until the block ends. Gives the address of its page."""
    service = Service(settings=chosen, definitions=newsroom.definitions(), tick=0.1, settle=settle)
    task = asyncio.create_task(service.run())
    address = f"http://127.0.0.1:{chosen.web.port}"
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(_all_polled, address, task):
                await asyncio.sleep(0.2)
        yield address
    finally:
        service.stop()
        await asyncio.wait_for(task, 12)


def _all_polled(address: str, task: "asyncio.Task[None]") -> bool:
    if task.done():
        task.result()
    try:
        return '"telegram":"ok"' in get(f"{address}/readyz").text and _items(address) == 5
    except OSError:
        return False


def _items(address: str) -> int:
    """How many of the five sources have items."""
    return len(set(re.findall(r'term="(demo-[a-z-]+)"', get(f"{address}/feeds/everything.atom").text)))


@pytest.mark.long
async def test_a_chat_that_says_start_gets_one_alert_about_a_new_meeting(
    api: BotApi, newsroom: Newsroom, tmp_path: Path
) -> None:
    async with serving(settings(tmp_path, api), newsroom):
        await api.user_says(77, "/start")
        (welcome,) = await api.wait_sent(1)
        assert "一度だけお知らせ" in welcome.text
        newsroom.advance(9)
        alert = (await api.wait_sent(2, timeout_s=20))[1]
        assert (alert.chat_id, MEETING in alert.text) == (77, True)
        await asyncio.sleep(4)  # the other two newsrooms report the same meeting
        assert [sent.chat_id for sent in api.sent] == [77, 77]
        assert {edit.message_id for edit in api.edits} <= {alert.message_id}  # what they add is written into the alert


async def test_each_chat_is_told_in_its_own_language(api: BotApi, newsroom: Newsroom, tmp_path: Path) -> None:
    async with serving(settings(tmp_path, api), newsroom):
        await api.user_says(1, "/start", language_code="ja")
        await api.user_says(2, "/start", language_code="en-GB")
        await api.wait_sent(2)
        newsroom.advance(9)
        sent = await api.wait_sent(4, timeout_s=20)
        texts = {message.chat_id: message.text for message in sent[2:]}
        assert MEETING in texts[1]
        assert MEETING_EN in texts[2]


async def test_commands_answer_and_stop_ends_the_messages(api: BotApi, newsroom: Newsroom, tmp_path: Path) -> None:
    async with serving(settings(tmp_path, api), newsroom):
        answers: list[str] = []
        for words in ("/start", "/start", "/last 2", "/last many", "/help", "hello", "/stop", "/stop"):
            await api.user_says(5, words, language_code="en")
            answers.append((await api.wait_sent(len(answers) + 1))[-1].text)
        assert "one message about every new meeting" in answers[0]
        assert "already" in answers[1]
        assert answers[2].count("\n\n") == 2
        assert "from 1 to 10" in answers[3]
        assert answers[4] == answers[5]
        assert "Stopped" in answers[6]
        assert "Nothing was being sent" in answers[7]
        newsroom.advance(9)
        await asyncio.sleep(4)
        assert len(api.sent) == len(answers)


async def test_the_bot_says_its_commands_in_both_languages(api: BotApi, newsroom: Newsroom, tmp_path: Path) -> None:
    async with serving(settings(tmp_path, api), newsroom):
        spoken = {call.parameters.get("language_code", "") for call in api.called("setMyCommands")}
        assert spoken == {"", "ja", "en"}


async def test_a_flood_answer_is_obeyed_and_a_lost_answer_is_repeated_once_with_a_word_about_it(
    api: BotApi, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver.RETRY_UNCERTAIN", timedelta(seconds=0.2))
    async with serving(settings(tmp_path, api), newsroom):
        await api.user_says(7, "/start")
        await api.wait_sent(1)
        api.fail_next("sendMessage", 429, "Too Many Requests: retry after 1", {"retry_after": 1})
        newsroom.advance(9)
        first = (await api.wait_sent(2, timeout_s=20))[1]
        assert "再送" not in first.text
        newsroom.advance(17)  # the call of two ministers
        api.drop_after("sendMessage")
        sent = await api.wait_sent(4, timeout_s=25)
        assert ["再送" in message.text for message in sent[2:]] == [False, True]


async def test_server_errors_are_waited_out_and_the_message_arrives_once(
    api: BotApi, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sender.SERVER_TROUBLE", timedelta(seconds=0.2))
    async with serving(settings(tmp_path, api), newsroom):
        await api.user_says(7, "/start")
        await api.wait_sent(1)
        api.fail_next("sendMessage", 502, "Bad Gateway", times=2)
        newsroom.advance(9)
        alert = (await api.wait_sent(2, timeout_s=20))[1]
        assert (MEETING in alert.text, "再送" in alert.text) == (True, False)
        assert len(api.called("sendMessage")) == 4  # a welcome, two refusals, the alert


async def test_a_server_error_in_the_middle_of_the_start_is_tried_again(
    api: BotApi, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.service.RETRY", 0.2)
    api.fail_next("deleteWebhook", 502, "Bad Gateway")
    async with serving(settings(tmp_path, api), newsroom):
        await api.user_says(5, "/help", language_code="en")
        await api.wait_sent(1)


async def test_a_chat_that_blocked_the_bot_is_not_tried_again_until_it_returns(
    api: BotApi, newsroom: Newsroom, tmp_path: Path
) -> None:
    async with serving(settings(tmp_path, api), newsroom):
        await api.user_says(8, "/start")
        await api.wait_sent(1)
        await api.user_blocks(8)
        await asyncio.sleep(0.5)
        newsroom.advance(9)
        await asyncio.sleep(4)
        assert len(api.called("sendMessage")) == 1
        await api.user_says(8, "/start")
        await api.wait_sent(2)


async def test_a_refused_token_stops_nothing_but_the_bot_and_never_shows_in_the_log(
    api: BotApi, newsroom: Newsroom, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from bot import logs

    wrong = "987654321:AAF-another_token_that_nobody_issued_0"
    chosen = settings(tmp_path, api).model_copy(
        update={"telegram": config.Telegram(token=wrong, api_url=api.url)}  # type: ignore[arg-type]
    )
    logs.set_up("console", config.secrets(chosen))
    service = Service(settings=chosen, definitions=newsroom.definitions(), tick=0.1)
    task = asyncio.create_task(service.run())
    address = f"http://127.0.0.1:{chosen.web.port}"
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(_is_refused, address):
                await asyncio.sleep(0.1)
        assert (await asyncio.to_thread(get, f"{address}/feeds/everything.atom")).status == 200
    finally:
        service.stop()
        await asyncio.wait_for(task, 12)
    told = capfd.readouterr().err
    assert "@BotFather" in told
    assert wrong not in told


def _is_refused(address: str) -> bool:
    try:
        return "token refused" in get(f"{address}/readyz").text
    except OSError:
        return False


async def test_a_bot_that_stopped_reading_for_a_wrong_answer_begins_again(
    api: BotApi, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telegram.service.WATCH", 0.1)
    monkeypatch.setattr("bot.telegram.service.SILENCE", 2.0)
    chosen = settings(tmp_path, api)
    async with serving(chosen, newsroom) as address:
        api.fail_next("getUpdates", 404, "Not Found")
        for count in (1, 2):
            await api.user_says(5, "/help", language_code="en")
            await api.wait_sent(count, timeout_s=15)
        assert '"telegram":"ok"' in (await asyncio.to_thread(get, f"{address}/readyz")).text


@pytest.mark.long
async def test_an_admin_is_told_by_the_bot_that_a_source_turned_bad_and_that_it_recovered(
    api: BotApi, newsroom: Newsroom, tmp_path: Path
) -> None:
    api.add_chat(77)
    async with serving(settings(tmp_path, api, admins=(77,)), newsroom, settle=timedelta(0)):
        newsroom.break_source("demo-wire-en", 403)
        (bad,) = await api.wait_sent(1, timeout_s=20)
        assert (bad.chat_id, "demo-wire-en" in bad.text, "拒否" in bad.text) == (77, True, True)
        newsroom.heal("demo-wire-en")
        well = (await api.wait_sent(2, timeout_s=20))[1]
        assert "回復" in well.text


async def test_in_webhook_mode_telegram_brings_its_updates_to_the_web_server(
    api: BotApi, newsroom: Newsroom, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, api)
    hook = chosen.telegram.model_copy(update={"mode": "webhook", "webhook_secret": SecretStr("a-long-random-word")})
    chosen = chosen.model_copy(update={"telegram": hook, "public_url": f"http://127.0.0.1:{chosen.web.port}"})
    async with serving(chosen, newsroom):
        number = await api.user_says(77, "/help", language_code="en")
        update = api.waiting(number)
        secret = {"X-Telegram-Bot-Api-Secret-Token": api.webhook["secret_token"]}
        async with httpx.AsyncClient() as client:
            assert (await client.post(api.webhook["url"], json=update)).status_code == 403
            for _ in range(2):  # it is repeated when the answer was lost
                assert (await client.post(api.webhook["url"], json=update, headers=secret)).status_code == 200
        (answer,) = await api.wait_sent(1)
        await asyncio.sleep(0.3)
        assert ("/start" in answer.text, len(api.sent)) == (True, 1)
        assert not api.called("getUpdates")
