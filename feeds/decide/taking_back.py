"""How a correction is taken back: stories stand as they did before it, and what was reported since is kept. Pure."""

from dataclasses import replace
from datetime import datetime

from feeds.decide.corrections import STRUCTURE, CannotCorrect, ends_of, retellings
from feeds.decide.pins import pinned
from feeds.decide.rewriting import completed, folded, founded, pins_of, revised, stated, without
from feeds.decide.stories import same_meeting
from storage.cases import CorrectionPlan, Journal, MeetingRecord, ReportRecord, StoryRecord
from storage.model import Correction, CorrectionKind


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
    return replace(plan, retellings=retellings(story, story.meeting, record.facts))


def _undone(
    said: Correction, journal: Journal, story: StoryRecord, other: StoryRecord | None, now: datetime
) -> CorrectionPlan:
    """What becomes of stories and records."""
    if said.kind in STRUCTURE:
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
    facts = pinned(story.meeting.reported, pins_of(left.corrections))
    return replace(plan, meetings={story.id: revised(story.meeting, facts, story.meeting.reported, now)})


def _refuse_rested_upon(said: Correction, story: StoryRecord, other: StoryRecord | None) -> None:
    mine = ends_of(said)
    everything = (*story.corrections, *(other.corrections if other else ()))
    later = [c for c in everything if c.id > said.id and c.kind in STRUCTURE and mine & ends_of(c)]
    if later:
        last = max(later, key=lambda c: c.id)
        raise CannotCorrect(
            f"Correction {last.id} rests on correction {said.id}. Undo that first: kaigi correct undo {last.id}"
        )


def _since(record: MeetingRecord | None, story: StoryRecord, journal: Journal, now: datetime) -> MeetingRecord | None:
    """A record that is put back, completed by the certain reports that came after it was put away."""
    came = [one for one in story.reports if one.item_id not in journal.items and one.certain and one.facts]
    if record is None:
        return founded(came, came, now) if came else None
    reported, trust = completed(record.reported, record.trust, stated(came))
    return revised(replace(record, trust=trust), pinned(reported, pins_of(story.corrections)), reported, now)


def _unconfirmed(plan: CorrectionPlan, journal: Journal, story: StoryRecord, now: datetime) -> CorrectionPlan:
    """What an admin called a meeting is what its reports make of it again."""
    if journal.before.get(story.id) is not None:
        return plan  # it was one before: the word was a label alone
    told = [one for one in story.reports if one.certain and one.facts]
    if not told or story.meeting is None:
        return replace(plan, meetings={story.id: None}, withdraw=True)
    reported, trust = folded(told)
    record = revised(
        replace(story.meeting, trust=trust), pinned(reported, pins_of(story.corrections)), reported, now
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
    shown = revised(present, record.facts, record.reported, now)
    return replace(shown, trust=record.trust, first_seen_at=record.first_seen_at)


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
        meetings={story.id: record, other.id: without(other, rest, now) if rest else None},
        moves={item.item_id: story.id},
        merged={} if rest else {other.id: story.id},
    )
