"""The feeds over HTTP, the page that lists them, and all of them as OPML."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from feeds import archive
from feeds.decide.query import Query, QueryError
from feeds.decide.routing import readable
from feeds.publish import opml, shelf
from feeds.publish.asking import EXTENSIONS, NoSuchFeed, Wanted, WrongRequest, wanted
from feeds.publish.by_facts import find_by_facts
from feeds.publish.cache import FeedCache
from feeds.publish.follow import telegram
from feeds.publish.in_words import in_words
from feeds.publish.rendered import POLICY, Rendered, rendered
from feeds.publish.web_base import Library, language_of, library_of, page
from feeds.publish.web_kept import keeper_of, kept
from feeds.publish.words import OPML_TITLE, Language
from storage import news
from storage.database import Connection
from storage.errors import NotFound
from storage.model import Filter

MOST_COUNTED = 40  #: filters on the page of feeds whose meetings are counted
COUNT_TO = 60  #: meetings; more are "at least so many"
COUNT_BUDGET = 1_000  #: items that are looked at to count one filter

RequestHeaders = Mapping[bytes, bytes]


def routes(library: Library, cache: FeedCache) -> list[Route]:
    """The addresses of the feeds."""
    return [
        Route("/feeds/{key}.{extension}", FeedServer(library, cache), methods=["GET"]),
        Route("/feeds", _list, methods=["GET"]),
        Route("/feeds.opml", _opml, methods=["GET"]),
    ]


class FeedServer:
    """Sends feeds. An ASGI application of its own, so that a kept feed is sent without a detour."""

    def __init__(self, library: Library, cache: FeedCache) -> None:
        """`cache` holds the feeds of `library`."""
        self._library = library
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer one request. Raises `HTTPException` for what cannot be served."""
        headers = dict(scope["headers"])
        asked = self._read(scope, headers)
        found = self._cache.at_hand(asked) or await self._find(asked)
        await send_rendered(found, headers, scope["method"], send)

    def _read(self, scope: Scope, headers: RequestHeaders) -> Wanted:
        """Only a browser says `Sec-Fetch-Dest: document`, and only when a person opens an address."""
        parts, browser = scope["path_params"], headers.get(b"sec-fetch-dest") == b"document"
        try:
            return wanted(parts["key"], parts["extension"], scope["query_string"], browser)
        except NoSuchFeed as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from error
        except WrongRequest as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error

    async def _find(self, asked: Wanted) -> Rendered:
        try:
            return await self._cache.get(asked)
        except (NotFound, NoSuchFeed) as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from error
        except QueryError as error:
            if asked.words is not None:
                raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error
            words = f"The query of the filter {asked.key} cannot be read. {error}"
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, words) from error


async def send_rendered(found: Rendered, headers: RequestHeaders, method: str, send: Send) -> None:
    """The document, its headers alone (HEAD), or 304 when the reader has it."""
    form = found.form(headers.get(b"accept-encoding", b""))
    if found.is_known(headers.get(b"if-none-match"), headers.get(b"if-modified-since")):
        await send({"type": "http.response.start", "status": 304, "headers": form.unchanged})
        await send({"type": "http.response.body", "body": b""})
        return
    about = form.browsed if b"text/html" in headers.get(b"accept", b"") else form.whole
    await send({"type": "http.response.start", "status": 200, "headers": about})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else form.body})


@kept
async def _list(request: Request) -> Response:
    """Every filter with its query in words, its addresses, and how much it holds."""
    library, language = library_of(request), language_of(request)
    found = await library.read(partial(shelf.heads, imprint=library.imprint, language=language))
    counts = await _counts(request, [each for each, _ in found])
    figures = await library.read(news.figures)
    bot = library.bot_name()
    shown: list[dict[str, Any]] = [
        {
            "title": head.title.removeprefix("Kaigi: "),
            "key": each.key,
            "query": each.query,
            "meaning": _meaning(each.query, language),
            "count": counts.get(each.key, (None, True))[0],
            "exact": counts.get(each.key, (None, True))[1],
            "articles": None if each.query else figures.items,
            "addresses": [(extension, head.url(extension)) for extension in EXTENSIONS],
            "telegram": telegram(bot, each) if each.alerts and not each.paused else None,
        }
        for each, head in found
    ]
    discover = [(head.title, head.url("atom")) for _, head in found]
    return page(request, "feeds.html", shown=shown, discover=discover)


def _meaning(query: str, language: Language) -> str:
    read = readable(query)
    return in_words(read, language) if read is not None else query


async def _counts(request: Request, found: list[Filter]) -> dict[str, tuple[int, bool]]:
    """How many meetings each filter holds; of very many filters, only the first ones are counted."""
    library, almanac = library_of(request), await keeper_of(request).now()
    asked = [(each.key, readable(each.query)) for each in found if each.query][:MOST_COUNTED]
    counts: dict[str, tuple[int, bool]] = {}
    for key, query in asked:
        if query is None:
            continue
        known = await asyncio.to_thread(find_by_facts, almanac, query)
        if known is not None:
            counts[key] = (len(known), True)
        else:
            counts[key] = await library.read(partial(_counted, query=query, now=library.clock()))
    return counts


def _counted(connection: Connection, query: Query, now: datetime) -> tuple[int, bool]:
    _, count, whole = archive.find_and_count(connection, query, now=now, limit=0, most=COUNT_TO, budget=COUNT_BUDGET)
    return count, whole


async def _opml(request: Request) -> Response:
    library, language = library_of(request), language_of(request)
    found = await library.read(partial(shelf.heads, imprint=library.imprint, language=language))
    body = opml.write(OPML_TITLE[language], [head for _, head in found])
    return _Ready(rendered(body, opml.MEDIA_TYPE, library.clock(), POLICY))


class _Ready(Response):
    """A rendered document as an answer of Starlette."""

    def __init__(self, document: Rendered) -> None:
        super().__init__()
        self._document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send_rendered(self._document, dict(scope["headers"]), scope["method"], send)
