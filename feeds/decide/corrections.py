"""An admin's word about a story, and what follows from it. Pure; `feeds/correcting.py` is the shell.

    not a meeting   the record goes, what waits to be sent is called off, and later reports join in silence
    is a meeting    the record is made of what its reports say; a recent one is alerted
    same as         one story goes on with both records and all reports; the other one's address leads to it
    split           an item gets a story of its own and stays out of the old one
    set, clear      a fact is pinned: reports no longer change it

Each can be taken back (`taking_back.py`). A story that had its alert
never gets a second one: marks are kept, joined, or copied, and no correction takes one away.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from feeds.decide.audience import tags
from feeds.decide.pins import pinned, shown
from feeds.decide.retelling import material
from feeds.decide.rewriting import founded, joined, pins_of, revised, without
from feeds.decide.routing import AlertPolicy, alert_filters, is_old_meeting
from feeds.decide.subject import stored_subject
from storage.cases import CorrectionPlan, MeetingRecord, StoryRecord
from storage.changes import Alert, NewStory, Retelling
from storage.errors import KaigiError
from storage.model import (
    Correction,
    CorrectionKind,
    Filter,
    MeetingFacts,
    Pin,
)

STRUCTURE = {CorrectionKind.NOT_MEETING, CorrectionKind.MEETING, CorrectionKind.SAME_AS, CorrectionKind.SPLIT}


class CannotCorrect(KaigiError):
    """A correction that does not fit how things stand. The message says what to do instead."""


def reject(story: StoryRecord) -> CorrectionPlan:
    """The story is no meeting. Raises `CannotCorrect` where an admin said the opposite."""
    _refuse_opposite(story, CorrectionKind.MEETING, "a meeting")
    _refuse_repeat(story, CorrectionKind.NOT_MEETING, "no meeting")
    return CorrectionPlan(
        kind=CorrectionKind.NOT_MEETING, story_id=story.id, meetings={story.id: None}, call_off=True,
        before=_verdict(story), after="no meeting",
    )  # fmt: skip


def confirm(story: StoryRecord, filters: Sequence[Filter], policy: AlertPolicy, now: datetime) -> CorrectionPlan:
    """The story is a meeting: of what its reports say, or, where they say nothing, of `UNSTATED` alone."""
    _refuse_opposite(story, CorrectionKind.NOT_MEETING, "no meeting")
    _refuse_repeat(story, CorrectionKind.MEETING, "a meeting")
    plan = CorrectionPlan(
        kind=CorrectionKind.MEETING, story_id=story.id, before=_verdict(story), after="meeting"
    )  # fmt: skip
    if story.meeting is not None:
        return plan
    told = [one for one in story.reports if one.facts is not None]
    record = founded(told, story.reports, now)
    return replace(
        plan, meetings={story.id: record}, alerts=_alerts(story, None, record.facts, filters, policy, now)
    )  # fmt: skip


def pin(
    story: StoryRecord, fixed: Pin, filters: Sequence[Filter], policy: AlertPolicy, now: datetime
) -> CorrectionPlan:
    """A fact has this value, whatever reports say. Raises `CannotCorrect` for a story that is no meeting."""
    meeting = story.meeting
    if meeting is None:
        raise CannotCorrect(
            f"Story {story.id} is no meeting. Say that it is one first: kaigi correct {story.id} meeting"
        )
    facts = pinned(meeting.reported, (*pins_of(story.corrections), fixed))
    return CorrectionPlan(
        kind=CorrectionKind.CLEAR if fixed.value is None else CorrectionKind.SET,
        story_id=story.id,
        fact=fixed.field,
        before=shown(meeting.facts, fixed.field),
        after=fixed.value,
        meetings={story.id: revised(meeting, facts, meeting.reported, now)},
        alerts=_alerts(story, meeting.facts, facts, filters, policy, now),
        retellings=retellings(story, meeting, facts),
    )


def retellings(story: StoryRecord, meeting: MeetingRecord, facts: MeetingFacts) -> tuple[Retelling, ...]:
    """Whoever was told a wrong fact sees the right one, and hears of it when it matters."""
    if facts == meeting.facts:
        return ()
    changes = material(meeting.facts, facts)
    return (Retelling(story=story.id, revision=meeting.revision + 1, changes=changes, tags=tags(facts)),)


def join(story: StoryRecord, other: StoryRecord, merged: Sequence[int], now: datetime) -> CorrectionPlan:
    """`other` ends and its items go to `story`; `merged` are the stories that had ended in `other` before."""
    if story.id == other.id:
        raise CannotCorrect(f"Both are in story {story.id} already.")
    for one in (story, other):
        _refuse_opposite(one, CorrectionKind.NOT_MEETING, "no meeting")
    apart = next(
        (c for c in story.corrections if c.kind is CorrectionKind.SPLIT and {story.id, other.id} == ends_of(c)), None
    )
    if apart is not None:
        raise CannotCorrect(f"Correction {apart.id} took them apart. Undo it: kaigi correct undo {apart.id}")
    pins = pins_of((*other.corrections, *story.corrections))  # the word about the story that goes on has the last say
    return CorrectionPlan(
        kind=CorrectionKind.SAME_AS,
        story_id=story.id,
        other=other.id,
        before=f"stories {story.id} and {other.id}",
        after=f"story {story.id}",
        meetings={story.id: joined(story.meeting, other.meeting, pins, now), other.id: None},
        moves=dict.fromkeys((one.item_id for one in other.reports), story.id),
        merged=dict.fromkeys((other.id, *merged), story.id),
        hand_over=True,
    )


def split(story: StoryRecord, item_id: int, now: datetime) -> CorrectionPlan:
    """The item gets a story of its own, which counts as alerted where the old one was."""
    out = next((one for one in story.reports if one.item_id == item_id), None)
    rest = [one for one in story.reports if one.item_id != item_id]
    if out is None or not rest:
        raise CannotCorrect(f"Item {item_id} is all that story {story.id} has: there is nothing to split.")
    new = NewStory(0)
    meetings: dict[int | NewStory, MeetingRecord | None] = {}
    if out.certain and out.facts is not None and not _is_rejected(story):
        meetings[new] = founded([out], [out], now)
        meetings[story.id] = without(story, rest, now)
    return CorrectionPlan(
        kind=CorrectionKind.SPLIT, story_id=story.id, item_id=item_id, other=new, meetings=meetings,
        moves={item_id: new}, copy_marks=True, before=f"in story {story.id}", after="a story of its own",
    )  # fmt: skip


def ends_of(said: Correction) -> set[int]:
    """The stories that a correction is about."""
    return {said.story_id} | ({said.other_id} if said.other_id is not None else set())


def _refuse_opposite(story: StoryRecord, opposite: CorrectionKind, words: str) -> None:
    said = next((c for c in story.corrections if c.kind is opposite), None)
    if said is not None:
        raise CannotCorrect(
            f"Correction {said.id} says that story {story.id} is {words}. Undo it: kaigi correct undo {said.id}"
        )


def _refuse_repeat(story: StoryRecord, kind: CorrectionKind, words: str) -> None:
    said = next((c for c in story.corrections if c.kind is kind), None)
    if said is not None:
        raise CannotCorrect(f"Correction {said.id} says already that story {story.id} is {words}.")


def _is_rejected(story: StoryRecord) -> bool:
    return any(c.kind is CorrectionKind.NOT_MEETING for c in story.corrections)


def _verdict(story: StoryRecord) -> str:
    return "no meeting" if story.meeting is None else "meeting"


def _alerts(
    story: StoryRecord,
    before: MeetingFacts | None,
    after: MeetingFacts,
    filters: Sequence[Filter],
    policy: AlertPolicy,
    now: datetime,
) -> tuple[Alert, ...]:
    """An alert for the filters that the correction made it match, if the news is recent. What matched before and was
    held back (a silent first poll) stays silent."""
    oldest = min((one.reported_at for one in story.reports), default=now)
    if now - oldest > policy.max_age or is_old_meeting(after, now):
        return ()
    known_since = story.meeting.first_seen_at if story.meeting is not None else None

    def matching(facts: MeetingFacts, had: frozenset[str]) -> tuple[str, ...]:
        reports = [stored_subject(one.told, facts, now) for one in story.reports]
        return alert_filters(filters, reports, (), had, known_since)

    matched = matching(before, frozenset()) if before is not None else ()
    keys = matching(after, story.alerted | set(matched))
    return (Alert(story=story.id, filters=keys, tags=tags(after)),) if keys else ()
