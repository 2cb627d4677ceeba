"""The web server's application: the page of meetings, the feeds, and the answers for whoever watches the service.

It reads the database through `Library` in threads and holds no state. Every answer carries a strict content policy:
titles come from strangers, and nothing they wrote may run here.
"""

import math
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feeds.publish import metrics, web_almanac, web_api, web_feeds, web_front, web_meeting, web_search
from feeds.publish.cache import FeedCache
from feeds.publish.files import STATIC
from feeds.publish.health import FLOOD_SHOWN, remarks
from feeds.publish.kept import Keeper
from feeds.publish.limits import Buckets, RateLimit
from feeds.publish.problem import problem
from feeds.publish.rendered import POLICY, SECURITY
from feeds.publish.sparkline import bars
from feeds.publish.web_base import Health, Library
from feeds.publish.web_base import language_of as _language
from feeds.publish.web_base import library_of as _library
from feeds.publish.web_base import page as _page
from feeds.publish.words import PUSHED, SOURCE_STATES, Language
from storage import lessons, news, notices, queue, sources, websub, workers
from storage.errors import StorageError
from storage.model import FetchEvent, PageSnapshot, Source, SourceState

log = structlog.get_logger("web")

__all__ = ["Health", "Library", "create_app"]

_POLICY = (b"content-security-policy", POLICY)


def create_app(library: Library, more: Sequence[BaseRoute] = (), *, requests_per_s: float = 0) -> Starlette:
    """The application, with `more` routes of other rooms; every handler here reaches `library` through `app.state`.

    `requests_per_s` is what one reader may ask for in the long run (feeds/publish/limits.py); 0: as much as they like.
    """
    cache = FeedCache(library)
    limits = [Middleware(RateLimit, buckets=Buckets(per_s=requests_per_s), refuse=_too_many)] if requests_per_s else []
    app = Starlette(
        routes=[
            *web_feeds.routes(library, cache),  # first: they are asked for most
            *web_front.ROUTES,
            *web_meeting.ROUTES,
            *web_almanac.ROUTES,
            *web_search.ROUTES,
            *web_api.ROUTES,
            Route("/sources", _sources),
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", _metrics),
            Mount("/static", StaticFiles(directory=STATIC)),
            *more,
        ],
        middleware=[Middleware(_SecurityHeaders), *limits],
        exception_handlers={HTTPException: _page_error, StorageError: _storage_error},
    )
    app.state.library = library
    app.state.cache = cache
    app.state.keeper = Keeper(library, cache)
    return app


async def _sources(request: Request) -> Response:
    """How every newsroom is, in words that a reader understands."""
    library = _library(request)
    every = await library.read(sources.every)
    events = await library.read(sources.all_events)
    pages = await library.read(lessons.snapshots)
    now, language = library.clock(), _language(request)
    shown = [
        (source, bars(known := events.get(source.id, [])), _remarks(source, known, pages.get(source.id), language, now))
        for source in every
        if source.definition.enabled
    ]
    shown.sort(key=lambda row: (_STATE_ORDER.index(row[0].state), row[0].definition.name))
    count = Counter(source.state for source, _, _ in shown)
    tally = [(state, count[state]) for state in _STATE_ORDER if count[state]]
    return _page(
        request, "sources.html", shown=shown, tally=tally, now=now,
        states=SOURCE_STATES[language], pushed=PUSHED[language],
    )  # fmt: skip


def _remarks(
    source: Source, events: Sequence[FetchEvent], page: PageSnapshot | None, language: Language, now: datetime
) -> tuple[str, ...]:
    flood = next((event for event in reversed(events) if event.outcome == "flooded"), None)
    return remarks(source, flood, page, language, now)


_STATE_ORDER = (
    SourceState.PAUSED, SourceState.BLOCKED, SourceState.EMPTY, SourceState.FAILING, SourceState.SILENT,
    SourceState.SLOW, SourceState.NEW, SourceState.OK,
)  # fmt: skip


async def _healthz(request: Request) -> Response:
    """The process lives and all its parts move."""
    hung = _library(request).health().get("hung")
    if hung:
        return JSONResponse({"status": "hung", "part": hung}, HTTPStatus.SERVICE_UNAVAILABLE)
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
    now = datetime.now(UTC)
    figures, every = await library.read(news.figures), await library.read(sources.every)
    hubs = await library.read(websub.every)
    floods = await library.read(partial(sources.floods, since=now - FLOOD_SHOWN))
    due, _ = await library.read(partial(queue.due, now=now))
    standing = metrics.Standing(
        deliveries_due=due,
        notices_waiting=await library.read(notices.waiting),
        troubles=await library.read(notices.troubles),
        workers=await library.read(workers.every),
    )
    body = metrics.render(figures, every, now, hubs=hubs, flooded=floods.keys(), standing=standing)
    return Response(body, media_type=metrics.CONTENT_TYPE)


async def _page_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, "")
    answer = _refusal(request, error.status_code, error.detail)
    answer.headers.update(error.headers or {})
    return answer


async def _storage_error(request: Request, error: Exception) -> Response:
    log.warning("a page could not be made", path=request.url.path, error=str(error))
    return _refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer.")


async def _too_many(request: Request, wait_s: float) -> Response:
    seconds = math.ceil(wait_s)
    response = _refusal(request, HTTPStatus.TOO_MANY_REQUESTS, str(seconds))
    response.headers["Retry-After"] = str(seconds)
    return response


def _refusal(request: Request, status: int, detail: str) -> Response:
    """Why there is no answer: as data where data was asked for, else as a page."""
    path = request.url.path
    if path.startswith("/api/") or (path.endswith(".json") and not path.startswith("/feeds/")):
        too_many = f"Too many requests. Ask again in {detail} s."
        return problem(status, too_many if status == HTTPStatus.TOO_MANY_REQUESTS else detail)
    return _page(request, "error.html", status, code=status, detail=detail)


#: Below this address only admins read, so nobody keeps or finds what is there.
PRIVATE = "/admin"
_KEPT_NOWHERE = [(b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex, nofollow")]


class _SecurityHeaders:
    """Adds the security headers to every answer that does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":  # so that all that the log tells of one request has one name
            structlog.contextvars.bind_contextvars(request=secrets.token_hex(4))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                if not own or own[-1] != SECURITY[-1]:
                    message["headers"] = [*own, _POLICY, *SECURITY]
                if scope["path"].startswith(PRIVATE):
                    public = [pair for pair in message["headers"] if pair[0] != b"cache-control"]
                    message["headers"] = [*public, *_KEPT_NOWHERE]
            await send(message)

        await self._app(scope, receive, send_with_headers)
