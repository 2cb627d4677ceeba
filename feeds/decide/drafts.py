"""A meeting while a poll is being decided: what is stored of it, and what the reports of this poll add. Pure."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from feeds.decide.pins import pinned
from feeds.decide.stories import DAY_TOLERANCE, Match, best_trust, merge, same_meeting
from feeds.observed import Understood
from storage.changes import Candidate, EarlierReport, MeetingWrite, StoryRef
from storage.model import MeetingFacts, Phase, Pin, Trust


@dataclass(kw_only=True, slots=True)
class Draft:
    """A meeting while this poll is being decided."""

    story: StoryRef
    reported: MeetingFacts  #: what the reports say
    facts: MeetingFacts  #: the same with an admin's word laid over it
    trust: Trust
    revision: int
    before: MeetingFacts | None  #: as stored; None: new
    alerted: frozenset[str]
    oldest_at: datetime
    newest_at: datetime
    reports: int = 0  #: certain ones, before this poll
    trust_before: Trust | None = None
    reported_before: MeetingFacts | None = None
    pins: tuple[Pin, ...] = ()
    also: tuple[MeetingFacts, ...] = ()  #: records of stories that were merged into this one
    fresh: bool = False  #: a report of this poll may raise an alert
    known_since: datetime | None = None  #: when it was first stored; None: it is new
    told: list[Understood] = field(default_factory=list)  #: the reports of this poll
    called_off: bool = False  #: by a notice of this poll, which is no report of a meeting
    earlier: tuple[EarlierReport, ...] = ()  #: those before, if a filter looks at them

    @classmethod
    def stored(cls, candidate: Candidate) -> "Draft":
        """The draft of a meeting that storage knows."""
        meeting = candidate.meeting
        reported = candidate.reported or meeting.facts
        return cls(
            story=meeting.story_id,
            reported=reported,
            facts=meeting.facts,
            trust=candidate.trust,
            revision=meeting.revision,
            before=meeting.facts,
            alerted=candidate.alerted_filters,
            oldest_at=candidate.oldest_report_at,
            newest_at=candidate.newest_report_at,
            reports=candidate.reports,
            trust_before=candidate.trust,
            known_since=meeting.first_seen_at,
            earlier=candidate.told,
            reported_before=reported,
            pins=candidate.pins,
            also=candidate.also,
        )

    @property
    def changed(self) -> bool:
        """Whether anything of it must be written."""
        return self.facts != self.before or self.trust is not self.trust_before or self.reported != self.reported_before

    def learn(self, facts: MeetingFacts, trust: Trust) -> None:
        """Let one more report add what it says."""
        self.say(merge(self.reported, self.trust, facts, trust), best_trust(self.trust, trust))

    def call_off(self, phase: Phase, reported_at: datetime, fresh: bool) -> None:
        """A notice says that it will not be held, or not then. One that is older than the last report says nothing."""
        if reported_at < self.newest_at:
            return
        self.say(replace(self.reported, phase=phase), self.trust)
        self.called_off = True
        self.heard(reported_at, fresh)

    def say(self, reported: MeetingFacts, trust: Trust) -> None:
        """The reports now say this."""
        self.reported, self.trust = reported, trust
        self.facts = pinned(reported, self.pins)

    def match(self, facts: MeetingFacts, reported_at: datetime) -> Match:
        """How well a report fits: what readers see, what reports say, or the record of a story that ended in this."""
        others = (record for record in (self.reported, *self.also) if record is not self.facts)
        matches = [same_meeting(record, self.newest_at, facts, reported_at) for record in (self.facts, *others)]
        return max(matches, key=lambda match: (match.same, match.strength))

    def has_sides_of(self, facts: MeetingFacts) -> bool:
        """Whether the same countries met, as readers see it, as reports say, or in a record that ended in this."""
        return any(set(one.countries) == set(facts.countries) for one in (self.facts, self.reported, *self.also))

    def was_over_before(self, facts: MeetingFacts, reported_at: datetime) -> bool:
        """Whether its last report told that it was held, and this later one tells of a day after that: of another one.

        A report that is dated before the day it tells of is dated wrongly, and proves nothing.
        """
        if facts.starts_on is None or not self.facts.phase is facts.phase is Phase.HELD:
            return False
        last = self.newest_at.date() + DAY_TOLERANCE
        told_afterwards = self.facts.starts_on is None or self.facts.starts_on <= last
        return told_afterwards and last < facts.starts_on <= reported_at.date() + DAY_TOLERANCE

    def heard(self, reported_at: datetime, fresh: bool) -> None:
        """Note when a report of it came, and whether it may raise an alert."""
        self.oldest_at = min(self.oldest_at, reported_at)
        self.newest_at = max(self.newest_at, reported_at)
        self.fresh = self.fresh or fresh

    @property
    def new_revision(self) -> int:
        """The revision of its record when this poll has landed."""
        return self.revision + 1 if self.facts != self.before else self.revision

    def written(self) -> MeetingWrite:
        """What is to be stored of it."""
        return MeetingWrite(
            story=self.story,
            facts=self.facts,
            trust=self.trust,
            revision=self.new_revision,
            facts_changed=self.facts != self.before,
            reported=self.reported if self.reported != self.facts else None,
        )
