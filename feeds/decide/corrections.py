"""An admin's word about a story, and what follows from it. Pure; `feeds/correcting.py` is the shell.

    not a meeting   the record goes, what waits to be sent is called off, and later reports join in silence
    is a meeting    the record is made of what its reports say; a recent one is alerted
    same as         one story goes on with both records and all reports; the other one's address leads to it
    split           an item gets a story of its own and stays out of the old one
    set, clear      a fact is pinned: reports no longer change it

Each is undone by putting back how the stories stood; what was reported in between is kept. A story that had its alert
never gets a second one: marks are kept, joined, or copied, and no correction takes one away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from feeds.decide.audience import tags
from feeds.decide.pins import pinned, shown
from feeds.decide.retelling import material
from feeds.decide.routing import AlertPolicy, alert_filters, is_old_meeting
from feeds.decide.stories import best_trust, merge, same_meeting
from feeds.decide.subject import stored_subject
from storage.cases import CorrectionPlan, Journal, MeetingRecord, ReportRecord, StoryRecord
from storage.changes import Alert, NewStory, Retelling
from storage.errors import KaigiError
from storage.model import (
    Correction,
    CorrectionKind,
    Filter,
    Format,
    Kind,
    Level,
    MeetingFacts,
    Phase,
    Pin,
    Trust,
)

#: What a story is taken for that an admin calls a meeting and of which no report states a fact.
UNSTATED = MeetingFacts(level=Level.MINISTER, kind=Kind.BILATERAL, format=Format.IN_PERSON, phase=Phase.HELD)

_STRUCTURE = {CorrectionKind.NOT_MEETING, CorrectionKind.MEETING, CorrectionKind.SAME_AS, CorrectionKind.SPLIT}


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
    record = _founded(told, story.reports, now)
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
    facts = pinned(meeting.reported, (*_pins(story.corrections), fixed))
    return CorrectionPlan(
        kind=CorrectionKind.CLEAR if fixed.value is None else CorrectionKind.SET,
        story_id=story.id,
        fact=fixed.field,
        before=shown(meeting.facts, fixed.field),
        after=fixed.value,
        meetings={story.id: _revised(meeting, facts, meeting.reported, now)},
        alerts=_alerts(story, meeting.facts, facts, filters, policy, now),
        retellings=_retellings(story, meeting, facts),
    )


def _retellings(story: StoryRecord, meeting: MeetingRecord, facts: MeetingFacts) -> tuple[Retelling, ...]:
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
        (c for c in story.corrections if c.kind is CorrectionKind.SPLIT and {story.id, other.id} == _ends(c)), None
    )
    if apart is not None:
        raise CannotCorrect(f"Correction {apart.id} took them apart. Undo it: kaigi correct undo {apart.id}")
    pins = _pins((*other.corrections, *story.corrections))  # the word about the story that goes on has the last say
    return CorrectionPlan(
        kind=CorrectionKind.SAME_AS,
        story_id=story.id,
        other=other.id,
        before=f"stories {story.id} and {other.id}",
        after=f"story {story.id}",
        meetings={story.id: _joined(story.meeting, other.meeting, pins, now), other.id: None},
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
        meetings[new] = _founded([out], [out], now)
        meetings[story.id] = _without(story, rest, now)
    return CorrectionPlan(
        kind=CorrectionKind.SPLIT, story_id=story.id, item_id=item_id, other=new, meetings=meetings,
        moves={item_id: new}, copy_marks=True, before=f"in story {story.id}", after="a story of its own",
    )  # fmt: skip


def undo(
    said: Correction, journal: Journal, story: StoryRecord, other: StoryRecord | None, now: datetime
) -> CorrectionPlan:
    """Take a correction back. `story` is where its story goes on now, `other` the other story of a split or merge.

    Raises `CannotCorrect` when it was undone already, or when a later one rests on it.
    """
    if said.undone_at is not None:
        raise CannotCorrect(f"Correction {said.id} was undone already.")
    plan = _undone(said, journal, story, other, now)
    record = plan.meetings.get(story.id)
    if record is None or story.meeting is None:
        return plan
    return replace(plan, retellings=_retellings(story, story.meeting, record.facts))


def _undone(
    said: Correction, journal: Journal, story: StoryRecord, other: StoryRecord | None, now: datetime
) -> CorrectionPlan:
    """What becomes of stories and records."""
    if said.kind in _STRUCTURE:
        _refuse_rested_upon(said, story, other)
    plan = CorrectionPlan(kind=said.kind, story_id=story.id, item_id=said.item_id)
    left = replace(story, corrections=tuple(c for c in story.corrections if c.id != said.id))
    if said.kind is CorrectionKind.NOT_MEETING:
        record = _since(journal.before.get(story.id), left, journal, now)
        return replace(plan, meetings={story.id: record})
    if said.kind is CorrectionKind.MEETING:
        return _unconfirmed(plan, journal, left, now)
    if said.kind is CorrectionKind.SAME_AS and said.other_id is not None:
        return _parted(plan, said.other_id, journal, left, now)
    if said.kind is CorrectionKind.SPLIT:
        return _reunited(plan, journal, left, other, now)
    if story.meeting is None:
        return plan
    facts = pinned(story.meeting.reported, _pins(left.corrections))
    return replace(plan, meetings={story.id: _revised(story.meeting, facts, story.meeting.reported, now)})


def _refuse_rested_upon(said: Correction, story: StoryRecord, other: StoryRecord | None) -> None:
    mine = _ends(said)
    everything = (*story.corrections, *(other.corrections if other else ()))
    later = [c for c in everything if c.id > said.id and c.kind in _STRUCTURE and mine & _ends(c)]
    if later:
        last = max(later, key=lambda c: c.id)
        raise CannotCorrect(
            f"Correction {last.id} rests on correction {said.id}. Undo that first: kaigi correct undo {last.id}"
        )


def _ends(said: Correction) -> set[int]:
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


def _pins(said: Iterable[Correction]) -> tuple[Pin, ...]:
    return tuple(
        Pin(field=c.field, value=c.after)
        for c in said
        if c.field is not None and c.kind in {CorrectionKind.SET, CorrectionKind.CLEAR}
    )


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


def _revised(record: MeetingRecord, facts: MeetingFacts, reported: MeetingFacts, now: datetime) -> MeetingRecord:
    if facts == record.facts:
        return replace(record, reported=reported)
    return replace(record, facts=facts, reported=reported, revision=record.revision + 1, updated_at=now)


def _founded(told: Sequence[ReportRecord], seen: Sequence[ReportRecord], now: datetime) -> MeetingRecord:
    """A new record of what these reports say."""
    facts, trust = _folded(told)
    return MeetingRecord(
        facts=facts, reported=facts, trust=trust, revision=1, updated_at=now, active_at=now,
        first_seen_at=min((one.first_seen_at for one in seen), default=now),
    )  # fmt: skip


def _folded(told: Sequence[ReportRecord]) -> tuple[MeetingFacts, Trust]:
    stated = _stated(told)
    if not stated:
        return UNSTATED, Trust.LOW
    return _completed(*stated[0], stated[1:])


def _stated(told: Sequence[ReportRecord]) -> list[tuple[MeetingFacts, Trust]]:
    return [(one.facts, one.trust) for one in told if one.facts is not None]


def _completed(
    facts: MeetingFacts, trust: Trust, further: Sequence[tuple[MeetingFacts, Trust]]
) -> tuple[MeetingFacts, Trust]:
    for more, its_trust in further:
        facts, trust = merge(facts, trust, more, its_trust), best_trust(trust, its_trust)
    return facts, trust


def _without(story: StoryRecord, rest: Sequence[ReportRecord], now: datetime) -> MeetingRecord | None:
    """The record of a story as the reports that stay in it make it."""
    told = [one for one in rest if one.certain and one.facts] or [one for one in rest if one.facts]
    if story.meeting is None or not told:
        return None
    reported, trust = _folded(told)
    record = replace(story.meeting, trust=trust)
    return _revised(record, pinned(reported, _pins(story.corrections)), reported, now)


def _joined(
    record: MeetingRecord | None, other: MeetingRecord | None, pins: tuple[Pin, ...], now: datetime
) -> MeetingRecord | None:
    if record is None or other is None:
        alone = record or other
        return _revised(alone, pinned(alone.reported, pins), alone.reported, now) if alone else None
    reported = merge(record.reported, record.trust, other.reported, other.trust)
    both = replace(
        record,
        trust=best_trust(record.trust, other.trust),
        first_seen_at=min(record.first_seen_at, other.first_seen_at),
        active_at=max(record.active_at, other.active_at),
        updated_at=now,
    )
    return _revised(both, pinned(reported, pins), reported, now)


def _since(record: MeetingRecord | None, story: StoryRecord, journal: Journal, now: datetime) -> MeetingRecord | None:
    """A record that is put back, completed by the certain reports that came after it was put away."""
    came = [one for one in story.reports if one.item_id not in journal.items and one.certain and one.facts]
    if record is None:
        return _founded(came, came, now) if came else None
    reported, trust = _completed(record.reported, record.trust, _stated(came))
    return _revised(replace(record, trust=trust), pinned(reported, _pins(story.corrections)), reported, now)


def _unconfirmed(plan: CorrectionPlan, journal: Journal, story: StoryRecord, now: datetime) -> CorrectionPlan:
    """What an admin called a meeting is what its reports make of it again."""
    if journal.before.get(story.id) is not None:
        return plan  # it was one before: the word was a label alone
    told = [one for one in story.reports if one.certain and one.facts]
    if not told or story.meeting is None:
        return replace(plan, meetings={story.id: None}, withdraw=True)
    reported, trust = _folded(told)
    record = _revised(
        replace(story.meeting, trust=trust), pinned(reported, _pins(story.corrections)), reported, now
    )  # fmt: skip
    return replace(plan, meetings={story.id: record})


def _parted(plan: CorrectionPlan, ended: int, journal: Journal, story: StoryRecord, now: datetime) -> CorrectionPlan:
    """Two merged stories are two again. A report that came since goes with the one it fits."""
    mine, theirs = journal.before.get(story.id), journal.before.get(ended)
    back = [one for one in story.reports if _belongs_to(one, ended, journal, mine, theirs)]
    kept = [one for one in story.reports if one not in back]
    ours = [c for c in story.corrections if c.story_id not in {ended, *journal.merged}]
    others = [c for c in story.corrections if c.story_id in {ended, *journal.merged}]
    record = _put_back(
        story.meeting, mine, journal, replace(story, reports=tuple(kept), corrections=tuple(ours)), now
    )  # fmt: skip
    revived = _since(
        theirs, StoryRecord(id=ended, meeting=None, reports=tuple(back), corrections=tuple(others)), journal, now
    )
    return replace(
        plan,
        other=ended,
        meetings={story.id: record, ended: revived},
        moves=dict.fromkeys((one.item_id for one in back), ended),
        merged={ended: None, **dict.fromkeys(journal.merged, ended)},
    )


def _put_back(
    present: MeetingRecord | None, before: MeetingRecord | None, journal: Journal, story: StoryRecord, now: datetime
) -> MeetingRecord | None:
    """How the story stood, with what came since; a record that readers saw meanwhile gets a higher revision."""
    record = _since(before, story, journal, now)
    if record is None or present is None:
        return record
    revised = _revised(present, record.facts, record.reported, now)
    return replace(revised, trust=record.trust, first_seen_at=record.first_seen_at)


def _belongs_to(
    report: ReportRecord, ended: int, journal: Journal, mine: MeetingRecord | None, theirs: MeetingRecord | None
) -> bool:
    if report.item_id in journal.items:
        return journal.items[report.item_id] == ended
    if report.facts is None or theirs is None:
        return False
    fits = [
        record is not None and same_meeting(record.reported, record.active_at, report.facts, report.reported_at).same
        for record in (mine, theirs)
    ]
    return fits == [False, True]


def _reunited(
    plan: CorrectionPlan, journal: Journal, story: StoryRecord, other: StoryRecord | None, now: datetime
) -> CorrectionPlan:
    """A split item goes back. The story it had keeps what joined it since, or ends in the old one."""
    if other is None or plan.item_id is None:
        return plan
    item = next((one for one in other.reports if one.item_id == plan.item_id), None)
    if item is None:
        return plan  # its source was removed
    rest = [one for one in other.reports if one is not item]
    record = _put_back(story.meeting, journal.before.get(story.id), journal, story, now)
    return replace(
        plan,
        other=other.id,
        meetings={story.id: record, other.id: _without(other, rest, now) if rest else None},
        moves={item.item_id: story.id},
        merged={} if rest else {other.id: story.id},
    )
