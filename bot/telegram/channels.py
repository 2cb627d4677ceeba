"""Channels, set up from the private chat with one of their admins: /channel, or a forwarded post."""

import re
from functools import partial

import structlog
from telegram import Chat as TelegramChat
from telegram import ChatFullInfo, MessageOriginChannel, Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.telegram.desk import Context, Request, request_of
from bot.telegram.markup import Message, block, bold, within, words
from bot.telegram.menus import Menu
from bot.telegram.starting import begin, menu, rest
from feeds.publish import plain
from storage import subscriptions
from storage.database import Connection
from storage.model import Channel, Chat, ChatState

log = structlog.get_logger("bot")

_NAME = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}|-100[0-9]{1,16}")


async def named(request: Request) -> str | None:
    """For `/channel @name daily 08:00`: make the request one about the channel, and return the words behind its name.

    None when it ends here, because the channel cannot be set up; the reason is said.
    """
    parts = request.words.split(maxsplit=1)
    name = parts[0].removeprefix("https://t.me/").removeprefix("t.me/") if parts else ""
    name = name if name.startswith(("@", "-")) else f"@{name}"
    if not _NAME.fullmatch(name):
        await request.tell(request.say("Write the name of your channel, such as /channel @name."))
        return None
    try:
        found = await request.bot.get_chat(int(name) if name.startswith("-") else name)
    except TelegramError:
        await request.tell(
            request.say("I cannot see this channel. Make me an admin of it that may post, then try again.")
        )
        return None
    return (parts[1] if len(parts) > 1 else "") if await _take(request, found) else None


async def _take(request: Request, found: TelegramChat | ChatFullInfo) -> bool:
    """Make the request one about this channel, if who asks and the bot may act there. Says so where not."""
    if found.type != ChatType.CHANNEL:
        await request.tell(request.say("This is no channel. In a group, write /start there."))
        return False
    rights = request.desk.rights
    if not await rights.is_admin(request.bot, found.id, request.person, request.now):
        await request.tell(request.say("Only admins of this channel can change its settings."))
        return False
    if not await rights.may_post(request.bot, found.id):
        await request.tell(
            request.say("I may not post in this channel. Make me an admin of it that may post, then try again.")
        )
        return False
    request.chat = await request.desk.write(partial(_record, request=request, found=found))
    return True


def _record(connection: Connection, request: Request, found: TelegramChat | ChatFullInfo) -> Chat:
    address = str(found.id)
    known = subscriptions.find_chat(connection, Channel.TELEGRAM, address)
    if known is None:
        known = subscriptions.open_chat(
            connection,
            Channel.TELEGRAM,
            address,
            language=request.chat.language,
            time_zone=request.chat.time_zone,
            now=request.now,
        )
        subscriptions.set_state(connection, known.id, ChatState.STOPPED, request.now)
    named = {"kind": "channel", "title": plain.line(found.title or "")[:128], "managed_by": request.person}
    return subscriptions.change(connection, known.id, request.now, **named)


async def channel(request: Request) -> None:
    """`/channel` lists the channels that this person manages and says how to add one."""
    if request.room.kind != "private":
        await request.tell(request.say("Channels are set up in the private chat with me."))
        return
    mine = await request.desk.read(partial(subscriptions.managed, user_id=request.person or 0))
    how = request.say(
        "Make me an admin of your channel that may post. "
        "Then write /channel @name here, or forward one of its posts to me."
    )
    also = request.say(
        "/channel @name zone Paris changes a setting of the channel; so do follow, mute, digest, quiet, lang, stop."
    )
    remote = ((Menu(request.language, one, remote=True), one) for one in mine[:20])
    rows = tuple((shown.button("📢 " + (one.title or one.address), "ch"),) for shown, one in remote)
    await request.show(
        Message(within([bold(words(request.say("Channels"))), block(how), block(also)], gap="\n\n"), rows)
    )


async def begin_channel(request: Request) -> None:
    """Send alerts to the channel from now on, and show its menu."""
    await begin(request)
    await show_channel(request)


async def show_channel(request: Request) -> None:
    """What the channel follows, and its settings."""
    now, shown = await request.standing(), menu(request)
    mine = shown.mine(now.subscribed, now.tags, now.mutes)
    state = (
        "🟢 " + request.say("Alerts are posted.")
        if request.chat.state is ChatState.ACTIVE
        else "⏹ " + request.say("Stopped.")
    )
    first = (shown.button("⏹ " + request.say("Stop"), "cs"),)
    if request.chat.state is not ChatState.ACTIVE:
        first = (shown.button("▶️ " + request.say("Begin"), "cb"),)
    await request.show(Message(f"{words(state).html}\n{mine.html}", (first, *mine.buttons)))


async def stop_tap(request: Request) -> None:
    """Post nothing more in the channel."""
    await rest(request)
    await _again(request)


async def begin_tap(request: Request) -> None:
    """Post alerts in the channel."""
    await begin(request)
    await _again(request)


async def _again(request: Request) -> None:
    found = await request.desk.read(partial(subscriptions.chat, chat_id=request.chat.id))
    request.chat = found or request.chat
    await show_channel(request)


async def forwarded(update: Update, context: Context) -> None:
    """A post of a channel, forwarded to the bot: set that channel up."""
    message = update.effective_message
    request = await request_of(update, context)
    if request is None or message is None or not isinstance(message.forward_origin, MessageOriginChannel):
        return
    if await _take(request, message.forward_origin.chat):
        await begin_channel(request)
