"""What all pages, feeds and answers share: the library they read from, templates, the reader's language and clock."""

import asyncio
import gzip
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import jinja2
from babel import negotiate_locale
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from feeds.publish import drawn, moments, plain
from feeds.publish.files import TEMPLATES
from feeds.publish.rendered import SMALL, takes_gzip
from feeds.publish.shelf import Imprint
from feeds.publish.words import Language, country_name, day_name, days_name, flag, label, series_name
from storage.database import Connection, Database

T = TypeVar("T")

Health = dict[str, Any]

ZONE_COOKIE = "kaigi_zone"
YEAR_S = 365 * 86400


def _nobody() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """What the application is made of."""

    database: Database
    authority: str  #: of feed ids
    began_at: datetime
    address: str  #: public address without a slash at its end
    language: Language
    health: Callable[[], Health]  #: `{"ready": bool, …}`, quick and without I/O
    hub: str | None = None  #: address of the WebSub hub that our feeds name
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    time_zone: str = "Asia/Tokyo"  #: of readers who name none
    bot_name: Callable[[], str | None] = _nobody  #: the bot's user name in Telegram, once it is known

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Read from the database without holding up the loop."""
        return await asyncio.to_thread(self.database.read, fn)

    @property
    def imprint(self) -> Imprint:
        """What all feeds say of this installation."""
        return Imprint(
            authority=self.authority,
            address=self.address,
            language=self.language,
            began_at=self.began_at,
            hub=self.hub,
        )


def templates_of(*folders: Path) -> jinja2.Environment:
    """Templates in which strangers' words stay words; the first folder that has one wins."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, TEMPLATES]), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, bytecode_cache=_compiled(),
    )  # fmt: skip
    made.filters["address"] = plain.address  # no other address of a stranger may stand in a page
    made.filters["tag"] = plain.language_tag
    return made


def _compiled() -> jinja2.BytecodeCache | None:
    """Where compiled templates are kept: beside what Python compiled of this room, if it may write there."""
    folder = Path(__file__).parent / "__pycache__"
    if sys.dont_write_bytecode or not (folder.is_dir() and os.access(folder, os.W_OK)):
        return None
    return jinja2.FileSystemBytecodeCache(str(folder), "%s.jinja")


templates = templates_of()

MOST_PAIRS = 40  #: of an address that are kept when it is written anew

#: The pages that every page leads to: address, Japanese, English.
MENU = (
    ("/", "会談", "Meetings"), ("/search", "検索", "Search"), ("/countries", "国", "Countries"),
    ("/series", "会議体", "Series"), ("/top", "ランキング", "Top"), ("/feeds", "フィード", "Feeds"),
    ("/sources", "情報源", "Sources"),
)  # fmt: skip


def page(
    request: Request, template: str, status: int = HTTPStatus.OK, *, templates: jinja2.Environment = templates,
    **values: Any,
) -> Response:  # fmt: skip
    """A page in the reader's language, packed when the reader takes that. `templates` are those of another room."""
    library, language, zone = library_of(request), language_of(request), zone_of(request)
    spoken: dict[str, Any] = {
        "language": language,
        "zone": zone,
        "zones": tuple(dict.fromkeys((zone, library.time_zone, *moments.OFFERED))),
        "address": library.address,
        "here": request.url.path,
        "menu": [(href, ja if language == "ja" else en) for href, ja, en in MENU],
        "rest": [(name, value) for name, value in _pairs(request) if name not in ("zone", "lang")],
        "other": address_with(request, lang="en" if language == "ja" else "ja"),
        "again": lambda number: address_with(request, page=str(number), lang=language),
        "canonical": library.address + request.url.path + _canonical(request),
        "discover": (),
        **_words(language, zone),
    }
    shown = templates.get_template(template).render({**spoken, **values})
    return _answer(request, shown.encode("utf-8", "replace"), status)


def fragment(template: str, language: Language, zone: str, **values: Any) -> Markup:
    """A part of a page."""
    made = templates.get_template(template)
    return Markup(made.render(language=language, zone=zone, **_words(language, zone), **values))  # noqa: S704  escaped


def _words(language: Language, zone: str) -> dict[str, Any]:
    """What templates say things with."""
    return {
        "say": lambda ja, en: ja if language == "ja" else en,
        "moment": partial(moments.moment_name, zone_name=zone, language=language),
        "span": partial(moments.span_name, language=language),
        "label": partial(label, language),
        "country": partial(country_name, language=language),
        "flag": flag,
        "series_title": partial(series_name, language=language),
        "day": partial(day_name, language=language),
        "days": partial(days_name, language=language),
        "link": partial(link, language),
        "matrix_cells": partial(drawn.matrix_cells, language=language),
        "month_bars": partial(drawn.month_bars, language=language),
        "calendar_days": partial(drawn.calendar_days, language=language),
    }


def link(language: Language, path: str, **asked: Any) -> str:
    """An address of ours, in the reader's language."""
    pairs = [(name, value) for name, value in asked.items() if value not in (None, "")]
    return f"{path}?{urlencode([*pairs, ('lang', language)])}" if pairs else f"{path}?lang={language}"


def data(document: Any) -> Response:
    """The same as a page shows, as JSON. The day of the reader decides some of it, and their zone is in a cookie."""
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"cache-control": "public, max-age=30", "vary": "Cookie"}
    return Response(body, media_type="application/json", headers=headers)


def moved(request: Request, path: str) -> Response:
    """Lead to where something is now, with all that was asked."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{path}{query}", HTTPStatus.PERMANENT_REDIRECT)


def _answer(request: Request, body: bytes, status: int) -> Response:
    headers = {"vary": "Accept-Encoding, Accept-Language, Cookie", "cache-control": "no-cache"}
    if len(body) > SMALL and takes_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
        body = gzip.compress(body, 5, mtime=0)
        headers["content-encoding"] = "gzip"
    answer = HTMLResponse(body, status, headers)
    chosen = moments.zone_named(request.query_params.get("zone"))
    if chosen is not None:
        answer.set_cookie(ZONE_COOKIE, chosen, max_age=YEAR_S, samesite="lax", httponly=False)
    return answer


def address_with(request: Request, **changed: str | None) -> str:
    """This address with other parameters; None takes one out."""
    pairs = [(name, value) for name, value in _pairs(request) if name not in changed]
    pairs += [(name, value) for name, value in changed.items() if value is not None]
    return f"?{urlencode(pairs)}"


def _canonical(request: Request) -> str:
    """What names the page beside its path: all but language and clock, in a fixed order."""
    pairs = sorted((name, value) for name, value in _pairs(request) if name not in ("lang", "zone") and value)
    return f"?{urlencode(pairs)}" if pairs else ""


def _pairs(request: Request) -> list[tuple[str, str]]:
    return parse_qsl(request.url.query, keep_blank_values=True)[:MOST_PAIRS]


def asked_of(request: Request) -> Mapping[str, Sequence[str]]:
    """All values of all parameters."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    return found


def library_of(request: Request) -> Library:
    """The library of the application."""
    library: Library = request.app.state.library
    return library


def language_of(request: Request) -> Language:
    """The language that the address names, else the one that the browser prefers, else the service's own."""
    asked = request.query_params.get("lang")
    if asked in ("ja", "en"):
        return "ja" if asked == "ja" else "en"
    wanted = _preferred(request.headers.get("accept-language", ""))
    chosen = negotiate_locale(wanted, ["ja", "en"], sep="-") if wanted else None
    if chosen is None:
        return library_of(request).language
    return "ja" if chosen == "ja" else "en"


def _preferred(header: str) -> list[str]:
    """The languages of an Accept-Language header, the most wanted first (RFC 9110, section 12.5.4)."""
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:200].split(",")):
        name, _, rest = part.strip().partition(";")
        weight = rest.strip().removeprefix("q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            quality = 0.0
        if quality > 0 and plain.language_tag(name):
            weighed.append((-quality, place, name))
    return [name for _, _, name in sorted(weighed)]


def zone_of(request: Request) -> str:
    """The time zone that the address names, else the reader's cookie, else the service's own."""
    for name in (request.query_params.get("zone"), request.cookies.get(ZONE_COOKIE)):
        if known := moments.zone_named(name):
            return known
    return moments.zone_named(library_of(request).time_zone) or "UTC"


def today_of(request: Request) -> date:
    """The reader's day."""
    return moments.today(library_of(request).clock(), zone_of(request))
