"""The web server's application: the page of meetings, the feeds, and the answers for whoever watches the service.

It reads the database through `Library` in threads and holds no state. Every answer carries a strict content policy:
titles come from strangers, and nothing they wrote may run here.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feeds import archive
from feeds.decide.query import parse
from feeds.publish import atom, metrics
from feeds.publish.card import card
from feeds.publish.sparkline import bars
from feeds.publish.words import FEED_TITLES, SOURCE_STATES, Language
from storage import filters, news, sources
from storage.database import Connection, Database
from storage.errors import NotFound, StorageError
from storage.model import Filter, MeetingStory, Phase, SourceState

T = TypeVar("T")

HERE = Path(__file__).parent
PAGE_SIZE = 50
_DIGITS = 18  # no database has a longer id

SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}

Health = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """What the application is made of."""

    database: Database
    authority: str  #: of feed ids
    began_at: datetime
    address: str  #: public address without a slash at its end
    language: Language
    health: Callable[[], Health]  #: `{"ready": bool, …}`, quick and without I/O

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Read from the database without holding up the loop."""
        return await asyncio.to_thread(self.database.read, fn)


def create_app(library: Library) -> Starlette:
    """The application; every handler reaches `library` through `app.state`."""
    app = Starlette(
        routes=[
            Route("/", _front),
            Route("/meetings/{story_id}", _meeting),
            Route("/feeds/{key}.atom", _atom),
            Route("/sources", _sources),
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", _metrics),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[Middleware(_SecurityHeaders)],
        exception_handlers={HTTPException: _page_error, StorageError: _storage_error},
    )
    app.state.library = library
    return app


_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
)


async def _front(request: Request) -> Response:
    library, language = _library(request), _language(request)
    wanted = await library.read(partial(filters.find, key=filters.MEETINGS))
    stories = await library.read(partial(_matching, wanted=wanted))
    coming = [s for s in stories if s.meeting.facts.phase is Phase.ANNOUNCED]
    told = [s for s in stories if s.meeting.facts.phase is not Phase.ANNOUNCED]
    coming.sort(key=_day)
    told.sort(key=_day, reverse=True)
    figures = await library.read(news.figures)
    return _page(
        request,
        "index.html",
        coming=[(s.meeting.story_id, card(s, language)) for s in coming],
        told=[(s.meeting.story_id, card(s, language)) for s in told],
        figures=figures,
    )


def _day(story: MeetingStory) -> date:
    """The day of a meeting; of one whose day is unknown, the day on which we heard of it."""
    return story.meeting.facts.starts_on or story.meeting.first_seen_at.date()


async def _meeting(request: Request) -> Response:
    library, language = _library(request), _language(request)
    number = request.path_params["story_id"]
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    try:
        story = await library.read(partial(news.meeting, story_id=int(number)))
    except NotFound as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from error
    return _page(request, "meeting.html", story=story, card=card(story, language))


async def _sources(request: Request) -> Response:
    """How every newsroom is, in words that a reader understands."""
    library = _library(request)
    every = await library.read(sources.every)
    events = await library.read(sources.all_events)
    shown = [(source, bars(events.get(source.id, []))) for source in every if source.definition.enabled]
    shown.sort(key=lambda pair: (_STATE_ORDER.index(pair[0].state), pair[0].definition.name))
    return _page(request, "sources.html", shown=shown, states=SOURCE_STATES[_language(request)])


_STATE_ORDER = (
    SourceState.PAUSED, SourceState.BLOCKED, SourceState.EMPTY, SourceState.FAILING, SourceState.SILENT,
    SourceState.SLOW, SourceState.NEW, SourceState.OK,
)  # fmt: skip


async def _atom(request: Request) -> Response:
    library = _library(request)
    try:
        wanted = await library.read(partial(filters.find, key=request.path_params["key"]))
    except NotFound as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from error
    head = atom.FeedHead(
        authority=library.authority,
        key=wanted.key,
        title=f"Kaigi: {FEED_TITLES[library.language].get(wanted.key, wanted.title)}",
        address=library.address,
        language=library.language,
        began_at=library.began_at,
    )
    body, changed_at = await library.read(partial(_render, head=head, wanted=wanted))
    return _unless_known(request, body, changed_at, "application/atom+xml; charset=utf-8")


def _render(connection: Connection, head: atom.FeedHead, wanted: Filter) -> tuple[bytes, datetime]:
    if not wanted.query.strip():
        items = news.latest_items(connection, limit=PAGE_SIZE)
        return atom.items_feed(head, items), atom.updated_at(head, [item.updated_at for item in items])
    stories = _matching(connection, wanted)
    return atom.meetings_feed(head, stories), atom.updated_at(head, [s.meeting.updated_at for s in stories])


def _matching(connection: Connection, wanted: Filter) -> list[MeetingStory]:
    found = archive.find_meetings(connection, parse(wanted.query), now=datetime.now(UTC), limit=PAGE_SIZE)
    return list(found.meetings)


def _unless_known(request: Request, body: bytes, changed_at: datetime, media_type: str) -> Response:
    """The body, or 304 when the reader has it already (RFC 9110, section 13: If-None-Match goes before dates)."""
    etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    headers = {
        "etag": etag,
        "last-modified": format_datetime(changed_at.astimezone(UTC), usegmt=True),
        "cache-control": "public, max-age=60",
    }
    if _is_known(request, etag, changed_at):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _is_known(request: Request, etag: str, changed_at: datetime) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return etag in tags or "*" in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except (ValueError, OverflowError):
        return False  # an unreadable condition is ignored, as section 13.1.3 asks
    return moment.tzinfo is not None and changed_at <= moment


async def _healthz(_request: Request) -> Response:
    """The process lives and its loop turns."""
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """The service does its work: the database answers and sources are being asked."""
    library = _library(request)
    health = library.health()
    try:
        figures = await library.read(news.figures)
    except StorageError as error:
        return JSONResponse({**health, "ready": False, "database": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)
    seen = {"sources": figures.sources, "failing": figures.sources_failing, "waiting": figures.deliveries_waiting}
    status = HTTPStatus.OK if health["ready"] else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({**health, "database": "ok", **seen}, status)


async def _metrics(request: Request) -> Response:
    library = _library(request)
    figures, every = await library.read(news.figures), await library.read(sources.every)
    return Response(metrics.render(figures, every), media_type=metrics.CONTENT_TYPE)


def _page(request: Request, template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
    language = _language(request)
    page = _templates.get_template(template).render(language=language, address=_library(request).address, **values)
    return HTMLResponse(page, status)


async def _page_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    detail = error.detail if isinstance(error, HTTPException) else ""
    return _page(request, "error.html", status, code=status, detail=detail)


async def _storage_error(request: Request, _error: Exception) -> Response:
    return _page(request, "error.html", HTTPStatus.SERVICE_UNAVAILABLE, code=503, detail="")


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


def _language(request: Request) -> Language:
    asked = request.query_params.get("lang")
    if asked == "ja":
        return "ja"
    return "en" if asked == "en" else _library(request).language


class _SecurityHeaders:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.encode(), value.encode()) for name, value in SECURITY.items()]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        await self._app(scope, receive, send_with_headers)
