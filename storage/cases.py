"""What the core is given to decide a correction on, and what it hands back to be written.

`feeds/decide/corrections.py` turns a `StoryRecord` and an admin's word into a `CorrectionPlan`;
`storage/corrections.py` loads the one and applies the other in one transaction. Standard library only.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from storage.changes import Alert, EarlierReport, Retelling, StoryRef
from storage.model import Correction, CorrectionKind, MeetingFacts, Trust


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportRecord:
    """An item of a story, as far as correcting needs it."""

    item_id: int
    certain: bool  #: understood as a meeting, from a source that may shape facts
    trust: Trust
    facts: MeetingFacts | None  #: what it alone says
    reported_at: datetime  #: published, or first seen
    first_seen_at: datetime
    told: EarlierReport  #: its words, as filters look at them


@dataclass(frozen=True, kw_only=True, slots=True)
class MeetingRecord:
    """The whole row of a meeting."""

    facts: MeetingFacts  #: as readers see it
    reported: MeetingFacts  #: as the reports alone would have it
    trust: Trust
    revision: int
    first_seen_at: datetime
    updated_at: datetime
    active_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryRecord:
    """A story with all that bears on correcting it."""

    id: int
    meeting: MeetingRecord | None
    reports: tuple[ReportRecord, ...] = ()  #: in the order in which they came
    corrections: tuple[Correction, ...] = ()  #: those in force: of stories merged into it first, then its own
    alerted: frozenset[str] = frozenset()  #: filters that had their alert


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """How the stories stood when a correction was made, and what it made of them."""

    before: dict[int, MeetingRecord | None] = dataclasses.field(default_factory=dict)
    after: dict[int, MeetingRecord | None] = dataclasses.field(default_factory=dict)
    items: dict[int, int] = dataclasses.field(
        default_factory=dict
    )  #: all items of these stories, and the story each was in
    merged: tuple[int, ...] = ()  #: stories that had ended in the one that ends now


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectionPlan:
    """All that a correction, or undoing one, changes."""

    kind: CorrectionKind
    story_id: int
    item_id: int | None = None
    other: StoryRef | None = None
    fact: str | None = None  #: the field that is pinned
    before: str | None = None
    after: str | None = None
    meetings: dict[StoryRef, MeetingRecord | None] = dataclasses.field(default_factory=dict)  #: None: it is no meeting
    moves: dict[int, StoryRef] = dataclasses.field(default_factory=dict)  #: items and the story they go to
    merged: dict[int, int | None] = dataclasses.field(
        default_factory=dict
    )  #: stories and the one they end in; None: alive again
    call_off: bool = False  #: messages about the story that wait are not sent
    withdraw: bool = False  #: messages that wait are forgotten, as if never decided
    hand_over: bool = False  #: messages and marks of `other` go to the story
    copy_marks: bool = False  #: `other` counts as alerted where the story was
    alerts: tuple[Alert, ...] = ()
    retellings: tuple[Retelling, ...] = ()
