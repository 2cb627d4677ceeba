"""Which story an item would join, and what kept it apart from those that come near: for `kaigi explain`. Pure."""

from dataclasses import dataclass
from datetime import datetime

from feeds.decide.stories import Match, same_meeting
from storage.changes import Candidate, Snapshot
from storage.model import MeetingFacts

NEAREST = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """A story of the archive beside the item: whether it is the same meeting, and why."""

    story_id: int
    facts: MeetingFacts
    same: bool
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Placing:
    """Where an item would go."""

    story_id: int | None  #: None: a story of its own
    reason: str
    apart: tuple[Neighbour, ...] = ()  #: the nearest stories that it would not join


def place(seen: Snapshot, url: str | None, facts: MeetingFacts | None, reported_at: datetime) -> Placing:
    """Where an item with these facts and this address would go, by the rules of `decide`."""
    known = seen.stories_by_url.get(url or "")
    neighbours = [_beside(one, facts, reported_at) for one in seen.candidates] if facts else []
    joined = [(match.strength, -one.story_id, one) for one, match, _ in neighbours if match.same]
    apart = [(near, one) for one, match, near in neighbours if not match.same]
    apart.sort(key=lambda pair: (-pair[0], -pair[1].story_id))
    nearest = tuple(one for near, one in apart if near > 0)[:NEAREST]
    if known is not None:
        return Placing(story_id=known, reason="an article with this address is in it", apart=nearest)
    if joined:
        best = max(joined, key=lambda one: one[:2])[2]
        return Placing(story_id=best.story_id, reason=best.reason, apart=nearest)
    for one in seen.rejected:
        if facts and any(same_meeting(record, one.reported_at, facts, reported_at).same for record in one.records):
            return Placing(story_id=one.story_id, reason="an admin said that this is no meeting", apart=nearest)
    return Placing(story_id=None, reason=_alone(facts), apart=nearest)


def _alone(facts: MeetingFacts | None) -> str:
    return (
        "no meeting: it is grouped with copies alone" if facts is None else "no meeting of the archive has these facts"
    )


def _beside(candidate: Candidate, facts: MeetingFacts, reported_at: datetime) -> tuple[Neighbour, Match, int]:
    """A stored meeting against the item; `same` if any of its records is. With how near the two are."""
    shown = candidate.meeting.facts
    records = [shown, *((candidate.reported,) if candidate.reported else ()), *candidate.also]
    matches = [same_meeting(record, candidate.newest_report_at, facts, reported_at) for record in records]
    best = max(matches, key=lambda match: (match.same, match.strength))
    neighbour = Neighbour(
        story_id=candidate.meeting.story_id, facts=shown, same=best.same, reason=best.reason
    )  # fmt: skip
    return neighbour, best, _nearness(shown, facts)


def _nearness(one: MeetingFacts, other: MeetingFacts) -> int:
    """How many facts two meetings share."""
    same_day = one.starts_on is not None and one.starts_on == other.starts_on
    same_series = one.series is not None and one.series == other.series
    same_city = one.city is not None and one.city == other.city
    return 2 * len(set(one.countries) & set(other.countries)) + 2 * same_series + same_day + same_city
