"""What a feed holds, before it is written in any format: one entry per meeting, or one per item. Pure.

Every format shows the same entries with the same ids and moments. Ids are tag: URIs (RFC 4151) made of this
installation's authority, so they outlive every change of address; `updated` is the moment the record changed, never
the moment of the request.
"""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

from feeds.publish.card import Card, card
from feeds.publish.plain import address, clean, language_tag, line
from feeds.publish.words import FEED_ABOUT, Language, label
from storage.model import ListedItem, MeetingStory, Report, Retraction

View = Literal["meetings", "items"]
Extension = Literal["atom", "rss", "json", "ics"]

EXCERPT = 2_000  #: characters of an item's text that its entry shows
_UNTITLED: dict[Language, str] = {"ja": "無題", "en": "Untitled"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedHead:
    """What a feed says of itself."""

    authority: str  #: `host,date` of RFC 4151, fixed for this installation
    key: str  #: the filter's key, or `search`
    title: str
    address: str  #: public address of the service, without a slash at its end
    language: Language
    began_at: datetime  #: `updated` of a feed without entries
    view: View = "meetings"
    usual_view: View = "meetings"  #: the one that needs no mention in the address
    usual_language: Language = "ja"
    words: str | None = None  #: the query of a search
    query: str | None = None  #: the query whose page shows the same; None: the front page does
    hub: str | None = None  #: WebSub hub that is told of changes

    @property
    def id(self) -> str:
        """The feed's id, the same in every format and on every page."""
        marks = [self.view] * (self.view != self.usual_view) + [self.language] * (self.language != self.usual_language)
        name = urlencode({"q": self.words}) if self.words is not None else ""
        return f"tag:{self.authority}:feed/{'/'.join([quote(self.key), *marks])}" + (f"?{name}" if name else "")

    def url(self, extension: Extension, page: int | None = None) -> str:
        """Where the feed, or one page of its archive, is."""
        asked = {
            "q": self.words,
            "lang": self.language if self.language != self.usual_language else None,
            "view": self.view if self.view != self.usual_view and extension != "ics" else None,
            "page": page,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return f"{self.address}/feeds/{quote(self.key, safe='')}.{extension}" + (f"?{query}" if query else "")

    @property
    def home(self) -> str:
        """The page for people: the search for the same, or the front page."""
        words = self.words if self.words is not None else self.query
        query = urlencode({"q": words} if words is not None else {})
        page = "search" if words is not None else ""
        return f"{self.address}/{page}{self._in_language(query)}"

    def meeting(self, story_id: int) -> str:
        """The page of a meeting."""
        return f"{self.address}/meetings/{story_id}{self._in_language('')}"

    def _in_language(self, query: str) -> str:
        language = f"lang={self.language}" if self.language != self.usual_language else ""
        asked = "&".join(filter(None, (query, language)))
        return f"?{asked}" if asked else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a document stands in the archive of its feed (RFC 5005, section 4)."""

    page: int | None = None  #: None: the feed itself, with the newest entries
    older: int | None = None  #: the page before; None: this is the oldest document
    newer: int | None = None  #: the page after; None: what follows is the feed itself
    full: bool = False  #: whether nothing will come into this page any more


@dataclass(frozen=True, kw_only=True, slots=True)
class Via:
    """A report that an entry was made of."""

    url: str
    name: str
    title: str
    language: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry, cleaned: every word may be written as it is (escaped, as the format asks)."""

    id: str
    title: str
    url: str | None  #: where a person reads on
    url_language: str | None
    author: str
    published: datetime
    updated: datetime
    html: str
    text: str
    language: str | None
    categories: tuple[tuple[str, str], ...]  #: term and the word for it
    via: tuple[Via, ...] = ()
    story: MeetingStory | None = None
    card: Card | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A document to be written."""

    head: FeedHead
    updated: datetime
    entries: tuple[Entry, ...]
    place: Place = Place()
    gone: tuple[tuple[str, datetime], ...] = ()  #: ids of entries that were taken back, and when

    def about(self, extension: Extension) -> str:
        """What it holds and where it is: a person who sees the bare document can copy the address from here."""
        return f"{FEED_ABOUT[self.head.language][self.head.view]} {self.head.url(extension)}"


def meetings_feed(
    head: FeedHead, stories: Sequence[MeetingStory], gone: Sequence[Retraction] = (), place: Place = Place()
) -> Feed:
    """A feed with one entry per meeting, updated in place, its sources as links."""
    back = tuple((meeting_id(head, one.story_id), _whole(one.at)) for one in gone)
    moments = [story.meeting.updated_at for story in stories]
    return Feed(
        head=_cleaned(head),
        updated=_latest(head, [*moments, *(at for _, at in back)]),
        entries=tuple(_meeting_entry(head, story) for story in stories),
        place=place,
        gone=back,
    )


def items_feed(head: FeedHead, items: Sequence[ListedItem], place: Place = Place()) -> Feed:
    """A feed with one entry per item, as its source published it."""
    return Feed(
        head=_cleaned(head),
        updated=_latest(head, [item.updated_at for item in items]),
        entries=tuple(_item_entry(head, item) for item in items),
        place=place,
    )


def meeting_id(head: FeedHead, story_id: int) -> str:
    """The id of a meeting's entry."""
    return f"tag:{head.authority}:meeting/{story_id}"


def _cleaned(head: FeedHead) -> FeedHead:
    return replace(head, title=line(head.title) or "Kaigi")


def _latest(head: FeedHead, moments: Iterable[datetime]) -> datetime:
    """When the feed last changed, in whole seconds as HTTP and readers compare them."""
    return _whole(max([head.began_at, *moments]))


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _meeting_entry(head: FeedHead, story: MeetingStory) -> Entry:
    meeting, shown = story.meeting, card(story, head.language)
    facts = meeting.facts
    terms = [str(word) for word in (facts.kind, facts.phase, *facts.countries)]
    return Entry(
        id=meeting_id(head, meeting.story_id),
        title=line(f"{shown.flags} {shown.headline}") or _UNTITLED[head.language],
        url=head.meeting(meeting.story_id),
        url_language=head.language,
        author="Kaigi",
        published=_whole(meeting.first_seen_at),
        updated=_whole(max(meeting.updated_at, meeting.first_seen_at)),
        html=clean(_html(shown)),
        text=clean(_text(shown)),
        language=head.language,
        categories=tuple((term, term) for term in dict.fromkeys(map(line, terms)) if term),
        via=tuple(_vias(shown.sources)),
        story=story,
        card=shown,
    )


def _vias(reports: Iterable[Report]) -> Iterable[Via]:
    seen: set[str] = set()
    for report in reports:
        url = address(report.url)
        if url is not None and url not in seen:
            seen.add(url)
            name, language = line(report.source_name), language_tag(report.language)
            yield Via(url=url, name=name, title=line(report.title), language=language)


def _html(shown: Card) -> str:
    rows = "".join(f"<dt>{html.escape(row.label)}</dt><dd>{html.escape(row.value)}</dd>" for row in shown.rows)
    sources = "".join(f"<li>{_source(report)}</li>" for report in shown.sources)
    return f"<dl>{rows}</dl><p>{html.escape(label(shown.language, 'sources'))}</p><ul>{sources}</ul>"


def _source(report: Report) -> str:
    words = html.escape(line(f"{report.source_name}: {report.title}"))
    url = address(report.url)
    return f'<a href="{html.escape(url)}">{words}</a>' if url else words


def _text(shown: Card) -> str:
    rows = [f"{row.label}: {line(row.value)}" for row in shown.rows]
    sources = [line(f"{report.source_name}: {report.title} {address(report.url) or ''}") for report in shown.sources]
    return "\n".join([*rows, "", f"{label(shown.language, 'sources')}:", *sources])


def _item_entry(head: FeedHead, item: ListedItem) -> Entry:
    report = item.report
    name = line(report.source_name)
    title = line(report.title) or name or _UNTITLED[head.language]
    text = clean(item.text[:EXCERPT]).strip() or title
    published = report.published_at or report.first_seen_at
    key = line(report.source_key)
    return Entry(
        id=f"tag:{head.authority}:item/{report.item_id}",
        title=title,
        url=address(report.url),
        url_language=language_tag(report.language),
        author=line(item.author or "") or name or "Kaigi",
        published=_whole(published),
        updated=_whole(item.updated_at),
        html="".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n") if part.strip()),
        text=text,
        language=language_tag(report.language),
        categories=((key, name or key),) if key else (),
    )
