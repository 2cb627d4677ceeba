"""`/api/meetings`: the meetings as JSON, by query and by field, page by page; and the document that describes it."""

from dataclasses import dataclass
from datetime import date
from functools import partial, reduce
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feeds import archive
from feeds.decide.filters import both
from feeds.decide.query import Between, Query, QueryError, parse
from feeds.publish.asking import LARGEST_ID, WrongRequest, parameters, whole_number
from feeds.publish.facts import facts_of, moment
from feeds.publish.openapi import FIELDS, MOST, USUAL, description
from feeds.publish.problem import problem
from feeds.publish.web_base import data, library_of
from storage.model import MeetingStory

LONGEST_VALUE = 200  #: characters of a field's value


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    query: Query
    limit: int
    before: int | None


async def _meetings(request: Request) -> Response:
    """One page of the meetings that match, newest first."""
    library = library_of(request)
    try:
        asked = _read(request)
    except WrongRequest as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    except QueryError as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error), column=error.column)
    find = partial(
        archive.find_meetings, query=asked.query, now=library.clock(), limit=asked.limit, before=asked.before
    )
    found = await library.read(find)
    following = None
    if found.before is not None:
        following = f"{library.address}/api/meetings?{request.url.include_query_params(before=found.before).query}"
    return data(
        {
            "meetings": [_meeting(story, library.address) for story in found.meetings],
            "next": following,
            "whole": found.whole,
        }
    )


async def _openapi(request: Request) -> Response:
    return data(description(library_of(request).address))


def _read(request: Request) -> _Asked:
    """What the address asks for. Raises `WrongRequest`, `QueryError`."""
    asked = parameters(request.scope["query_string"])
    unknown = sorted(set(asked) - {"q", "limit", "before", "from", "to", *FIELDS})
    if unknown:
        raise WrongRequest(f"There is no parameter {unknown[0][:50]!r}.")
    parts = [parse(asked.get("q", ""))]
    parts += [_field(name, asked[name]) for name in FIELDS if name in asked]
    if "from" in asked or "to" in asked:
        parts.append(_days(asked.get("from"), asked.get("to")))
    return _Asked(
        query=reduce(both, parts),
        limit=whole_number(asked["limit"], "limit", 1, MOST) if "limit" in asked else USUAL,
        before=whole_number(asked["before"], "before", 1, LARGEST_ID) if "before" in asked else None,
    )


def _field(name: str, value: str) -> Query:
    """A field's parameter means what it means in a query; commas part values, one of which must hold."""
    values = [part.strip() for part in value.split(",")]
    if len(value) > LONGEST_VALUE or '"' in value or not all(values):
        raise WrongRequest(f"{name} is a value such as {FIELDS[name]}, or several with commas between them.")
    return parse(f"{name}:" + ",".join(f'"{part}"' for part in values))


def _days(first: str | None, last: str | None) -> Query:
    """Meetings that take place within these days, both included."""
    low, high = _day("from", first), _day("to", last)
    if low and high and low > high:
        raise WrongRequest("from is a day before to.")
    words = f"date:{low or ''}..{high or ''}"
    return Query(text=words, root=Between(words, "date", ((low, high),)))


def _day(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else date.fromisoformat("")
    except ValueError:
        raise WrongRequest(f"{name} is a day such as 2025-11-01.") from None


def _meeting(story: MeetingStory, address: str) -> dict[str, object]:
    known = story.meeting
    return {
        "id": known.story_id,
        "url": f"{address}/meetings/{known.story_id}",
        "first_seen_at": moment(known.first_seen_at),
        "updated_at": moment(known.updated_at),
        **{name: value for name, value in facts_of(story).items() if name != "story"},
    }


ROUTES = [
    Route("/api/meetings", _meetings, methods=["GET"]),
    Route("/api/openapi.json", _openapi, methods=["GET"]),
]
