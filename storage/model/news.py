"""What Kaigi knows of the world: meetings with their facts and reports, filters over them, what admins correct."""

from dataclasses import dataclass, field
from datetime import date, datetime

from storage.choices import CorrectionKind, FilterAction, Format, Kind, Level, Phase, Trust


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """A picture, sound or film that an item names. It is never fetched."""

    url: str  #: absolute, http or https
    type: str | None = None  #: media type, as declared
    length: int | None = None  #: bytes, as declared


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
