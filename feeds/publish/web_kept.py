"""Pages that are made of the almanac alone are kept until it changes, or for half a minute, whichever is shorter.

What else they show (how many sources fail, which filters exist) may be that much older than the archive.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feeds.publish.kept import Keeper
from feeds.publish.rendered import takes_gzip
from feeds.publish.web_base import language_of, library_of, today_of, zone_of

Handler = Callable[[Request], Awaitable[Response]]

AGE = timedelta(seconds=30)
MOST = 256  #: pages of one state of the archive; the longest unasked goes first


@dataclass(frozen=True, slots=True)
class _Kept:
    response: Response
    at: datetime


def keeper_of(request: Request) -> Keeper:
    """Who keeps the almanac of the application."""
    keeper: Keeper = request.app.state.keeper
    return keeper


def kept(handler: Handler) -> Handler:
    """The handler of a page that is the same for all who ask alike."""

    @wraps(handler)
    async def serve(request: Request) -> Response:
        if "zone" in request.query_params:  # its answer sets a cookie
            return await handler(request)
        almanac, library = await keeper_of(request).now(), library_of(request)
        pages: OrderedDict[Any, _Kept] = almanac.kept.setdefault("pages", OrderedDict())
        packed = takes_gzip(request.headers.get("accept-encoding", "").encode("latin-1"))
        key = (
            request.url.path, request.url.query, language_of(request), zone_of(request), today_of(request), packed,
            library.bot_name(),
        )  # fmt: skip
        found, now = pages.get(key), library.clock()
        if found is not None and timedelta(0) <= now - found.at < AGE:
            pages.move_to_end(key)
            return _copy(found.response)
        answer = await handler(request)
        if answer.status_code == HTTPStatus.OK:
            pages[key] = _Kept(_copy(answer), now)
            while len(pages) > MOST:
                pages.popitem(last=False)
        return answer

    return serve


def _copy(response: Response) -> Response:
    """An answer of its own, because headers are added on its way out."""
    copy = Response(response.body, response.status_code)
    copy.raw_headers = list(response.raw_headers)
    return copy
