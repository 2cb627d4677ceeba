"""`/admin/review`: what the machine was not sure about, and floods whose alerts are held."""

import asyncio
from functools import partial
from http import HTTPStatus

from starlette.responses import Response

from bot.web.visit import Visit, no_such_act
from feeds.floods import settle
from feeds.publish.card import card
from storage import audit, floods, news, tracing
from storage.database import Connection
from storage.errors import KaigiError
from storage.model import Flood, FloodState, MeetingStory, SeenItem

PAGE = 15  #: articles on a page
NAMED = 8  #: meetings of a flood that are named
_FACTS = ("starts_on", "city", "countries", "series", "kind", "format")


async def show(visit: Visit) -> Response:
    """What is to be decided; with a form, decide."""
    if not visit.acts:
        return await _page(visit)
    decide = {"yes": _meeting, "no": _no_meeting, "flood": _flood}.get(visit.act)
    if decide is None:
        raise no_such_act()
    try:
        line = await decide(visit)
    except KaigiError as error:
        return await _page(visit, str(error))
    return visit.go("/admin/review", line)


async def _meeting(visit: Visit) -> int | None:
    return await _said(visit, meeting=True)


async def _no_meeting(visit: Visit) -> int | None:
    return await _said(visit, meeting=False)


async def _said(visit: Visit, *, meeting: bool) -> int | None:
    desk = visit.corrections
    said = await asyncio.to_thread(desk.meeting if meeting else desk.not_a_meeting, f"item/{visit.said('item', 18)}")
    line = await visit.area.read(lambda c: audit.of_correction(c, f"story:{said.story_id}", said.id))
    return line.id if line is not None else None


async def _flood(visit: Visit) -> int | None:
    number, wanted = visit.said("flood", 18), visit.said("state")
    states = {str(state): state for state in FloodState if state is not FloodState.HELD}
    if wanted not in states or not (number.isascii() and number.isdecimal()):
        raise no_such_act()

    def work(connection: Connection) -> int | None:
        return settle(connection, int(number), states[wanted], who=visit.who, now=visit.now).line

    return await visit.area.write(work)


async def _page(visit: Visit, problem: str = "") -> Response:
    since, before = visit.now - tracing.ASKED_ABOUT, visit.number("before")
    found = await visit.area.read(partial(tracing.uncertain, since=since, before=before, limit=PAGE + 1))
    held = await visit.area.read(partial(floods.every, held_only=True)) if before is None else []
    told = await visit.area.read(lambda c: [(flood, _of_flood(c, flood)) for flood in held])
    return await visit.page(
        "review.html",
        HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        items=[(item, _facts(item)) for item in found[:PAGE]],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        newest=before is None,
        floods=[
            (flood, [card(story, visit.language).headline for story in stories[:NAMED]], len(stories) - NAMED)
            for flood, stories in told
        ],
        problem=problem,
    )


def _of_flood(connection: Connection, flood: Flood) -> tuple[MeetingStory, ...]:
    return news.digest(connection, [one.story for one in flood.alerts])


def _facts(item: SeenItem) -> str:
    """The facts of an article in one line."""
    if item.facts is None:
        return ""
    values = [getattr(item.facts, name) for name in _FACTS]
    return " · ".join(" ".join(value) if isinstance(value, tuple) else str(value) for value in values if value)
