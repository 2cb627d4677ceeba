"""Well-formed feeds at the speed of C: what feedparser finds in them, in a twentieth of the time, or None.

feedparser is the judge. This reader goes through a document with the XML parser that feedparser itself uses (expat),
knows what feedparser does with a few dozen elements, and gives up on the whole document as soon as it meets anything
else: a DOCTYPE, markup where text belongs, an element, namespace or attribute that is in no table. `feed.py` then asks
feedparser. So nothing can be lost here: a document is read exactly as feedparser reads it, or not at all.

`bench/suites.py` and `tests/feeds/collect/test_fastfeed.py` hold both against each other, field by field.

Pure; never raises. Bounded: linear in the size of the document, no recursion, no entities, no external documents.
"""

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, iterparse

from feedparser.urls import make_safe_absolute_uri

from feeds.collect.dialects import CONTAINED, FEED_IGNORED, ITEM_IGNORED, PERSON, Names

_XML = "{http://www.w3.org/XML/1998/namespace}"
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ATOM, _RSS_1 = "{http://www.w3.org/2005/Atom}", "{http://purl.org/rss/1.0/}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"

# Addresses that `urljoin` gives back as they are, whatever the base.
_PLAIN_URL = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[\w.~%/,+@:!()*'&=$-]*)?(?:\?[\w.~%/,+@:!()*'&=$?-]+)?", re.ASCII
)
_REFERENCE = re.compile(r"&([A-Za-z0-9_]+);")
_BEYOND_LATIN = re.compile("[^\x00-\xff]")
_HIGH_CONTROLS = re.compile("[\x80-\x9f]")
# windows-1252 where a document names C1 controls (HTML §13.5); the five that it leaves open stay.
_CP1252 = {
    code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_TEXT_TYPES = {"text": "text/plain", "plain": "text/plain", "html": "text/html"} | {
    kind: kind for kind in ("text/plain", "text/html")
}
_HTML_LINKS = frozenset({"html", "text/html", "xhtml", "application/xhtml+xml"})
_MAX_TAGS = 300  # feedparser compares each with all before it
_MAX_AUTHOR = 300  # feedparser looks for an address in it, which takes long in a long one


@dataclass(slots=True)
class Found:
    """What feedparser would have found, under its names; only what `feed.py` asks for."""

    feed: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)


class _Unknown(Exception):
    """The document holds something that this reader leaves to feedparser."""


def read(text: str, url: str) -> Found | None:
    """Read a decoded document found at `url`; None when feedparser must be asked.

    Also None when there are no entries: why there are none is told from feedparser's findings.
    """
    try:
        root, names = _parse(text)
        found = _Reader(names, make_safe_absolute_uri(url, url) or url).read(root)
    except (_Unknown, ParseError, ValueError):
        return None
    return found if found.entries else None


class _AtOnce(io.BytesIO):
    """Gives all that it has at once: older versions of expat read a long tag again for every piece of it."""

    def read(self, _size: int | None = -1) -> bytes:
        return super().read()


def _parse(text: str) -> tuple[Element, Names]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _Unknown
    if text.startswith("<?xml") and text[max(text.find(">") - 1, 0)] != "?":
        raise _Unknown  # feedparser takes all up to the first `>` for an XML declaration
    # No DOCTYPE, so nothing to expand and nothing to fetch.
    parsed = iterparse(_AtOnce(text.encode("utf-8")), events=("start-ns",))  # noqa: S314
    declared = [pair for _, pair in parsed]
    names = Names.of(declared)
    root: Element | None = getattr(parsed, "root", None)
    if names is None or root is None:
        raise _Unknown
    return root, names


@dataclass(slots=True)
class _Scope:
    """What an element hands down to those in it."""

    base: str
    language: str | None


@dataclass(slots=True)
class _Item:
    """One entry, or the feed itself, while it is read."""

    scope: _Scope
    raw: dict[str, Any] = field(default_factory=dict)
    titled: bool = False  #: a title with words was read; no later one counts
    has_summary: bool = False


class _Reader:
    """Goes through one document. The rules are feedparser's (its `mixin.py` and `namespaces/`)."""

    def __init__(self, names: Names, base: str) -> None:
        self.names = names
        self.base = base
        self.found = Found()
        self.has_content = False  #: as in feedparser, until the end of the entry that follows

    def read(self, root: Element) -> Found:
        outer = _scope(root, _Scope(self.base, None))
        if root.tag == f"{_ATOM}feed":
            self._declare(outer)
            self._feed(root, outer, f"{_ATOM}entry")
        elif root.tag == "rss" and len(root) == 1 and root[0].tag == "channel":
            self._declare(outer)
            self._feed(root[0], _scope(root[0], outer), "item")
        elif root.tag == _RDF and len(root) and root[0].tag == f"{_RSS_1}channel":
            self._feed(root[0], _scope(root[0], outer), "")
            self._rdf_items(root, outer)
        else:
            raise _Unknown
        return self.found

    def _declare(self, outer: _Scope) -> None:
        if outer.language:
            self.found.feed["language"] = outer.language

    def _rdf_items(self, root: Element, outer: _Scope) -> None:
        for child in root[1:]:
            if child.tag == f"{_RSS_1}item":
                self._item(child, outer)
            elif child.tag == f"{_RSS_1}image":
                self._inside(_Item(outer), child, "image", {})
            else:
                raise _Unknown

    def _feed(self, channel: Element, scope: _Scope, item_tag: str) -> None:
        feed = _Item(scope, self.found.feed)
        for child in channel:
            if child.tag == item_tag:
                self._item(child, scope)
            else:
                self._part(feed, child, _FEED, FEED_IGNORED)

    def _item(self, element: Element, outer: _Scope) -> None:
        item = _Item(_scope(element, outer))
        if element.attrib:
            if not _ITEM_TRAPS.isdisjoint(key.lower() for key in element.attrib):
                raise _Unknown
            if about := element.attrib.get(_ABOUT):
                item.raw["id"] = about
        for child in element:
            self._part(item, child, _ENTRY, ITEM_IGNORED)
        self.has_content = False
        self.found.entries.append(item.raw)

    def _part(self, item: _Item, element: Element, read: "_Table", ignored: frozenset[str]) -> None:
        name = self.names[element.tag]
        handler = read.get(name)
        if handler is not None:
            handler(self, item, element)
        elif name not in ignored:
            raise _Unknown
        elif len(element):
            self._inside(item, element, name, read)

    def _inside(self, item: _Item, element: Element, name: str | None, read: "_Table") -> None:
        """Look into an element that is not read: all in it must be known, and what is read there is read."""
        allowed = CONTAINED.get(name or "")
        if allowed is None or "lang" in element.attrib or f"{_XML}lang" in element.attrib:
            raise _Unknown
        parts = element.iter()
        next(parts)
        for part in parts:
            inner = self.names[part.tag]
            if inner not in allowed or (len(part) and inner not in CONTAINED):
                raise _Unknown
            if inner in _INNER:
                if (handler := read.get(inner)) is None:
                    raise _Unknown
                handler(self, item, part)


def _scope(element: Element, outer: _Scope) -> _Scope:
    """What holds inside an element: feedparser also takes `base` and `lang` without a namespace."""
    attributes = element.attrib
    if not attributes:
        return outer
    base = attributes.get(f"{_XML}base", attributes.get("base"))
    return _Scope(
        base=(make_safe_absolute_uri(outer.base, base) or outer.base) if base else outer.base,
        language=_language(attributes, outer.language),
    )


def _language(attributes: dict[str, str], outer: str | None) -> str | None:
    written = attributes.get(f"{_XML}lang", attributes.get("lang"))
    return outer if written is None else written.replace("_", "-") or None


def _text(element: Element) -> str:
    """The words of an element without children, as feedparser keeps them."""
    return _mended(_stripped(element))


def _stripped(element: Element) -> str:
    if len(element):
        raise _Unknown
    return (element.text or "").strip()


def _mended(text: str) -> str:
    """feedparser undoes UTF-8 that was read as ISO 8859-1, and C1 controls that were meant as windows-1252."""
    if text.isascii():
        return text
    if not _BEYOND_LATIN.search(text):
        with contextlib.suppress(UnicodeDecodeError):
            text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_CP1252) if _HIGH_CONTROLS.search(text) else text


def _resolved(base: str, address: str) -> str:
    if _PLAIN_URL.fullmatch(address):
        return address
    if ":///" in address:
        raise _Unknown
    try:
        return urljoin(base, address)
    except ValueError:
        return ""


def _plain_attributes(element: Element, allowed: frozenset[str]) -> dict[str, str]:
    """The attributes by their names in lower case; those of another namespace must not look like one of ours."""
    attributes: dict[str, str] = {}
    for key, value in element.attrib.items():
        name = key.rpartition("}")[2].lower()
        if key.startswith(_XML) and name in ("lang", "base", "space"):
            continue
        if name == key.lower() and name in allowed and name not in attributes:
            attributes[name] = value
        elif name == key.lower() or name in _ATTRIBUTE_TRAPS:
            raise _Unknown
    return attributes


def _detail(item: _Item, element: Element, kind: str) -> dict[str, Any]:
    """What feedparser keeps of an element that may hold markup: value, type and language."""
    attributes = element.attrib
    if not attributes:
        return {"value": _text(element), "type": kind, "language": item.scope.language}
    written = _plain_attributes(element, _DETAIL_ATTRIBUTES).get("type", kind).lower()
    if (known := _TEXT_TYPES.get(written)) is None:
        raise _Unknown
    return {"value": _text(element), "type": known, "language": _language(attributes, item.scope.language)}


def _title(_reader: _Reader, item: _Item, element: Element) -> None:
    detail = _detail(item, element, "text/plain")
    if not item.titled:
        item.raw["title"] = detail["value"]
        item.raw["title_detail"] = detail
        item.titled = bool(detail["value"])


def _feed_title(reader: _Reader, item: _Item, element: Element) -> None:
    if "title" in item.raw:  # an image in between would decide which of two counts
        raise _Unknown
    _title(reader, item, element)


def _later_title(_reader: _Reader, item: _Item, element: Element) -> None:
    """A title of a picture: it counts only as long as there is none of the entry."""
    if not item.titled:
        raise _Unknown
    _stripped(element)


def _description(reader: _Reader, item: _Item, element: Element) -> None:
    _summarise(reader, item, element, "text/html")


def _summary(reader: _Reader, item: _Item, element: Element) -> None:
    _summarise(reader, item, element, "text/plain")


def _summarise(reader: _Reader, item: _Item, element: Element, kind: str) -> None:
    """The second summary of an entry without content is its content."""
    if item.has_summary and not reader.has_content:
        _content(reader, item, element)
        return
    item.raw["summary_detail"] = _detail(item, element, kind)
    item.has_summary = True


def _feed_summary(reader: _Reader, item: _Item, element: Element) -> None:
    if "summary_detail" in item.raw or item.has_summary:
        raise _Unknown
    _summary(reader, item, element)


def _feed_description(_reader: _Reader, item: _Item, element: Element) -> None:
    """Kept by feedparser as the subtitle of the feed, which nobody asks for; but see `_summarise`."""
    if item.has_summary:
        raise _Unknown
    _stripped(element)


def _content(reader: _Reader, item: _Item, element: Element, kind: str = "text/plain") -> None:
    reader.has_content = True
    detail = _detail(item, element, kind)
    item.raw.setdefault("content", []).append(detail)
    item.has_summary = True


def _encoded(reader: _Reader, item: _Item, element: Element) -> None:
    _content(reader, item, element, "text/html")


def _link(_reader: _Reader, item: _Item, element: Element) -> None:
    if not element.attrib:
        address = _mended(_resolved_text(item.scope.base, element))
        item.raw["link"] = _REFERENCE.sub(r"&\1", address.replace("&amp;", "&"))
        return
    if f"{_XML}base" in element.attrib:
        raise _Unknown
    attributes = _plain_attributes(element, _LINK_ATTRIBUTES)
    if "href" not in attributes or len(element):
        raise _Unknown
    address = _resolved(item.scope.base, attributes["href"])
    if attributes.get("rel", "alternate").lower() != "alternate":
        return
    if attributes.get("type", "text/html").lower() in _HTML_LINKS:
        item.raw["link"] = address


def _resolved_text(base: str, element: Element) -> str:
    text = _stripped(element)
    return _resolved(base, text) if text else ""


def _guid(_reader: _Reader, item: _Item, element: Element) -> None:
    attributes = element.attrib
    is_link = True
    if attributes:
        if f"{_XML}base" in attributes:
            raise _Unknown
        is_link = _plain_attributes(element, _GUID_ATTRIBUTES).get("ispermalink", "true") == "true"
    value = _mended(_resolved_text(item.scope.base, element) if is_link else _stripped(element))
    item.raw["id"] = value
    if is_link:
        item.raw.setdefault("link", value)


def _date_as(key: str) -> "_Handler":
    def read_date(_reader: _Reader, item: _Item, element: Element) -> None:
        item.raw[key] = _text(element)

    return read_date


def _author(reader: _Reader, item: _Item, element: Element) -> None:
    """Text, or a name and an address. feedparser mixes the address of one author with the name of the next."""
    if not len(element):
        author = _text(element)
        if len(author) > _MAX_AUTHOR:
            raise _Unknown
        item.raw["author"] = author
        return
    parts: dict[str, str] = {}
    if (element.text or "").strip() or "@" in item.raw.get("author", ""):
        raise _Unknown
    for child in element:
        part = reader.names[child.tag]
        if part not in PERSON or part in parts or (child.tail or "").strip():
            raise _Unknown
        parts[str(part)] = _stripped(child)
    if "name" not in parts and item.raw.get("author"):
        raise _Unknown
    name, email = parts.get("name"), parts.get("email")
    item.raw["author"] = f"{name} ({email})" if name and email else name or email or ""


def _category(_reader: _Reader, item: _Item, element: Element, scheme: str | None = None) -> None:
    attributes = _plain_attributes(element, _CATEGORY_ATTRIBUTES) if element.attrib else {}
    scheme = attributes.get("scheme", scheme or attributes.get("domain"))
    _tag(item, attributes.get("term"), scheme, attributes.get("label"))
    value = _text(element)
    tags = item.raw["tags"]
    if value and tags and not tags[-1]["term"]:
        tags[-1]["term"] = value
    elif value:
        _tag(item, value, None, None)


def _media_category(reader: _Reader, item: _Item, element: Element) -> None:
    _category(reader, item, element, "http://search.yahoo.com/mrss/category_schema")


def _tag(item: _Item, term: str | None, scheme: str | None, label: str | None) -> None:
    tags = item.raw.setdefault("tags", [])
    tag = {"term": term, "scheme": scheme, "label": label}
    if (term or scheme or label) and tag not in tags:
        tags.append(tag)
    if len(tags) > _MAX_TAGS:
        raise _Unknown


def _keywords_of(scheme: str | None) -> "_Handler":
    def read_keywords(_reader: _Reader, item: _Item, element: Element) -> None:
        if element.attrib:
            raise _Unknown
        for term in _text(element).split(","):
            if term.strip():
                _tag(item, term.strip(), scheme, None)

    return read_keywords


def _source(_reader: _Reader, item: _Item, element: Element) -> None:
    """The publisher that an aggregator names. After it, feedparser would take another title."""
    _plain_attributes(element, _SOURCE_ATTRIBUTES)
    title = _text(element)
    item.raw["source"] = {"title": title} if title else {}
    item.titled = False


def _plain(key: str) -> "_Handler":
    """An element of the feed whose text is kept under a name."""

    def read_plain(_reader: _Reader, item: _Item, element: Element) -> None:
        if element.attrib:
            raise _Unknown
        item.raw[key] = _text(element)

    return read_plain


_Handler = Callable[[_Reader, _Item, Element], None]
_Table = dict[str | None, _Handler]

_DETAIL_ATTRIBUTES = frozenset({"type"})
_LINK_ATTRIBUTES = frozenset({"href", "rel", "type", "title", "hreflang", "length"})
_GUID_ATTRIBUTES = frozenset({"ispermalink"})
_CATEGORY_ATTRIBUTES = frozenset({"term", "scheme", "domain", "label"})
_SOURCE_ATTRIBUTES = frozenset({"url"})
#: feedparser takes these for its own even with the prefix of a namespace that it does not know.
_ATTRIBUTE_TRAPS = (
    _DETAIL_ATTRIBUTES | _LINK_ATTRIBUTES | _GUID_ATTRIBUTES | _CATEGORY_ATTRIBUTES | _SOURCE_ATTRIBUTES
    | frozenset({"lang", "base", "uri", "mode", "src"})
)  # fmt: skip
_ITEM_TRAPS = frozenset({"href", "lastmod"})
#: Read wherever in a `media:group` they stand.
_INNER = frozenset({"media:title", "media:description", "media:category", "media:keywords"})

_ENTRY: _Table = {
    **dict.fromkeys(("title", "dc:title"), _title),
    "media:title": _later_title,
    **dict.fromkeys(("description", "dc:description", "media:description"), _description),
    **dict.fromkeys(("summary", "itunes:summary"), _summary),
    "content": _content,
    "content:encoded": _encoded,
    "link": _link,
    **dict.fromkeys(("guid", "id"), _guid),
    **dict.fromkeys(("published", "pubdate", "issued", "dcterms:issued"), _date_as("published")),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc:date", "dcterms:modified"), _date_as("updated")),
    **dict.fromkeys(("created", "dcterms:created"), _date_as("created")),
    **dict.fromkeys(("author", "dc:creator", "dc:author", "itunes:author"), _author),
    **dict.fromkeys(("category", "dc:subject"), _category),
    "media:category": _media_category,
    "media:keywords": _keywords_of(None),
    "itunes:keywords": _keywords_of("http://www.itunes.com/"),
    "source": _source,
}
_FEED: _Table = {
    "title": _feed_title,
    **dict.fromkeys(("language", "dc:language"), _plain("language")),
    "ttl": _plain("ttl"),
    "sy:updateperiod": _plain("sy_updateperiod"),
    "sy:updatefrequency": _plain("sy_updatefrequency"),
    **dict.fromkeys(("description", "dc:description"), _feed_description),
    **dict.fromkeys(("summary", "itunes:summary"), _feed_summary),
}
