"""Pieces of a message that know how much of it a reader sees. Pure.

Telegram allows 4,096 characters *after* it has read the tags, counted here as UTF-16 units, and keeps 100 entities
(bold, links, …). So a piece carries its HTML together with its visible length, and a message is put together from
whole pieces: no tag is ever cut open. Every word from outside goes through `words`, which escapes it.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, takewhile
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from feeds.publish import plain

LIMIT = 4096  #: UTF-16 units that a reader sees
ENTITIES = 100
MARKUP = 40_000  #: characters with tags; a request of a sane size
LONGEST_LINK = 1500


@dataclass(frozen=True, slots=True)
class Button:
    """One button below a message: it opens an address, or sends `data` (at most 64 bytes) back to the bot."""

    text: str
    url: str | None = None
    data: str | None = None


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: HTML for Telegram, and the rows of buttons."""

    html: str
    buttons: Rows = ()


def without_links(message: Message) -> Message:
    """The message without the buttons that open an address, for when Telegram does not take the address."""
    rows = (tuple(button for button in row if button.url is None) for row in message.buttons)
    return Message(message.html, tuple(row for row in rows if row))


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a message."""

    html: str = ""
    units: int = 0  #: of UTF-16, without the tags
    entities: int = 0

    def __add__(self, other: "Piece") -> "Piece":
        return Piece(self.html + other.html, self.units + other.units, self.entities + other.entities)

    def __bool__(self) -> bool:
        return bool(self.html)


def units(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def words(text: str, limit: int = 600) -> Piece:
    """Anybody's words on one line, escaped, at most `limit` UTF-16 units."""
    return _escaped(plain.line(text), limit)


def block(text: str, limit: int = 3000) -> Piece:
    """The same with its line breaks."""
    return _escaped(plain.clean(text).strip(), limit)


def _escaped(text: str, limit: int) -> Piece:
    short = text if units(text) <= limit else cut(text, limit - 1).rstrip() + "…"
    return Piece(html.escape(short), units(short))


def cut(text: str, limit: int) -> str:
    """The beginning of a text, at most `limit` UTF-16 units, no character halved."""
    room, end = limit, 0
    for character in text:
        room -= 2 if ord(character) > 0xFFFF else 1
        if room < 0:
            break
        end += 1
    return text[:end]


def bold(inner: Piece) -> Piece:
    """In bold; nothing stays nothing."""
    return _tagged("b", inner)


def italic(inner: Piece) -> Piece:
    """In italics; nothing stays nothing."""
    return _tagged("i", inner)


def fixed(inner: Piece) -> Piece:
    """As a block of letters of one width; nothing stays nothing."""
    return _tagged("pre", inner)


def _tagged(tag: str, inner: Piece) -> Piece:
    return Piece(f"<{tag}>{inner.html}</{tag}>", inner.units, inner.entities + 1) if inner else inner


def link(url: str | None, inner: Piece) -> Piece:
    """The words as a link; just the words where the address is none that a reader should follow."""
    target = web_address(url)
    if target is None or not inner:
        return inner
    return Piece(f'<a href="{html.escape(target)}">{inner.html}</a>', inner.units, inner.entities + 1)


def web_address(url: str | None) -> str | None:
    """The address when it is http or https and of a sane length."""
    target = plain.address(url)
    return target if target is not None and len(target) <= LONGEST_LINK else None


def moment(at: datetime, zone: str, language: str) -> Piece:
    """A moment. Telegram shows it in the zone and form of whoever reads; older apps show our words, in `zone`."""
    shown = format_datetime(at.astimezone(ZoneInfo(zone)), _FORMS[language], locale=language)
    inner = words(shown)
    stamp = int(at.timestamp())
    return Piece(f'<tg-time unix="{stamp}" format="wDt">{inner.html}</tg-time>', inner.units, inner.entities + 1)


_FORMS = {"ja": "y年M月d日(E) HH:mm", "en": "EEE d MMM y, HH:mm"}


def joined(pieces: Sequence[Piece], gap: str = "\n") -> Piece:
    """The pieces with `gap`, which holds no tags, between them."""
    between = Piece(gap, units(gap))
    whole = Piece()
    for number, piece in enumerate(pieces):
        whole = whole + between + piece if number else piece
    return whole


def within(
    pieces: Sequence[Piece], *, gap: str = "\n", more: int = 0, tail: Callable[[int], Piece] | None = None
) -> str:
    """As many pieces as one message holds. `tail(n)` closes it when `n` are left out, `more` of them beforehand."""
    whole = joined([*pieces, tail(more)] if tail and more else pieces, gap)
    if _fits(whole):
        return whole.html
    last = tail(len(pieces) + more) if tail else Piece()
    between = Piece(gap, units(gap))
    grown = accumulate(pieces, lambda kept, piece: kept + between + piece)
    held = list(takewhile(lambda one: _fits(one + between + last), grown))
    kept = held[-1] if held else Piece()
    closing = tail(len(pieces) - len(held) + more) if tail else Piece()
    return (kept + between + closing if closing and kept else kept or closing).html


def _fits(whole: Piece) -> bool:
    return whole.units <= LIMIT and whole.entities <= ENTITIES and len(whole.html) <= MARKUP
