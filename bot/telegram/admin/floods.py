"""Floods that are held, as cards of `/review`: the alerts of one poll that brought far more than is usual."""

from bot.changing import settle_flood
from bot.telegram.admin.answers import Answer, Ask, bold, esc, lines, number
from bot.telegram.markup import Button
from feeds.publish.card import card
from storage import floods, news
from storage.choices import FloodState
from storage.database import Connection
from storage.model import Flood

LATER = "later"
NAMED = 5  #: meetings that a card names


def held(connection: Connection) -> list[Flood]:
    """What waits for a decision, the newest first."""
    return floods.every(connection, held_only=True)


def shown(connection: Connection, ask: Ask, flood: Flood, said: str = "") -> Answer:
    """The card of a flood."""
    stories = news.digest(connection, [story for story, _ in flood.alerts])
    named = [f"• {esc(card(one, ask.language).headline, 120)}" for one in stories[:NAMED]]
    more = ask.say("and {count} more", count=len(stories) - NAMED) if len(stories) > NAMED else ""
    about = ask.say(
        "{name} brought {items} new articles at once, {moment}.",
        name=flood.source_name, items=flood.new_items, moment=ask.clock(flood.at),
    )  # fmt: skip
    head = bold(ask.say("To be told or not: {count} alerts of a flood", count=len(flood.alerts)))
    answers: tuple[Button, ...] = (
        ask.button("Send them", "flood", flood.id, FloodState.SENT),
        ask.button("Swallow them", "flood", flood.id, FloodState.SWALLOWED),
        ask.button("One digest", "flood", flood.id, FloodState.DIGEST),
    )
    later = ask.button("Later", "flood", flood.id, LATER)
    return Answer(html=lines(said, f"🌊 {head}", about, *named, more), buttons=(answers, (later,)))


def next_one(connection: Connection, ask: Ask, before: int | None = None, said: str = "") -> Answer:
    """The newest flood that waits, older than `before`; or that nothing is left."""
    found = next((one for one in held(connection) if before is None or one.id < before), None)
    if found is None:
        return Answer(html=lines(said, ask.say("Nothing is left to decide about.")))
    return shown(connection, ask, found, said)


async def click(ask: Ask) -> Answer:
    """Decide about a flood, once; or leave it and see the next."""
    if ask.words[1:] == (LATER,):
        return await ask.read(lambda c: next_one(c, ask, number(ask.rest)))
    wanted = {str(one): one for one in FloodState if one is not FloodState.HELD}
    state = wanted.get(ask.words[1]) if len(ask.words) == 2 else None
    if state is None:
        return Answer(html=ask.say("This button is not known any more."))

    done, line = await ask.write(lambda c: settle_flood(c, number(ask.rest), state, who=ask.who, now=ask.now))
    if line is None:
        return Answer(html=ask.say("This was decided before."))
    told = ask.say("Done: {meetings} meetings, {messages} messages.", meetings=done.meetings, messages=done.messages)
    return Answer(html=told, buttons=((ask.button("Undo", "undo", line), ask.button("Next", "review_later", 0)),))
