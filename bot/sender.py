"""Telegram as a channel: sends every kind of message and turns what python-telegram-bot raises into an outcome.

The order of the cases matters: `BadRequest` and `TimedOut` are both `NetworkError` there. What a timeout means is
told by its cause: nothing left the house (connect, pool), or the answer was lost, and then nobody can know.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx
from telegram import Bot, LinkPreviewOptions, ReplyParameters
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

from bot.outcomes import ChatGone, Dropped, Moved, NotSent, Outcome, Refused, Sent, Unknown
from bot.telegram import render
from bot.telegram.keyboard import keyboard
from bot.telegram.markup import Message, without_links
from storage.contents import Content
from storage.model import Delivery, DeliveryKind

#: Long enough that a slow answer is an answer: an answer that is given up on is a message nobody knows about.
READ_TIMEOUT = 30.0
NOT_READY = timedelta(seconds=5)
SERVER_TROUBLE = timedelta(seconds=10)
TOKEN_REFUSED = timedelta(minutes=5)

# 400 answers that mean the chat, not the message (wording as in Telegram's server).
_NO_SUCH_CHAT = ("chat not found", "user not found", "peer_id_invalid", "have no rights to send", "not enough rights",
                 "bot is not a member", "group chat was deactivated")  # fmt: skip

_TOPIC_LOST = ("message thread not found", "topic_closed", "topic_deleted", "topic closed", "topic deleted")
_NOTHING_TO_EDIT = ("message to edit not found", "message can't be edited", "message_id_invalid")


#: What the library raises over an answer that says "ok" and is no message; it does not wrap that.
_UNREADABLE = (TypeError, ValueError, LookupError, AttributeError)


class BotHolder(Protocol):
    """Whoever starts and stops the bot."""

    @property
    def ready_bot(self) -> Bot | None:
        """The bot, once Telegram has accepted it."""
        ...


class TelegramSender:
    """Sends to Telegram chats."""

    def __init__(self, holder: BotHolder, page: str = "") -> None:
        """`holder` gives the bot when it is ready; `page` is the address of the web page, if readers can reach it."""
        self._holder = holder
        self._page = page

    async def send(self, delivery: Delivery, content: Content) -> Outcome:
        """Render the content for the chat and send it, or rewrite what was sent."""
        bot = self._holder.ready_bot
        if bot is None:
            return NotSent("Telegram is not reachable yet", NOT_READY, whole_channel=True)
        message = rendered(delivery, content, self._page)
        topic = delivery.chat.topic
        for _ in range(3):  # Telegram may refuse the address behind a button, and the topic
            try:
                return await self._send(bot, delivery, content, message, topic)
            except BadRequest as error:
                words = str(error).lower()
                if "button" in words and without_links(message) != message:
                    message = without_links(message)
                elif topic is not None and any(each in words for each in _TOPIC_LOST):
                    topic = None
                else:
                    return _classify(error, delivery.kind)
            except TelegramError as error:
                return _classify(error, delivery.kind)
            except _UNREADABLE as error:
                done = delivery.kind is DeliveryKind.EDIT  # what was answered matters for a new message only
                return Sent(content.target) if done else _unreadable(error)
        return Refused("Telegram refuses the message in every form")

    async def _send(
        self, bot: Bot, delivery: Delivery, content: Content, message: Message, topic: int | None
    ) -> Outcome:
        where, look = int(delivery.chat.room), LinkPreviewOptions(is_disabled=True)
        if delivery.kind is DeliveryKind.EDIT:
            assert content.target is not None
            await bot.edit_message_text(
                chat_id=where,
                message_id=int(content.target),
                text=message.html,
                parse_mode=ParseMode.HTML,
                link_preview_options=look,
                reply_markup=keyboard(message.buttons),
                read_timeout=READ_TIMEOUT,
            )
            return Sent(content.target)
        sent = await bot.send_message(
            chat_id=where,
            message_thread_id=topic,
            text=message.html,
            parse_mode=ParseMode.HTML,
            disable_notification=delivery.silent or delivery.repeat,
            link_preview_options=look,
            reply_markup=keyboard(message.buttons),
            reply_parameters=_reply(content.target),
            read_timeout=READ_TIMEOUT,
        )
        return Sent(str(sent.message_id), topic_lost=topic != delivery.chat.topic)

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
            return Sent(str(sent.message_id))
        except TelegramError as error:
            return classify(error)
        except _UNREADABLE as error:
            return _unreadable(error)

    def was_sent(self, delivery: Delivery) -> bool | None:  # noqa: ARG002
        """Bots do not see their own messages, so nobody can tell."""
        return None


def rendered(delivery: Delivery, content: Content, page: str = "") -> Message:
    """The message of a delivery, in its chat's language."""
    chat, repeat = delivery.chat, delivery.repeat and delivery.kind is not DeliveryKind.EDIT
    if delivery.kind is DeliveryKind.DIGEST:
        return render.digest(content.stories, chat, more=content.more, repeat=repeat, page=page)
    if delivery.kind is DeliveryKind.BROADCAST:
        return render.broadcast(content.text, chat, repeat=repeat)
    assert content.story is not None
    if delivery.kind is DeliveryKind.FOLLOW_UP:
        return render.follow_up(content.story, content.changes, chat, repeat=repeat, page=page)
    return render.alert(content.story, chat, now=datetime.now(UTC), repeat=repeat, sides=content.sides, page=page)


def _reply(target: str | None) -> ReplyParameters | None:
    return None if target is None else ReplyParameters(int(target), allow_sending_without_reply=True)


def _classify(error: TelegramError, kind: DeliveryKind) -> Outcome:
    """The same as `classify`, and what refusals mean when a message was to be rewritten."""
    words = str(error).lower()
    if kind is DeliveryKind.EDIT and isinstance(error, BadRequest):
        if "message is not modified" in words:
            return Sent()
        if any(each in words for each in _NOTHING_TO_EDIT):
            return Dropped(str(error))
    return classify(error)


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


def _unreadable(error: Exception) -> Outcome:
    """Something answered "ok", and the library could not make a message of the rest: it may well have arrived."""
    return Unknown(f"the answer cannot be read: {error!r}"[:200])


def _wait(error: RetryAfter) -> timedelta:
    wait = error.retry_after
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
