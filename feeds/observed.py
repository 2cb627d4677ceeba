"""What is only seen on the way: answers, parsed entries, and what was understood of them.

Pure: standard library and `storage.model` only. Nothing here has a row; what is kept is in `storage/model/`.
All of it can be pickled, because it crosses the border of the worker process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from storage.model import Evidence, Media, MeetingFacts, Skips, Trust

#: Entries of one document that are taken in; what comes after them is counted and left out.
MAX_ENTRIES = 5_000

S = TypeVar("S", bound="_Sent")


class _Sent:
    """What crosses to and from the parser processes by the thousand: pickled by position, several times cheaper."""

    __slots__: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        kind: Any = type(self)
        return _received, (kind, *_getter(kind)(self))


def _received(kind: Any, *values: Any) -> Any:
    record = object.__new__(kind)
    for put, value in zip(_setters(kind), values, strict=True):
        put(record, value)
    return record


@cache
def _getter(kind: Any) -> Callable[[object], tuple[Any, ...]]:
    return attrgetter(*kind.__slots__)  # of two or more names: a tuple


def changed(record: S, **values: Any) -> S:
    """A copy with other values, as `dataclasses.replace` makes it, for records that are made by the thousand.

    Raises TypeError for a field that there is not.
    """
    kind: Any = type(record)
    copy: S = object.__new__(kind)
    for name, put, value in zip(kind.__slots__, _setters(kind), _getter(kind)(record), strict=True):
        put(copy, values.pop(name, value))
    if values:
        raise TypeError(f"{kind.__name__} has no {', '.join(values)}")
    return copy


@cache
def _setters(kind: Any) -> tuple[Callable[[object, Any], None], ...]:
    """What sets the fields of a frozen record, in their order: two thirds of what `object.__setattr__` takes."""
    return tuple(getattr(kind, name).__set__ for name in kind.__slots__)


class FailureKind(StrEnum):
    """Why a poll brought nothing. One word for logs and metrics; the message is for people."""

    BAD_URL = "bad_url"
    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    TIMEOUT = "timeout"
    NETWORK = "network"  # broken connection, malformed HTTP
    BLOCKED_ADDRESS = "blocked_address"  # a private or reserved address, see feeds/collect/guard.py
    REDIRECT = "redirect"  # too many, or to a place we do not follow
    NOT_FOUND = "not_found"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    BOT_WALL = "bot_wall"  # a page that wants a browser or a person first, see feeds/collect/walls.py
    RATE_LIMITED = "rate_limited"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    TOO_LARGE = "too_large"
    EMPTY = "empty"  # 200 without a body, or a list page on which the rules find nothing
    NOT_A_FEED = "not_a_feed"  # an HTML page where a feed was expected
    BROKEN = "broken"  # XML that nothing could be read from
    PARSER = "parser"  # the worker ran out of time or memory, or died
    INTERNAL = "internal"  # our own mistake; the log has the traceback


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A poll that brought nothing. An error is a value here: one bad source never stops the others."""

    kind: FailureKind
    message: str  #: one short line that says what to do; never holds credentials
    detail: str = ""  #: for the log
    retry_after_s: float | None = None  #: what the server asked for, in seconds from now


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A body, decompressed and within the cap."""

    url: str  #: where it was found after redirects
    body: bytes
    content_type: str | None = None  #: the whole header, with charset
    etag: str | None = None
    last_modified: str | None = None
    max_age_s: int | None = None  #: for how long the server calls it fresh
    moved_to: str | None = None  #: its new address, when every redirect on the way was a permanent one (301, 308)
    links: tuple[str, ...] = ()  #: its `Link` headers, as they came


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """A form that was posted and taken."""

    status: int  #: 200 to 299


@dataclass(frozen=True, kw_only=True, slots=True)
class Advert:
    """That a document can be had by push: which hubs know it, and under which address."""

    hubs: tuple[str, ...]  #: at least one, in the order of the document
    topic: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotModified:
    """HTTP 304: nothing changed since the validators we sent."""

    moved_to: str | None = None  #: as in `Fetched`


FetchResult = Fetched | NotModified | Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedEntry(_Sent):
    """One entry of a feed or list page, normalised once: plain title, plain text, canonical URL, aware dates."""

    guid: str | None = None
    url: str | None = None  #: absolute and canonical, http or https
    title: str = ""  #: plain text, one line
    text: str = ""  #: plain text of the content or summary; paragraphs separated by newlines
    author: str | None = None
    language: str | None = None  #: BCP 47 as declared by entry or feed
    categories: tuple[str, ...] = ()
    published_at: datetime | None = None  #: aware; None when the source gives none that can be trusted
    published_text: str | None = None  #: the date as the source wrote it
    identity: str = ""  #: the identity ladder's key (feeds/collect/identity.py)
    url_is_own: bool = True  #: False when several entries of one document share the URL: it identifies none of them
    content_hash: str = ""  #: of title, text and URL; unchanged means nothing to do
    #: what is suspicious: `date_in_future`, `date_unreadable`, `date_without_year`, `released_later`, `text_cut`
    flags: tuple[str, ...] = ()
    html: str | None = None  #: sanitised, when it holds more than plain paragraphs
    media: tuple[Media, ...] = ()  #: what the entry names; never fetched
    released_at: datetime | None = None  #: aware; when the ministry gave the news out, where the page says so


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticlePage:
    """What an article's own page says."""

    title: str
    text: str
    published_at: datetime | None = None  #: aware, UTC
    published_text: str | None = None  #: the date as the page writes it
    author: str | None = None
    language: str | None = None  #: BCP 47, as the page declares it
    released_at: datetime | None = None  #: aware, UTC; when the ministry gave it out, where the text says so
    flags: tuple[str, ...] = ()  #: what is suspicious about its dates


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedFeed:
    """A document that was read."""

    entries: tuple[ParsedEntry, ...]
    title: str | None = None
    language: str | None = None
    duplicates: int = 0  #: entries that repeat another one of the same document to the letter
    problems: tuple[str, ...] = ()  #: what was wrong but could be read around
    whole: bool = True  #: False: it seems to break off, so what follows must be asked for again
    hint_s: int | None = None  #: how long the feed itself asks us to wait between polls
    advert: Advert | None = None  #: the hubs that push it
    skips: Skips | None = None  #: when it asks not to be polled
    more: tuple[str, ...] = ()  #: documents that belong to it: the newest sitemaps of an index
    next_url: str | None = None  #: the next page of a list


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """What understanding looks at: one item's words and where they come from."""

    title: str
    text: str = ""
    url: str | None = None
    published_at: datetime | None = None  #: aware; the year and month of dates that lack them
    language: str | None = None  #: as declared; a hint only
    source_country: str | None = None  #: ISO 3166-1 alpha-2; its minister is implicit in an official text
    source_name: str | None = None
    trust: Trust = Trust.PRESS
    time_zone: str = "UTC"  #: IANA zone in which the text says "today"
    released_at: datetime | None = None  #: aware; when the ministry gave it out, where the page says so


@dataclass(frozen=True, kw_only=True, slots=True)
class MeetingMention:
    """An item's report of a meeting: the facts it states and the words it states them with."""

    facts: MeetingFacts
    evidence: tuple[Evidence, ...] = ()


class Verdict(StrEnum):
    """What understanding concluded about an item."""

    MEETING = "meeting"
    UNCERTAIN = "uncertain"  # for admins to look at, never pushed to subscribers
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """One rule that spoke for or against, for `kaigi explain`."""

    rule: str  #: the rule's name in the lexicon or code: `series`, `office_and_form`, `look_alike:press_conference`
    weight: float  #: what it added to the score; negative speaks against
    quote: str = ""  #: the words it saw
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding(_Sent):
    """What was understood of one item, and why. `mention` is None when the verdict is OTHER."""

    language: str
    verdict: Verdict
    score: float  #: 0 to 1
    mention: MeetingMention | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint(_Sent):
    """The keys under which copies of an item are found (feeds/decide/fingerprint.py). Guid and lead are exact."""

    guid: int | None = None
    lead: int | None = None
    pieces: tuple[int, ...] = ()

    @property
    def keys(self) -> tuple[int, ...]:
        """All keys."""
        return (*self.pieces, *(key for key in (self.guid, self.lead) if key is not None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Understood:
    """An entry of a poll with what was understood of it."""

    entry: ParsedEntry
    understanding: Understanding
    likeness: Fingerprint = Fingerprint()
