"""`/`: the meetings, what is announced first, with quick filters that make any other view of them."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feeds.publish import facets
from feeds.publish.almanac import Almanac, Line
from feeds.publish.asking import SEARCH, WrongRequest, whole_number
from feeds.publish.entries import FeedHead
from feeds.publish.follow import Follow, follow
from feeds.publish.listing import Entry, Style
from feeds.publish.views import View, view_of
from feeds.publish.web_base import asked_of, language_of, library_of, page, today_of, zone_of
from feeds.publish.web_kept import keeper_of, kept
from storage import filters
from storage.model import Phase

PAGE_SIZE = 20
COMING = 8  #: announced meetings on top
NOBODY = "minister is the key of a person, as in /people; nobody with this key is on record."
LARGEST = 100_000  #: page that may be asked for


def view_asked(request: Request, almanac: Almanac) -> View:
    """The view that the address asks for. Raises `HTTPException` with what would be right."""
    try:
        view = view_of(asked_of(request))
    except WrongRequest as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error
    if view.minister and view.minister not in almanac.people:
        raise HTTPException(HTTPStatus.NOT_FOUND, NOBODY)
    return view


async def shown(request: Request, lines: Sequence[Line]) -> list[Entry]:
    """Meetings as entries of a list, in this order. The almanac was asked before."""
    style = Style(language=language_of(request), zone=zone_of(request))
    ids = [line.story_id for line in lines]
    return await library_of(request).read(partial(keeper_of(request).entries.of, story_ids=ids, style=style))


async def following(request: Request, query: str, title: str = "") -> Follow:
    """How to follow a query from this installation."""
    library = library_of(request)
    every = await library.read(filters.every)
    head = FeedHead(
        authority=library.authority,
        key=SEARCH,
        title="",
        address=library.address,
        language=language_of(request),
        began_at=library.began_at,
        usual_language=library.language,
    )
    return follow(head, query, every, library.bot_name(), title)


def page_number(request: Request, name: str = "page") -> int:
    """Which page of a list is asked for, from 1. Raises `HTTPException`."""
    try:
        return whole_number(request.query_params.get(name, "1"), name, 1, LARGEST)
    except WrongRequest as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error


@kept
async def _front(request: Request) -> Response:
    almanac = await keeper_of(request).now()
    language, view, number = language_of(request), view_asked(request, almanac), page_number(request)
    found = facets.kept_find(almanac, view)
    coming, told = parted(almanac, found.lines, today_of(request)) if view.phase is None else ([], found.lines)
    start = (number - 1) * PAGE_SIZE
    if number > 1 and start >= len(told):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    top = coming[:COMING] if number == 1 else []
    entries = await shown(request, [*top, *told[start : start + PAGE_SIZE]])
    ahead = {line.story_id for line in top}
    figures = await keeper_of(request).figures()
    ways = await following(request, view.query(almanac))
    values: dict[str, Any] = {
        "view": view,
        "words": view.words(language, almanac),
        "facets": facets.facets(almanac, view, found, language),
        "coming": [entry for entry in entries if entry.story_id in ahead],
        "told": [entry for entry in entries if entry.story_id not in ahead],
        "more_coming": len(coming) - len(top) if number == 1 else 0,
        "count": len(found.lines),
        "number": number,
        "pages": max(1, -(-len(told) // PAGE_SIZE)),
        "figures": figures,
        "follow": ways,
        "discover": ways.discover,
    }
    return page(request, "index.html", **values)


def parted(almanac: Almanac, lines: list[Line], today: date) -> tuple[list[Line], list[Line]]:
    """What is still to come among lines of the almanac, soonest first, and all else, newest first."""
    since = (today - almanac.longest).toordinal()
    late = bisect_right(lines, -since, key=lambda line: -line.day.toordinal())  # whatever began earlier is over
    coming = [line for line in lines[:late] if line.facts.phase is Phase.ANNOUNCED and line.ends >= today]
    ahead = {line.story_id for line in coming}
    return coming[::-1], [line for line in lines[:late] if line.story_id not in ahead] + lines[late:]


ROUTES = [Route("/", _front, methods=["GET"])]
