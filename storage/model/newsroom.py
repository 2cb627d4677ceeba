"""What Kaigi knows of its sources: what an operator wrote, what polling taught, what admins are told about them."""

from dataclasses import dataclass, field
from datetime import datetime

from storage.choices import Channel, FloodState, HubState, NoticeKind, SourceKind, SourceState, Told, Trust


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


GAVE_UP = "Paused"  #: so begins the last error of a source that its failures paused, and no person


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
class HeldAlert:
    """An alert that waits with its flood."""

    story: int
    filters: tuple[str, ...] = ()  #: keys of those that would have told of it
    followed: tuple[str, ...] = ()  #: tags that a meeting which was told before has won, as `Alert.followed`
    repeat: bool = False  #: it may have been told before, as `Alert.repeat`


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """A poll that brought far more than is usual, and whose alerts an admin decides about."""

    id: int
    source_key: str
    source_name: str
    at: datetime
    new_items: int
    alerts: tuple[HeldAlert, ...]
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
