"""What an admin decides about a flood that is held: send its alerts, swallow them, or tell them in one digest.

Commands and the bot call `settle` and `undo`, each inside one write transaction:
`database.write(lambda c: settle(c, …))`. What is told is judged anew: a meeting that had its alert meanwhile, that a
block rule hides, or that is none any more is passed over, and so is a filter that is paused, removed or newer than the
meeting.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds import archive
from feeds.decide.audience import MEETINGS, tags
from feeds.decide.routing import alert_filters, is_blocked
from feeds.decide.subject import Subject
from storage import audit, filters, floods, ingest, news, search
from storage.changes import Alert
from storage.database import Connection
from storage.errors import TooLate
from storage.model import Filter, Flood, FloodState, HeldAlert, MeetingStory


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What became of a flood."""

    flood: Flood
    changed: bool  #: False: the same was decided before, and nothing was done now
    meetings: int = 0  #: that are told, or never will be
    messages: int = 0  #: put into the outbox
    line: int | None = None  #: of the audit


def settle(connection: Connection, flood_id: int, state: FloodState, *, who: str, now: datetime) -> Settled:
    """Decide about a held flood: `SENT` alerts each meeting once, `SWALLOWED` never, `DIGEST` tells all in one message.

    It is a line of the audit. Raises `NotFound`, and `TooLate` when something else was decided before.
    """
    flood = floods.find(connection, flood_id)
    if flood.state is state:
        return Settled(flood=flood, changed=False)
    if flood.state is not FloodState.HELD or not floods.decide(connection, flood, state, who, now):
        raise TooLate(f"Flood {flood_id} was settled already: {flood.state} by {flood.decided_by}. Undo that first.")
    alerts = owed(connection, flood, now)
    for alert in alerts:
        assert isinstance(alert.story, int)  # a held meeting has long been stored
        if state is FloodState.SENT:
            ingest.owe(connection, alert, alert.story, now)
        else:
            ingest.mark(connection, alert.story, alert.filters, now)
    if state is FloodState.DIGEST:
        floods.owe_digest(connection, flood_id, alerts, now)
    made = floods.messages(connection, flood_id, [one.story for one in alerts if isinstance(one.story, int)], now)
    line = audit.note(
        connection, who=who, what=f"flood_{state}", target=f"flood:{flood_id}", now=now,
        before={"state": str(FloodState.HELD)},
        after={"state": str(state), "meetings": len(alerts), "messages": made},
    )  # fmt: skip
    found = floods.find(connection, flood_id)
    return Settled(flood=found, changed=True, meetings=len(alerts), messages=made, line=line)


def owed(connection: Connection, flood: Flood, now: datetime) -> Sequence[Alert]:
    """The alerts of a flood that nobody had yet, each for whom it is as things are now."""
    held = _gathered(flood.alerts, news.goes_on(connection, [one.story for one in flood.alerts]))
    had = floods.marked(connection, list(held))
    subjects = archive.by_story(search.of_stories(connection, list(held)), now)
    every = filters.every(connection)
    found: list[Alert] = []
    for story in news.meetings_by_id(connection, list(held)):
        number, since = story.meeting.story_id, story.meeting.first_seen_at
        seen, waits = subjects.get(number, []), held[number]
        keys = alert_filters(every, seen, (), had.get(number, frozenset()), since)
        wanted = tuple(key for key in keys if key in waits.filters)
        followed = _followed(waits, story, every, seen) if MEETINGS not in wanted else ()
        if wanted or followed:
            about = tags(story.meeting.facts)
            found.append(Alert(story=number, filters=wanted, tags=about, followed=followed, repeat=waits.repeat))
    return found


def _gathered(alerts: Iterable[HeldAlert], goes_on: Mapping[int, int]) -> dict[int, HeldAlert]:
    """What is held about each story; stories that were joined meanwhile are one."""
    found: dict[int, HeldAlert] = {}
    for one in alerts:
        story = goes_on.get(one.story, one.story)
        before = found.get(story, HeldAlert(story=story))
        found[story] = HeldAlert(
            story=story,
            filters=(*before.filters, *one.filters),
            followed=(*before.followed, *one.followed),
            repeat=before.repeat or one.repeat,
        )
    return found


def _followed(
    waits: HeldAlert, story: MeetingStory, every: Sequence[Filter], seen: Sequence[Subject]
) -> tuple[str, ...]:
    """Of the tags that the meeting had won, those that it still has, while following a tag counts for anything."""
    listens = any(one.key == MEETINGS and one.alerts and not one.paused for one in every)
    if not listens or is_blocked(every, seen):
        return ()
    return tuple(sorted(set(waits.followed) & tags(story.meeting.facts)))


def undo(connection: Connection, flood_id: int, *, who: str, now: datetime) -> Flood:
    """Hold a flood again. Raises `NotFound`, and `TooLate` when nothing was decided or a message has left."""
    flood = floods.find(connection, flood_id)
    if flood.state is FloodState.HELD or flood.decided_at is None:
        raise TooLate(f"Flood {flood_id} is held; nothing was decided about it.")
    stories = [one.story for one in flood.alerts]
    stories += news.goes_on(connection, stories).values()
    floods.take_back(connection, flood_id, stories, flood.decided_at)
    if not floods.decide(connection, flood, FloodState.HELD, who, now):
        raise TooLate(f"Somebody else decided about flood {flood_id} at the same moment.")
    _note_undone(connection, flood, who, now)
    return floods.find(connection, flood_id)


def _note_undone(connection: Connection, flood: Flood, who: str, now: datetime) -> None:
    target = f"flood:{flood.id}"
    line = audit.last_of(connection, target)
    before, after = {"state": str(flood.state)}, {"state": str(FloodState.HELD)}
    undone = audit.note(connection, who=who, what=audit.UNDO, target=target, before=before, after=after, now=now)
    if line is not None:
        audit.mark_undone(connection, line.id, undone)
