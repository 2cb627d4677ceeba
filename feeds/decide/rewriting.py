"""How the record of a meeting is made of its reports, made anew without some of them, or made of two. Pure.

For corrections: a poll has its own way, `drafts.py`, which knows only what is new.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from feeds.decide.pins import pinned
from feeds.decide.stories import best_trust, merge
from storage.cases import MeetingRecord, ReportRecord, StoryRecord
from storage.model import Correction, CorrectionKind, Format, Kind, Level, MeetingFacts, Phase, Pin, Trust

#: What a story is taken for that an admin calls a meeting and of which no report states a fact.
UNSTATED = MeetingFacts(level=Level.MINISTER, kind=Kind.BILATERAL, format=Format.IN_PERSON, phase=Phase.HELD)


def pins_of(said: Iterable[Correction]) -> tuple[Pin, ...]:
    """The facts that admins fixed."""
    return tuple(
        Pin(field=c.field, value=c.after)
        for c in said
        if c.field is not None and c.kind in {CorrectionKind.SET, CorrectionKind.CLEAR}
    )


def revised(record: MeetingRecord, facts: MeetingFacts, reported: MeetingFacts, now: datetime) -> MeetingRecord:
    """A record that says this now; readers see a higher revision when a fact changed."""
    if facts == record.facts:
        return replace(record, reported=reported)
    return replace(record, facts=facts, reported=reported, revision=record.revision + 1, updated_at=now)


def founded(told: Sequence[ReportRecord], seen: Sequence[ReportRecord], now: datetime) -> MeetingRecord:
    """A new record of what these reports say."""
    facts, trust = folded(told)
    return MeetingRecord(
        facts=facts, reported=facts, trust=trust, revision=1, updated_at=now, active_at=now,
        first_seen_at=min((one.first_seen_at for one in seen), default=now),
    )  # fmt: skip


def folded(told: Sequence[ReportRecord]) -> tuple[MeetingFacts, Trust]:
    """What reports say together, and how far the best of them is trusted."""
    said = stated(told)
    if not said:
        return UNSTATED, Trust.LOW
    return completed(*said[0], said[1:])


def stated(told: Sequence[ReportRecord]) -> list[tuple[MeetingFacts, Trust]]:
    """What each report says, with the trust in its source; those that say nothing are left out."""
    return [(one.facts, one.trust) for one in told if one.facts is not None]


def completed(
    facts: MeetingFacts, trust: Trust, further: Sequence[tuple[MeetingFacts, Trust]]
) -> tuple[MeetingFacts, Trust]:
    """Facts with what further reports add to them."""
    for more, its_trust in further:
        facts, trust = merge(facts, trust, more, its_trust), best_trust(trust, its_trust)
    return facts, trust


def without(story: StoryRecord, rest: Sequence[ReportRecord], now: datetime) -> MeetingRecord | None:
    """The record of a story as the reports that stay in it make it."""
    told = [one for one in rest if one.certain and one.facts] or [one for one in rest if one.facts]
    if story.meeting is None or not told:
        return None
    reported, trust = folded(told)
    record = replace(story.meeting, trust=trust)
    return revised(record, pinned(reported, pins_of(story.corrections)), reported, now)


def joined(
    record: MeetingRecord | None, other: MeetingRecord | None, pins: tuple[Pin, ...], now: datetime
) -> MeetingRecord | None:
    """The record of two stories that go on as one."""
    if record is None or other is None:
        alone = record or other
        return revised(alone, pinned(alone.reported, pins), alone.reported, now) if alone else None
    reported = merge(record.reported, record.trust, other.reported, other.trust)
    both = replace(
        record,
        trust=best_trust(record.trust, other.trust),
        first_seen_at=min(record.first_seen_at, other.first_seen_at),
        active_at=max(record.active_at, other.active_at),
        updated_at=now,
    )
    return revised(both, pinned(reported, pins), reported, now)
