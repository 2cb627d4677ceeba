"""Reads a sources file: `[[source]]` tables in TOML, one per newsroom, with the fields of `SourceDefinition`.

Everything is checked before anything is used, and every complaint names the entry, the field and what to do. Pure:
takes text, returns records; which file is read is decided elsewhere.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import ada_url
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from feeds.collect.normalise import MAX_URL
from storage.errors import Misuse
from storage.model import FetchOptions, PageRules, SourceDefinition, SourceKind, Trust

_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_COUNTRY = re.compile(r"[A-Z]{2}|NATO|ASEAN")
_SELECTORS = ("item", "link", "title", "date", "article", "article_title", "article_date", "next_page")
_SHORTEST_INTERVAL_S = 10
_LONGEST_INTERVAL_S = 86_400  # no source is left for longer, and a column holds no number of any size

_FIELDS = frozenset(field.name for field in fields(SourceDefinition))
_RULES = frozenset(field.name for field in fields(PageRules))
_OPTIONS = frozenset(field.name for field in fields(FetchOptions))

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # a token, RFC 9110 §5.6.2
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_MAX_HEADERS = 20
_MAX_HEADER = 4096
# What the connection is made of, and what Kaigi itself says with each request. Written by hand, these break an answer
# into two, send it to another host, or make every poll look like the last.
_RESERVED = frozenset({
    "host", "connection", "content-length", "content-type", "transfer-encoding", "te", "trailer", "upgrade", "expect",
    "keep-alive", "http2-settings", "accept-encoding", "range", "if-none-match", "if-modified-since", "if-match",
    "if-unmodified-since", "if-range", "date", "forwarded", "via", "max-forwards",
})  # fmt: skip

_E = TypeVar("_E", bound=StrEnum)


class SourcesFileError(Misuse):
    """A sources file cannot be used. The message names the entry and the field and says what to write instead."""


def load_sources(text: str) -> tuple[SourceDefinition, ...]:
    """Return the definitions in a sources file. Raises SourcesFileError at the first mistake."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourcesFileError(f"The sources file is not valid TOML: {error}.") from error
    if strange := sorted(document.keys() - {"source"}):
        raise SourcesFileError(
            f"The sources file has an unknown table '{strange[0]}'; write each source as [[source]]."
        )
    entries = document.get("source", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourcesFileError("Write each source as its own table, with two brackets on each side: [[source]].")
    definitions = tuple(definition(entry, place) for place, entry in enumerate(entries, start=1))
    _refuse_twins(definitions)
    return definitions


def definition(entry: dict[str, Any], place: int = 1) -> SourceDefinition:
    """Check one `[[source]]` table and return it as a record. `place` names an entry without a key."""
    key = entry.get("key")
    where = f"source '{key}'" if isinstance(key, str) and key else f"source number {place}"
    for name in ("key", "url", "name"):
        if name not in entry:
            raise SourcesFileError(f"In {where}: '{name}' is missing; every source needs key, url and name.")
    _refuse_unknown(entry, _FIELDS, where)
    checked = {name: _FIELD_CHECKS[name](value, f"{where}, field '{name}'") for name, value in entry.items()}
    if checked.get("rules") is not None and checked.get("kind") is not SourceKind.PAGE:
        raise SourcesFileError(f"In {where}: 'rules' are only for pages; write kind = \"page\" or remove them.")
    return SourceDefinition(**checked)


def _refuse_unknown(entry: dict[str, Any], known: frozenset[str], where: str) -> None:
    if strange := sorted(entry.keys() - known):
        raise SourcesFileError(f"In {where}: unknown field '{strange[0]}'. Known are: {', '.join(sorted(known))}.")


def _refuse_twins(definitions: tuple[SourceDefinition, ...]) -> None:
    seen: dict[str, SourceDefinition] = {}
    for one in definitions:
        if one.key in seen:
            raise SourcesFileError(f"The key '{one.key}' is used twice; give each source a key of its own.")
        seen[one.key] = one


def _string(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SourcesFileError(f"In {where}: expected text in quotes, found {value!r}.")
    return value.strip()


def _matching(pattern: re.Pattern[str], advice: str) -> Callable[[object, str], str]:
    def check(value: object, where: str) -> str:
        text = _string(value, where)
        if not pattern.fullmatch(text):
            raise SourcesFileError(f"In {where}: {text!r} does not fit; {advice}.")
        return text

    return check


def _one_of(choices: type[_E]) -> Callable[[object, str], _E]:
    def check(value: object, where: str) -> _E:
        text = _string(value, where)
        try:
            return choices(text)
        except ValueError:
            known = ", ".join(f'"{choice}"' for choice in choices)
            raise SourcesFileError(f"In {where}: {text!r} is not known; write one of {known}.") from None

    return check


def _url(value: object, where: str) -> str:
    text = _string(value, where)
    try:
        parsed = ada_url.URL(text)
    except ValueError:
        raise SourcesFileError(f"In {where}: this is not a complete web address.") from None
    if parsed.protocol not in ("http:", "https:") or len(text) > MAX_URL:
        raise SourcesFileError(f"In {where}: write an address that begins with https:// or http://.")
    return text


def _zone(value: object, where: str) -> str:
    text = _string(value, where)
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; OSError: the name of a folder
        raise SourcesFileError(
            f'In {where}: {text!r} is not an IANA time zone; write for example "Asia/Tokyo".'
        ) from None
    return text


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise SourcesFileError(f"In {where}: expected true or false, found {value!r}.")
    return value


def _interval(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < _SHORTEST_INTERVAL_S:
        raise SourcesFileError(f"In {where}: expected whole seconds, at least {_SHORTEST_INTERVAL_S}, found {value!r}.")
    return min(value, _LONGEST_INTERVAL_S)


def _rules(value: object, where: str) -> PageRules:
    if not isinstance(value, dict):
        raise SourcesFileError(f"In {where}: write the rules as a table, [source.rules].")
    _refuse_unknown(value, _RULES, where)
    checked: dict[str, Any] = {}
    for name, rule in value.items():
        here = f"{where}, rule '{name}'"
        if name == "cut":
            if not isinstance(rule, list):
                raise SourcesFileError(f"In {here}: write a list of CSS selectors.")
            checked[name] = tuple(_selector(one, here) for one in rule)
        else:
            checked[name] = _selector(rule, here) if name in _SELECTORS else _pattern(rule, here)
    return PageRules(**checked)


def _selector(value: object, where: str) -> str:
    text = _string(value, where)
    try:
        LexborHTMLParser("<p>").css(text)
    except SelectolaxError:
        raise SourcesFileError(f"In {where}: {text!r} is not a CSS selector.") from None
    return text


def _pattern(value: object, where: str) -> str:
    text = _string(value, where)
    try:
        re.compile(text)
    except re.error as error:
        raise SourcesFileError(f"In {where}: {text!r} is not a regular expression: {error}.") from None
    return text


def _fetch(value: object, where: str) -> FetchOptions:
    """Check `[source.fetch]`. No complaint repeats a value: it may be a secret."""
    if not isinstance(value, dict):
        raise SourcesFileError(f"In {where}: write the options as a table, [source.fetch].")
    _refuse_unknown(value, _OPTIONS, where)
    cookie = value.get("cookie")
    return FetchOptions(
        headers=_headers(value.get("headers", {}), where),
        cookie=None if cookie is None else _header_value(cookie, f"{where}, option 'cookie'"),
        verify=_flag(value.get("verify", True), f"{where}, option 'verify'"),
    )


def _headers(value: object, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or len(value) > _MAX_HEADERS:
        raise SourcesFileError(
            f"In {where}: write the headers as a table, [source.fetch.headers], of at most {_MAX_HEADERS}."
        )
    names = [str(name).lower() for name in value]
    if twins := {name for name in names if names.count(name) > 1}:
        raise SourcesFileError(f"In {where}: the header '{min(twins)}' stands there twice.")
    return tuple(
        (_header_name(name, where), _header_value(word, f"{where}, header '{name}'")) for name, word in value.items()
    )


def _header_name(name: str, where: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise SourcesFileError(f"In {where}: {name!r} is not the name of a header.")
    if name.lower() == "cookie":
        raise SourcesFileError(f"In {where}: write the cookie as 'cookie', not as a header.")
    if name.lower() in _RESERVED or name.lower().startswith("proxy-"):
        raise SourcesFileError(f"In {where}: the header '{name}' is Kaigi's own and cannot be set. Remove it.")
    return name


def _header_value(value: object, where: str) -> str:
    word = value.strip() if isinstance(value, str) else ""
    if len(word) > _MAX_HEADER or not _HEADER_VALUE.fullmatch(word):
        raise SourcesFileError(f"In {where}: write one line of ASCII text, up to {_MAX_HEADER} characters.")
    return word


_FIELD_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "key": _matching(_KEY, "use small letters, digits and single hyphens"),
    "url": _url,
    "name": _string,
    "kind": _one_of(SourceKind),
    "language": _matching(_LANGUAGE, 'write a language tag such as "ja" or "en"'),
    "country": _matching(_COUNTRY, 'write two capital letters such as "JP" (or EU, UN, NATO, ASEAN)'),
    "trust": _one_of(Trust),
    "time_zone": _zone,
    "enabled": _flag,
    "rules": _rules,
    "interval_s": _interval,
    "fetch": _fetch,
}
