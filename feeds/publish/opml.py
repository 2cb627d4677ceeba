"""Our own feeds as OPML 2.0, so that a reader subscribes to all of them at once. Pure."""

from collections.abc import Sequence
from email.utils import format_datetime

from lxml import etree

from feeds.publish.entries import FeedHead

MEDIA_TYPE = "text/x-opml; charset=utf-8"


def write(title: str, heads: Sequence[FeedHead]) -> bytes:
    """One outline per feed. It is as old as the archive: what feeds there are says nothing of when they changed."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    if heads:
        etree.SubElement(head, "dateCreated").text = format_datetime(heads[0].began_at, usegmt=True)
    body = etree.SubElement(root, "body")
    for feed in heads:
        words = {"type": "rss", "text": feed.title, "title": feed.title, "version": "RSS"}
        etree.SubElement(
            body, "outline", {**words, "xmlUrl": feed.url("atom"), "htmlUrl": feed.home, "language": feed.language}
        )
    return etree.tostring(root, pretty_print=True, encoding="UTF-8", xml_declaration=True)
