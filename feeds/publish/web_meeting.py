"""`/meetings/{id}`: one meeting with the words its facts came from, its course and neighbours; also as data."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feeds.publish import chronicle, evidence, linked
from feeds.publish.almanac import Almanac, Line, around, key_of, line_of
from feeds.publish.card import card, headline, people_of, sides_in_order
from feeds.publish.facts import facts_of, moment
from feeds.publish.plain import line
from feeds.publish.web_base import data, language_of, library_of, moved, page, today_of
from feeds.publish.web_front import shown as entries_of
from feeds.publish.web_kept import keeper_of
from feeds.publish.words import Language, country_name, series_name
from storage import almanac as shelves
from storage import news
from storage.errors import NotFound
from storage.model import MeetingStory

DIGITS = 18  #: no database has a longer id
BESIDE = timedelta(days=3)  #: side meetings are held so near to their conference
MOST_BESIDE = 12
MOST_COUNTRIES = 4  #: of larger meetings, neighbours by country would be a long list


async def _meeting(request: Request) -> Response:
    library, language, number = library_of(request), language_of(request), _number(request)
    story = await _story(request, number)
    if story.meeting.story_id != number:  # merged by an admin: its address leads to the story that goes on
        return moved(request, f"/meetings/{story.meeting.story_id}")
    told = await library.read(partial(shelves.told, story_id=number))
    almanac = await keeper_of(request).now()
    here = line_of(story.meeting)
    shown = card(story, language)
    address = f"{library.address}/meetings/{number}"
    facts = story.meeting.facts
    return page(
        request, "meeting.html",
        story=story, card=shown, quotes=evidence.quotes(told), sides=sides_in_order(facts, language),
        people=[(words, key_of(one)) for one, words in people_of(facts, language)],
        course=chronicle.course(told, facts, today_of(request), language),
        beside=await entries_of(request, _beside(almanac, here)),
        ways=_ways(almanac, here, language),
        description=_description(shown.rows),
        linked=linked.event(story, language, address),
        data=f"/api/meetings/{number}",
        canonical=address,
    )  # fmt: skip


def _number(request: Request) -> int:
    number: str = request.path_params["story_id"]
    if not (number.isascii() and number.isdigit() and len(number) <= DIGITS):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return int(number)


async def _story(request: Request, number: int) -> MeetingStory:
    try:
        return await library_of(request).read(partial(news.meeting, story_id=number))
    except NotFound as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from error


def _beside(almanac: Almanac, here: Line) -> list[Line]:
    """The meetings on the margins of this one; of a side meeting, its conference and the others beside it."""
    facts = here.facts
    forum = facts.parent or facts.series
    if forum is None or facts.starts_on is None:
        return []
    near = [
        one for one in almanac.lines
        if one.story_id != here.story_id and one.facts.starts_on is not None
        and (one.facts.parent == forum or (facts.parent is not None and one.facts.series == forum))
        and here.day - BESIDE <= one.ends and one.day <= here.ends + BESIDE
    ]  # fmt: skip
    near.sort(key=lambda one: (one.facts.series != forum, one.day, one.story_id))
    return near[:MOST_BESIDE]


def _ways(almanac: Almanac, here: Line, language: Language) -> list[dict[str, Any]]:
    """Before and after this meeting: of the same people, of its series, of each of its few countries, of all."""
    people, series = set(here.people), here.facts.series
    same: list[tuple[str, str, Callable[[Line], bool]]] = []
    if len(people) >= 2:
        words = "同じ出席者" if language == "ja" else "The same people"
        same.append((words, "", lambda one: people <= set(one.people)))
    if series is not None:
        same.append((series_name(series, language), f"/series/{series}", lambda one: one.facts.series == series))
    for code in here.facts.countries if len(here.facts.countries) <= MOST_COUNTRIES else ():
        same.append((country_name(code, language), f"/countries/{code}", _with(code)))  # noqa: PERF401
    same.append(("すべての会談" if language == "ja" else "All meetings", "/", lambda _: True))
    ways = [_way(almanac, here, language, *one) for one in same]
    return [way for way in ways if way["older"] or way["newer"]]


def _with(code: str) -> Callable[[Line], bool]:
    return lambda one: code in one.facts.countries


def _way(
    almanac: Almanac, here: Line, language: Language, title: str, url: str, same: Callable[[Line], bool]
) -> dict[str, Any]:
    older, newer = around([one for one in almanac.lines if same(one)], here)
    return {
        "title": title,
        "url": url,
        "older": _short(older, language) if older else None,
        "newer": _short(newer, language) if newer else None,
    }


def _short(one: Line, language: Language) -> dict[str, Any]:
    return {"story_id": one.story_id, "day": one.facts.starts_on, "headline": line(headline(one.facts, language))}


def _description(rows: Any) -> str:
    """The facts in one line, for those who only see a preview."""
    return line(" · ".join(row.value for row in rows if row.key in ("when", "where", "who", "sides")))[:300]


async def _data(request: Request) -> Response:
    """The meeting as `/api/meetings` has it, with the words its facts came from."""
    library, number = library_of(request), _number(request)
    story = await _story(request, number)
    if story.meeting.story_id != number:
        return moved(request, f"/api/meetings/{story.meeting.story_id}")
    told = await library.read(partial(shelves.told, story_id=number))
    known = story.meeting
    document = {
        "id": known.story_id,
        "url": f"{library.address}/meetings/{known.story_id}",
        "first_seen_at": moment(known.first_seen_at),
        "updated_at": moment(known.updated_at),
        **{name: value for name, value in facts_of(story).items() if name != "story"},
        "evidence": [
            {"source": line(item.report.source_key), "fact": piece.fact, "where": piece.where,
             "quote": line(piece.quote), "confidence": piece.confidence}
            for item in told for piece in item.evidence
        ],
    }  # fmt: skip
    return data(document)


ROUTES = [
    Route("/meetings/{story_id}", _meeting, methods=["GET"]),
    Route("/api/meetings/{story_id}", _data, methods=["GET"]),
]
