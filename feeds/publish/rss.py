"""RSS 2.0 by feedgen, for readers that know nothing newer. Pure.

The same entries under the same ids as in Atom: `guid` is the id, `pubDate` when it was published, and Atom's `updated`
says when it changed, because RSS has no word for that.
"""

from typing import Any

from feedgen.feed import FeedGenerator

from feeds.publish.entries import Entry, Feed
from feeds.publish.markup import EntryExtension, FeedExtension, with_styles

MEDIA_TYPE = "application/rss+xml; charset=utf-8"
TTL_MINUTES = 15


def write(feed: Feed) -> bytes:
    """The feed as an RSS document in UTF-8."""
    head = feed.head
    document = FeedGenerator()
    document.register_extension("kaigi", FeedExtension, EntryExtension)
    document.kaigi.feed = feed
    document.title(head.title)
    document.description(feed.about("rss"))
    document.generator("Kaigi")
    document.language(head.language)
    document.link(href=head.url("rss", feed.place.page), rel="self", type="application/rss+xml")
    document.link(href=head.home, rel="alternate")
    document.pubDate(feed.updated)
    document.lastBuildDate(feed.updated)
    document.ttl(TTL_MINUTES)
    for entry in feed.entries:
        _write_entry(document.add_entry(order="append"), entry)
    return with_styles(bytes(document.rss_str(pretty=True)))


def _write_entry(item: Any, entry: Entry) -> None:
    item.kaigi.entry = entry
    item.guid(entry.id, permalink=False)
    item.title(entry.title)
    if entry.url is not None:
        item.link(href=entry.url)
    item.description(entry.html)
    item.pubDate(entry.published)
    item.category([{"term": term} for term, _ in entry.categories])
