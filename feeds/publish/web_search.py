"""`/search?q=`: the meetings that a query finds, with the feeds that go on finding them. `/top`: what is told most."""

from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feeds import archive
from feeds.decide.query import LONGEST, QueryError, parse
from feeds.publish.asking import EXTENSIONS, SEARCH, WrongRequest, whole_number
from feeds.publish.card import card
from feeds.publish.entries import FeedHead
from feeds.publish.plain import address
from feeds.publish.web_base import language_of, library_of, page
from feeds.publish.words import SEARCH_TITLE, TOP_SPANS
from storage import news

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
PAGE_SIZE = 30
LARGEST = 2**63 - 1


async def _search(request: Request) -> Response:
    library, language = library_of(request), language_of(request)
    words = request.query_params.get("q", "").strip()
    if not words:
        return _found(request, "")
    try:
        query = parse(words)
        before = request.query_params.get("before")
        start = whole_number(before, "before", 1, LARGEST) if before is not None else None
    except (QueryError, WrongRequest) as error:
        return _found(request, words[:LONGEST], HTTPStatus.BAD_REQUEST, problem=str(error))
    find = partial(archive.find_meetings, query=query, now=library.clock(), limit=PAGE_SIZE, before=start)
    found = await library.read(find)
    shown = [(story.meeting.story_id, card(story, language)) for story in found.meetings]
    return _found(request, words, shown=shown, before=found.before, whole=found.whole)


def _found(request: Request, words: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
    library, language = library_of(request), language_of(request)
    title = SEARCH_TITLE[language].format(words)
    head = FeedHead(
        authority=library.authority, key=SEARCH, title=f"Kaigi: {title}", address=library.address, language=language,
        began_at=library.began_at, usual_language=library.language, words=words,
    )  # fmt: skip
    feeds = [(extension, head.url(extension)) for extension in EXTENSIONS] if words and status == HTTPStatus.OK else []
    usual: dict[str, Any] = {"shown": (), "before": None, "whole": True, "problem": ""}
    discover = [(head.title, feeds[0][1])] if feeds else []
    return page(request, "search.html", status, words=words, feeds=feeds, discover=discover, **(usual | values))


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
