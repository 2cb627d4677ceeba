"""What one poll changes: a pure function from what is known and what was seen to what must be written.

    entries ──match_known──► unchanged: nothing
                             changed:   update, and its meeting's facts with it
                             new ──join──► a story that another source gave the same address
                                           a meeting with the same facts (stories.same_meeting)
                                           what an admin called no meeting, if it tells of that
                                           other news: the story whose article it copies (likeness)
                                           else a story of its own
    meetings whose facts or reports are news ──routing──► alerts
                                              retelling──► edits and follow-ups of alerts

What admins said comes with the snapshot (see corrections.py): pinned facts, merged and rejected stories, items that
stay where they were put. It reads no clock and no database, so every case is a test of three lines.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from feeds.decide.audience import MEETINGS, tags
from feeds.decide.drafts import Draft
from feeds.decide.likeness import copy_of
from feeds.decide.retelling import material
from feeds.decide.routing import AlertPolicy, Silence, alert_filters, is_fresh, is_old_meeting, is_silent, why_silent
from feeds.decide.stories import Match, calls_off, same_meeting
from feeds.decide.subject import Subject, stored_subject
from feeds.observed import Fingerprint, ParsedEntry, Understood, Verdict
from storage.changes import (
    Alert,
    Changes,
    ItemInsert,
    ItemUpdate,
    KnownItem,
    NewStory,
    Rejected,
    Retelling,
    Snapshot,
    SourceUpdate,
    StoryRef,
)
from storage.model import MeetingFacts, Source, Trust

#: An address (canonical) whose path is empty.
_FRONT_PAGE = re.compile(r"[^/]*//[^/?#]*/?(?:[?#].*)?", re.DOTALL)


#: Characters of a report that make chance unlikely: calls of the same two often have one title, and no more than that.
WORDY = 40


def match_known(entries: Iterable[ParsedEntry], known: Iterable[KnownItem]) -> dict[str, KnownItem]:
    """Which entries (by identity) are items that we have.

    First by identity. Then by URL, for feeds that change their guids (feedbin#416, FreshRSS#5909) — but only where
    nothing speaks against it: the URL belongs to one entry of the document and is not a front page, the title is the
    same, and the item's own identity is gone from the document. Else they are two.
    """
    entries = tuple(entries)
    by_identity = {item.identity: item for item in known}
    by_url = {item.url: item for item in by_identity.values() if item.url}
    here = {entry.identity for entry in entries}
    found: dict[str, KnownItem] = {}
    for entry in entries:
        item = by_identity.get(entry.identity)
        if item is None and _has_own_page(entry):
            twin = by_url.get(entry.url or "")
            if twin is not None and twin.identity not in here and twin.title == entry.title:
                item = twin
        if item is not None:
            found[entry.identity] = item
    return found


def _has_own_page(entry: ParsedEntry) -> bool:
    """Whether the entry's URL can stand for it: not shared within its document, and not a site's front page."""
    return bool(entry.url) and entry.url_is_own and not _FRONT_PAGE.fullmatch(entry.url or "")


def names_no_day(piece: Understood) -> bool:
    """Whether it reports a meeting without its day, in words enough to be known again when they are told once more."""
    facts = _facts(piece)
    return facts is not None and facts.starts_on is None and len(piece.entry.text) >= WORDY


def is_news(entry: ParsedEntry, known: Mapping[str, KnownItem]) -> bool:
    """Whether an entry is new or has changed words: all others need no understanding and no writing."""
    item = known.get(entry.identity)
    return item is None or item.content_hash != entry.content_hash


def decide(
    snapshot: Snapshot, understood: Iterable[Understood], source: SourceUpdate, policy: AlertPolicy, now: datetime
) -> Changes:
    """Decide about the new and changed entries of one poll; `source` is what the poll taught about its source."""
    understood = tuple(understood)
    desk = _Desk(snapshot=snapshot, policy=policy, now=now)
    known = match_known([piece.entry for piece in understood], snapshot.items)
    for piece in understood:
        item = known.get(piece.entry.identity)
        if item is None:
            desk.add(piece)
        elif item.content_hash != piece.entry.content_hash:
            desk.change(piece, item)
    return desk.changes(source)


@dataclass(kw_only=True, slots=True)
class _Desk:
    """Collects the changes of one poll. Lives only inside `decide`."""

    snapshot: Snapshot
    policy: AlertPolicy
    now: datetime
    drafts: dict[StoryRef, Draft] = field(default_factory=dict)
    new_stories: list[NewStory] = field(default_factory=list)
    inserts: list[ItemInsert] = field(default_factory=list)
    updates: list[ItemUpdate] = field(default_factory=list)
    retired: list[int] = field(default_factory=list)
    rejected: dict[StoryRef, Rejected] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rejected = {one.story_id: one for one in self.snapshot.rejected}
        self.drafts = {c.meeting.story_id: Draft.stored(c) for c in self.snapshot.candidates}

    @property
    def source(self) -> Source:
        return self.snapshot.source

    def add(self, piece: Understood) -> None:
        story = self._story_for(piece, own=None)
        self.inserts.append(_item(piece, story, self.source.id, piece.likeness))
        self._report(piece, story)

    def change(self, piece: Understood, item: KnownItem) -> None:
        """Changed words stay in their story, unless they now tell of another meeting (a page that is used again)."""
        only = self._is_only_report(item)
        settled = item.id in self.snapshot.settled
        story = item.story_id if settled else self._story_for(piece, own=item.story_id, corrects=only)
        insert = _item(piece, story, self.source.id)
        if story != item.story_id and only:
            self.retired.append(item.id)  # its words are all that is left of that meeting: they stay as they were
            self.inserts.append(insert)
        else:
            self.updates.append(ItemUpdate(item_id=item.id, old_story_id=item.story_id, insert=insert))
        if only and story == item.story_id:
            self._correct(piece, story)
        self._report(piece, story)

    def _is_only_report(self, item: KnownItem) -> bool:
        """Whether a meeting rests on this item alone. One that was uncertain before never carried any."""
        draft = self.drafts.get(item.story_id)
        return draft is not None and draft.reports == 1 and item.verdict == Verdict.MEETING

    def _correct(self, piece: Understood, story: StoryRef) -> None:
        """A meeting that only this item tells of is what the item says now, not what it said before."""
        facts, draft = _facts(piece), self.drafts[story]
        if facts is not None and self._is_certain(piece):
            draft.say(facts, self.source.definition.trust)

    def _story_for(self, piece: Understood, own: int | None, *, corrects: bool = False) -> StoryRef:
        facts, entry = _facts(piece), piece.entry
        given = own
        if given is None and _has_own_page(entry):
            given = self.snapshot.stories_by_url.get(entry.url or "")
        if facts is None:
            return self._copied_story(piece) if given is None else given
        if given is None and (said := self._said_before(piece, facts)) is not None:
            return said
        if given in self.rejected and _means(self.rejected[given], facts, self._reported_at(piece)):
            return given
        if given is not None and given not in self.rejected and self._may_tell(given, facts, piece, corrects=corrects):
            draft = self.drafts.get(given) or self._draft_like(piece, facts)
            return draft.story if draft is not None else given
        like = self._draft_like(piece, facts)
        return like.story if like is not None else self._rejected_like(piece, facts) or self._new_story()

    def _said_before(self, piece: Understood, facts: MeetingFacts) -> int | None:
        """The meeting of which this source told in the very same words: a site that is built anew dates all of today.

        Without a day in the words, the dates alone would make another meeting of it.
        """
        story = self.snapshot.said.get((piece.entry.title, piece.entry.text)) if names_no_day(piece) else None
        draft = self.drafts.get(story) if story is not None else None
        return story if draft is not None and draft.has_sides_of(facts) else None

    def _copied_story(self, piece: Understood) -> StoryRef:
        """The story of the article that this one copies; else one of its own."""
        if not self.snapshot.twins:
            return self._new_story()
        twin = copy_of(piece.entry, piece.likeness, self.snapshot.twins)
        return twin.story_id if twin is not None else self._new_story()

    def _rejected_like(self, piece: Understood, facts: MeetingFacts) -> int | None:
        """A story of which an admin said that what this report tells is no meeting."""
        reported_at = self._reported_at(piece)
        for one in self.snapshot.rejected:
            if any(same_meeting(record, one.reported_at, facts, reported_at).same for record in one.records):
                return one.story_id
        return None

    def _may_tell(self, story: int, facts: MeetingFacts, piece: Understood, *, corrects: bool) -> bool:
        """Whether a story can be about this meeting: it is about none yet, or the facts agree."""
        draft = self.drafts.get(story)
        if draft is None:
            return True
        reported_at = self._reported_at(piece)
        if corrects and draft.has_sides_of(facts) and not draft.was_over_before(facts, reported_at):
            return True  # the only report corrects its day or its place
        return draft.match(facts, reported_at).same

    def _draft_like(self, piece: Understood, facts: MeetingFacts) -> Draft | None:
        reported_at = self._reported_at(piece)
        best: tuple[Match, Draft] | None = None
        for draft in self.drafts.values():
            match = draft.match(facts, reported_at)
            if match.same and (best is None or match.strength > best[0].strength):
                best = (match, draft)
        return best[1] if best else None

    def _new_story(self) -> NewStory:
        story = NewStory(len(self.new_stories))
        self.new_stories.append(story)
        return story

    def _report(self, piece: Understood, story: StoryRef) -> None:
        """Let a report shape and refresh its meeting. Only a certain one from a trusted source may found one."""
        facts, trust = _facts(piece), self.source.definition.trust
        if facts is None or story in self.rejected:
            return
        reported_at = self._reported_at(piece)
        draft = self.drafts.get(story)
        if not self._is_certain(piece):
            if draft is not None and trust is not Trust.LOW and calls_off(draft.facts, facts):
                draft.call_off(facts.phase, reported_at, is_fresh(self.source, reported_at, self.policy, self.now))
            return
        if draft is None:
            draft = self._found(story, facts, reported_at)
        draft.learn(facts, trust)
        draft.told.append(piece)
        draft.heard(reported_at, is_fresh(self.source, reported_at, self.policy, self.now))

    def _is_certain(self, piece: Understood) -> bool:
        return piece.understanding.verdict is Verdict.MEETING and self.source.definition.trust is not Trust.LOW

    def _found(self, story: StoryRef, facts: MeetingFacts, reported_at: datetime) -> Draft:
        draft = Draft(
            story=story,
            reported=facts,
            facts=facts,
            trust=self.source.definition.trust,
            revision=0,
            before=None,
            alerted=frozenset(),
            oldest_at=reported_at,
            newest_at=reported_at,
        )
        self.drafts[story] = draft
        return draft

    def _reported_at(self, piece: Understood) -> datetime:
        return piece.entry.published_at or self.now

    def changes(self, source: SourceUpdate) -> Changes:
        """All that was decided."""
        said = [self._alert(draft) for draft in self.drafts.values() if draft.told]
        return Changes(
            source=source,
            new_stories=tuple(self.new_stories),
            retired=tuple(self.retired),
            inserts=tuple(self.inserts),
            updates=tuple(self.updates),
            meetings=tuple(draft.written() for draft in self.drafts.values() if draft.changed),
            alerts=tuple(one for one in said if isinstance(one, Alert)),
            silent=Counter(one.value for one in said if isinstance(one, Silence)),
            retellings=tuple(told for told in map(self._retelling, self.drafts.values()) if told is not None),
        )

    def _retelling(self, draft: Draft) -> Retelling | None:
        """Whoever was told of the meeting hears what fresh reports add to it; history moves no message."""
        if (
            draft.before is None
            or not draft.fresh
            or not (draft.told or draft.called_off)
            or is_old_meeting(draft.facts, self.now)
        ):
            return None
        changes = material(draft.before, draft.facts)
        found = tags(draft.facts) if draft.facts != draft.before else frozenset()
        return Retelling(story=draft.story, revision=draft.new_revision, changes=changes, tags=found)

    def _alert(self, draft: Draft) -> Alert | Silence:
        moved_on = draft.before is not None and draft.before.phase is not draft.facts.phase
        recent = moved_on or self.now - draft.oldest_at <= self.policy.max_age
        if not (draft.fresh and recent) or is_old_meeting(draft.facts, self.now):
            return self._too_old(draft)
        reports = [self._subject(piece, draft.facts) for piece in draft.told]
        edited = {update.item_id for update in self.updates}
        earlier = [stored_subject(one, draft.facts, self.now) for one in draft.earlier if one.item_id not in edited]
        keys = alert_filters(self.snapshot.filters, reports, earlier, draft.alerted, draft.known_since)
        won = self._won(draft)
        if not keys:
            why = why_silent(self.snapshot.filters, reports, draft.alerted)
            return why if won is None or why is Silence.BLOCKED else won
        return Alert(story=draft.story, filters=keys, tags=tags(draft.facts), followed=won.followed if won else ())

    def _won(self, draft: Draft) -> Alert | None:
        """Who follows a country or a person that only this report names hears of the meeting now."""
        listens = any(f.key == MEETINGS and f.alerts and not f.paused for f in self.snapshot.filters)
        if not listens or draft.before is None or MEETINGS not in draft.alerted or draft.facts == draft.before:
            return None
        found = tags(draft.facts)
        new = sorted(found - tags(draft.before))
        return Alert(story=draft.story, filters=(), tags=found, followed=tuple(new)) if new else None

    def _too_old(self, draft: Draft) -> Silence:
        if draft.alerted:
            return Silence.TOLD_BEFORE
        if is_silent(self.source, self.policy):
            return Silence.FIRST_POLL
        return Silence.OLD_MEETING if is_old_meeting(draft.facts, self.now) else Silence.OLD_REPORT

    def _subject(self, piece: Understood, facts: MeetingFacts) -> Subject:
        entry, about = piece.entry, self.source.definition
        return Subject(
            title=entry.title,
            text=entry.text,
            language=piece.understanding.language,
            source_key=about.key,
            source_name=about.name,
            trust=about.trust,
            categories=entry.categories,
            verdict=piece.understanding.verdict,
            reported_at=self._reported_at(piece),
            facts=facts,
            now=self.now,
        )


def _facts(piece: Understood) -> MeetingFacts | None:
    mention = piece.understanding.mention
    return mention.facts if mention is not None else None


def _means(rejected: Rejected, facts: MeetingFacts, reported_at: datetime) -> bool:
    """Whether new words of an article in a rejected story still tell of what was rejected, and not of another meeting
    under the same address."""
    sides = set(facts.countries)
    return (
        not rejected.records
        or len(sides) < 2
        or any(sides >= set(record.countries) or sides <= set(record.countries) for record in rejected.records)
        or any(same_meeting(record, rejected.reported_at, facts, reported_at).same for record in rejected.records)
    )


def _item(piece: Understood, story: StoryRef, source_id: int, found: Fingerprint | None = None) -> ItemInsert:
    entry, understanding = piece.entry, piece.understanding
    mention = understanding.mention
    return ItemInsert(
        source_id=source_id,
        story=story,
        identity=entry.identity,
        guid=entry.guid,
        url=entry.url,
        title=entry.title,
        text=entry.text,
        author=entry.author,
        language=understanding.language,
        categories=entry.categories,
        published_at=entry.published_at,
        published_text=entry.published_text,
        content_hash=entry.content_hash,
        verdict=understanding.verdict,
        score=understanding.score,
        facts=mention.facts if mention else None,
        evidence=mention.evidence if mention else (),
        flags=entry.flags,
        keys=found.keys if found is not None else (),
        html=entry.html,
        media=entry.media,
        released_at=entry.released_at,
    )
