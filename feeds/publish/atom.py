"""Atom 1.0 (RFC 4287) by feedgen, with archive marks (RFC 5005) and tombstones (RFC 6721). Pure: the same records give
the same bytes, so a reader gets its 304.
"""

from typing import Any

from feedgen.feed import FeedGenerator

from feeds.publish.entries import Entry, Feed
from feeds.publish.markup import EntryExtension, FeedExtension, with_styles

MEDIA_TYPE = "application/atom+xml; charset=utf-8"


def write(feed: Feed) -> bytes:
    """The feed as an Atom document in UTF-8."""
    head = feed.head
    document = FeedGenerator()
    document.register_extension("kaigi", FeedExtension, EntryExtension)
    document.kaigi.feed = feed
    document.id(head.id)
    document.title(head.title)
    document.subtitle(feed.about("atom"))
    document.author({"name": "Kaigi"})
    document.generator("Kaigi")
    document.language(head.language)
    document.link(href=head.url("atom", feed.place.page), rel="self", type="application/atom+xml")
    document.link(href=head.home, rel="alternate", type="text/html")
    document.updated(feed.updated)
    for entry in feed.entries:
        _write_entry(document.add_entry(order="append"), entry)
    return with_styles(bytes(document.atom_str(pretty=True)))


def _write_entry(element: Any, entry: Entry) -> None:
    element.kaigi.entry = entry
    element.id(entry.id)
    element.title(entry.title)
    element.published(entry.published)
    element.updated(entry.updated)
    if entry.story is None:  # an item has an author of its own; a meeting's record is the feed's
        element.author({"name": entry.author})
        element.content(entry.text, type="text")
    else:
        element.content(entry.html, type="html")
    for term, label in entry.categories:
        element.category(term=term, label=label if label != term else None)
