"""The real python-telegram-bot with a far end that only remembers: for many short conversations without a server.

What a chat saw is in `Edge.said`; updates are written as Telegram writes them. Limits and faults are the business of
tests/support/bot_api.py.
"""

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telegram import Update
from telegram.ext import Application, ApplicationBuilder
from telegram.request import BaseRequest, RequestData

from tests.support.bot_texts import ApiError, Json, keyboard, text_with_entities
from tests.support.recording import record

TOKEN = "123456789:AAF-a_token_made_for_tests_only_00000"
BOT = {"id": 123456789, "is_bot": True, "first_name": "Kaigi", "username": "kaigi_test_bot"}


@dataclass(kw_only=True)
class Edge:
    """What the bot asked of Telegram, and the messages as they stand now."""

    calls: list[tuple[str, Json]] = field(default_factory=list)
    messages: dict[int, Json] = field(default_factory=dict)
    number: int = 100
    faults: list[str] = field(default_factory=list)  #: what Telegram would have refused

    def answer(self, method: str, parameters: Json) -> Any:
        """As Telegram would."""
        self.calls.append((method, parameters))
        if method == "getMe":
            return BOT
        if method in ("sendMessage", "sendDocument"):
            return self._keep(parameters)
        if method == "editMessageText":
            message = self.messages[int(parameters["message_id"])]
            message.pop("reply_markup", None)
            message |= {"text": parameters["text"], **_markup(parameters)}
            return message
        return True

    def judge(self, method: str, form: Mapping[str, str]) -> None:
        """Let TDLib read each text, and look at each keyboard."""
        words = form.get("text") or form.get("caption")
        try:
            if words and method != "answerCallbackQuery":
                text_with_entities(words, form.get("parse_mode"))
            keyboard(dict(form))
        except ApiError as error:
            self.faults.append(f"{method}: {error}: {form}")

    def _keep(self, parameters: Json) -> Json:
        self.number += 1
        chat_id = int(parameters["chat_id"])
        words = parameters.get("text") or parameters.get("caption", "")
        message: Json = {
            "message_id": self.number, "date": int(time.time()), "from": BOT, "text": words, "chat": chat(chat_id),
            **_markup(parameters),
        }  # fmt: skip
        asked = (parameters.get("reply_parameters") or {}).get("message_id")
        if asked in self.messages:
            message["reply_to_message"] = self.messages[asked]
        self.messages[self.number] = message
        return message

    @property
    def said(self) -> list[str]:
        """The texts that the bot sent or put in place of others, in order."""
        return [words["text"] for method, words in self.calls if method in ("sendMessage", "editMessageText")]

    @property
    def last(self) -> Json:
        """The newest message of the bot's."""
        return max((one for one in self.messages.values() if one["from"] == BOT), key=lambda one: one["message_id"])


def _markup(parameters: Json) -> Json:
    return {"reply_markup": parameters["reply_markup"]} if parameters.get("reply_markup") else {}


def chat(chat_id: int) -> Json:
    """A private chat, or a group for a negative id."""
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": "Reader"}
    return {"id": chat_id, "type": "supergroup", "title": "Readers"}


class _Request(BaseRequest):
    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    @property
    def read_timeout(self) -> float:
        return 1.0

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(self, url: str, *_: Any, request_data: RequestData | None = None, **__: Any) -> Any:
        method = url.rsplit("/", 1)[1]
        form = request_data.json_parameters if request_data else {}
        record(method, form)
        self._edge.judge(method, form)
        result = self._edge.answer(method, request_data.parameters if request_data else {})
        return 200, json.dumps({"ok": True, "result": result}).encode()


@dataclass(kw_only=True)
class Conversation:
    """A bot and those who talk to it."""

    application: "Application[Any, Any, Any, Any, Any, Any]"
    edge: Edge
    _number: int = 0

    async def says(self, user_id: int, words: str, **fields: Any) -> list[str]:
        """Somebody writes in the private chat, or where `fields` says. Returns what the bot answered."""
        before = len(self.edge.said)
        await self.gets({"message": self.message(user_id, words, **fields)})
        return self.edge.said[before:]

    async def clicks(self, user_id: int, data: str, message: Json | None = None, **fields: Any) -> list[str]:
        """Somebody sends data as a button would, under the bot's last message unless another is given."""
        before = len(self.edge.said)
        shown = message or self.edge.last
        query = {"id": "1", "from": person(user_id), "message": shown, "chat_instance": "1", "data": data, **fields}
        await self.gets({"callback_query": query})
        return self.edge.said[before:]

    async def gets(self, update: Json) -> None:
        """An update reaches the bot."""
        self._number += 1
        read = Update.de_json({"update_id": self._number, **update}, self.application.bot)
        await self.application.process_update(read)

    def message(self, user_id: int, words: str, **fields: Any) -> Json:
        """A message as Telegram hands it over."""
        self.edge.number += 1
        made: Json = {
            "message_id": self.edge.number, "date": int(time.time()), "chat": chat(user_id), "from": person(user_id),
            "text": words, **fields,
        }  # fmt: skip
        if words.startswith("/"):
            length = len(words.split(maxsplit=1)[0])
            made["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        self.edge.messages[self.edge.number] = made
        return made

    def button(self, label: str) -> str:
        """The data of the first button under the last message whose label has these words."""
        rows = self.edge.last.get("reply_markup", {}).get("inline_keyboard", [])
        found = [one["callback_data"] for row in rows for one in row if label in one["text"] and "callback_data" in one]
        assert found, (label, rows)
        return str(found[0])

    async def presses(self, user_id: int, label: str) -> list[str]:
        """Somebody presses a button that is there."""
        return await self.clicks(user_id, self.button(label))


def person(user_id: int, **fields: Any) -> Json:
    """A user."""
    return {"id": user_id, "is_bot": False, "first_name": f"User{user_id}", "language_code": "en", **fields}


@asynccontextmanager
async def conversation() -> AsyncIterator[Conversation]:
    """A bot without handlers; whoever uses it registers them."""
    edge = Edge()
    request = _Request(edge)
    application = (
        ApplicationBuilder()
        .token(TOKEN)
        .request(request)
        .get_updates_request(request)
        .job_queue(None)
        .updater(None)
        .build()
    )
    async with application:
        yield Conversation(application=application, edge=edge)
    assert edge.faults == [], "the bot sent what Telegram refuses"
