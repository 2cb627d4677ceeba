"""When the bot is blocked, thrown out, let in again, and when a group moves. Settings stay all the while."""

from functools import partial

from telegram import ChatMember, Update
from telegram.constants import ChatMemberStatus

from bot.telegram.desk import Context, Desk
from storage import subscriptions
from storage.database import Connection
from storage.model import Channel, ChatState

_GONE = (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)


async def membership(update: Update, context: Context) -> None:
    """Notice when the bot is blocked or thrown out, and when it is let in again."""
    change = update.my_chat_member
    if change is None:
        return
    desk: Desk = context.bot_data["desk"]
    gone = _is_out(change.new_chat_member)
    await desk.write(partial(_let_in, desk=desk, address=str(change.chat.id), gone=gone))


def _is_out(member: ChatMember) -> bool:
    """Whether the bot can no longer write there: thrown out, muted, or in a channel without the right to post."""
    needed = ("can_send_messages", "can_post_messages")
    muted = any(getattr(member, right, None) is False for right in needed)
    return member.status in _GONE or muted


def _let_in(connection: Connection, desk: Desk, address: str, *, gone: bool) -> None:
    """A group with all its topics, a channel or a person."""
    for chat in subscriptions.rooms(connection, Channel.TELEGRAM, address):
        if gone and chat.state is ChatState.ACTIVE:
            subscriptions.set_state(connection, chat.id, ChatState.GONE, desk.clock())
        elif not gone and chat.state is ChatState.GONE:
            subscriptions.open_chat(
                connection,
                Channel.TELEGRAM,
                chat.address,
                language=chat.language,
                time_zone=chat.time_zone,
                now=desk.clock(),
            )


async def migrated(update: Update, context: Context) -> None:
    """A group became a supergroup: follow it to its new id. Telegram says so in the old chat and in the new one."""
    message = update.effective_message
    if message is None or message.migrate_to_chat_id is None:
        return
    desk: Desk = context.bot_data["desk"]
    old, new = str(message.chat.id), str(message.migrate_to_chat_id)
    await desk.write(partial(_follow, desk=desk, old=old, new=new))


def _follow(connection: Connection, desk: Desk, old: str, new: str) -> None:
    chat = subscriptions.find_chat(connection, Channel.TELEGRAM, old)
    if chat is not None:
        subscriptions.move(connection, chat.id, new, desk.clock())
