"""What every command and button works with: the database, the rooms of Telegram, and one `Request`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from telegram import Bot, CallbackQuery, LinkPreviewOptions, ReplyParameters, Update
from telegram.constants import ChatType, ParseMode
from telegram.error import BadRequest
from telegram.ext import ContextTypes

from bot.telegram.admin.answers import Office
from bot.telegram.keyboard import keyboard
from bot.telegram.markup import Message, block, within
from bot.telegram.rights import Rights
from bot.telegram.standing import Standing, standing
from bot.telegram.texts import language_of, text
from feeds.publish import plain
from feeds.publish.words import Language
from storage import inbox, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, Chat, ChatState

T = TypeVar("T")
Context = ContextTypes.DEFAULT_TYPE

TOAST = 200  #: characters of the short note that a click is answered with


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What the handlers work with; kept in `Application.bot_data`."""

    database: Database
    clock: Callable[[], datetime]
    language: Language  #: for chats that do not tell theirs
    time_zone: str
    address: str  #: of the web page
    rights: Rights = field(default_factory=Rights)
    office: Office | None = None  #: what admins' commands need; None: there are no admins

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Read without holding up the loop."""
        return await asyncio.to_thread(self.database.read, fn)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Write without holding up the loop."""
        return await asyncio.to_thread(self.database.write, fn)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A place in Telegram: a chat, or one topic of a forum."""

    chat_id: int
    topic: int | None = None
    kind: str = "private"  #: private, group, channel
    title: str = ""

    @property
    def address(self) -> str:
        """As `Chat.address` keeps it."""
        return str(self.chat_id) if self.topic is None else f"{self.chat_id}/{self.topic}"


def room_at(chat: Chat) -> Room:
    """The room of a chat that we know."""
    number, _, topic = chat.address.partition("/")
    return Room(chat_id=int(number), topic=int(topic) if topic else None, kind=chat.kind, title=chat.title)


@dataclass(kw_only=True, slots=True)
class Request:
    """One thing that somebody asked, with a command or a button."""

    bot: Bot
    desk: Desk
    room: Room  #: where it was asked
    chat: Chat  #: whose settings it is about; `id` is 0 while we do not know it
    language: Language  #: of the answer
    person: int | None  #: who asked; None: nobody that Telegram names
    update_id: int = 0  #: of the update that asks
    repeated: bool = False  #: what it changes landed before the process died; only the answer is still owed
    anonymous: bool = False  #: an admin of this group who does not show who it is
    words: str = ""  #: what stands behind the command
    message_id: int | None = None  #: of the command, or of the message with the button
    query: CallbackQuery | None = None
    answered: bool = False

    @property
    def now(self) -> datetime:
        """The moment."""
        return self.desk.clock()

    @property
    def target(self) -> Room:
        """The room whose settings it is about: this one, or a channel that is managed from here."""
        return self.room if self.chat.address == self.room.address else room_at(self.chat)

    def say(self, message: str, **values: object) -> str:
        """A sentence in the language of the answer."""
        return text(self.language, message, **values)

    async def standing(self) -> Standing:
        """How things stand with the chat."""
        return await self.desk.read(partial(standing, chat_id=self.chat.id, now=self.now))

    async def may_change(self) -> bool:
        """Whether who asks may change the chat's settings. Says so where not."""
        target = self.target
        if target.kind == "private" or (self.anonymous and target == self.room):
            return True
        if await self.desk.rights.is_admin(self.bot, target.chat_id, self.person, self.now):
            return True
        kind = "channel" if target.kind == "channel" else "group"
        refusal = {
            "group": self.say("Only admins of this group can change its settings."),
            "channel": self.say("Only admins of this channel can change its settings."),
        }[kind]
        await self.tell(refusal)
        return False

    async def once(self, change: Callable[[Connection], T], again: Callable[[Connection], T]) -> T:
        """Change something, once however often the update is handled: that it was done is noted in the same
        transaction. Where it was done before the process died, read by `again` how things stand since.

        A handler has one such change; what it writes beside it must bear being written twice.
        """

        def work(connection: Connection) -> T:
            first = inbox.claim(connection, self.update_id, self.now)
            return change(connection) if first else again(connection)

        return await self.desk.write(work)

    async def open(self) -> Chat:
        """The chat's record, made when there is none yet; a chat that rests wakes up."""
        self.chat = await self.desk.write(partial(opened, request=self))
        return self.chat

    async def known(self) -> Chat:
        """The chat's record, made when there is none yet; one that rests goes on resting."""
        return self.chat if self.chat.id else await self.open()

    async def change(self, **settings: Any) -> Chat:
        """Change settings of the chat."""
        chat = await self.known()
        self.chat = await self.once(
            partial(subscriptions.change, chat_id=chat.id, now=self.now, **settings),
            lambda connection: subscriptions.chat(connection, chat.id) or chat,
        )
        return self.chat

    async def tell(self, sentence: str) -> None:
        """A short answer: a note over a button, a message after a command."""
        if self.query is not None:
            await self.note(sentence, alert=True)
        else:
            await self.send(Message(within([block(sentence)])))

    async def note(self, sentence: str = "", *, alert: bool = False) -> None:
        """Answer a click with a short note, or with nothing; once."""
        if self.query is None or self.answered:
            return
        self.answered = True
        try:
            await self.query.answer(sentence[:TOAST] or None, show_alert=alert)
        except BadRequest as error:  # a click of long ago
            if "query" not in str(error).lower():
                raise

    async def show(self, message: Message) -> None:
        """Show a menu: in place of the one whose button was pressed, else as a new message."""
        if self.query is None or self.message_id is None:
            await self.send(message)
            return
        try:
            await self.bot.edit_message_text(
                message.html,
                chat_id=self.room.chat_id,
                message_id=self.message_id,
                parse_mode=ParseMode.HTML,
                link_preview_options=_NO_PREVIEW,
                reply_markup=keyboard(message.buttons),
            )
        except BadRequest as error:
            if "not modified" not in str(error).lower():
                await self.send(message)

    async def send(self, message: Message) -> None:
        """Send a message to where it was asked."""
        in_group = self.room.kind == "group" and self.query is None and self.message_id is not None
        await self.bot.send_message(
            chat_id=self.room.chat_id,
            text=message.html,
            message_thread_id=self.room.topic,
            parse_mode=ParseMode.HTML,
            link_preview_options=_NO_PREVIEW,
            reply_markup=keyboard(message.buttons),
            reply_parameters=ReplyParameters(self.message_id, allow_sending_without_reply=True)
            if in_group and self.message_id
            else None,
        )


_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def opened(connection: Connection, request: Request) -> Chat:
    """The record of the chat that a request is about: active, and made if there was none."""
    chat, target = request.chat, request.target
    found = subscriptions.open_chat(
        connection,
        Channel.TELEGRAM,
        target.address,
        language=chat.language,
        time_zone=chat.time_zone,
        now=request.now,
    )
    named = {"kind": target.kind, "title": plain.line(target.title)[:128]}
    return subscriptions.change(connection, found.id, request.now, **named)


async def request_of(update: Update, context: Context, words: str = "") -> Request | None:
    """The request that an update is; None for one that comes from no chat."""
    desk: Desk = context.bot_data["desk"]
    room = _room(update)
    if room is None:
        return None
    user = update.effective_user
    person = user.id if user is not None and not user.is_bot else None
    code = user.language_code if user is not None and room.kind == "private" else None
    guess: Language = "ja" if language_of(code, desk.language) == "ja" else "en"
    known, repeated = await desk.read(partial(_met, address=room.address, update_id=update.update_id))
    chat = known or _stranger(room, guess, desk)
    message = update.effective_message
    sender = getattr(message, "sender_chat", None)
    return Request(
        bot=context.bot,
        desk=desk,
        room=room,
        chat=chat,
        language="ja" if chat.language == "ja" else "en",
        person=person,
        update_id=update.update_id,
        repeated=repeated,
        anonymous=sender is not None and sender.id == room.chat_id and update.callback_query is None,
        words=words,
        message_id=message.message_id if message is not None else None,
        query=update.callback_query,
    )


def _met(connection: Connection, address: str, update_id: int) -> tuple[Chat | None, bool]:
    return subscriptions.find_chat(connection, Channel.TELEGRAM, address), inbox.is_applied(connection, update_id)


def _stranger(room: Room, language: Language, desk: Desk) -> Chat:
    return Chat(
        id=0,
        channel=Channel.TELEGRAM,
        address=room.address,
        language=language,
        time_zone=desk.time_zone,
        state=ChatState.STOPPED,
        kind=room.kind,
        title=room.title,
    )


def _room(update: Update) -> Room | None:
    chat, message = update.effective_chat, update.effective_message
    if chat is None:
        return None
    kind = {ChatType.PRIVATE: "private", ChatType.CHANNEL: "channel"}.get(ChatType(chat.type), "group")
    in_topic = message is not None and getattr(message, "is_topic_message", False)
    topic = getattr(message, "message_thread_id", None) if in_topic and kind == "group" else None
    return Room(chat_id=chat.id, topic=topic, kind=kind, title=chat.title or "")
