"""Telegram as a channel: sends an alert and turns what python-telegram-bot raises into an outcome.

The order of the cases matters: `BadRequest` and `TimedOut` are both `NetworkError` there. What a timeout means is
told by its cause: nothing left the house (connect, pool), or the answer was lost, and then nobody can know.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx
from telegram import Bot, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.deliver import ChatGone, Moved, NotSent, Outcome, Refused, Sent, Unknown
from bot.telegram.keyboard import keyboard
from bot.telegram.markup import Message, without_links
from bot.telegram.render import alert
from storage.model import Delivery, MeetingStory

#: Long enough that a slow answer is an answer: an answer that is given up on is a message nobody knows about.
READ_TIMEOUT = 30.0
NOT_READY = timedelta(seconds=5)
SERVER_TROUBLE = timedelta(seconds=10)
TOKEN_REFUSED = timedelta(minutes=5)

# 400 answers that mean the chat, not the message (wording as in Telegram's server).
_NO_SUCH_CHAT = ("chat not found", "user not found", "peer_id_invalid", "have no rights to send", "not enough rights",
                 "bot is not a member", "group chat was deactivated")  # fmt: skip


class BotHolder(Protocol):
    """Whoever starts and stops the bot."""

    @property
    def ready_bot(self) -> Bot | None:
        """The bot, once Telegram has accepted it."""
        ...


class TelegramSender:
    """Sends to Telegram chats."""

    def __init__(self, holder: BotHolder) -> None:
        """`holder` gives the bot when it is ready."""
        self._holder = holder

    async def send(self, delivery: Delivery, story: MeetingStory) -> Outcome:
        """Send the alert in the chat's language."""
        bot = self._holder.ready_bot
        if bot is None:
            return NotSent("Telegram is not reachable yet", NOT_READY, whole_channel=True)
        message = alert(story, delivery.chat, now=datetime.now(UTC), repeat=delivery.repeat)
        try:
            return await self._send(bot, delivery, message)
        except BadRequest as error:
            if "button" not in str(error).lower():
                return classify(error)
        except TelegramError as error:
            return classify(error)
        try:  # Telegram takes the text, but not the address behind the button
            return await self._send(bot, delivery, without_links(message))
        except TelegramError as error:
            return classify(error)

    async def _send(self, bot: Bot, delivery: Delivery, message: Message) -> Outcome:
        sent = await bot.send_message(
            chat_id=int(delivery.chat.address),
            text=message.html,
            parse_mode=ParseMode.HTML,
            disable_notification=delivery.repeat,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=keyboard(message.buttons),
            read_timeout=READ_TIMEOUT,
        )
        return Sent(str(sent.message_id))

    async def tell(self, address: str, words: str) -> Outcome:
        """Send plain words to a chat."""
        bot = self._holder.ready_bot
        if bot is None:
            return NotSent("Telegram is not reachable yet", NOT_READY, whole_channel=True)
        try:
            sent = await bot.send_message(
                chat_id=int(address),
                text=words,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                read_timeout=READ_TIMEOUT,
            )
        except TelegramError as error:
            return classify(error)
        return Sent(str(sent.message_id))

    def was_sent(self, delivery: Delivery) -> bool | None:  # noqa: ARG002
        """Bots do not see their own messages, so nobody can tell."""
        return None


def classify(error: TelegramError) -> Outcome:  # noqa: PLR0911  one line a class of failure reads best
    """What an error of the library says about the message."""
    match error:
        case Forbidden():
            return ChatGone(str(error))
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case RetryAfter():
            return NotSent(str(error), _wait(error), whole_channel=True)
        case InvalidToken():
            return NotSent("Telegram refuses the bot token", TOKEN_REFUSED, whole_channel=True)
        case BadRequest():
            gone = any(words in str(error).lower() for words in _NO_SUCH_CHAT)
            return ChatGone(str(error)) if gone else Refused(str(error))
        case TimedOut():
            return _by_cause(error, (httpx.ConnectTimeout, httpx.PoolTimeout))
        case NetworkError() if not isinstance(error.__cause__, httpx.HTTPError):
            return NotSent(str(error), SERVER_TROUBLE, whole_channel=True)  # an answer: 502 and its like
        case NetworkError():
            return _by_cause(error, (httpx.ConnectError,))
        case Conflict():
            return NotSent(str(error))
        case _:
            return Unknown(str(error))  # it answered "fine" in words that cannot be read


def _by_cause(error: TelegramError, harmless: tuple[type[Exception], ...]) -> Outcome:
    return NotSent(str(error)) if isinstance(error.__cause__, harmless) else Unknown(str(error))


def _wait(error: RetryAfter) -> timedelta:
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
