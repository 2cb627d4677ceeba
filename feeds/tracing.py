"""Why a story did or did not raise an alert, stage by stage. Reads only; what it tells is what `decide` went by.

seen? ─► understood? ─► a meeting's story? ─► block rules? ─► filters? ─► news? ─► a flood? ─► owed ─► sent?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds import archive
from feeds.decide.filters import Decision, explain_match, matches, matches_any
from feeds.decide.ranking import host_of
from feeds.decide.routing import AlertPolicy, is_old_meeting, readable
from feeds.decide.subject import Subject
from storage import corrections, filters, floods, news, search, sources, tracing
from storage.database import Connection
from storage.errors import NotFound
from storage.model import Correction, Filter, FilterAction, Flood, MeetingStory, Owed, SeenItem, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterTrace:
    """What one filter made of a story."""

    filter: Filter
    matched: bool
    decision: Decision | None  #: of the first article that matched, else of the last one; None: cannot be read
    #: Of articles that a block rule hides only when it hides all of them: else they count for nothing.
    had_at: datetime | None  #: when its alert was decided; None: it never had one
    newer: bool  #: the filter is younger than the story, so it stays silent


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """All that bears on the question."""

    story_id: int
    items: tuple[SeenItem, ...]
    meeting: MeetingStory | None
    corrections: tuple[Correction, ...]  #: that stand
    hidden: tuple[tuple[str, ...], ...]  #: of each of `items`: the block rules that match it
    filters: tuple[FilterTrace, ...]
    silent: tuple[str, ...]  #: why its articles were no news: `first_poll`, `old_report`, `old_meeting`, `low_trust`
    floods: tuple[Flood, ...]  #: with which its alert was held, the newest first
    owed: tuple[Owed, ...]

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """The block rules that together hide every article; none when an article is left that counts."""
        if not all(self.hidden):
            return ()
        return tuple(dict.fromkeys(key for keys in self.hidden for key in keys))


def trace(connection: Connection, story_id: int, policy: AlertPolicy, now: datetime) -> Trace:
    """What became of a story. Raises `NotFound`."""
    story_id = corrections.resolve(connection, story_id)
    seen = tracing.items_of(connection, story_id)
    told = _meeting(connection, story_id)
    subjects = archive.by_story(search.of_stories(connection, [story_id]), now).get(story_id, [])
    every = filters.every(connection)
    hidden = _hidden(every, subjects)
    counting = [one for one, keys in zip(subjects, hidden, strict=True) if not keys] or subjects
    had = tracing.marks(connection, story_id)
    said = tuple(
        one
        for one in corrections.every(connection)
        if one.undone_at is None and story_id in (one.story_id, one.other_id)
    )
    return Trace(
        story_id=story_id,
        items=tuple(seen),
        meeting=told,
        corrections=said,
        hidden=tuple(hidden),
        filters=tuple(
            _traced(each, counting, had.get(each.key), told) for each in every if each.action is FilterAction.KEEP
        ),
        silent=() if had else tuple(_silence(seen, told, policy)),
        floods=tuple(floods.of_stories(connection, [story_id, *corrections.ended_in(connection, story_id)])),
        owed=tuple(tracing.owed(connection, story_id)),
    )


def _meeting(connection: Connection, story_id: int) -> MeetingStory | None:
    try:
        return news.meeting(connection, story_id)
    except NotFound:
        return None


def _hidden(every: Sequence[Filter], subjects: Sequence[Subject]) -> list[tuple[str, ...]]:
    """Of each article, the block rules that match it."""
    rules = [
        (each.key, readable(each.query)) for each in every if each.action is FilterAction.BLOCK and not each.paused
    ]
    return [tuple(key for key, query in rules if query is not None and matches(query, one)) for one in subjects]


def _traced(each: Filter, subjects: Sequence[Subject], had: datetime | None, told: MeetingStory | None) -> FilterTrace:
    query = readable(each.query)
    chosen = None
    if query is not None and subjects:
        chosen = next((one for one in subjects if matches(query, one)), subjects[-1])
    known = told.meeting.first_seen_at if told else None
    return FilterTrace(
        filter=each,
        matched=query is not None and matches_any(query, subjects),
        decision=explain_match(query, chosen) if query is not None and chosen is not None else None,
        had_at=had,
        newer=bool(each.since and known and known < each.since),
    )


def _silence(seen: Sequence[SeenItem], told: MeetingStory | None, policy: AlertPolicy) -> list[str]:
    """Why none of the articles could raise an alert; empty when one could."""
    if told is None:
        return []
    if is_old_meeting(told.meeting.facts, told.meeting.first_seen_at):
        return ["old_meeting"]
    reasons = [_why_silent(one, policy) for one in seen]
    return sorted({reason for reason in reasons if reason}) if all(reasons) else []


def _why_silent(one: SeenItem, policy: AlertPolicy) -> str:
    """Why this article is no news; empty when it is."""
    first = one.source_known_since
    if first is not None and one.first_seen_at <= first and not policy.first_poll:
        return "first_poll"
    if one.published_at is not None and one.first_seen_at - one.published_at > policy.max_age:
        return "old_report"
    return "low_trust" if str(one.trust) == "low" else ""


def source_of(connection: Connection, url: str) -> Source | None:
    """The source that publishes on the host of an address, if there is one."""
    host = host_of(url)
    every = sources.every(connection)
    return next((one for one in every if host_of(one.definition.url) == host), None)
