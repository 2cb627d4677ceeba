"""What Kaigi knows, as plain frozen records.

Every type here has a row (or a column) in `tables.py`; what is only seen on the way lives in `feeds/observed.py`.
Standard library only, so that the pure core can use these types without touching a database.
All moments are aware datetimes in UTC; all days are plain dates in the place of the event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from storage.choices import (
    Channel,
    ChatState,
    CorrectionKind,
    DeliveryKind,
    DeliveryState,
    FilterAction,
    FloodState,
    Format,
    HubState,
    Kind,
    Level,
    NoticeKind,
    Phase,
    SourceKind,
    SourceState,
    Told,
    Trust,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PageRules:
    """CSS rules that read a list page and its articles. An empty selector means "find it yourself"."""

    item: str = ""  #: one element per news item; empty: every element that `link` matches
    link: str = "a"  #: the link inside an item
    title: str = ""  #: the title inside an item; empty: the link's text
    date: str = ""  #: the date inside an item; empty: taken from the article
    include: str = ""  #: regular expression that an article's address must match; empty: any on the same site
    article: str = ""  #: container of the article text; empty: found by trafilatura
    article_title: str = ""  #: the headline on the article page; empty: the list's title
    article_date: str = ""  #: the publication date on the article page
    cut: tuple[str, ...] = ()  #: elements removed before text is taken
    next_page: str = ""  #: the link to the next page of the list; empty: the list has one page


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchOptions:
    """How one source wants to be asked. What may be secret does not show when the record is printed."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  #: further request headers: name, value
    cookie: str | None = field(default=None, repr=False)  #: the whole Cookie header
    verify: bool = True  #: False: the host's certificate is not checked

    @property
    def secrets(self) -> tuple[str, ...]:
        """The words that must never be shown: header values may be passwords, and a cookie is one."""
        return tuple(filter(None, (self.cookie, *(value for _, value in self.headers))))


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDefinition:
    """A source as an operator writes it in sources.toml or adds it by command."""

    key: str  #: short unique name, `[a-z0-9-]+`, used by commands and filters
    url: str
    name: str
    kind: SourceKind = SourceKind.FEED
    language: str | None = None  #: BCP 47, usually `ja` or `en`; None: told from the text
    country: str | None = None  #: ISO 3166-1 alpha-2 of the publisher; its own minister is implicit in its texts
    trust: Trust = Trust.PRESS
    time_zone: str = "UTC"  #: IANA zone for dates that the source writes without one
    enabled: bool = True
    rules: PageRules | None = None  #: only for pages
    interval_s: int | None = None  #: seconds between polls; None: `poll.default_interval`
    fetch: FetchOptions = FetchOptions()  #: sent to the host of `url` and to no other


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """How a source publishes, learnt from its items of the last four weeks."""

    weekly: float  #: items a week
    hours: tuple[int, ...]  #: hours of the day (UTC) in which nine of ten items come


@dataclass(frozen=True, kw_only=True, slots=True)
class Skips:
    """When a feed asks not to be polled (RSS 2.0 `skipHours` and `skipDays`), in GMT."""

    hours: tuple[int, ...] = ()  #: 0 to 23
    days: tuple[int, ...] = ()  #: 0 is Monday


@dataclass(frozen=True, kw_only=True, slots=True)
class PageSnapshot:
    """A list page as it was when its rules last found something."""

    taken_at: datetime
    found: int  #: how many articles
    items: tuple[tuple[str, str], ...]  #: title and address of the first ones
    body: bytes = b""  #: the document, compressed with zlib; empty when only the words were asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """A picture, sound or film that an item names. It is never fetched."""

    url: str  #: absolute, http or https
    type: str | None = None  #: media type, as declared
    length: int | None = None  #: bytes, as declared


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchEvent:
    """What one poll of a source brought; the last thirty are kept."""

    at: datetime
    outcome: str  #: `changed`, `flooded` (far more new items than usual), `unchanged`, or the failure's kind
    bytes: int = 0
    new_items: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A source with what polling has taught us about it."""

    id: int
    definition: SourceDefinition
    state: SourceState
    next_poll_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None  #: of the last body that was parsed; equal bytes are not parsed again
    first_success_at: datetime | None = None  #: None: the first poll is still to come, and it will be silent
    last_success_at: datetime | None = None
    last_polled_at: datetime | None = None
    failures: int = 0  #: in a row
    failing_since: datetime | None = None  #: the first of these failures
    last_error: str | None = None  #: one line for people
    habit: Habit | None = None  #: how it publishes; None: not known yet
    hint_s: int | None = None  #: how long its last answer asked us to wait between polls
    last_new_at: datetime | None = None  #: when it last brought something new
    moved_to: str | None = None  #: where its server sends us for good
    moved_since: datetime | None = None  #: since when it says so without a break
    moved_polls: int = 0  #: in how many polls
    pushed_at: datetime | None = None  #: when a hub last told of news
    pushed_until: datetime | None = None  #: until when its hub can be relied on to tell; None: it cannot
    skips: Skips | None = None  #: when it asks not to be polled
    told: Told = Told.WELL  #: what admins heard last about it


@dataclass(frozen=True, kw_only=True, slots=True)
class HubSubscription:
    """Our subscription to one source's document at a hub. `token` and `secret` are secrets and stay out of logs."""

    id: int
    source_id: int | None  #: None: the source is gone or uses another hub; only the leave-taking is left to do
    hub: str
    topic: str  #: what the hub knows the document by: its `rel=self` address
    callback: str = field(repr=False)  #: where the hub reaches us; ends with `token`
    token: str = field(repr=False)
    secret: str = field(repr=False)
    state: HubState = HubState.FOUND
    next_at: datetime | None = None  #: when there is something to ask next
    asked_at: datetime | None = None
    verified_at: datetime | None = None
    lease_until: datetime | None = None
    tries: int = 0  #: requests since the hub last verified anything
    last_error: str | None = None  #: one line for people
    last_push_at: datetime | None = None
    pushes: int = 0  #: with a right signature
    refused: int = 0  #: pushes without one
    to_prove: int = 2  #: pushes that must still arrive before polls are made rarer
    lapses: int = 0  #: how often it stopped pushing without a word
    missed: int = 0  #: polls that found news of which it had not told
    missed_at: datetime | None = None
    unseen: int = 0  #: documents in a row that no longer name the hub

    @property
    def relied_until(self) -> datetime | None:
        """Until when polls may be rarer because this hub pushes; None: it has not proved that it does."""
        return self.lease_until if self.to_prove == 0 and self.state is not HubState.LEAVING else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something that admins are told once about the sources."""

    id: int
    kind: NoticeKind
    created_at: datetime
    source_key: str | None = None  #: None: about all of them
    source_name: str | None = None
    state: SourceState | None = None
    message: str = ""  #: one line for people: what is wrong, or the new address
    since: datetime | None = None  #: since when it was like this
    count: int = 0  #: new items of a flood; sources without a network
    usual: float = 0.0  #: new items that a poll usually brings
    held: int = 0  #: alerts that a flood would have raised


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """A poll that brought far more than is usual, and whose alerts an admin decides about."""

    id: int
    source_key: str
    source_name: str
    at: datetime
    new_items: int
    alerts: tuple[tuple[int, tuple[str, ...]], ...]  #: story, and the keys of the filters that would have told of it
    state: FloodState
    decided_at: datetime | None = None
    decided_by: str | None = None
    history: tuple[dict[str, str], ...] = ()  #: `what`, `who` and `at` of each decision, the oldest first


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeMessage:
    """One message owed to one admin: the notices of a few seconds together."""

    id: int
    channel: "Channel"
    address: str
    notices: tuple[Notice, ...]
    attempt: int = 0  #: how often it was tried, the present try included
    repeat: bool = False  #: an earlier try may have arrived


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """A person in an office for a country who takes part. Any of the names may be unknown; the country never is."""

    country: str  #: ISO 3166-1 alpha-2, or `EU`, `NATO`, `ASEAN`, `UN`
    name: str | None = None  #: in Latin script, given name first
    name_ja: str | None = None
    office: str | None = None  #: as the text calls it
    level: Level = Level.MINISTER
    substitute: bool = False  #: sent in the minister's place


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """The words a fact came from."""

    fact: str  #: name of the field it supports: `series`, `starts_on`, `city`, `principals`, …
    where: str  #: `title`, `text` or `url`
    start: int  #: offset in characters of the stored title or text
    end: int
    quote: str
    confidence: float = 1.0  #: 0 to 1


@dataclass(frozen=True, kw_only=True, slots=True)
class MeetingFacts:
    """What is known of a meeting. A fact that nobody stated is None or empty, never invented."""

    level: Level
    kind: Kind
    format: Format
    phase: Phase
    countries: tuple[str, ...] = ()  #: sides that are named, sorted
    principals: tuple[Principal, ...] = ()
    series: str | None = None  #: key of the recurring forum, as in the lexicon: `admm-plus`
    edition: int | None = None
    name_ja: str | None = None
    name_en: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None  #: None: the same day, or unknown
    city: str | None = None  #: English name as in the lexicon
    country: str | None = None  #: where it takes place
    venue: str | None = None
    parent: str | None = None  #: series key of the conference on whose margins it is held
    outcomes: tuple[str, ...] = ()  #: documents, in their own words: 共同声明, joint statement
    topics: tuple[str, ...] = ()  #: keys of the lexicon's topics, in the order in which they are named
    confidence: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """The structured record of a story that is a ministerial meeting."""

    story_id: int
    facts: MeetingFacts
    revision: int  #: grows by one each time a fact changes
    first_seen_at: datetime
    updated_at: datetime  #: when a fact last changed or a report came in


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """A fact that an admin has fixed: reports no longer change it."""

    field: str  #: as `kaigi correct … set` names it: `city`, `date`, `person:JP`, …
    value: str | None  #: as an admin writes it; None: nobody stated it


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """What an admin said about a story: a label that is applied at once and remembered."""

    id: int
    at: datetime
    by: str
    kind: CorrectionKind
    story_id: int  #: the story it is about; of `same_as` the one that goes on, of `split` the one the item leaves
    item_id: int | None = None  #: of `split`: the item
    other_id: int | None = None  #: of `same_as` the story that ended, of `split` the one that began
    field: str | None = None  #: of `set` and `clear`
    before: str | None = None  #: as people read it
    after: str | None = None
    note: str = ""
    undone_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """A named query: at once a feed, a page, a calendar and something a chat can subscribe to."""

    id: int
    key: str
    title: str
    query: str
    alerts: bool = True  #: whether new matches are pushed to subscribed chats
    action: FilterAction = FilterAction.KEEP
    paused: bool = False  #: no alerts and, for a block rule, no effect until it is resumed
    position: int = 0  #: its place in lists
    since: datetime | None = None  #: meetings known before raise no alert of it; None: no such limit


@dataclass(frozen=True, kw_only=True, slots=True)
class FilterChange:
    """One line of a filter's history."""

    id: int
    key: str
    at: datetime
    who: str
    what: str  #: add, edit, pause, resume, order, remove, undo
    before: dict[str, object] | None  #: the filter as it was; None: there was none
    after: dict[str, object] | None  #: the filter as it became; None: removed
    undone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """Somewhere messages go."""

    id: int
    channel: Channel
    address: str  #: Telegram chat id as text, with `/` and the topic's id for a topic of a forum; or `terminal`
    language: str
    time_zone: str
    state: ChatState = ChatState.ACTIVE
    kind: str = "private"  #: private, group, channel
    title: str = ""  #: of a group or channel
    managed_by: int | None = None  #: the person who set up this channel from the private chat
    digest: str = "off"  #: `off`, `daily 08:00`, `weekly mon 08:00`, in the chat's own zone
    digest_at: datetime | None = None
    quiet: str = ""  #: hours of the chat's own day without a message: `22:00-07:00`
    sides: str = "all"  #: side meetings of a conference: `all`, `parent` (with a list), `mine` (only what it follows)
    follow_ups: str = "silent"  #: `silent`, `loud`, `off`

    @property
    def room(self) -> str:
        """What Telegram counts messages by: the topics of a forum are one room."""
        return room_of(self.channel, self.address)

    @property
    def topic(self) -> int | None:
        """The number of the forum's topic that it is; None for a whole chat."""
        topic = self.address.partition("/")[2] if self.channel is Channel.TELEGRAM else ""
        return int(topic) if topic else None


def room_of(channel: Channel, address: str) -> str:
    """The room of an address: of a forum's topic, the forum."""
    return address.partition("/")[0] if channel is Channel.TELEGRAM else address


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """Something that a chat does not want to hear of."""

    tag: str  #: `story:7`, `series:admm-plus`, …; `all` is a pause
    until: datetime | None = None  #: None: until it is taken back


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One item of a story, as readers need it: who reported, where to read on."""

    item_id: int
    source_key: str
    source_name: str
    trust: Trust
    title: str
    url: str | None
    language: str
    published_at: datetime | None
    first_seen_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MeetingStory:
    """A meeting with all its reports, oldest first: what feeds, pages and messages are made of."""

    meeting: Meeting
    reports: tuple[Report, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldItem:
    """A report of a meeting with all its words, and what was understood of it alone."""

    report: Report
    text: str
    stated: MeetingFacts | None  #: None: not understood as a report of a meeting
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Retraction:
    """That a meeting which readers were told of is none any more."""

    story_id: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedItem:
    """An item as feeds and pages show it."""

    report: Report
    text: str
    author: str | None
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledItem:
    """An item about which an admin said something, with what its story is since."""

    item_id: int
    story_id: int
    title: str
    text: str
    language: str
    url: str | None
    source_name: str
    published_at: datetime | None
    first_seen_at: datetime
    stated: MeetingFacts | None  #: what the item alone says
    meeting: MeetingFacts | None  #: the story's record; None: no meeting
    fixed: tuple[str, ...] = ()  #: fields that an admin set
    correction_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How much there is."""

    sources: int
    sources_failing: int
    items: int
    meetings: int
    chats: int
    deliveries_waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message owed to one chat."""

    id: int
    chat: Chat
    story_id: int | None  #: None: a digest or a broadcast
    kind: DeliveryKind
    version: int
    state: DeliveryState
    not_before: datetime
    attempt: int = 0  #: how often it was tried, the present try included
    worker: str | None = None  #: boot id of the process that holds it in `sending`
    repeat: bool = False  #: an earlier try may have arrived; the message says so
    message_id: str | None = None
    error: str | None = None
    once: str | None = None  #: of a message without a story: `digest:2026-11-27`, `broadcast:5`
    payload: Mapping[str, Any] | None = None  #: what it tells beside the story
    parent_id: int | None = None  #: the delivery that it replies to or edits
    priority: int = 0  #: the lower goes first
    silent: bool = False
    held: str = ""  #: waits for `quiet` or `digest`
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who is or was an admin."""

    user_id: int  #: at Telegram
    name: str
    role: str
    added_by: int | None  #: None: the settings name them; this row only keeps the name
    added_at: datetime
    removed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Invite:
    """An invitation to become an admin; the word that opens it is not kept."""

    id: int
    role: str
    created_by: int
    created_at: datetime
    expires_at: datetime
    used_by: int | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """One change, as the audit keeps it."""

    id: int
    at: datetime
    who: str  #: `tg:` and a user id, or `cli:` and a name
    what: str  #: `source_pause`, `filter_edit`, `broadcast`, …
    target: str  #: `source:mod`, `filter:japan`, `story:12`, …
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    undone_by: int | None = None  #: the line that took this one back


@dataclass(frozen=True, kw_only=True, slots=True)
class Broadcast:
    """Words of an admin for all chats."""

    id: int
    at: datetime
    by: str
    text: str
    queued_at: datetime | None = None  #: None: a draft that nobody has confirmed


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenItem:
    """An article as it was understood, for admins who ask why."""

    id: int
    story_id: int
    title: str
    url: str | None
    verdict: str  #: `meeting`, `uncertain` or `other`
    score: float  #: 0 to 1
    facts: MeetingFacts | None  #: what it says alone
    published_at: datetime | None
    first_seen_at: datetime
    source_key: str
    source_name: str
    trust: Trust
    source_known_since: datetime | None  #: when its source was first read


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """A message about a story, as admins see it."""

    id: int
    chat_id: int
    kind: DeliveryKind
    state: DeliveryState
    attempt: int
    error: str | None
    created_at: datetime
    updated_at: datetime
    not_before: datetime
    channel: Channel
    address: str
    title: str  #: of the chat, where it has one
    chat_state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """Figures of a span of time."""

    items: Mapping[str, int]  #: by verdict
    deliveries: Mapping[str, int]  #: by state
    meetings: int
    waits_s: tuple[float, ...]  #: from the moment an alert was owed until it was sent, sorted
