"""What Kaigi knows, as plain frozen records.

Every type here has a row (or a column) in `tables.py`; what is only seen on the way lives in `feeds/observed.py`.
Standard library only, so that the pure core can use these types without touching a database.
All moments are aware datetimes in UTC; all days are plain dates in the place of the event.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class SourceKind(StrEnum):
    """How a source is read."""

    FEED = "feed"  # RSS, Atom
    PAGE = "page"  # a list page without a feed, read by CSS rules


class Trust(StrEnum):
    """How far a source may shape a meeting's facts."""

    OFFICIAL = "official"  # the ministry or organisation itself
    PRESS = "press"  # a newsroom with editors
    AGGREGATOR = "aggregator"  # republishes others
    LOW = "low"  # machine-written or unchecked: may join a story, never creates or changes facts


class SourceState(StrEnum):
    """What the last polls of a source say about it."""

    NEW = "new"  # never polled successfully
    OK = "ok"
    SLOW = "slow"  # answers, but takes long
    FAILING = "failing"
    BLOCKED = "blocked"  # refuses us: 403, 429, a bot wall, or an address we may not ask
    EMPTY = "empty"  # answers, but nothing can be found in it: a redesigned page
    SILENT = "silent"  # answers, but has had nothing new for much longer than is its habit
    PAUSED = "paused"


class Level(StrEnum):
    """The rank of the highest principals that two or more sides share."""

    MINISTER = "minister"
    VICE_MINISTER = "vice_minister"
    OFFICIAL = "official"
    HEAD_OF_GOVERNMENT = "head_of_government"


class Kind(StrEnum):
    """How many sides meet, or the 2+2 form (foreign and defence ministers together)."""

    BILATERAL = "bilateral"
    TRILATERAL = "trilateral"
    MINILATERAL = "minilateral"  # four to six states that chose each other
    MULTILATERAL = "multilateral"
    TWO_PLUS_TWO = "two_plus_two"


class Format(StrEnum):
    """How they meet."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    VIDEO = "video"


class Phase(StrEnum):
    """Where the meeting stands; "will visit" is never told as "attended"."""

    ANNOUNCED = "announced"
    HELD = "held"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


class FilterAction(StrEnum):
    """What a filter does with what it matches."""

    KEEP = "keep"
    BLOCK = "block"  # a rule for all: what matches raises no alert and is in no other filter


class Channel(StrEnum):
    """Where a chat lives."""

    TELEGRAM = "telegram"
    TERMINAL = "terminal"  # the operator's screen, used while no Telegram token is set


class ChatState(StrEnum):
    """Whether a chat may be sent to."""

    ACTIVE = "active"
    STOPPED = "stopped"  # the chat said /stop
    GONE = "gone"  # Telegram refuses for good (blocked, kicked, deleted); settings are kept
    SUSPENDED = "suspended"  # nobody reads this channel now (the terminal while Telegram is on)


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    ALERT = "alert"
    FOLLOW_UP = "follow_up"


class DeliveryState(StrEnum):
    """The life of one message owed to one chat: queued → sending → sent | queued | failed | chat_gone | uncertain."""

    QUEUED = "queued"
    SENDING = "sending"  # committed before the request leaves, so a crash can be told from "never tried"
    SENT = "sent"
    FAILED = "failed"  # refused for good (HTTP 400)
    CHAT_GONE = "chat_gone"
    UNCERTAIN = "uncertain"  # nobody can know whether it arrived; a second try is marked as a repeat
    EXPIRED = "expired"  # old news by the time it could have been sent


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """How a source publishes, learnt from its items of the last four weeks."""

    weekly: float  #: items a week
    hours: tuple[int, ...]  #: hours of the day (UTC) in which nine of ten items come


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchEvent:
    """What one poll of a source brought; the last thirty are kept."""

    at: datetime
    outcome: str  #: `changed`, `unchanged`, or the kind of failure
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
    address: str  #: Telegram chat id as text, or `terminal`
    language: str
    time_zone: str
    state: ChatState = ChatState.ACTIVE


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
    story_id: int
    kind: DeliveryKind
    version: int
    state: DeliveryState
    not_before: datetime
    attempt: int = 0  #: how often it was tried, the present try included
    worker: str | None = None  #: boot id of the process that holds it in `sending`
    repeat: bool = False  #: an earlier try may have arrived; the message says so
    message_id: str | None = None
    error: str | None = None
    created_at: datetime
