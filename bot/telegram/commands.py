"""What a chat can say to the bot. Each handler reads, writes and answers, nothing more; nothing is kept in memory.

Only messages are commands: an edited one does not run again, and posts in channels are not read.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
    Update,
)
from telegram.error import TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot.telegram import admin, channels, clicks, following, looking, muting, presence, privacy, settings, starting
from bot.telegram.desk import Context, Desk, Request, request_of
from bot.telegram.texts import LANGUAGES, msgid, text
from storage.follows import MOST, TooMany

__all__ = ["COMMANDS", "Desk", "command_list", "publish_commands", "register"]

log = structlog.get_logger("bot")

LONGEST = 500  #: characters behind a command; a query may be longer
_LONG = ("search",)


@dataclass(frozen=True, slots=True)
class Command:
    """A command with what it does, in English."""

    name: str
    about: str
    run: Callable[[Request], Awaitable[None]]
    changes: bool = True  #: in a group, for its admins
    private: bool = False  #: only in the private chat


async def show_help(request: Request) -> None:
    """Say what the bot is and what it understands."""
    shown = [one for one in ALL if request.room.kind == "private" or not one.private]
    await looking.show_help(request, [(one.name, one.about) for one in shown])


async def channel(request: Request) -> None:
    """`/channel` lists; `/channel @name` sets up; `/channel @name digest daily 08:00` is a command for the channel."""
    if request.room.kind != "private" or not request.words.strip():
        await channels.channel(request)
        return
    rest = await channels.named(request)
    if rest is None:
        return
    name, _, words = rest.strip().lstrip("/").partition(" ")
    chosen = next((one for one in ALL if one.name == name.lower() and one.changes and not one.private), None)
    if not name or name == "start":
        await channels.begin_channel(request)
    elif chosen is None:
        await request.tell(request.say("There is no such command. /help shows them all."))
    else:
        request.words = words
        await chosen.run(request)


ALL = (
    Command("start", msgid("subscribe this chat"), starting.start),
    Command("follow", msgid("choose countries, ministers, series"), following.follow),
    Command("mine", msgid("what this chat follows, and its settings"), following.mine, changes=False),
    Command("mute", msgid("what this chat does not want to hear of"), muting.mute),
    Command("last", msgid("the latest meetings"), looking.last, changes=False),
    Command("next", msgid("announced meetings"), looking.coming, changes=False),
    Command("top", msgid("what most newsrooms tell"), looking.top, changes=False),
    Command("search", msgid("find meetings"), looking.search, changes=False),
    Command("digest", msgid("one message a day or a week"), settings.digest),
    Command("quiet", msgid("hours without messages"), settings.quiet),
    Command("zone", msgid("time zone"), settings.zone),
    Command("lang", msgid("language"), settings.language),
    Command("channel", msgid("set up a channel of yours"), channel, private=True),
    Command("pause", msgid("silence for a while"), starting.pause),
    Command("stop", msgid("end the messages"), starting.stop),
    Command("privacy", msgid("what is kept about this chat"), privacy.privacy),
    Command("help", msgid("this help"), show_help, changes=False),
)

COMMANDS = tuple((one.name, one.about) for one in ALL)

_SCOPES: tuple[tuple[Any, Callable[[Command], bool]], ...] = (
    (BotCommandScopeDefault(), lambda one: not one.private),
    (BotCommandScopeAllPrivateChats(), lambda _: True),
    (BotCommandScopeAllGroupChats(), lambda one: not one.changes),
    (BotCommandScopeAllChatAdministrators(), lambda one: not one.private),
)


def register(application: "Application[Any, Any, Any, Any, Any, Any]", desk: Desk) -> None:
    """Add the handlers to the bot. What is added first is asked first; the last ones take what nobody knows."""
    application.bot_data["desk"] = desk
    message = filters.UpdateType.MESSAGE
    for one in ALL:
        application.add_handler(CommandHandler(one.name, partial(_run, command=one), filters=message))
    application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, presence.migrated))
    application.add_handler(ChatMemberHandler(presence.membership, ChatMemberHandler.MY_CHAT_MEMBER))
    application.add_handler(CallbackQueryHandler(clicks.clicked, pattern=clicks.PATTERN))
    in_private = message & filters.ChatType.PRIVATE
    application.add_handler(MessageHandler(in_private & filters.FORWARDED, channels.forwarded))
    application.add_error_handler(failed)
    application.add_handler(MessageHandler(in_private & filters.TEXT, other_words))
    admin.register(application, desk)


def command_list(language: str, wanted: Callable[[Command], bool] = lambda _: True) -> list[BotCommand]:
    """The commands with their descriptions, for Telegram's menu."""
    return [BotCommand(one.name, text(language, one.about)) for one in ALL if wanted(one)]


async def publish_commands(bot: Bot) -> None:
    """Tell Telegram the commands, per kind of chat and language. That is for the eye; rights are checked elsewhere."""
    for scope, wanted in _SCOPES:
        await bot.set_my_commands(command_list("en", wanted), scope=scope)
        for language in LANGUAGES:
            await bot.set_my_commands(command_list(language, wanted), scope=scope, language_code=language)


async def _run(update: Update, context: Context, command: Command) -> None:
    """Do what a command says."""
    words = _words(update)
    request = await request_of(update, context, words)
    if request is None:
        return
    if len(words) > LONGEST and command.name not in _LONG:
        await request.tell(request.say("That is too long for me. /help shows what I understand."))
        return
    try:
        await command.run(request)
    except TooMany:
        await request.tell(request.say("A chat has room for {count} of these.", count=MOST))


def _words(update: Update) -> str:
    """What stands behind the command, as it was written."""
    message = update.effective_message
    said = (message.text or message.caption or "") if message is not None else ""
    parts = said.split(maxsplit=1)
    return parts[1] if len(parts) > 1 else ""


async def other_words(update: Update, context: Context) -> None:
    """In a private chat: what is no command gets the help, a command that does not exist a word about it."""
    request = await request_of(update, context)
    if request is None:
        return
    message = update.effective_message
    if message is not None and (message.text or "").startswith("/"):
        await request.tell(request.say("There is no such command. /help shows them all."))
    else:
        await show_help(request)


async def failed(update: object, context: Context) -> None:
    """Log a failed command in full and tell the chat in a sentence."""
    if isinstance(context.error, TelegramError):  # the answer itself could not be sent
        log.warning("an answer could not be sent", error=str(context.error))
        return
    log.error("a command failed", exc_info=context.error)
    if isinstance(update, Update):
        request = await request_of(update, context)
        if request is not None and request.room.kind != "channel":
            await request.tell(request.say("Something went wrong here. Please try again in a moment."))
