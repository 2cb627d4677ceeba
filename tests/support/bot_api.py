"""A strict Telegram Bot API server on the loopback interface, for tests that run the real python-telegram-bot.

    async with BotApi() as api:
        bot = telegram.Bot(api.token, base_url=f"{api.url}/bot")

It judges texts with TDLib, the library inside Telegram's own server, and answers in Telegram's words. A chat exists
once somebody spoke in it (`user_says`) or `add_chat` was called. Rate limits are enforced when `limits` is given;
single faults are ordered with `fail_next` and its kin, and `fate` decides about every call.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.support.bot_limits import LIMITED, Fate, Fault, Faulty, Limits
from tests.support.bot_texts import OUR_FAULTS, ApiError, Json, is_command, json_of, keyboard, text_with_entities
from tests.support.recording import record

__all__ = ["BOT", "TOKEN", "ApiError", "BotApi", "Call", "Json", "Sent", "text_with_entities"]

TOKEN = "123456789:AAF-a_token_made_for_tests_only_00000"
BOT = {"id": 123456789, "is_bot": True, "first_name": "Kaigi", "username": "kaigi_test_bot"}
ABILITIES = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request as it came in."""

    method: str
    parameters: Mapping[str, str]
    at: float  #: monotonic seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message that reached a chat, whether or not the sender was told so."""

    chat_id: int
    message_id: int
    text: str  #: after entity parsing, as the reader sees it
    entities: tuple[Json, ...]
    buttons: tuple[tuple[Json, ...], ...]  #: rows of the inline keyboard
    at: float  #: monotonic seconds
    parameters: Mapping[str, str]  #: as they were sent


@dataclass(kw_only=True)
class BotApi(Faulty):
    """The server, an async context manager; `url` is known inside it."""

    token: str = TOKEN
    poll_cap_s: float = 1.0  #: the longest that getUpdates waits, whatever it asks for
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)  #: in order of arrival
    edits: list[Sent] = field(default_factory=list)
    answered_callbacks: dict[str, str] = field(default_factory=dict)  #: query id → text shown
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  #: (scope, language) → commands
    limits: Limits | None = None  #: None: nothing is too many
    fate: Fate | None = None  #: decides about every call that no single fault was ordered for
    webhook: dict[str, str] = field(default_factory=dict)  #: as it was set; empty: updates are asked for
    moved: dict[int, int] = field(default_factory=dict)  #: groups that became supergroups, by their old number
    closed_topics: set[tuple[int, int]] = field(default_factory=set)  #: (chat, topic)
    keep_calls: bool = True
    lenient: bool = False  #: a bot that sends what nobody can take is what the test is about
    faults: list[str] = field(default_factory=list)  #: such calls
    before: Callable[[str], None] = lambda _method: None  #: called when a request has been read, before its work
    after: Callable[[str], None] = lambda _method: None  #: called when it is done, before it is answered

    def __post_init__(self) -> None:
        self._chats: dict[int, Json] = {}
        self._blocked: set[int] = set()
        self._messages: dict[tuple[int, int], Json] = {}
        self._queries: set[str] = set()
        self._updates: deque[Json] = deque()
        self._number = 0
        self._polls = 0
        self._changed = asyncio.Condition()
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self._runner.cleanup()
        if kind is None and not self.lenient:
            assert self.faults == [], "the bot sent what Telegram refuses"

    # What tests do to the server

    def add_chat(self, chat_id: int) -> None:
        """Let a chat exist. Negative ids are groups, as at Telegram."""
        kind = "private" if chat_id > 0 else "supergroup" if chat_id < -(10**12) else "group"
        name = {"first_name": "Reader"} if chat_id > 0 else {"title": "Readers"}
        self._chats[chat_id] = {"id": chat_id, "type": kind, **name}
        self._blocked.discard(chat_id)

    async def someone_polls(self) -> None:
        """Wait until a getUpdates is under way."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._polls > 0)

    # What readers do

    async def user_says(self, chat_id: int, text: str, language_code: str = "ja", user_id: int | None = None) -> int:
        """Put a message of a reader before the bot; returns the update's id."""
        self.add_chat(chat_id)
        who = _user(user_id or abs(chat_id), language_code)
        return await self._update("message", self._message(chat_id, who, text_with_entities(text, None)))

    async def user_clicks(self, message: Sent, data: str, language_code: str = "ja", user_id: int | None = None) -> str:
        """Press a button that is there; returns the query's id."""
        shown = self._messages[message.chat_id, message.message_id]
        keyboard = shown.get("reply_markup", {}).get("inline_keyboard", [])
        if data not in [button.get("callback_data") for row in keyboard for button in row]:
            raise ValueError(f"The message has no button with {data!r}.")
        self._number += 1
        query = str(self._number)
        self._queries.add(query)
        who = _user(user_id or abs(message.chat_id), language_code)
        body = {"id": query, "from": who, "message": shown, "chat_instance": "1", "data": data}
        await self._update("callback_query", body)
        return query

    async def user_blocks(self, chat_id: int) -> int:
        """Block the bot: it is told, and its messages are refused from now on."""
        self._blocked.add(chat_id)
        member = {"user": BOT, "status": "member"}
        change = {
            "chat": self._chats[chat_id],
            "from": _user(abs(chat_id), "ja"),
            "date": int(time.time()),
            "old_chat_member": member,
            "new_chat_member": {"user": BOT, "status": "kicked", "until_date": 0},
        }
        return await self._update("my_chat_member", change)

    async def wait_sent(self, count: int, timeout_s: float = 5.0) -> tuple[Sent, ...]:
        """Wait until so many messages arrived in all; returns all of them."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: len(self.sent) >= count)
        except TimeoutError:
            texts = [it.text for it in self.sent]
            raise AssertionError(f"{len(texts)} of {count} messages in {timeout_s} s: {texts}") from None
        return tuple(self.sent)

    def waiting(self, update_id: int) -> Json:
        """An update that nobody has asked for yet."""
        return next(one for one in self._updates if one["update_id"] == update_id)

    def called(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    # The server

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        parameters = {**request.query, **{key: _as_text(value) for key, value in (await request.post()).items()}}
        name, work = self._methods().get(method, (method, None))
        record(name, parameters)
        if self.keep_calls:
            self.calls.append(Call(method=name, parameters=parameters, at=time.monotonic()))
        self.before(name)
        fault = self._faults[name].popleft() if self._faults[name] else None
        if fault is None and self.fate is not None:
            fault = self.fate(name, parameters)
        fault = fault or Fault()
        if fault.drop_before:
            return _hang_up(request)
        body = fault.error or await self._body(request.match_info["token"], name, work, parameters)
        self.after(name)
        await asyncio.sleep(fault.delay_s)
        if fault.drop_after:
            return _hang_up(request)
        return web.json_response(body, status=body.get("error_code", 200))

    async def _body(self, token: str, name: str, work: Callable[..., Any] | None, parameters: dict[str, str]) -> Json:
        if token != self.token:
            return ApiError(401, "Unauthorized").body
        if work is None:
            return ApiError(404, "Not Found: method not found").body
        try:
            if self.limits is not None and name in LIMITED:
                self.limits.check(parameters.get("chat_id", ""), time.monotonic())
            return {"ok": True, "result": await work(parameters)}
        except ApiError as error:
            if any(words in error.body["description"] for words in OUR_FAULTS):
                self.faults.append(f"{name}: {error.body['description']}: {parameters}")
            return error.body

    def _methods(self) -> dict[str, tuple[str, Callable[[dict[str, str]], Any]]]:
        named = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "setMyCommands": self._set_my_commands,
            "deleteMyCommands": self._delete_my_commands,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "answerCallbackQuery": self._answer_callback_query,
        }
        return {name.lower(): (name, work) for name, work in named.items()}  # Telegram ignores case here

    async def _get_me(self, _parameters: dict[str, str]) -> Json:
        return {**BOT, **dict.fromkeys(ABILITIES, False)}

    async def _set_webhook(self, parameters: dict[str, str]) -> bool:
        self.webhook = parameters
        return True

    async def _get_webhook_info(self, _parameters: dict[str, str]) -> Json:
        url = self.webhook.get("url", "")
        return {"url": url, "has_custom_certificate": False, "pending_update_count": len(self._updates)}

    async def _delete_webhook(self, parameters: dict[str, str]) -> bool:
        self.webhook = {}
        if parameters.get("drop_pending_updates") == "true":
            self._updates.clear()
        return True

    async def _set_my_commands(self, parameters: dict[str, str]) -> bool:
        commands = json_of(parameters, "commands", [])
        if len(commands) > 100 or not all(is_command(it) for it in commands):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[_scope(parameters)] = commands
        return True

    async def _delete_my_commands(self, parameters: dict[str, str]) -> bool:
        self.commands.pop(_scope(parameters), None)
        return True

    async def _get_updates(self, parameters: dict[str, str]) -> list[Json]:
        if self.webhook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it first",
            )
        self._polls += 1
        mine = self._polls
        offset = int(parameters.get("offset", 0))
        limit = min(int(parameters.get("limit", 100)), 100)
        wanted = json_of(parameters, "allowed_updates", [])
        async with self._changed:
            self._changed.notify_all()  # whoever polls already learns that it is no longer alone
            while self._updates and self._updates[0]["update_id"] < offset:
                self._updates.popleft()

            def found() -> list[Json]:
                return [it for it in self._updates if not wanted or set(it) & set(wanted)][:limit]

            try:
                async with asyncio.timeout(min(float(parameters.get("timeout", 0)), self.poll_cap_s)):
                    await self._changed.wait_for(lambda: found() or self._polls != mine)
            except TimeoutError:
                pass
            if self._polls != mine:
                raise ApiError(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
            return found()

    async def _send_message(self, parameters: dict[str, str]) -> Json:
        chat_id = self._writable(parameters)
        content = text_with_entities(parameters.get("text", ""), parameters.get("parse_mode"))
        content |= keyboard(parameters)
        reply = json_of(parameters, "reply_parameters", {})
        if reply:
            known = self._messages.get((chat_id, reply.get("message_id")))
            if known is None and not reply.get("allow_sending_without_reply"):
                raise ApiError(400, "Bad Request: message to be replied not found")
            if known is not None:
                content["reply_to_message"] = {k: v for k, v in known.items() if k != "reply_to_message"}
        message = self._message(chat_id, BOT, content)
        await self._record(self.sent, message, parameters)
        return message

    async def _edit_message_text(self, parameters: dict[str, str]) -> Json:
        chat_id = self._writable(parameters)
        message = self._messages.get((chat_id, int(parameters.get("message_id", 0))))
        if message is None or message["from"] != BOT:
            raise ApiError(400, "Bad Request: message to edit not found")
        content = text_with_entities(parameters.get("text", ""), parameters.get("parse_mode"))
        content |= keyboard(parameters)
        if all(message.get(key) == content.get(key) for key in ("text", "entities", "reply_markup")):
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup "
                "are exactly the same as a current content and reply markup of the message",
            )
        message.pop("entities", None)
        message.pop("reply_markup", None)
        message |= {**content, "edit_date": int(time.time())}
        await self._record(self.edits, message, parameters)
        return message

    async def _answer_callback_query(self, parameters: dict[str, str]) -> bool:
        query = parameters.get("callback_query_id", "")
        text = parameters.get("text", "")
        if query not in self._queries:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(text) > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        self._queries.remove(query)
        self.answered_callbacks[query] = text
        return True

    def _writable(self, parameters: dict[str, str]) -> int:
        written = parameters.get("chat_id", "")
        if not written:
            raise ApiError(400, "Bad Request: chat_id is empty")
        if not written.lstrip("-").isdigit() or int(written) not in self._chats:
            raise ApiError(400, "Bad Request: chat not found")
        if int(written) in self.moved:
            new = {"migrate_to_chat_id": self.moved[int(written)]}
            raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", new)
        topic = parameters.get("message_thread_id")
        if topic and (int(written), int(topic)) in self.closed_topics:
            raise ApiError(400, "Bad Request: TOPIC_CLOSED")
        if int(written) in self._blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        return int(written)

    def _message(self, chat_id: int, sender: Json, content: Json) -> Json:
        self._number += 1
        message = {
            "message_id": self._number,
            "from": sender,
            "chat": self._chats[chat_id],
            "date": int(time.time()),
            **content,
        }
        self._messages[chat_id, self._number] = message
        return message

    async def _record(self, where: list[Sent], message: Json, parameters: dict[str, str]) -> None:
        keyboard = message.get("reply_markup", {}).get("inline_keyboard", [])
        sent = Sent(
            chat_id=message["chat"]["id"],
            message_id=message["message_id"],
            text=message["text"],
            entities=tuple(message.get("entities", ())),
            buttons=tuple(tuple(row) for row in keyboard),
            at=time.monotonic(),
            parameters=parameters,
        )
        async with self._changed:
            where.append(sent)
            self._changed.notify_all()

    async def _update(self, kind: str, body: Json) -> int:
        self._number += 1
        async with self._changed:
            self._updates.append({"update_id": self._number, kind: body})
            self._changed.notify_all()
        return self._number


def _scope(parameters: dict[str, str]) -> tuple[str, str]:
    """For whom a list of commands is: the scope, and the language."""
    scope = json.dumps(json_of(parameters, "scope", {"type": "default"}), sort_keys=True)
    return scope, parameters.get("language_code", "")


def _as_text(value: Any) -> str:
    """A field of a form; a file as its name, a line break and its content."""
    return f"{value.filename}\n{value.file.read().decode()}" if isinstance(value, web.FileField) else str(value)


def _user(user_id: int, language_code: str) -> Json:
    return {"id": user_id, "is_bot": False, "first_name": "Reader", "language_code": language_code}


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()
