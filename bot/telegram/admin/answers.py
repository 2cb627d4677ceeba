"""What an admin asks and what is answered. No Telegram here: the guard turns answers into messages.

A command is a function from `Ask` to `Answer`. After a crash it is asked again, unless what it changes had landed.
"""

import asyncio
import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from bot.config import Settings
from bot.telegram.markup import Button
from bot.telegram.texts import text
from feeds.correcting import Desk as CorrectionDesk
from feeds.decide.routing import AlertPolicy
from feeds.publish.words import Language
from storage import inbox
from storage.database import Connection, Database
from storage.errors import KaigiError

T = TypeVar("T")

PREFIX = "v1:adm."
PER_PAGE = 8
LABEL = 60  #: characters of a button
DATA_BYTES = 64  #: Telegram takes no longer data with a button
ELLIPSIS = "…"


class DoneBefore(KaigiError):
    """What an update asks for was done already, here or by the process that had the bot before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """What admins' commands need beside the chat's desk."""

    settings: Settings
    health: Callable[[], Mapping[str, object]] = dict  #: as /readyz tells it


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A message for the admin, as Telegram HTML."""

    html: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    later: "Callable[[], Awaitable[Answer]] | None" = None  #: takes its place when the work in the background is done
    reply: bool = False  #: hangs on the command, so that a button under it can read the command again
    fresh: bool = False  #: of a click: a new message, instead of changing the one with the button


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """The message that a command replies to, or under which a button was pressed."""

    message_id: int
    text: str = ""
    links: tuple[str, ...] = ()  #: behind its words and buttons


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One command or click of an admin who was let in."""

    database: Database
    office: Office
    user_id: int
    name: str
    bot_name: str
    language: Language
    zone: str
    now: datetime
    update_id: int = 0  #: of the update that asks
    rest: str = ""  #: what stands behind the command, or behind the click's name
    quote: Quote | None = None
    command: str = ""  #: of a click: the command of the same admin on which the message hangs
    force: bool = False  #: the admin pressed "do it anyway"
    words: tuple[str, ...] = field(default=())

    @property
    def who(self) -> str:
        """The name under which the audit and all histories know this admin."""
        return f"tg:{self.user_id}"

    def say(self, message: str, **values: object) -> str:
        """A sentence in the admin's language, as HTML; the values are escaped with it."""
        return esc(text(self.language, message, **values))

    def button(self, label: str, act: str, *arguments: object, **values: object) -> Button:
        """A button that sends `act` back."""
        return Button(text(self.language, label, **values)[:LABEL], data=data(act, *arguments))

    def clock(self, moment: datetime | None) -> str:
        """A moment in the admin's time zone."""
        return f"{moment.astimezone(ZoneInfo(self.zone)):%m-%d %H:%M}" if moment else "–"

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Read without holding up the loop."""
        return await asyncio.to_thread(self.database.read, fn)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Change something without holding up the loop. That it was done is noted in the same transaction, so that
        nothing is done twice. Raises `DoneBefore`. An update has one such change."""

        def work(connection: Connection) -> T:
            self.claim(connection)
            return fn(connection)

        return await self.draft(work)

    async def draft(self, fn: Callable[[Connection], T]) -> T:
        """Write what may be written again, should the process die before its answer."""
        return await asyncio.to_thread(self.database.write, fn)

    def claim(self, connection: Connection) -> None:
        """Note, in the transaction of a change, that what this update asks for is done. Raises `DoneBefore`."""
        if not inbox.claim(connection, self.update_id, self.now):
            raise DoneBefore(f"Update {self.update_id} has changed what it asks for already.")

    @property
    def policy(self) -> AlertPolicy:
        """The rules for alerts of this installation."""
        alerts = self.office.settings.alerts
        return AlertPolicy(max_age=alerts.max_age, first_poll=alerts.first_poll, flood_brake=alerts.flood_brake)

    @property
    def corrections(self) -> CorrectionDesk:
        """Where this admin makes corrections."""
        return CorrectionDesk(database=self.database, policy=self.policy, by=self.who, now=self.now, first=self.claim)


Work = Callable[[Ask], Awaitable[Answer]]


def data(act: str, *arguments: object) -> str:
    """What a button sends back. Telegram allows 64 bytes, so arguments are numbers and short keys."""
    made = ":".join([f"{PREFIX}{act}", *map(str, arguments)])
    assert len(made.encode()) <= DATA_BYTES, made
    return made


def esc(words: object, limit: int = 600) -> str:
    """Words as HTML: escaped, without control characters, at most `limit` characters before escaping."""
    plain = "".join(c for c in str(words) if c == "\n" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF))
    return html.escape(plain if len(plain) <= limit else plain[: limit - 1].rstrip() + ELLIPSIS, quote=False)


def bold(words: object, limit: int = 200) -> str:
    """Words in bold."""
    return f"<b>{esc(words, limit)}</b>"


def code(words: object, limit: int = 300) -> str:
    """Words that a tap copies."""
    return f"<code>{esc(words, limit)}</code>"


def link(address: str | None, words: object, limit: int = 160) -> str:
    """Words that lead to a web address; the words alone where there is none."""
    if not address or not address.startswith(("http://", "https://")) or len(address) > 1000:
        return esc(words, limit)
    return f'<a href="{html.escape(address)}">{esc(words, limit)}</a>'


def page_of(things: Sequence[T], page: int) -> tuple[Sequence[T], int, int]:
    """The things of a page, its number (the nearest that there is), and how many pages there are; from 0."""
    pages = max(1, -(-len(things) // PER_PAGE))
    chosen = min(max(page, 0), pages - 1)
    return things[chosen * PER_PAGE : (chosen + 1) * PER_PAGE], chosen, pages


def turning(act: str, page: int, pages: int) -> tuple[tuple[Button, ...], ...]:
    """The row of buttons that turns pages; none where there is one page."""
    back = (Button("◀", data=data(act, page - 1)),) if page > 0 else ()
    on = (Button("▶", data=data(act, page + 1)),) if page + 1 < pages else ()
    return ((*back, Button(f"{page + 1}/{pages}", data=data(act, page)), *on),) if pages > 1 else ()


def number(words: str, default: int = 0) -> int:
    """The number at the beginning of words that may be forged."""
    first = words.split(":", 1)[0].strip()
    return int(first) if first.isascii() and first.isdecimal() and len(first) < 16 else default


def lines(*parts: Any) -> str:
    """Lines of a message; empty ones are left out."""
    return "\n".join(str(part) for part in parts if part)


def fingerprint(command: str) -> str:
    """A short mark of a command: a button does again only what stood there when it was made."""
    return sha256(" ".join(command.split()).encode("utf-8", "replace")).hexdigest()[:12]
