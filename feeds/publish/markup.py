"""What Atom and RSS share: links and elements that feedgen 1.0 cannot write, hung into its documents. Pure.

feedgen writes only the href of an entry's link, no archive marks (RFC 5005), no tombstones (RFC 6721) and no
processing instruction. Its extensions may write what they like; these do.
"""

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from feeds.publish.entries import Entry, Extension, Feed
from feeds.publish.extension import NAMESPACE, PREFIX, append_meeting

ATOM = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"

#: For people who open a feed in a browser: one sheet for browsers that run XSLT, one for those that no longer do.
STYLES = (
    b'<?xml-stylesheet type="text/xsl" href="/static/feed.xsl"?>\n'
    b'<?xml-stylesheet type="text/css" href="/static/feed.css"?>\n'
)

Links = list[dict[str, str]]


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """The feed's own marks: where it stands in its archive, its hub, what was taken back."""

    def __init__(self) -> None:
        self.feed: Feed | None = None

    def extend_ns(self) -> dict[str, str]:
        """Called by feedgen for the root element."""
        return {PREFIX: NAMESPACE, "fh": HISTORY}

    def extend_atom(self, root: etree._Element) -> etree._Element:
        """Called by feedgen when an Atom feed is written."""
        assert self.feed is not None
        for attributes in feed_links(self.feed, "atom"):
            etree.SubElement(root, "link", attributes)  # feedgen names Atom's elements without their namespace
        _mark_archive(root, self.feed)
        for ref, moment in self.feed.gone:
            words = {"ref": ref, "when": moment.isoformat()}
            etree.SubElement(root, f"{{{TOMBSTONES}}}deleted-entry", words, nsmap={"at": TOMBSTONES})
        return root

    def extend_rss(self, root: etree._Element) -> etree._Element:
        """Called by feedgen when an RSS feed is written."""
        assert self.feed is not None
        channel = root[0]
        for attributes in feed_links(self.feed, "rss"):
            etree.SubElement(channel, f"{{{ATOM}}}link", attributes)
        _mark_archive(channel, self.feed)
        return root


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """An entry's links with all their attributes, and the facts of its meeting."""

    def __init__(self) -> None:
        self.entry: Entry | None = None

    def extend_atom(self, element: etree._Element) -> etree._Element:
        """Called by feedgen when an Atom entry is written."""
        assert self.entry is not None
        for attributes in (*_alternate(self.entry), *via_links(self.entry)):
            etree.SubElement(element, "link", attributes)
        append_meeting(element, self.entry)
        return element

    def extend_rss(self, element: etree._Element) -> etree._Element:
        """Called by feedgen when an RSS item is written. RSS has no `updated`; Atom's is understood by readers."""
        assert self.entry is not None
        etree.SubElement(element, f"{{{ATOM}}}updated").text = self.entry.updated.isoformat()
        creator = etree.SubElement(element, f"{{{DUBLIN_CORE}}}creator", nsmap={"dc": DUBLIN_CORE})
        creator.text = self.entry.author
        for attributes in via_links(self.entry):
            etree.SubElement(element, f"{{{ATOM}}}link", attributes)
        append_meeting(element, self.entry)
        return element


def feed_links(feed: Feed, extension: Extension) -> Links:
    """Links to the feed's hub and to its neighbours in the archive (RFC 5005, WebSub)."""
    head, place = feed.head, feed.place
    links: Links = []
    if head.hub and place.page is None:
        links.append({"rel": "hub", "href": head.hub})
    if place.page is not None:
        links.append({"rel": "current", "href": head.url(extension)})
    if place.older is not None:
        links.append({"rel": "prev-archive", "href": head.url(extension, place.older)})
    if place.newer is not None:
        links.append({"rel": "next-archive", "href": head.url(extension, place.newer)})
    return links


def via_links(entry: Entry) -> Links:
    """One link per report."""
    return [
        _present(rel="via", href=via.url, title=via.name, hreflang=via.language or "") for via in entry.via
    ]  # fmt: skip


def _alternate(entry: Entry) -> Links:
    if entry.url is None:
        return []
    kind = "text/html" if entry.story is not None else ""
    return [_present(rel="alternate", href=entry.url, type=kind, hreflang=entry.url_language or "")]


def _present(**attributes: str) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}


def _mark_archive(parent: etree._Element, feed: Feed) -> None:
    if feed.place.full:
        etree.SubElement(parent, f"{{{HISTORY}}}archive")


def with_styles(document: bytes) -> bytes:
    """The document with the sheets named behind its declaration."""
    declaration, _, rest = document.partition(b"\n")
    return declaration + b"\n" + STYLES + rest
