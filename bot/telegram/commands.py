"""What a chat can say to the bot: /start, /stop, /last, /help. Each handler reads, writes and answers, nothing more."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from telegram import BotCommand, LinkPreviewOptions, Update
from telegram.constants import ChatMemberStatus, ChatType, ParseMode
from telegram.error import NetworkError
from telegram.ext import (
    Application,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.telegram import admin, render
from bot.telegram.admin.answers import Office
from bot.telegram.texts import LANGUAGES, language_of, text
from feeds.publish.words import Language
from storage import filters as filter_queries
from storage import news, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, Chat, ChatState, MeetingStory

log = structlog.get_logger("bot")

T = TypeVar("T")
Context = ContextTypes.DEFAULT_TYPE

LAST = 5
LAST_MOST = 10

COMMANDS = (
    ("start", "subscribe this chat"),
    ("last", "the latest meetings"),
    ("stop", "end the messages"),
    ("help", "this help"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What the handlers work with; kept in `Application.bot_data`."""

    database: Database
    clock: Callable[[], datetime]
    language: Language  #: for chats that do not tell theirs
    time_zone: str
    address: str  #: of the web page
    office: Office | None = None  #: what admins' commands need; None: there are no admins

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Read without holding up the loop."""
        return await asyncio.to_thread(self.database.read, fn)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Write without holding up the loop."""
        return await asyncio.to_thread(self.database.write, fn)


def register(application: "Application[Any, Any, Any, Any, Any, Any]", desk: Desk) -> None:
    """Add the handlers to the bot."""
    application.bot_data["desk"] = desk
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CommandHandler("stop", stop))
    application.add_handler(CommandHandler("last", last))
    application.add_handler(CommandHandler("help", show_help))
    application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, migrated))
    application.add_handler(ChatMemberHandler(membership, ChatMemberHandler.MY_CHAT_MEMBER))
    application.add_handler(MessageHandler(filters.ChatType.PRIVATE & filters.TEXT, show_help))
    application.add_error_handler(failed)
    admin.register(application, desk)


def command_list(language: str) -> list[BotCommand]:
    """The commands with their descriptions, for Telegram's menu."""
    return [BotCommand(name, text(language, about)) for name, about in COMMANDS]


async def start(update: Update, context: Context) -> None:
    """Subscribe the chat to the meetings of ministers."""
    desk, language = _desk(context), _language(update, context)
    new = await desk.write(partial(_subscribe, desk=desk, address=_address(update), language=language))
    if new:
        await _answer(update, _about(language) + "\n\n" + text(language, _WELCOME))
    else:
        await _answer(update, text(language, _ALREADY))


_WELCOME = (
    "This chat now gets one message about every new meeting of defence ministers. "
    "/last shows the latest, /stop ends it."
)
_ALREADY = "This chat is subscribed already. /last shows the latest meetings, /stop ends the messages."
_ABOUT = "Kaigi watches the world's defence newsrooms and tells you, once, about every meeting of defence ministers."


def _subscribe(connection: Connection, desk: Desk, address: str, language: str) -> bool:
    """Returns whether the chat begins or begins again."""
    before = subscriptions.find_chat(connection, Channel.TELEGRAM, address)
    chat = subscriptions.open_chat(
        connection, Channel.TELEGRAM, address, language=language, time_zone=desk.time_zone, now=desk.clock()
    )
    new = subscriptions.subscribe(connection, chat.id, filter_queries.MEETINGS, desk.clock())
    return new or (before is not None and before.state is not ChatState.ACTIVE)


async def stop(update: Update, context: Context) -> None:
    """Send nothing more to the chat; what it follows is kept for its return."""
    desk, language = _desk(context), _language(update, context)
    chat = await desk.write(partial(_rest, desk=desk, address=_address(update)))
    said = "Nothing was being sent here. /start begins." if chat is None else _STOPPED
    await _answer(update, text(language, said))


_STOPPED = "Stopped. Nothing more will be sent here; /start begins again."


def _rest(connection: Connection, desk: Desk, address: str) -> Chat | None:
    chat = subscriptions.find_chat(connection, Channel.TELEGRAM, address)
    if chat is None or chat.state is not ChatState.ACTIVE:
        return None
    subscriptions.set_state(connection, chat.id, ChatState.STOPPED, desk.clock())
    return chat


async def last(update: Update, context: Context) -> None:
    """Show the latest meetings: `/last` five of them, `/last 3` three."""
    desk, language = _desk(context), _language(update, context)
    wanted = _number(context.args or [])
    if wanted is None:
        await _answer(update, text(language, "/last takes a number from 1 to 10, for example /last 3."))
        return
    stories: list[MeetingStory] = await desk.read(partial(news.latest_meetings, level="minister", limit=wanted))
    await _answer(update, render.listing(stories, language, desk.address), html=True)


def _number(words: list[str]) -> int | None:
    if not words:
        return LAST
    number = int(words[0]) if words[0].isdecimal() and len(words[0]) < 4 else 0
    return number if 1 <= number <= LAST_MOST else None


async def show_help(update: Update, context: Context) -> None:
    """Say what the bot is and what it understands."""
    await _answer(update, _about(_language(update, context)))


def _about(language: str) -> str:
    lines = [f"/{name} – {text(language, about)}" for name, about in COMMANDS]
    return "\n".join([text(language, _ABOUT), "", text(language, "Commands:"), *lines])


async def membership(update: Update, context: Context) -> None:
    """Notice when the bot is blocked or thrown out, and when it is let in again. Settings stay all the while."""
    change = update.my_chat_member
    if change is None:
        return
    gone = change.new_chat_member.status in (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)
    work = partial(_let_in, desk=_desk(context), address=str(change.chat.id), gone=gone)
    await _desk(context).write(work)


def _let_in(connection: Connection, desk: Desk, address: str, *, gone: bool) -> None:
    chat = subscriptions.find_chat(connection, Channel.TELEGRAM, address)
    if chat is None:
        return
    if gone and chat.state is ChatState.ACTIVE:
        subscriptions.set_state(connection, chat.id, ChatState.GONE, desk.clock())
    elif not gone and chat.state is ChatState.GONE:
        subscriptions.open_chat(
            connection,
            Channel.TELEGRAM,
            address,
            language=chat.language,
            time_zone=chat.time_zone,
            now=desk.clock(),
        )


async def migrated(update: Update, context: Context) -> None:
    """A group became a supergroup: follow it to its new id. Telegram says so in the old chat and in the new one."""
    message = update.effective_message
    if message is None or message.migrate_to_chat_id is None:
        return
    old, new = str(message.chat.id), str(message.migrate_to_chat_id)
    await _desk(context).write(partial(_follow, desk=_desk(context), old=old, new=new))


def _follow(connection: Connection, desk: Desk, old: str, new: str) -> None:
    chat = subscriptions.find_chat(connection, Channel.TELEGRAM, old)
    if chat is not None:
        subscriptions.move(connection, chat.id, new, desk.clock())


async def failed(update: object, context: Context) -> None:
    """Log a failed command in full and tell the chat in a sentence."""
    if isinstance(context.error, NetworkError):  # the answer itself could not be sent
        log.warning("an answer could not be sent", error=str(context.error))
        return
    log.error("a command failed", exc_info=context.error)
    if isinstance(update, Update) and update.effective_message is not None:
        language = _language(update, context)
        await _answer(update, text(language, "Something went wrong here. Please try again in a moment."))


def _desk(context: Context) -> Desk:
    desk: Desk = context.bot_data["desk"]
    return desk


def _language(update: Update, context: Context) -> Language:
    """A person's own language in a private chat; the installation's in a group, where many read."""
    user, chat = update.effective_user, update.effective_chat
    default = _desk(context).language
    if user is None or chat is None or chat.type != ChatType.PRIVATE:
        return default
    found = language_of(user.language_code, default)
    assert found in LANGUAGES
    return "ja" if found == "ja" else "en"


def _address(update: Update) -> str:
    assert update.effective_chat is not None  # every command comes from a chat
    return str(update.effective_chat.id)


async def _answer(update: Update, words: str, *, html: bool = False) -> None:
    if update.effective_message is None:
        return
    await update.effective_message.reply_text(
        words,
        parse_mode=ParseMode.HTML if html else None,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
