"""What Telegram says to texts, keyboards and commands: TDLib, the library inside its own server, is the judge."""

import json
import re
from typing import Any

import tdjson

Json = dict[str, Any]

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


#: In the words of refusals that only a mistake of the bot's can bring about.
OUR_FAULTS = (
    "can't parse", "message text is empty", "message is too long", "REPLY_MARKUP", "BUTTON_DATA", "MESSAGE_TOO_LONG",
    "BOT_COMMAND_INVALID", "unsupported parse_mode", "object expected", "wrong scheme",
)  # fmt: skip


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


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


def keyboard(parameters: dict[str, str]) -> Json:
    """`reply_markup`, if it is an inline keyboard that Telegram would show."""
    markup = json_of(parameters, "reply_markup", {})
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


def is_command(command: Json) -> bool:
    name, words = command.get("command", ""), command.get("description", "")
    return bool(re.fullmatch("[a-z0-9_]{1,32}", name)) and 1 <= len(words) <= 256


def json_of(parameters: dict[str, str], name: str, default: Any) -> Any:
    """A parameter that holds JSON, as all but plain values do in a form."""
    try:
        return json.loads(parameters[name]) if parameters.get(name) else default
    except ValueError:
        raise ApiError(400, f"Bad Request: can't parse {name} JSON object") from None


_td({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})
