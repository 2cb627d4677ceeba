"""`/correct`: what an admin says about a story, by a link, a number, or as a reply to its alert."""

import asyncio
from collections.abc import Callable

from bot.telegram.admin.answers import Answer, Ask, bold, code, data, esc, lines, number
from bot.telegram.admin.stories import headline, pointed_at
from bot.telegram.markup import Button
from feeds import correcting
from feeds.correcting import Desk
from feeds.decide import pins
from feeds.publish.card import card
from storage import audit, news
from storage.database import Connection
from storage.errors import NotFound
from storage.model import Correction, MeetingStory

NEAREST = 6  #: meetings that are offered as the same

USAGE = (
    "/correct STORY not-a-meeting\n/correct STORY meeting\n/correct STORY same-as OTHER\n/correct item/34 split\n"
    "/correct STORY set FIELD=VALUE\n/correct STORY clear FIELD"
)
_WORDS = ("not-a-meeting", "meeting", "split", "same-as", "set", "clear")


async def command(ask: Ask) -> Answer:
    """`/correct STORY …`; with a story alone its card with buttons."""
    words = ask.rest.split()
    if words and words[0] in _WORDS:
        what, rest = await ask.read(lambda c: pointed_at(c, ask)), ask.rest
    else:
        what, rest = (words[0], ask.rest.partition(" ")[2].strip()) if words else (
            await ask.read(lambda c: pointed_at(c, ask)), "")  # fmt: skip
    if not what:
        return Answer(html=lines(ask.say("Reply to an alert, or write one of:"), code(USAGE, 600)))
    if not rest:
        return await _card(ask, await ask.read(lambda c: correcting.find(c, what).story_id))
    return await _said(ask, what, rest)


async def _said(ask: Ask, what: str, rest: str) -> Answer:
    verb, _, value = rest.partition(" ")
    work = _VERBS.get(verb)
    if work is None or (verb in ("same-as", "set", "clear") and not value.strip()):
        return Answer(html=lines(ask.say("Write one of:"), code(USAGE, 600)))
    return await _done(ask, lambda desk: work(desk, what, value.strip()))


def _set(desk: Desk, what: str, value: str) -> Correction:
    name, _, said = value.partition("=")
    return desk.fact(what, name.strip(), said.strip() or None)


_VERBS: dict[str, Callable[[Desk, str, str], Correction]] = {
    "not-a-meeting": lambda desk, what, _value: desk.not_a_meeting(what),
    "meeting": lambda desk, what, _value: desk.meeting(what),
    "split": lambda desk, what, _value: desk.split(what),
    "same-as": lambda desk, what, value: desk.same_as(what, value),
    "set": _set,
    "clear": lambda desk, what, value: desk.fact(what, value.replace("=", ":"), None),
}


async def _done(ask: Ask, work: Callable[[Desk], Correction]) -> Answer:
    said = await asyncio.to_thread(work, ask.corrections)
    line = await ask.read(lambda c: audit.of_correction(c, f"story:{said.story_id}", said.id))
    shown = await ask.read(lambda c: headline(c, ask, said.story_id))
    change = f"{esc(said.before or '–', 120)} → {esc(said.after or '–', 120)}"
    about = f"✏️ {esc(said.kind.replace('_', '-'))} {esc(said.field or '')}: {change}"
    row = (ask.button("Undo", "undo", line.id),) if line else ()
    return Answer(html=lines(about, shown), buttons=((*row, ask.button("Story", "correct", said.story_id)),))


async def click(ask: Ask) -> Answer:
    """The card of a story, with what can be said about it."""
    return await _card(ask, number(ask.rest))


async def _card(ask: Ask, story_id: int) -> Answer:
    def look(connection: Connection) -> tuple[int, str, MeetingStory | None]:
        found = correcting.find(connection, str(story_id)).story_id
        try:
            told: MeetingStory | None = news.meeting(connection, found)
        except NotFound:
            told = None
        return found, headline(connection, ask, found), told

    found, shown, told = await ask.read(look)
    facts = [f"{esc(row.label)}: {esc(row.value, 200)}" for row in card(told, ask.language).rows] if told else []
    is_one = (
        ask.button("Not a meeting", "correct_no", found) if told else ask.button("Is a meeting", "correct_yes", found)
    )
    second = (ask.button("Wrong fact", "correct_fact", found),) if told else ()
    return Answer(
        html=lines(f"#{found}", shown, *facts),
        buttons=((is_one,), (ask.button("Same as …", "correct_same", found), *second)),
    )


async def click_no(ask: Ask) -> Answer:
    """The story of the card is no meeting."""
    return await _done(ask, lambda desk: desk.not_a_meeting(str(number(ask.rest))))


async def click_yes(ask: Ask) -> Answer:
    """The story of the card is a meeting."""
    return await _done(ask, lambda desk: desk.meeting(str(number(ask.rest))))


async def click_same(ask: Ask) -> Answer:
    """Offer the meetings that may be the same, the most alike first; or join with the one that was chosen."""
    ends = [number(word) for word in ask.words]
    if len(ends) == 2:
        return await _done(ask, lambda desk: desk.same_as(str(ends[0]), str(ends[1])))
    offered = await ask.read(lambda c: correcting.nearest(c, ends[0], NEAREST))
    buttons = tuple(
        (Button(card(one, ask.language).headline[:55], data=data("correct_same", ends[0], one.meeting.story_id)),)
        for one in offered
    )
    hint = code(f"/correct {ends[0]} same-as …")
    return Answer(html=lines(ask.say("Which one is it? Any other by its number:"), hint), buttons=buttons, fresh=True)


async def click_fact(ask: Ask) -> Answer:
    """Show the lines that set each fact, ready to be copied and changed: those that are known with the value that they
    have, the others with an example of how it is written."""
    told = await ask.read(lambda c: news.meeting(c, number(ask.rest)))
    facts, story_id = told.meeting.facts, told.meeting.story_id
    values = {name: pins.shown(facts, name) for name in pins.FIELDS if name != "person"}
    known = [f"{name}={value}" for name, value in values.items() if value]
    unknown = [f"{name}={pins.EXAMPLES[name]}" for name, value in values.items() if not value]
    for country in facts.countries[:4]:
        person = pins.shown(facts, f"person:{country}")
        (known if person else unknown).append(f"person={person or country + ':' + ask.say('NAME')}")
    shown = [bold(ask.say("Tap a line to copy it, change the value and send it:")), *_settable(story_id, known)]
    if unknown:
        shown += [bold(ask.say("No report states these. The values are only examples:")), *_settable(story_id, unknown)]
    return Answer(html=lines(*shown), fresh=True)


def _settable(story_id: int, values: list[str]) -> list[str]:
    return [code(f"/correct {story_id} set {one}") for one in values]
