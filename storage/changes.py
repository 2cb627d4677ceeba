"""What the core is given to decide on, and what it hands back to be written.

`decide(snapshot, …, now)` reads a `Snapshot` and returns `Changes`; `storage/snapshot.py` loads the one and
`storage/ingest.py` applies the other inside one write transaction, so a poll lands whole or not at all. Frozen records,
standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from storage.model import (
    DeliveryKind,
    Evidence,
    FetchEvent,
    Filter,
    Habit,
    Media,
    Meeting,
    MeetingFacts,
    NoticeKind,
    PageSnapshot,
    Pin,
    Skips,
    Source,
    SourceState,
    Told,
    Trust,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownItem:
    """As much of a stored item as deciding needs."""

    id: int
    story_id: int
    identity: str
    guid: str | None
    url: str | None
    title: str
    content_hash: str
    verdict: str = "meeting"  #: what was understood of its old words


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierReport:
    """A stored report of a meeting, as far as filters look at it."""

    item_id: int
    title: str
    text: str
    language: str
    source_key: str
    source_name: str
    trust: Trust
    categories: tuple[str, ...]
    verdict: str
    reported_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A stored meeting that a new item might be about."""

    meeting: Meeting
    alerted_filters: frozenset[str] = frozenset()  #: keys of the filters that already had their alert
    oldest_report_at: datetime  #: publication (or first sight) of its first report
    newest_report_at: datetime
    reports: int = 1  #: certain ones, from trusted sources
    trust: Trust  #: of the best source that has shaped its facts
    told: tuple[EarlierReport, ...] = ()  #: its reports; only loaded when a filter looks at more than facts
    reported: MeetingFacts | None = None  #: what reports say, where an admin fixed a fact; None: the meeting's facts
    pins: tuple[Pin, ...] = ()  #: facts that reports do not change
    also: tuple[MeetingFacts, ...] = ()  #: records of stories that an admin merged into this one


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejected:
    """A story of which an admin said that it is no meeting."""

    story_id: int
    records: tuple[MeetingFacts, ...] = ()  #: what its record and its reports said then
    reported_at: datetime  #: its newest report


@dataclass(frozen=True, kw_only=True, slots=True)
class Twin:
    """A stored item that shares a likeness key with an item of the poll."""

    item_id: int
    story_id: int
    title: str
    is_meeting: bool  #: its story has a meeting's record


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """What storage knows that bears on one poll, read inside the transaction that will apply the changes."""

    source: Source
    items: tuple[KnownItem, ...] = ()  #: items of this source with an identity or URL seen in the poll
    stories_by_url: dict[str, int] = field(default_factory=dict)  #: stories that other sources gave these URLs
    candidates: tuple[Candidate, ...] = ()
    filters: tuple[Filter, ...] = ()
    rejected: tuple[Rejected, ...] = ()  #: near enough in time that a report may mean them
    settled: frozenset[int] = frozenset()  #: items that an admin took out of a story: they stay where they are
    twins: dict[int, tuple[Twin, ...]] = field(default_factory=dict)  #: recent items of other sources, by likeness key
    said: dict[tuple[str, str], int] = field(default_factory=dict)  #: stories without a day, by the source's own words


@dataclass(frozen=True, slots=True)
class NewStory:
    """Stands for the id of a story that this very change creates."""

    number: int


StoryRef = int | NewStory


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemInsert:
    """A new item to keep."""

    source_id: int
    story: StoryRef
    identity: str
    guid: str | None
    url: str | None
    title: str
    text: str
    author: str | None
    language: str
    categories: tuple[str, ...]
    published_at: datetime | None
    published_text: str | None
    content_hash: str
    verdict: str  #: `meeting`, `uncertain` or `other`
    score: float
    facts: MeetingFacts | None  #: what this item alone says
    evidence: tuple[Evidence, ...]
    flags: tuple[str, ...]
    keys: tuple[int, ...] = ()  #: likeness keys under which other sources' copies find it
    html: str | None = None  #: sanitised; None when the text says as much
    media: tuple[Media, ...] = ()
    released_at: datetime | None = None  #: when the ministry gave the news out, where a page says so


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemUpdate:
    """A known item whose words (or story) changed."""

    item_id: int
    old_story_id: int
    insert: ItemInsert  #: the new words; the story may be another one than before


@dataclass(frozen=True, kw_only=True, slots=True)
class MeetingWrite:
    """A meeting's record, new or with changed facts."""

    story: StoryRef
    facts: MeetingFacts
    trust: Trust  #: of the best source that shaped the facts
    revision: int
    facts_changed: bool = True  #: False: only the trust, or what lies under an admin's word, is new
    reported: MeetingFacts | None = None  #: what reports say, where an admin fixed a fact


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A message owed to every active chat that subscribes to one of these filters or, if the filter of all ministers'
    meetings is among them, follows one of the tags; never twice to one chat."""

    story: StoryRef
    filters: tuple[str, ...]
    kind: DeliveryKind = DeliveryKind.ALERT
    version: int = 1
    tags: frozenset[str] = frozenset()  #: of the meeting, as chats follow and mute them (feeds/decide/audience.py)
    followed: tuple[str, ...] = ()  #: only who follows one of these is meant: tags that the meeting has won since
    repeat: bool = False  #: it may have been told before, and says so


@dataclass(frozen=True, kw_only=True, slots=True)
class FactChange:
    """A fact that changed so much that readers of the alert must hear of it."""

    field: str  #: `phase`, `outcomes`, `starts_on`, `city` or `country`
    before: str | list[str] | None
    after: str | list[str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retelling:
    """A meeting of which chats were told has changed: their message is rewritten, and followed up if a change is
    material."""

    story: StoryRef
    revision: int  #: of the meeting, after the change
    changes: tuple[FactChange, ...] = ()
    tags: frozenset[str] = frozenset()  #: of the meeting, after the change


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceUpdate:
    """What a poll taught us about its source."""

    source_id: int
    state: SourceState
    next_poll_at: datetime
    polled_at: datetime
    succeeded: bool
    failures: int = 0
    last_error: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    failing_since: datetime | None = None
    hint_s: int | None = None
    moved_to: str | None = None
    moved_since: datetime | None = None
    moved_polls: int = 0
    habit: Habit | None = None  #: None: as it was
    same: bool = False  #: the document is the one that was read before: what is known of it and of its address stays
    event: FetchEvent | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What a document that was read taught about its source, beside its items."""

    skips: Skips | None = None
    page: PageSnapshot | None = None  #: only of list pages
    emptied: bool = False  #: it holds no entries, although such a document usually does


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticePost:
    """Something to tell the admins, once: it is kept only if `told_before` still holds, or `once` is new."""

    kind: NoticeKind
    source_id: int | None = None
    state: SourceState | None = None
    message: str = ""
    since: datetime | None = None
    count: int = 0
    usual: float = 0.0
    held: int = 0
    told_before: Told | None = None
    told_after: Told | None = None
    once: str | None = None  #: a name that no other notice may have


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """How the other sources are, to tell a bad source from a network that is down."""

    others: int  #: enabled and not paused
    others_failing: int  #: of these, since about the same time
    last_success_at: datetime | None  #: of any source
    outages: int = 0  #: how often the network came back so far; names the present outage


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """All that one poll changes, to be applied in one transaction."""

    source: SourceUpdate
    new_stories: tuple[NewStory, ...] = ()
    retired: tuple[int, ...] = ()  #: items that keep their story, and give their identity to one of the inserts
    inserts: tuple[ItemInsert, ...] = ()
    updates: tuple[ItemUpdate, ...] = ()
    meetings: tuple[MeetingWrite, ...] = ()
    alerts: tuple[Alert, ...] = ()
    retellings: tuple[Retelling, ...] = ()
    silent: Mapping[str, int] = field(default_factory=dict)  #: why how many reported meetings raise no alert
    held: tuple[Alert, ...] = ()  #: what an admin decides about, because the poll was a flood
    lesson: Lesson | None = None
