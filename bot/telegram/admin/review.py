"""`/review`: what the machine was not sure about, one card at a time: uncertain articles, then floods that are held."""

import asyncio

from bot.telegram.admin import floods
from bot.telegram.admin.answers import Answer, Ask, bold, esc, lines, link, number
from bot.telegram.markup import Button
from storage import audit, tracing
from storage.database import Connection
from storage.model import SeenItem

FACTS = ("countries", "series", "starts_on", "city", "kind", "format")


async def command(ask: Ask) -> Answer:
    """The newest thing to decide about."""
    return await ask.read(lambda c: _next(c, ask, None))


async def click_later(ask: Ask) -> Answer:
    """The next one; this one comes again with the next /review."""
    return await ask.read(lambda c: _next(c, ask, number(ask.rest) or None))


def _next(connection: Connection, ask: Ask, before: int | None, said: str = "") -> Answer:
    since = ask.now - tracing.ASKED_ABOUT
    found = tracing.uncertain(connection, since, before=before)
    if found:
        return _card(ask, found[0], tracing.count_uncertain(connection, since), said)
    return floods.next_one(connection, ask, said=said)


def _card(ask: Ask, one: SeenItem, left: int, said: str) -> Answer:
    facts = [f"{name}: {esc(value, 80)}" for name in FACTS if one.facts and (value := _value(one, name))]
    shown = lines(
        said,
        f"❓ {bold(ask.say('Is this a meeting of ministers?'))} ({left})",
        link(one.url, one.title, 300),
        f"{esc(one.source_name, 60)}, {esc(ask.clock(one.first_seen_at))}, {one.score:.2f}",
        *facts,
    )
    answers: tuple[Button, ...] = (
        ask.button("Yes, a meeting", "review_yes", one.id),
        ask.button("No, none", "review_no", one.id),
        ask.button("Later", "review_later", one.id),
    )
    return Answer(html=shown, buttons=(answers, (ask.button("Why?", "why", one.id),)))


def _value(one: SeenItem, name: str) -> str:
    value = getattr(one.facts, name)
    return " ".join(value) if isinstance(value, tuple) else str(value or "")


async def click_yes(ask: Ask) -> Answer:
    """The article tells of a meeting."""
    return await _decided(ask, meeting=True)


async def click_no(ask: Ask) -> Answer:
    """The article tells of none."""
    return await _decided(ask, meeting=False)


async def _decided(ask: Ask, *, meeting: bool) -> Answer:
    what = f"item/{number(ask.rest)}"
    decide = ask.corrections.meeting if meeting else ask.corrections.not_a_meeting
    said = await asyncio.to_thread(decide, what)
    line = await ask.read(lambda c: audit.of_correction(c, f"story:{said.story_id}", said.id))
    told = ask.say("Story {story} is a meeting.", story=said.story_id) if meeting else (
        ask.say("Story {story} is no meeting.", story=said.story_id))  # fmt: skip
    answer = await ask.read(lambda c: _next(c, ask, number(ask.rest), f"✅ {told}"))
    undo = ((ask.button("Undo", "undo", line.id),),) if line else ()
    return Answer(html=answer.html, buttons=(*answer.buttons, *undo))
