"""What an admin decides about a flood that is held: send its alerts, swallow them, or tell them in one digest.

Commands and the bot call `settle` and `undo`, each inside one write transaction:
`database.write(lambda c: settle(c, …))`. What is told is judged anew: a meeting that had its alert meanwhile, that a
block rule hides, or that is none any more is passed over, and so is a filter that is paused, removed or newer than the
meeting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds import archive
from feeds.decide.audience import tags
from feeds.decide.routing import alert_filters
from storage import filters, floods, ingest, news, search
from storage.changes import Alert
from storage.database import Connection
from storage.errors import TooLate
from storage.floods import Held
from storage.model import Flood, FloodState


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What became of a flood."""

    flood: Flood
    changed: bool  #: False: the same was decided before, and nothing was done now
    meetings: int = 0  #: that are told, or never will be
    messages: int = 0  #: put into the outbox


def settle(connection: Connection, flood_id: int, state: FloodState, *, who: str, now: datetime) -> Settled:
    """Decide about a held flood: `SENT` alerts each meeting once, `SWALLOWED` never, `DIGEST` tells all in one message.

    Raises `NotFound`, and `TooLate` when something else was decided before.
    """
    flood = floods.find(connection, flood_id)
    if flood.state is state:
        return Settled(flood=flood, changed=False)
    if flood.state is not FloodState.HELD or not floods.decide(connection, flood, state, who, now):
        raise TooLate(f"Flood {flood_id} was settled already: {flood.state} by {flood.decided_by}. Undo that first.")
    told = owed(connection, flood, now)
    facts = {one.meeting.story_id: one.meeting.facts for one in news.meetings_by_id(connection, [n for n, _ in told])}
    alerts = [Alert(story=number, filters=keys, tags=tags(facts[number])) for number, keys in told]
    for alert, (number, keys) in zip(alerts, told, strict=True):
        if state is FloodState.SENT:
            ingest.owe(connection, alert, number, now)
        else:
            ingest.mark(connection, number, keys, now)
    if state is FloodState.DIGEST:
        floods.owe_digest(connection, flood_id, alerts, now)
    made = floods.messages(connection, flood_id, [story_id for story_id, _ in told], now)
    return Settled(flood=floods.find(connection, flood_id), changed=True, meetings=len(told), messages=made)


def owed(connection: Connection, flood: Flood, now: datetime) -> Sequence[Held]:
    """The meetings of a flood that nobody was told of yet, each with the filters that tell of it as things are now."""
    goes_on = news.goes_on(connection, [story_id for story_id, _ in flood.alerts])
    held: dict[int, set[str]] = {}
    for story_id, keys in flood.alerts:
        held.setdefault(goes_on.get(story_id, story_id), set()).update(keys)
    told = news.meetings_by_id(connection, list(held))
    had = floods.marked(connection, list(held))
    subjects = archive.by_story(search.of_stories(connection, list(held)), now)
    every = filters.every(connection)
    found: list[Held] = []
    for story in told:
        number, since = story.meeting.story_id, story.meeting.first_seen_at
        keys = alert_filters(every, subjects.get(number, []), (), had.get(number, frozenset()), since)
        wanted = tuple(key for key in keys if key in held[number])
        if wanted:
            found.append((number, wanted))
    return found


def undo(connection: Connection, flood_id: int, *, who: str, now: datetime) -> Flood:
    """Hold a flood again. Raises `NotFound`, and `TooLate` when nothing was decided or a message has left."""
    flood = floods.find(connection, flood_id)
    if flood.state is FloodState.HELD or flood.decided_at is None:
        raise TooLate(f"Flood {flood_id} is held; nothing was decided about it.")
    stories = [story_id for story_id, _ in flood.alerts]
    stories += news.goes_on(connection, stories).values()
    floods.take_back(connection, flood_id, stories, flood.decided_at)
    if not floods.decide(connection, flood, FloodState.HELD, who, now):
        raise TooLate(f"Somebody else decided about flood {flood_id} at the same moment.")
    return floods.find(connection, flood_id)
