"""The stand-in for Telegram is judged by the library that will talk to it: python-telegram-bot over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import Application, ApplicationBuilder, CommandHandler, ContextTypes

from tests.support.bot_api import ApiError, BotApi
from tests.support.bot_limits import Fault, Limits

CHAT = 4711
MENU = InlineKeyboardMarkup([[InlineKeyboardButton("日本", callback_data="v1:t:jp")]])


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi(poll_cap_s=0.3, lenient=True) as running:
        running.add_chat(CHAT)
        yield running


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with Bot(api.token, base_url=f"{api.url}/bot") as running:
        yield running


async def test_a_message_arrives_as_telegram_would_show_it(api: BotApi, bot: Bot) -> None:
    text = (
        '<b>会議😀</b> A&amp;B <a href="https://example.org/">source</a> '
        '<tg-time unix="1763953200" format="wDt">today</tg-time> #ADMM'
    )
    message = await bot.send_message(
        CHAT,
        text,
        parse_mode="HTML",
        reply_markup=MENU,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    assert message.text == "会議😀 A&B source today #ADMM"
    assert message.parse_entities() == {
        MessageEntity("bold", 0, 4): "会議😀",
        MessageEntity("text_link", 9, 6, url="https://example.org/"): "source",
        MessageEntity(
            "date_time", 16, 5, unix_time=datetime.fromtimestamp(1763953200, UTC), date_time_format="wDt"
        ): "today",
        MessageEntity("hashtag", 22, 5): "#ADMM",
    }
    assert message.chat.type == "private"
    assert message.reply_markup == MENU
    (sent,) = await api.wait_sent(1)
    assert (sent.chat_id, sent.message_id, sent.text) == (CHAT, message.message_id, message.text)
    assert sent.buttons == (({"text": "日本", "callback_data": "v1:t:jp"},),)
    assert sent.parameters["text"] == text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("line<br>line", 'Can\'t parse entities: unsupported start tag "br" at byte offset 4'),
        ("5 < 6", 'Can\'t parse entities: unsupported start tag "" at byte offset 2'),
        ("<b>open", "Can't parse entities: can't find end tag corresponding to start tag \"b\""),
        ("<b></b>", "Message text is empty"),
        ("会" * 4097, "Message is too long"),
        ("😀" * 2049, "Message is too long"),
    ],
)
async def test_texts_that_telegram_refuses_are_refused(api: BotApi, bot: Bot, text: str, error: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await bot.send_message(CHAT, text, parse_mode="HTML")
    assert caught.value.message.lower() == error.lower()
    assert api.sent == []


async def test_the_longest_text_counts_what_is_shown_and_not_the_markup(bot: Bot) -> None:
    message = await bot.send_message(CHAT, f"<b>{'x' * 4096}</b>", parse_mode="HTML")
    assert len(message.text or "") == 4096


async def test_chats_that_do_not_exist_or_have_blocked_the_bot_are_refused(api: BotApi, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(99, "hello")
    await api.user_blocks(CHAT)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(CHAT, "hello")
    (update,) = await bot.get_updates()
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"


@pytest.mark.parametrize("data", ["", "x" * 65, "会" * 22])
async def test_button_data_is_one_to_sixty_four_bytes(bot: Bot, data: str) -> None:
    raw = {"inline_keyboard": [[{"text": "a", "callback_data": data}]]}
    with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
        await bot.send_message(CHAT, "hello", api_kwargs={"reply_markup": raw})


async def test_a_button_leads_nowhere_but_http(bot: Bot) -> None:
    menu = InlineKeyboardMarkup([[InlineKeyboardButton("a", url="javascript:alert(1)")]])
    with pytest.raises(BadRequest, match="is invalid"):
        await bot.send_message(CHAT, "hello", reply_markup=menu)


async def test_a_reply_needs_its_message_unless_it_may_go_without(bot: Bot) -> None:
    first = await bot.send_message(CHAT, "first")
    reply = await bot.send_message(CHAT, "second", reply_parameters=ReplyParameters(first.message_id))
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.message_id == first.message_id
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(CHAT, "third", reply_parameters=ReplyParameters(999))
    lonely = await bot.send_message(
        CHAT, "third", reply_parameters=ReplyParameters(999, allow_sending_without_reply=True)
    )
    assert lonely.reply_to_message is None


async def test_edits_change_the_message_or_say_why_not(api: BotApi, bot: Bot) -> None:
    message = await bot.send_message(CHAT, "old", reply_markup=MENU)
    edited = await bot.edit_message_text("<i>new</i>", CHAT, message.message_id, parse_mode="HTML")
    assert isinstance(edited, type(message))
    assert (edited.text, edited.reply_markup) == ("new", None)
    assert [it.text for it in api.edits] == ["new"]
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("<i>new</i>", CHAT, message.message_id, parse_mode="HTML")
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("new", CHAT, 999)


async def test_updates_come_again_until_a_higher_offset_confirms_them(api: BotApi, bot: Bot) -> None:
    await api.user_says(CHAT, "/start now", language_code="en")
    (first,) = await bot.get_updates()
    (again,) = await bot.get_updates(offset=first.update_id)
    assert again.update_id == first.update_id
    assert first.message is not None
    assert first.message.from_user is not None
    assert first.message.from_user.language_code == "en"
    assert first.message.parse_entities() == {MessageEntity("bot_command", 0, 6): "/start"}
    assert await bot.get_updates(offset=first.update_id + 1) == ()


async def test_a_long_poll_ends_when_something_happens_or_at_the_cap(api: BotApi, bot: Bot) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=10))
    await asyncio.sleep(0.05)
    await api.user_says(CHAT, "hello")
    (update,) = await waiting
    before = time.monotonic()
    assert await bot.get_updates(offset=update.update_id + 1, timeout=10) == ()
    assert 0.2 < time.monotonic() - before < 2


async def test_of_two_pollers_the_first_is_sent_away(api: BotApi, bot: Bot) -> None:
    api.poll_cap_s = 60  # the first is still waiting when the second comes, however slow this machine is
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await api.someone_polls()
    async with Bot(api.token, base_url=f"{api.url}/bot") as second:
        await second.get_updates()
    with pytest.raises(Conflict, match="terminated by other getUpdates request"):
        await first


async def test_only_the_kinds_asked_for_are_told(api: BotApi, bot: Bot) -> None:
    await api.user_says(CHAT, "hello")
    assert await bot.get_updates(allowed_updates=["callback_query"]) == ()
    assert len(await bot.get_updates(allowed_updates=["message"])) == 1


async def test_a_click_can_be_answered_once(api: BotApi, bot: Bot) -> None:
    await bot.send_message(CHAT, "choose", reply_markup=MENU)
    with pytest.raises(ValueError, match="no button"):
        await api.user_clicks(api.sent[0], "forged")
    query = await api.user_clicks(api.sent[0], "v1:t:jp")
    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    assert (update.callback_query.id, update.callback_query.data) == (query, "v1:t:jp")
    assert await update.callback_query.answer("保存しました")
    assert api.answered_callbacks == {query: "保存しました"}
    with pytest.raises(BadRequest, match="Query is too old"):
        await update.callback_query.answer()


async def test_commands_are_kept_by_language_and_checked(api: BotApi, bot: Bot) -> None:
    await bot.set_my_commands([BotCommand("start", "はじめる")], language_code="ja")
    ((_, language),) = api.commands
    assert language == "ja"
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Start!", "x")])


async def test_a_wrong_token_is_unauthorized_and_unknown_methods_are_not_found(api: BotApi) -> None:
    stranger = Bot("1:wrong", base_url=f"{api.url}/bot")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()  # a refused bot still holds its connection
    async with httpx.AsyncClient() as client:
        answers = [
            await client.post(f"{api.url}/bot{token}/{method}")
            for token, method in ((api.token, "getMee"), ("1:wrong", "getMe"), (api.token, "GETME"))
        ]
    assert [it.status_code for it in answers] == [404, 401, 200]
    assert answers[1].json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_ordered_errors_come_so_often_and_nothing_is_sent(
    api: BotApi, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    api.fail_next("sendMessage", 429, "Too Many Requests: retry after 7", {"retry_after": 7}, times=2)
    api.fail_next(
        "sendMessage",
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": -100200},
    )
    api.fail_next("sendMessage", 502, "Bad Gateway")
    for _ in range(2):
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(CHAT, "hello")
        assert caught.value.retry_after == timedelta(seconds=7)
    with pytest.raises(ChatMigrated):
        await bot.send_message(CHAT, "hello")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(CHAT, "hello")
    assert api.sent == []
    await bot.send_message(CHAT, "hello")
    assert (len(api.sent), len(api.called("sendMessage"))) == (1, 5)


async def test_a_dropped_answer_looks_the_same_whether_or_not_the_message_arrived(api: BotApi, bot: Bot) -> None:
    api.drop_before("sendMessage")
    with pytest.raises(NetworkError) as before:
        await bot.send_message(CHAT, "lost")
    api.drop_after("sendMessage")
    with pytest.raises(NetworkError) as after:
        await bot.send_message(CHAT, "arrived")
    assert isinstance(before.value.__cause__, httpx.RemoteProtocolError)
    assert isinstance(after.value.__cause__, httpx.RemoteProtocolError)
    assert [it.text for it in api.sent] == ["arrived"]


async def test_a_slow_answer_is_a_read_timeout_after_the_message_arrived(api: BotApi, bot: Bot) -> None:
    api.slow("sendMessage", 1.0)
    with pytest.raises(TimedOut) as caught:
        await bot.send_message(CHAT, "arrived", read_timeout=0.1)
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)
    assert [it.text for it in await api.wait_sent(1)] == ["arrived"]


async def test_waiting_for_too_many_messages_says_what_came(api: BotApi, bot: Bot) -> None:
    await bot.send_message(CHAT, "one")
    with pytest.raises(AssertionError, match=r"1 of 2 messages .*one"):
        await api.wait_sent(2, timeout_s=0.05)


async def test_a_whole_application_polls_and_answers(api: BotApi) -> None:
    async def start(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text("ようこそ")

    app: Application = (  # type: ignore[type-arg]
        ApplicationBuilder().token(api.token).base_url(f"{api.url}/bot").job_queue(None).build()
    )
    app.add_handler(CommandHandler("start", start))
    async with app:
        assert app.updater is not None
        await app.start()
        await app.updater.start_polling()
        await api.user_says(CHAT, "/start")
        (sent,) = await api.wait_sent(1)
        await app.updater.stop()
        await app.stop()
    assert sent.text == "ようこそ"
    assert api.called("deleteWebhook")


def test_thirty_in_a_second_one_to_a_chat_and_twenty_to_a_group_are_let_through() -> None:
    limits = Limits()
    for number in range(30):
        limits.check(str(number), 0.5)
    with pytest.raises(ApiError, match="retry after 1"):
        limits.check("99", 0.9)
    limits.check("99", 1.5)
    group = Limits(burst=99)
    for number in range(20):
        group.check("-5", float(number))
    with pytest.raises(ApiError, match="retry after 40"):
        group.check("-5", 20.0)
    chat = Limits()
    for _ in range(3):
        chat.check("5", 0.0)
    with pytest.raises(ApiError, match="retry after 1"):
        chat.check("5", 0.5)
    chat.check("5", 1.0)


async def test_fate_decides_about_every_call_that_no_fault_was_ordered_for(api: BotApi, bot: Bot) -> None:
    api.fate = lambda method, _parameters: Fault(drop_after=True) if method == "sendMessage" else None
    with pytest.raises(NetworkError):
        await bot.send_message(CHAT, "one")
    api.fate = None
    await bot.send_message(CHAT, "two")
    assert [one.text for one in api.sent] == ["one", "two"]


async def test_a_webhook_and_questions_for_updates_exclude_each_other(api: BotApi, bot: Bot) -> None:
    await bot.set_webhook("https://kaigi.example/telegram/x", secret_token="a-secret")
    assert api.webhook["secret_token"] == "a-secret"
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_a_closed_topic_and_a_moved_group_answer_as_telegram_does(api: BotApi, bot: Bot) -> None:
    api.add_chat(-100_5)
    api.closed_topics.add((-100_5, 3))
    with pytest.raises(BadRequest, match="TOPIC_CLOSED|Topic_closed"):
        await bot.send_message(-100_5, "words", message_thread_id=3)
    api.moved[-100_5] = -100_6
    with pytest.raises(ChatMigrated):
        await bot.send_message(-100_5, "words")
