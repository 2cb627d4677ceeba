"""A strict Telegram Bot API server on the loopback interface, for tests that run the real python-telegram-bot.

    async with BotApi() as api:
        bot = telegram.Bot(api.token, base_url=f"{api.url}/bot")

It judges texts with TDLib, the library inside Telegram's own server, and answers in Telegram's words. A chat exists
once somebody spoke in it (`user_says`) or `add_chat` was called. There are no rate limits: order one with `fail_next`.
"""

import asyncio
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import tdjson
from aiohttp import web

Json = dict[str, Any]

TOKEN = "123456789:AAF-a_token_made_for_tests_only_00000"
BOT = {"id": 123456789, "is_bot": True, "first_name": "Kaigi", "username": "kaigi_test_bot"}
ABILITIES = ("can_join_groups", "can_read_all_group_messages", "supports_inline_queries")

_MAX_TEXT = 4096
_MAX_ENTITIES = 100
_TD_NAMES = {
    "BlockQuote": "blockquote",
    "BotCommand": "bot_command",
    "CustomEmoji": "custom_emoji",
    "DateTime": "date_time",
    "EmailAddress": "email",
    "ExpandableBlockQuote": "expandable_blockquote",
    "PhoneNumber": "phone_number",
    "PreCode": "pre",
    "TextUrl": "text_link",
}
_PARSE_MODES = {
    "html": {"@type": "textParseModeHTML"},
    "markdown": {"@type": "textParseModeMarkdown", "version": 1},
    "markdownv2": {"@type": "textParseModeMarkdown", "version": 2},
}


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    """What happens to one request instead of, before or after the real work."""

    error: Json | None = None
    drop_before: bool = False
    drop_after: bool = False
    delay_s: float = 0.0


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


@dataclass(kw_only=True)
class BotApi:
    """The server, an async context manager; `url` is known inside it."""

    token: str = TOKEN
    poll_cap_s: float = 1.0  #: the longest that getUpdates waits, whatever it asks for
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)  #: in order of arrival
    edits: list[Sent] = field(default_factory=list)
    answered_callbacks: dict[str, str] = field(default_factory=dict)  #: query id → text shown
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  #: (scope, language) → commands

    def __post_init__(self) -> None:
        self._chats: dict[int, Json] = {}
        self._blocked: set[int] = set()
        self._messages: dict[tuple[int, int], Json] = {}
        self._queries: set[str] = set()
        self._updates: deque[Json] = deque()
        self._faults: defaultdict[str, deque[_Fault]] = defaultdict(deque)
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

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    # What tests do to the server

    def fail_next(
        self, method: str, error_code: int, description: str, parameters: Json | None = None, times: int = 1
    ) -> None:
        """Answer the next calls with an error instead of doing them."""
        error = ApiError(error_code, description, parameters).body
        self._faults[method].extend([_Fault(error=error)] * times)

    def drop_before(self, method: str, times: int = 1) -> None:
        """Close the connection of the next calls without doing them."""
        self._faults[method].extend([_Fault(drop_before=True)] * times)

    def drop_after(self, method: str, times: int = 1) -> None:
        """Do the next calls, then close the connection without an answer."""
        self._faults[method].extend([_Fault(drop_after=True)] * times)

    def slow(self, method: str, delay_s: float, times: int = 1) -> None:
        """Do the next calls at once, and answer late."""
        self._faults[method].extend([_Fault(delay_s=delay_s)] * times)

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

    def called(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    # The server

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        parameters = {**request.query, **{key: _as_text(value) for key, value in (await request.post()).items()}}
        name, work = self._methods().get(method, (method, None))
        self.calls.append(Call(method=name, parameters=parameters, at=time.monotonic()))
        fault = self._faults[name].popleft() if self._faults[name] else _Fault()
        if fault.drop_before:
            return _hang_up(request)
        body = fault.error or await self._body(request.match_info["token"], work, parameters)
        await asyncio.sleep(fault.delay_s)
        if fault.drop_after:
            return _hang_up(request)
        return web.json_response(body, status=body.get("error_code", 200))

    async def _body(self, token: str, work: Callable[..., Any] | None, parameters: dict[str, str]) -> Json:
        if token != self.token:
            return ApiError(401, "Unauthorized").body
        if work is None:
            return ApiError(404, "Not Found: method not found").body
        try:
            return {"ok": True, "result": await work(parameters)}
        except ApiError as error:
            return error.body

    def _methods(self) -> dict[str, tuple[str, Callable[[dict[str, str]], Any]]]:
        named = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "setMyCommands": self._set_my_commands,
            "deleteWebhook": self._delete_webhook,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "answerCallbackQuery": self._answer_callback_query,
        }
        return {name.lower(): (name, work) for name, work in named.items()}  # Telegram ignores case here

    async def _get_me(self, _parameters: dict[str, str]) -> Json:
        return {**BOT, **dict.fromkeys(ABILITIES, False)}

    async def _delete_webhook(self, parameters: dict[str, str]) -> bool:
        if parameters.get("drop_pending_updates") == "true":
            self._updates.clear()
        return True

    async def _set_my_commands(self, parameters: dict[str, str]) -> bool:
        commands = _json(parameters, "commands", [])
        if len(commands) > 100 or not all(_is_command(it) for it in commands):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        scope = json.dumps(_json(parameters, "scope", {"type": "default"}), sort_keys=True)
        self.commands[scope, parameters.get("language_code", "")] = commands
        return True

    async def _get_updates(self, parameters: dict[str, str]) -> list[Json]:
        self._polls += 1
        mine = self._polls
        offset = int(parameters.get("offset", 0))
        limit = min(int(parameters.get("limit", 100)), 100)
        wanted = _json(parameters, "allowed_updates", [])
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
        content |= _keyboard(parameters)
        reply = _json(parameters, "reply_parameters", {})
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
        content |= _keyboard(parameters)
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


def text_with_entities(text: str, parse_mode: str | None) -> Json:
    """`text` and `entities` of a message, or the error that Telegram would answer."""
    formatted: Json = {"text": text, "entities": []}
    if parse_mode:
        mode = _PARSE_MODES.get(parse_mode.lower())
        if mode is None:
            raise ApiError(400, "Bad Request: unsupported parse_mode")
        formatted = _td({"@type": "parseTextEntities", "text": text, "parse_mode": mode})
        if formatted["@type"] == "error":
            raise ApiError(400, f"Bad Request: {_lower_first(formatted['message'])}")
    plain: str = formatted["text"]
    if not plain.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if len(plain.encode("utf-16-le")) // 2 > _MAX_TEXT:
        raise ApiError(400, "Bad Request: message is too long")
    seen = _td({"@type": "getTextEntities", "text": plain})["entities"]  # links, hashtags, commands
    own = formatted["entities"]
    apart = [it for it in seen if not any(_overlap(it, other) for other in own)]
    entities = [_entity(it) for it in sorted(own + apart, key=lambda it: it["offset"])][:_MAX_ENTITIES]
    return {"text": plain, **({"entities": entities} if entities else {})}


def _td(request: Json) -> Json:
    answer: Json = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    return answer


def _lower_first(words: str) -> str:
    return words[:1].lower() + words[1:]


def _overlap(one: Json, other: Json) -> bool:
    return bool(one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"])


def _entity(found: Json) -> Json:
    """A TDLib entity in the words of the Bot API."""
    kind = found["type"]
    name = kind["@type"].removeprefix("textEntityType")
    entity = {"type": _TD_NAMES.get(name, name.lower()), "offset": found["offset"], "length": found["length"]}
    entity |= {key: kind[key] for key in ("url", "language", "custom_emoji_id", "unix_time") if key in kind}
    if name == "DateTime":
        entity["date_time_format"] = _date_time_format(kind.get("formatting_type"))
    return entity


def _date_time_format(style: Json | None) -> str:
    if style is None:
        return ""
    if style["@type"] == "dateTimeFormattingTypeRelative":
        return "r"
    letters = {"dateTimePartPrecisionShort": "dt", "dateTimePartPrecisionLong": "DT"}
    day, clock = (letters.get(style[f"{part}_precision"]["@type"], ["", ""]) for part in ("date", "time"))
    return ("w" if style["show_day_of_week"] else "") + day[0] + clock[1]


def _keyboard(parameters: dict[str, str]) -> Json:
    """`reply_markup`, if it is an inline keyboard that Telegram would show."""
    markup = _json(parameters, "reply_markup", {})
    if not markup:
        return {}
    rows = markup.get("inline_keyboard")
    if rows is None:
        raise ApiError(400, "Bad Request: object expected as reply markup")
    for button in (it for row in rows for it in row):
        _check_button(button)
    if sum(len(row) for row in rows) > 100 or any(len(row) > 8 for row in rows):
        raise ApiError(400, "Bad Request: REPLY_MARKUP_TOO_LONG")
    return {"reply_markup": {"inline_keyboard": rows}} if any(rows) else {}


def _check_button(button: Json) -> None:
    if not button.get("text", "").strip():
        raise ApiError(400, 'Bad Request: can\'t parse inline keyboard button: field "text" must be non-empty')
    if len(set(button) - {"text", "style"}) != 1:
        raise ApiError(400, "Bad Request: can't parse inline keyboard button: text buttons are unallowed")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    if "url" in button and not button["url"].startswith(("http://", "https://", "tg://")):
        raise ApiError(400, f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: wrong scheme")


def _is_command(command: Json) -> bool:
    name, words = command.get("command", ""), command.get("description", "")
    return bool(re.fullmatch("[a-z0-9_]{1,32}", name)) and 1 <= len(words) <= 256


def _as_text(value: Any) -> str:
    """A field of a form; a file as its name, a line break and its content."""
    return f"{value.filename}\n{value.file.read().decode()}" if isinstance(value, web.FileField) else str(value)


def _json(parameters: dict[str, str], name: str, default: Any) -> Any:
    """A parameter that holds JSON, as all but plain values do in a form."""
    try:
        return json.loads(parameters[name]) if parameters.get(name) else default
    except ValueError:
        raise ApiError(400, f"Bad Request: can't parse {name} JSON object") from None


def _user(user_id: int, language_code: str) -> Json:
    return {"id": user_id, "is_bot": False, "first_name": "Reader", "language_code": language_code}


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


_td({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
