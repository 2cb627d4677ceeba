"""Atom 1.0 documents (RFC 4287) by feedgen. Pure: the same records give the same bytes, so a reader gets its 304.

Ids are tag: URIs (RFC 4151) made of this installation's authority, so they outlive every change of address. `updated`
is the moment the record changed, never the moment of the request.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds.publish.card import Card, card
from feeds.publish.words import Language, label
from storage.model import ListedItem, MeetingStory, Report

EXCERPT = 2_000  #: characters of an item's text that its entry shows

# Characters that XML 1.0 cannot carry, lone surrogates among them (section 2.2 of the recommendation).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Links(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Links of an entry. feedgen 1.0 writes only the href of an entry's link and loses rel, type and language, so that
    all would claim to be the alternate (RFC 4287, section 4.1.2 allows one)."""

    def __init__(self) -> None:
        self.links: list[dict[str, str]] = []

    def extend_atom(self, entry: etree._Element) -> etree._Element:
        """Called by feedgen when the entry is written."""
        for attributes in self.links:
            etree.SubElement(entry, "link", attributes)  # feedgen names elements without their namespace
        return entry


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedHead:
    """What a feed says of itself."""

    authority: str  #: `host,date` of RFC 4151, fixed for this installation
    key: str  #: the filter's key
    title: str
    address: str  #: public address of the service, without a slash at its end
    language: Language
    began_at: datetime  #: `updated` of a feed without entries

    @property
    def url(self) -> str:
        """Where the feed is."""
        return f"{self.address}/feeds/{self.key}.atom"


def meetings_feed(head: FeedHead, stories: Sequence[MeetingStory]) -> bytes:
    """A feed with one entry per meeting, updated in place, its sources as links."""
    feed = _feed(head, [story.meeting.updated_at for story in stories])
    for story in stories:
        _meeting_entry(head, feed.add_entry(order="append"), story)
    return bytes(feed.atom_str(pretty=True))


def items_feed(head: FeedHead, items: Sequence[ListedItem]) -> bytes:
    """A feed with one entry per item, as its source published it."""
    feed = _feed(head, [item.updated_at for item in items])
    for item in items:
        _item_entry(head, feed.add_entry(order="append"), item)
    return bytes(feed.atom_str(pretty=True))


def updated_at(head: FeedHead, moments: Iterable[datetime]) -> datetime:
    """When the feed last changed, in whole seconds as HTTP and readers compare them."""
    return max([head.began_at, *moments]).replace(microsecond=0)


def _feed(head: FeedHead, moments: Sequence[datetime]) -> Any:
    feed = FeedGenerator()
    feed.register_extension("links", BaseExtension, _Links)
    feed.id(f"tag:{head.authority}:feed/{head.key}")
    feed.title(_clean(head.title))
    feed.author({"name": "Kaigi"})
    feed.generator("Kaigi")
    feed.language(head.language)
    feed.link(href=head.url, rel="self", type="application/atom+xml")
    feed.link(href=f"{head.address}/", rel="alternate", type="text/html")
    feed.updated(updated_at(head, moments))
    return feed


def _meeting_entry(head: FeedHead, entry: Any, story: MeetingStory) -> None:
    meeting, shown = story.meeting, card(story, head.language)
    entry.id(f"tag:{head.authority}:meeting/{meeting.story_id}")
    entry.title(_clean(f"{shown.flags} {shown.headline}".strip()))
    _link(entry, f"{head.address}/meetings/{meeting.story_id}", rel="alternate", type="text/html")
    for report in shown.sources:
        if report.url:
            _link(entry, report.url, rel="via", title=report.source_name, hreflang=report.language)
    entry.published(meeting.first_seen_at.replace(microsecond=0))
    entry.updated(meeting.updated_at.replace(microsecond=0))
    entry.content(_clean(_body(shown)), type="html")
    facts = meeting.facts
    for term in (facts.kind, facts.phase, *facts.countries):
        entry.category(term=str(term))


def _link(entry: Any, href: str, **attributes: str) -> None:
    entry.links.links.append({name: _clean(value) for name, value in {"href": href, **attributes}.items()})


def _body(shown: Card) -> str:
    rows = "".join(f"<dt>{html.escape(row.label)}</dt><dd>{html.escape(row.value)}</dd>" for row in shown.rows)
    sources = "".join(f"<li>{_source(report)}</li>" for report in shown.sources)
    return f"<dl>{rows}</dl><p>{html.escape(label(shown.language, 'sources'))}</p><ul>{sources}</ul>"


def _source(report: Report) -> str:
    words = html.escape(f"{report.source_name}: {report.title}")
    return f'<a href="{html.escape(report.url)}">{words}</a>' if report.url else words


def _item_entry(head: FeedHead, entry: Any, item: ListedItem) -> None:
    report = item.report
    entry.id(f"tag:{head.authority}:item/{report.item_id}")
    entry.title(_clean(report.title) or _clean(report.source_name))
    if report.url:
        _link(entry, report.url, rel="alternate", hreflang=report.language)
    entry.author({"name": _clean(item.author or report.source_name)})
    entry.published((report.published_at or report.first_seen_at).replace(microsecond=0))
    entry.updated(item.updated_at.replace(microsecond=0))
    entry.content(_clean(item.text[:EXCERPT]) or _clean(report.title), type="text")
    entry.category(term=report.source_key, label=_clean(report.source_name))


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
