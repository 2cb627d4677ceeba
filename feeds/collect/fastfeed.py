"""Well-formed feeds at the speed of C: what feedparser finds in them, in a twentieth of the time, or None.

feedparser is the judge. This reader goes through a document with the XML parser that feedparser itself uses (expat),
knows what feedparser does with a few dozen elements, and gives up on the whole document as soon as it meets anything
else: a DOCTYPE, markup where text belongs, an element, namespace or attribute that is in no table. `feed.py` then asks
feedparser. So nothing can be lost here: a document is read exactly as feedparser reads it, or not at all.

`bench/suites.py` and `tests/feeds/collect/test_fastfeed.py` hold both against each other, field by field.

Pure; never raises. Bounded: linear in the size of the document, no recursion, no entities, no external documents.
"""

import io
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from feedparser.urls import make_safe_absolute_uri

from feeds.collect.dialects import CONTAINED, FEED_IGNORED, ITEM_IGNORED, Names
from feeds.collect.fastfields import (
    ENTRY,
    FEED,
    INNER,
    ITEM_TRAPS,
    MEDIA,
    XML,
    Item,
    Scope,
    State,
    Table,
    Unknown,
    note_media,
    scope_of,
)

_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ATOM, _RSS_1 = "{http://www.w3.org/2005/Atom}", "{http://purl.org/rss/1.0/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"


@dataclass(slots=True)
class Found:
    """What feedparser would have found, under its names; only what `feed.py` asks for."""

    feed: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)


def read(text: str, url: str) -> Found | None:
    """Read a decoded document found at `url`; None when feedparser must be asked.

    Also None when there are no entries: why there are none is told from feedparser's findings.
    """
    try:
        root, names = _parse(text)
        found = _Reader(names, make_safe_absolute_uri(url, url) or url).read(root)
    except (Unknown, ParseError, ValueError):
        return None
    return found if found.entries else None


class _AtOnce(io.BytesIO):
    """Gives all that it has at once: older versions of expat read a long tag again for every piece of it."""

    def read(self, _size: int | None = -1) -> bytes:
        return super().read()


def _parse(text: str) -> tuple[Element, Names]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unknown
    if text.startswith("<?xml") and text[max(text.find(">") - 1, 0)] != "?":
        raise Unknown  # feedparser takes all up to the first `>` for an XML declaration
    # No DOCTYPE, so nothing to expand and nothing to fetch.
    parsed = iterparse(_AtOnce(text.encode("utf-8")), events=("start-ns",))  # noqa: S314
    declared = [pair for _, pair in parsed]
    names = Names.of(declared)
    root: Element | None = getattr(parsed, "root", None)
    if names is None or root is None:
        raise Unknown
    return root, names


class _Reader:
    """Goes through one document. The rules are feedparser's (its `mixin.py` and `namespaces/`)."""

    def __init__(self, names: Names, base: str) -> None:
        self.state = State(names)
        self.base = base
        self.found = Found()

    def read(self, root: Element) -> Found:
        outer = scope_of(root, Scope(self.base, None))
        if root.tag == f"{_ATOM}feed":
            self._declare(outer)
            self._feed(root, outer, f"{_ATOM}entry")
        elif root.tag == "rss" and len(root) == 1 and root[0].tag == "channel":
            self._declare(outer)
            self._feed(root[0], scope_of(root[0], outer), "item")
        elif root.tag == _RDF and len(root) and root[0].tag == f"{_RSS_1}channel":
            self._feed(root[0], scope_of(root[0], outer), "")
            self._rdf_items(root, outer)
        else:
            raise Unknown
        return self.found

    def _declare(self, outer: Scope) -> None:
        if outer.language:
            self.found.feed["language"] = outer.language

    def _rdf_items(self, root: Element, outer: Scope) -> None:
        for child in root[1:]:
            if child.tag == f"{_RSS_1}item":
                self._item(child, outer)
            elif child.tag == f"{_RSS_1}image":
                self._inside(Item(outer), child, "image", {})
            else:
                raise Unknown

    def _feed(self, channel: Element, scope: Scope, item_tag: str) -> None:
        feed = Item(scope, self.found.feed)
        for child in channel:
            if child.tag == item_tag:
                self._item(child, scope)
            else:
                self._part(feed, child, FEED, FEED_IGNORED)

    def _item(self, element: Element, outer: Scope) -> None:
        item = Item(scope_of(element, outer))
        if element.attrib:
            if not ITEM_TRAPS.isdisjoint(key.lower() for key in element.attrib):
                raise Unknown
            if about := element.attrib.get(_ABOUT):
                item.raw["id"] = about
        for child in element:
            self._part(item, child, ENTRY, ITEM_IGNORED)
        self.state.has_content = False
        self.found.entries.append(item.raw)

    def _part(self, item: Item, element: Element, read: Table, ignored: frozenset[str]) -> None:
        name = self.state.names[element.tag]
        handler = read.get(name)
        if handler is not None:
            handler(self.state, item, element)
        elif name not in ignored:
            raise Unknown
        else:
            if name in MEDIA:
                note_media(item, element, name)
            if len(element):
                self._inside(item, element, name, read)

    def _inside(self, item: Item, element: Element, name: str | None, read: Table) -> None:
        """Look into an element that is not read: all in it must be known, and what is read there is read."""
        allowed = CONTAINED.get(name or "")
        if allowed is None or "lang" in element.attrib or f"{XML}lang" in element.attrib:
            raise Unknown
        parts = element.iter()
        next(parts)
        for part in parts:
            inner = self.state.names[part.tag]
            if inner not in allowed or (len(part) and inner not in CONTAINED):
                raise Unknown
            if inner in MEDIA:
                note_media(item, part, inner)
            if inner in INNER:
                if (handler := read.get(inner)) is None:
                    raise Unknown
                handler(self.state, item, part)
