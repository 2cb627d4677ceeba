"""`/admin/stories`: what an admin says about a story: no meeting, the same as another, a fact or article is wrong."""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from bot.web.visit import Visit, no_such_act
from bot.web.words import FACTS, VERDICTS
from feeds import correcting
from feeds.correcting import Desk
from feeds.decide import pins
from feeds.publish.card import card
from storage import audit, corrections, news, tracing
from storage.database import Connection
from storage.errors import KaigiError, NotFound
from storage.model import Correction, Format, Kind, Level, ListedItem, MeetingStory, Phase

FOUND = 20  #: articles that words find
NEAREST = 8  #: meetings that are offered as the same
NEWEST = 20  #: meetings that are offered where nothing was asked for
CHOICES = {"level": Level, "kind": Kind, "format": Format, "phase": Phase}


async def every(visit: Visit) -> Response:
    """Look for a story by its number, an article's address, or words."""
    words = visit.request.query_params.get("q", "").strip()[:2_000]
    if words:
        try:
            target = await visit.area.read(partial(correcting.find, what=words))
            return visit.go(f"/admin/stories/{target.story_id}")
        except NotFound:
            pass
    found: tuple[ListedItem, ...] = ()
    if words:
        found = await visit.area.read(partial(correcting.look_up, words=words, now=visit.now, most=FOUND))
    newest = await visit.area.read(partial(news.latest_meetings, limit=NEWEST)) if not words else []
    return await visit.page(
        "stories.html", words=words, found=found,
        newest=[(one.meeting.story_id, card(one, visit.language)) for one in newest],
    )  # fmt: skip


async def one(visit: Visit) -> Response:
    """One story: its facts, its articles, what was said about it. A form says something."""
    number = visit.place
    if not visit.acts:
        return await _page(visit, number)
    work = _ACTS.get(visit.act)
    if work is None:
        raise no_such_act()
    try:
        said = await asyncio.to_thread(work, visit.corrections, visit, str(number))
    except KaigiError as error:
        return await _page(visit, number, str(error))
    line = await visit.area.read(lambda c: audit.of_correction(c, f"story:{said.story_id}", said.id))
    goes_on = await visit.area.read(partial(corrections.resolve, story_id=said.story_id))
    return visit.go(f"/admin/stories/{goes_on}", line.id if line is not None else None)


def _fact(desk: Desk, visit: Visit, story: str) -> Correction:
    return desk.fact(story, visit.said("field"), visit.said("value", 400), visit.said("note"))


def _clear(desk: Desk, visit: Visit, story: str) -> Correction:
    return desk.fact(story, visit.said("clears"), None, visit.said("note"))


_ACTS: dict[str, Callable[[Desk, Visit, str], Correction]] = {
    "no": lambda desk, visit, story: desk.not_a_meeting(story, visit.said("note")),
    "yes": lambda desk, visit, story: desk.meeting(story, visit.said("note")),
    "same": lambda desk, visit, story: desk.same_as(story, visit.said("other"), visit.said("note")),
    "split": lambda desk, visit, _story: desk.split(f"item/{visit.said('item', 18)}", visit.said("note")),
    "set": _fact,
    "clear": _clear,
}


def _told(connection: Connection, number: int) -> tuple[MeetingStory | None, Any, list[Correction], list[MeetingStory]]:
    """A story, whether it is a meeting or not. Raises `NotFound`."""
    items = tracing.items_of(connection, number)
    if not items:
        raise NotFound(f"There is no story {number}.")
    try:
        meeting: MeetingStory | None = news.meeting(connection, number)
    except NotFound:
        meeting = None
    said = [one for one in corrections.every(connection) if number in (one.story_id, one.other_id)]
    return meeting, items, said, correcting.nearest(connection, number, NEAREST)


async def _page(visit: Visit, number: int, problem: str = "") -> Response:
    goes_on = await visit.area.read(partial(corrections.resolve, story_id=number))
    if goes_on != number and not visit.acts:
        return visit.go(f"/admin/stories/{goes_on}", visit.number("done"))
    meeting, items, said, near = await visit.area.read(partial(_told, number=goes_on))
    language = visit.language
    return await visit.page(
        "story.html",
        HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
        number=goes_on,
        card=card(meeting, language) if meeting else None,
        fields=_fields(meeting, visit) if meeting else (),
        items=items,
        said=said,
        near=[(one.meeting.story_id, card(one, language)) for one in near],
        verdict_words=VERDICTS[language],
        fact_words=FACTS[language],
        problem=problem,
    )


def _fields(meeting: MeetingStory, visit: Visit) -> list[dict[str, Any]]:
    """Every fact as it is, with what it could be; of the people one line for each country."""
    facts, words = meeting.meeting.facts, FACTS[visit.language]
    found = []
    for name, title in words.items():
        keys = [f"person:{code}" for code in facts.countries[:8]] if name == "person" else [name]
        for key in keys:
            code = key.partition(":")[2]
            value = pins.shown(facts, key) or (f"{code}:" if code else "")
            found.append({
                "field": name, "clears": key, "title": title, "code": code, "value": value,
                "example": pins.EXAMPLES[name], "choices": [str(one) for one in CHOICES.get(name, ())],
            })  # fmt: skip
    return found
