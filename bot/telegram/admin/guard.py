"""The door in front of every admin command and every admin click.

Who asks is looked up in the database each time. Only a person in their own private chat with the bot can be an admin:
not a group or its anonymous admins, not a channel, not a bot, not a forwarded message. Whoever is not let in is passed
on to the handlers behind, so that an admin command is answered to them like any unknown one, and in groups not at all.
"""

import asyncio
import html
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from telegram import (
    CallbackQuery,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
    Update,
    User,
)
from telegram.constants import ChatType, MessageEntityType, ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import ApplicationHandlerStop, ContextTypes

from bot.telegram.admin.answers import PREFIX, Answer, Ask, DoneBefore, Office, Quote, Work, esc
from bot.telegram.keyboard import keyboard
from bot.telegram.refusals import in_words
from bot.telegram.texts import language_of, msgid, text
from feeds.publish.words import Language
from storage import inbox, people, subscriptions
from storage.database import Connection
from storage.errors import KaigiError
from storage.model import Channel, Chat

if TYPE_CHECKING:
    from bot.telegram.desk import Desk

log = structlog.get_logger("admin")

Context = ContextTypes.DEFAULT_TYPE
T = TypeVar("T")

LONGEST = 3_800  #: characters of a message; what is longer goes out as a document
WRONG = msgid("Something went wrong here. Please try again in a moment.")
_TAG = re.compile(r"<[^>]+>")


@dataclass(kw_only=True)
class Guard:
    """Lets admins in."""

    desk: "Desk"
    office: Office
    commands: Mapping[str, Work]
    clicks: Mapping[str, Work]
    _known: set[int] = field(default_factory=set)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def command(self, update: Update, context: Context) -> None:
        """Answer an admin's command; leave all others to the handlers behind."""
        message = update.message
        ask = await self._admitted(update, context)
        if ask is None or message is None or not message.text:
            return
        name, rest = _split(message.text)
        work = await self._still_to_do(ask, self.commands.get(name))
        if work is None:
            return
        ask = replace(ask, rest=rest, words=tuple(rest.split()), quote=_quote(message.reply_to_message))
        await self._answer_command(ask, work, message)
        raise ApplicationHandlerStop

    async def _answer_command(self, ask: Ask, work: Work, message: Message) -> None:
        answer = await _worked(ask, work)
        sent = await _send(message, answer)
        if answer.later is not None and sent is not None:
            self._in_background(self._finish(ask, answer, sent))

    async def click(self, update: Update, context: Context) -> None:
        """Answer an admin's click. Data can be forged, so a stranger's is answered like that of an old button."""
        query = update.callback_query
        if query is None:
            return
        ask = await self._admitted(update, context)
        act, _, rest = (query.data or "").removeprefix(PREFIX).partition(":")
        known = self.clicks.get(act)
        message = query.message if isinstance(query.message, Message) else None
        work = await self._still_to_do(ask, known) if ask is not None else None
        if ask is None or work is None or message is None:
            await _acknowledge(query, text(self.language_for(update.effective_user), OLD_BUTTON))
            raise ApplicationHandlerStop
        command = _own_command(message, ask.user_id)
        ask = replace(ask, rest=rest, words=tuple(rest.split(":")), quote=_quote(message), command=command)
        await _acknowledge(query, "")
        answer = await _worked(ask, work)
        sent = await _send(message, answer) if answer.fresh else await _change(message, answer)
        if answer.later is not None and sent is not None:
            self._in_background(self._finish(ask, answer, sent))
        raise ApplicationHandlerStop

    async def _still_to_do(self, ask: Ask, work: Work | None) -> Work | None:
        """The work, or the word that it was done: when the process died between the change and its answer."""
        if work is None or not await ask.read(lambda c: inbox.is_applied(c, ask.update_id)):
            return work
        return _done_before

    async def _admitted(self, update: Update, context: Context) -> Ask | None:
        user = person(update)
        if user is None:
            return None
        allowed, chat = await asyncio.to_thread(self.desk.database.read, self._look(user))
        if not allowed:
            await self._see_off(user, context)
            return None
        await self.greet(user, context)
        return Ask(
            database=self.desk.database,
            office=self.office,
            user_id=user.id,
            name=user.full_name,
            bot_name=context.bot.username,
            language=_language(user, chat, self.desk.language),
            zone=chat.time_zone if chat else self.desk.time_zone,
            now=self.now(),
            update_id=update.update_id,
        )

    def _look(self, user: User) -> Any:
        def look(connection: Connection) -> tuple[bool, Chat | None]:
            allowed = people.is_admin(connection, user.id, self.named)
            return allowed, subscriptions.find_chat(connection, Channel.TELEGRAM, str(user.id)) if allowed else None

        return look

    async def greet(self, user: User, context: Context) -> None:
        """Once a start: remember the name for the audit, and show the admin the commands in Telegram's menu."""
        if user.id in self._known:
            return
        self._known.add(user.id)
        await self.write(lambda connection: people.meet(connection, user.id, user.full_name, self.now()))
        await menu().show_menu(context.bot, user.id, self.language_for(user))

    async def _see_off(self, user: User, context: Context) -> None:
        """Take the menu away from somebody who was an admin until now."""
        if user.id in self._known:
            self._known.discard(user.id)
            await menu().hide_menu(context.bot, user.id)

    @property
    def named(self) -> tuple[int, ...]:
        """The admins whom the settings name."""
        return self.office.settings.telegram.admins

    def now(self) -> datetime:
        """The moment, as the service's clock has it."""
        return self.desk.clock()

    def language_for(self, user: User | None) -> Language:
        """The language of somebody whose chat we need not have met."""
        return _language(user, None, self.desk.language)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Write without holding up the loop."""
        return await asyncio.to_thread(self.desk.database.write, fn)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _finish(self, ask: Ask, answer: Answer, sent: Message) -> None:
        async def work(_ask: Ask) -> Answer:
            assert answer.later is not None
            return await answer.later()

        await _change(sent, await _worked(ask, work))


async def _done_before(ask: Ask) -> Answer:
    log.info("a change is not made twice", update=ask.update_id, who=ask.who)
    said = ask.say("This was done just before the service was stopped, and is not done twice. See the audit.")
    return Answer(html=said, buttons=((ask.button("Audit", "audit", 0),),), fresh=True)


OLD_BUTTON = msgid("This button is not known any more.")


def menu() -> ModuleType:
    """The menu, which names the commands and so cannot be imported before them."""
    return import_module("bot.telegram.admin.menu")


def person(update: Update) -> User | None:
    """Who asks, if it is one person in their own private chat with the bot, in their own words."""
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None or user.is_bot or user.id in people.NOBODY:
        return None
    if chat.type != ChatType.PRIVATE or chat.id != user.id:
        return None
    message = update.message
    if message is not None and (message.sender_chat or message.forward_origin or message.via_bot):
        return None
    return user


def _language(user: User | None, chat: Chat | None, default: Language) -> Language:
    """The chat's own choice, else that of the person's Telegram, else the installation's."""
    if chat is not None and chat.language in ("ja", "en"):
        return "ja" if chat.language == "ja" else "en"
    return "ja" if language_of(user.language_code if user else None, default) == "ja" else "en"


def _split(words: str) -> tuple[str, str]:
    """`/filter@bot add x` is the command `filter` with the rest `add x`."""
    first, *behind = words.strip().split(maxsplit=1)
    rest = behind[0] if behind else ""
    return first.removeprefix("/").partition("@")[0].lower(), rest.strip()


def _quote(message: Message | None) -> Quote | None:
    if message is None:
        return None
    entities = {**message.parse_entities([MessageEntityType.URL])} if message.text else {}
    behind = [one.url for one in message.entities if one.type == MessageEntityType.TEXT_LINK and one.url]
    keyboard = message.reply_markup.inline_keyboard if message.reply_markup else ()
    buttons = [button.url for row in keyboard for button in row if button.url]
    links = tuple(dict.fromkeys([*buttons, *behind, *entities.values()]))
    return Quote(message_id=message.message_id, text=message.text or "", links=links)


def _own_command(message: Message, user_id: int) -> str:
    """The command that the message answers, if the same person wrote it."""
    asked = message.reply_to_message
    if asked is None or asked.from_user is None or asked.from_user.id != user_id or not asked.text:
        return ""
    return asked.text


async def _worked(ask: Ask, work: Work) -> Answer:
    """Do it; every refusal is an answer, and a mistake of ours as well."""
    try:
        return await work(ask)
    except DoneBefore:
        return await _done_before(ask)
    except KaigiError as error:
        return Answer(html=f"⚠️ {esc(in_words(ask.language, str(error)), 1500)}")
    except Exception:
        log.exception("an admin's command failed", who=ask.who)
        return Answer(html=ask.say(WRONG))


async def _send(message: Message, answer: Answer) -> Message | None:
    """Send the answer; a long one as a document."""
    reply = ReplyParameters(message.message_id, allow_sending_without_reply=True) if answer.reply else None
    chat_id, bot = message.chat.id, message.get_bot()
    try:
        if len(answer.html) > LONGEST:
            words = html.unescape(_TAG.sub("", answer.html))
            return await bot.send_document(
                chat_id,
                document=words.encode(),
                filename="kaigi.txt",
                caption=words.split("\n", 1)[0][:200],
                reply_parameters=reply,
                reply_markup=keyboard(answer.buttons),
            )
        return await bot.send_message(
            chat_id,
            answer.html,
            parse_mode=ParseMode.HTML,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_parameters=reply,
            reply_markup=keyboard(answer.buttons),
        )
    except TelegramError as error:
        log.warning("an answer could not be sent", error=str(error))
        return None


async def _change(message: Message, answer: Answer) -> Message | None:
    """Put the answer in the place of a message of ours; where that cannot be done, send it."""
    if len(answer.html) > LONGEST:
        return await _send(message, answer)
    try:
        await message.edit_text(
            answer.html,
            parse_mode=ParseMode.HTML,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=keyboard(answer.buttons),
        )
    except BadRequest as error:
        if "not modified" not in str(error).lower():
            return await _send(message, answer)
    except TelegramError as error:
        log.warning("an answer could not be sent", error=str(error))
        return None
    return message


async def _acknowledge(query: CallbackQuery, words: str) -> None:
    """Stop the button's clock. A click that is too old cannot be answered, and need not be."""
    try:
        await query.answer(words or None, show_alert=bool(words))
    except TelegramError as error:
        log.info("a click could not be acknowledged", error=str(error))
