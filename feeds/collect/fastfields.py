"""What feedparser makes of one element of a feed, told again for the elements that `fastfeed.py` reads.

`ENTRY` and `FEED` are the tables: an element's name (see `dialects.py`) and the function that reads it into `Item.raw`,
under feedparser's keys. To read one more, add a line, and look up in feedparser's `mixin.py` and `namespaces/` what it
does with the element when it is repeated, empty, nested or has attributes; where that is not simple, raise `Unknown`.

Pure.
"""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from feedparser.urls import make_safe_absolute_uri

from feeds.collect.dialects import PERSON, Names

XML = "{http://www.w3.org/XML/1998/namespace}"

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


class Unknown(Exception):
    """The document holds something that this reader leaves to feedparser."""


@dataclass(slots=True)
class Scope:
    """What an element hands down to those in it."""

    base: str
    language: str | None


@dataclass(slots=True)
class Item:
    """One entry, or the feed itself, while it is read."""

    scope: Scope
    raw: dict[str, Any] = field(default_factory=dict)
    titled: bool = False  #: a title with words was read; no later one counts
    has_summary: bool = False


@dataclass(slots=True)
class State:
    """What holds for the whole document while it is read."""

    names: Names
    has_content: bool = False  #: as in feedparser, until the end of the entry that follows


def scope_of(element: Element, outer: Scope) -> Scope:
    """What holds inside an element: feedparser also takes `base` and `lang` without a namespace."""
    attributes = element.attrib
    if not attributes:
        return outer
    base = attributes.get(f"{XML}base", attributes.get("base"))
    return Scope(
        base=(make_safe_absolute_uri(outer.base, base) or outer.base) if base else outer.base,
        language=_language(attributes, outer.language),
    )


def _language(attributes: dict[str, str], outer: str | None) -> str | None:
    written = attributes.get(f"{XML}lang", attributes.get("lang"))
    return outer if written is None else written.replace("_", "-") or None


def _text(element: Element) -> str:
    """The words of an element without children, as feedparser keeps them."""
    return _mended(_stripped(element))


def _stripped(element: Element) -> str:
    if len(element):
        raise Unknown
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
        raise Unknown
    try:
        return urljoin(base, address)
    except ValueError:
        return ""


def _plain_attributes(element: Element, allowed: frozenset[str]) -> dict[str, str]:
    """The attributes by their names in lower case; those of another namespace must not look like one of ours."""
    attributes: dict[str, str] = {}
    for key, value in element.attrib.items():
        name = key.rpartition("}")[2].lower()
        if key.startswith(XML) and name in ("lang", "base", "space"):
            continue
        if name == key.lower() and name in allowed and name not in attributes:
            attributes[name] = value
        elif name == key.lower() or name in _ATTRIBUTE_TRAPS:
            raise Unknown
    return attributes


def _detail(item: Item, element: Element, kind: str) -> dict[str, Any]:
    """What feedparser keeps of an element that may hold markup: value, type and language."""
    attributes = element.attrib
    if not attributes:
        return {"value": _text(element), "type": kind, "language": item.scope.language}
    written = _plain_attributes(element, _DETAIL_ATTRIBUTES).get("type", kind).lower()
    if (known := _TEXT_TYPES.get(written)) is None:
        raise Unknown
    return {"value": _text(element), "type": known, "language": _language(attributes, item.scope.language)}


def _title(_state: State, item: Item, element: Element) -> None:
    detail = _detail(item, element, "text/plain")
    if not item.titled:
        item.raw["title"] = detail["value"]
        item.raw["title_detail"] = detail
        item.titled = bool(detail["value"])


def _feed_title(state: State, item: Item, element: Element) -> None:
    if "title" in item.raw:  # an image in between would decide which of two counts
        raise Unknown
    _title(state, item, element)


def _later_title(_state: State, item: Item, element: Element) -> None:
    """A title of a picture: it counts only as long as there is none of the entry."""
    if not item.titled:
        raise Unknown
    _stripped(element)


def _description(state: State, item: Item, element: Element) -> None:
    _summarise(state, item, element, "text/html")


def _summary(state: State, item: Item, element: Element) -> None:
    _summarise(state, item, element, "text/plain")


def _summarise(state: State, item: Item, element: Element, kind: str) -> None:
    """The second summary of an entry without content is its content."""
    if item.has_summary and not state.has_content:
        _content(state, item, element)
        return
    item.raw["summary_detail"] = _detail(item, element, kind)
    item.has_summary = True


def _feed_summary(state: State, item: Item, element: Element) -> None:
    if "summary_detail" in item.raw or item.has_summary:
        raise Unknown
    _summary(state, item, element)


def _feed_description(_state: State, item: Item, element: Element) -> None:
    """Kept by feedparser as the subtitle of the feed, which nobody asks for; but see `_summarise`."""
    if item.has_summary:
        raise Unknown
    _stripped(element)


def _content(state: State, item: Item, element: Element, kind: str = "text/plain") -> None:
    state.has_content = True
    detail = _detail(item, element, kind)
    item.raw.setdefault("content", []).append(detail)
    item.has_summary = True


def _encoded(state: State, item: Item, element: Element) -> None:
    _content(state, item, element, "text/html")


def _link(_state: State, item: Item, element: Element) -> None:
    if not element.attrib:
        address = _mended(_resolved_text(item.scope.base, element))
        item.raw["link"] = _REFERENCE.sub(r"&\1", address.replace("&amp;", "&"))
        return
    if f"{XML}base" in element.attrib:
        raise Unknown
    attributes = _plain_attributes(element, _LINK_ATTRIBUTES)
    if "href" not in attributes or len(element):
        raise Unknown
    address = _resolved(item.scope.base, attributes["href"])
    if attributes.get("rel") == "enclosure":
        noted = {"rel": "enclosure", "type": attributes.get("type", "text/html"), "href": address}
        item.raw.setdefault("links", []).append({**noted, "length": attributes.get("length")})
    if attributes.get("rel", "alternate").lower() != "alternate":
        return
    if attributes.get("type", "text/html").lower() in _HTML_LINKS:
        item.raw["link"] = address


def note_media(item: Item, element: Element, name: str | None) -> None:
    """What `feed.py` asks of a picture, sound or film, where feedparser keeps it."""
    noted = {key.lower(): value for key, value in element.attrib.items() if "}" not in key}
    if name == "enclosure":
        item.raw.setdefault("links", []).append({**noted, "rel": "enclosure"})
        return
    if name == "media:thumbnail" and "url" not in noted and (element.text or "").strip():
        raise Unknown  # feedparser takes its text for an address
    item.raw.setdefault(str(name).replace(":", "_"), []).append(noted)


def _resolved_text(base: str, element: Element) -> str:
    text = _stripped(element)
    return _resolved(base, text) if text else ""


def _guid(_state: State, item: Item, element: Element) -> None:
    attributes = element.attrib
    is_link = True
    if attributes:
        if f"{XML}base" in attributes:
            raise Unknown
        is_link = _plain_attributes(element, _GUID_ATTRIBUTES).get("ispermalink", "true") == "true"
    value = _mended(_resolved_text(item.scope.base, element) if is_link else _stripped(element))
    item.raw["id"] = value
    if is_link:
        item.raw.setdefault("link", value)


def _date_as(key: str) -> "Handler":
    def read_date(_state: State, item: Item, element: Element) -> None:
        item.raw[key] = _text(element)

    return read_date


def _author(state: State, item: Item, element: Element) -> None:
    """Text, or a name and an address. feedparser mixes the address of one author with the name of the next."""
    if not len(element):
        author = _text(element)
        if len(author) > _MAX_AUTHOR:
            raise Unknown
        item.raw["author"] = author
        return
    parts: dict[str, str] = {}
    if (element.text or "").strip() or "@" in item.raw.get("author", ""):
        raise Unknown
    for child in element:
        part = state.names[child.tag]
        if part not in PERSON or part in parts or (child.tail or "").strip():
            raise Unknown
        parts[str(part)] = _stripped(child)
    if "name" not in parts and item.raw.get("author"):
        raise Unknown
    name, email = parts.get("name"), parts.get("email")
    item.raw["author"] = f"{name} ({email})" if name and email else name or email or ""


def _category(_state: State, item: Item, element: Element, scheme: str | None = None) -> None:
    attributes = _plain_attributes(element, _CATEGORY_ATTRIBUTES) if element.attrib else {}
    scheme = attributes.get("scheme", scheme or attributes.get("domain"))
    _tag(item, attributes.get("term"), scheme, attributes.get("label"))
    value = _text(element)
    tags = item.raw["tags"]
    if value and tags and not tags[-1]["term"]:
        tags[-1]["term"] = value
    elif value:
        _tag(item, value, None, None)


def _media_category(state: State, item: Item, element: Element) -> None:
    _category(state, item, element, "http://search.yahoo.com/mrss/category_schema")


def _tag(item: Item, term: str | None, scheme: str | None, label: str | None) -> None:
    tags = item.raw.setdefault("tags", [])
    tag = {"term": term, "scheme": scheme, "label": label}
    if (term or scheme or label) and tag not in tags:
        tags.append(tag)
    if len(tags) > _MAX_TAGS:
        raise Unknown


def _keywords_of(scheme: str | None) -> "Handler":
    def read_keywords(_state: State, item: Item, element: Element) -> None:
        if element.attrib:
            raise Unknown
        for term in _text(element).split(","):
            if term.strip():
                _tag(item, term.strip(), scheme, None)

    return read_keywords


def _source(_state: State, item: Item, element: Element) -> None:
    """The publisher that an aggregator names. After it, feedparser would take another title."""
    _plain_attributes(element, _SOURCE_ATTRIBUTES)
    title = _text(element)
    item.raw["source"] = {"title": title} if title else {}
    item.titled = False


def _plain(key: str) -> "Handler":
    """An element of the feed whose text is kept under a name."""

    def read_plain(_state: State, item: Item, element: Element) -> None:
        if element.attrib:
            raise Unknown
        item.raw[key] = _text(element)

    return read_plain


Handler = Callable[[State, Item, Element], None]
Table = dict[str | None, Handler]

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
ITEM_TRAPS = frozenset({"href", "lastmod"})
#: Named by `feed.py` as media; they hold no words of the entry.
MEDIA = frozenset({"enclosure", "media:content", "media:thumbnail"})
#: Read wherever in a `media:group` they stand.
INNER = frozenset({"media:title", "media:description", "media:category", "media:keywords"})

ENTRY: Table = {
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
FEED: Table = {
    "title": _feed_title,
    **dict.fromkeys(("language", "dc:language"), _plain("language")),
    "ttl": _plain("ttl"),
    "sy:updateperiod": _plain("sy_updateperiod"),
    "sy:updatefrequency": _plain("sy_updatefrequency"),
    **dict.fromkeys(("description", "dc:description"), _feed_description),
    **dict.fromkeys(("summary", "itunes:summary"), _feed_summary),
}
