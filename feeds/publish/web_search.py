"""`/search?q=`: the meetings that a query finds, with the feeds that go on finding them. `/top`: what is told most."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feeds import archive
from feeds.decide.query import LONGEST, Query, QueryError, parse
from feeds.decide.vocabulary import FIELDS
from feeds.publish.almanac import Almanac
from feeds.publish.asking import LARGEST_ID, WrongRequest, whole_number
from feeds.publish.by_facts import find_by_facts, only_among
from feeds.publish.card import card
from feeds.publish.highlight import Hit, hits
from feeds.publish.in_words import in_words
from feeds.publish.listing import Entries, Entry, Style
from feeds.publish.plain import address
from feeds.publish.web_base import language_of, library_of, page, zone_of
from feeds.publish.web_front import following
from feeds.publish.web_kept import keeper_of
from feeds.publish.words import SEARCH_EXAMPLES, TOP_SPANS
from storage import news, search
from storage.database import Connection

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
PAGE_SIZE = 20
MOST_COUNTED = 40  #: more matches are "at least so many"


async def _search(request: Request) -> Response:
    library = library_of(request)
    words = request.query_params.get("q", "").strip()
    if not words:
        return _found(request, "")
    try:
        query = parse(words)
        before = request.query_params.get("before")
        start = whole_number(before, "before", 1, LARGEST_ID) if before is not None else None
    except (QueryError, WrongRequest) as error:
        return _found(request, words[:LONGEST], HTTPStatus.BAD_REQUEST, problem=str(error))
    keeper, style = keeper_of(request), Style(language=language_of(request), zone=zone_of(request), heading="h2")
    asked = await asyncio.to_thread(_asked, await keeper.now(), query, start)
    look = partial(_look, asked=asked, now=library.clock(), entries=keeper.entries, style=style)
    looked = await library.read(look)
    ways = await following(request, words)
    return _found(
        request, words, shown=looked.shown, before=looked.found.before, whole=looked.found.whole, count=looked.count,
        exact=looked.exact, follow=ways, discover=ways.discover, meaning=in_words(query, language_of(request)),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A search, with what memory knows of it."""

    query: Query
    before: int | None
    known: tuple[int, ...] | None  #: all that it finds, where facts alone decide
    among: frozenset[int] | None  #: else the only meetings that it can find; None: any


def _asked(almanac: Almanac, query: Query, before: int | None) -> _Asked:
    known = find_by_facts(almanac, query)
    return _Asked(query=query, before=before, known=known, among=only_among(almanac, query) if known is None else None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Looked:
    """One page of what a search finds."""

    found: archive.FoundNumbers
    shown: list[tuple[Entry, tuple[Hit, ...]]]  #: each with the words that were found
    count: int | None  #: all that matches; None: it was not counted
    exact: bool = True  #: False: there are more


def _look(connection: Connection, asked: _Asked, now: datetime, entries: Entries, style: Style) -> _Looked:
    """In a thread."""
    count: int | None = None
    exact = True
    query, before, known, among = asked.query, asked.before, asked.known, asked.among
    if known is not None:
        found, count = _page_of(known, before), len(known)
    elif before is None:
        found, count, exact = archive.find_and_count(
            connection, query, now=now, limit=PAGE_SIZE, most=MOST_COUNTED, among=among
        )
    else:
        found = archive.find_numbers(connection, query, now=now, limit=PAGE_SIZE, before=before, among=among)
    rows: dict[int, list[Any]] = {}
    for row in search.of_stories(connection, found.numbers) if known is None else ():  # facts have no words to mark
        rows.setdefault(row.story_id, []).append(row)
    shown = [
        (entry, hits(query, rows.get(entry.story_id, ()))) for entry in entries.of(connection, found.numbers, style)
    ]
    return _Looked(found=found, shown=shown, count=count, exact=exact)


def _page_of(known: tuple[int, ...], before: int | None) -> archive.FoundNumbers:
    """One page of meetings whose numbers are known."""
    left = [number for number in known if before is None or number < before]
    chosen = left[:PAGE_SIZE]
    return archive.FoundNumbers(numbers=tuple(chosen), before=chosen[-1] if len(left) > PAGE_SIZE else None)


def _found(request: Request, words: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
    language = language_of(request)
    usual: dict[str, Any] = {
        "shown": (), "before": None, "whole": True, "problem": "", "count": None, "exact": True, "meaning": "",
        "examples": SEARCH_EXAMPLES[language], "fields": FIELDS,
    }  # fmt: skip
    return page(request, "search.html", status, words=words, **(usual | values))


async def _top(request: Request) -> Response:
    """The stories that most independent newsrooms told lately; meetings as cards, others by their first headline."""
    library, language = library_of(request), language_of(request)
    since = request.query_params.get("since", "24h")
    if since not in SPANS:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"since is one of {', '.join(SPANS)}.")
    ranked = await library.read(partial(archive.top, since=library.clock() - SPANS[since], limit=PAGE_SIZE))
    stories = await library.read(partial(news.meetings_by_id, story_ids=[one.story_id for one in ranked]))
    meetings = {story.meeting.story_id: card(story, language) for story in stories}
    shown = [(one, meetings.get(one.story_id), address(one.reports[0].url)) for one in ranked]
    return page(
        request, "top.html", shown=shown, since=since, spans=[(name, TOP_SPANS[language][name]) for name in SPANS]
    )


ROUTES = [Route("/search", _search, methods=["GET"]), Route("/top", _top, methods=["GET"])]
