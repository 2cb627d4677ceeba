"""Rules of the feed formats, as checks that name what is wrong. Written from the standards, because no feed validator
can be had as a package: RFC 4287 (Atom; its grammar is in atom.rng), RFC 5005, RFC 6721, the RSS 2.0 specification,
jsonfeed.org/version/1.1.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

GRAMMAR = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))
ATOM = "{http://www.w3.org/2005/Atom}"
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#$%&'()*+,/:;=?@\[\]~\w.-]+", re.ASCII)
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def atom_faults(body: bytes) -> list[str]:
    """What is wrong with an Atom document; nothing for a good one."""
    root = etree.fromstring(body)
    by_grammar = [] if GRAMMAR.validate(root) else [str(error.message) for error in GRAMMAR.error_log]
    return [
        *by_grammar,
        *_feed_faults(root),
        *(fault for entry in root.findall(f"{ATOM}entry") for fault in _entry_faults(entry)),
    ]


def _feed_faults(root: etree._Element) -> Iterator[str]:
    if root.tag != f"{ATOM}feed":
        yield f"the root is {root.tag}"
    yield from _once(root, "id", "title", "updated")
    yield from _at_most_once(root, "subtitle", "generator", "icon", "logo", "rights")
    yield from _links(root)
    if root.find(f"{ATOM}author") is None:
        yield "the feed has no author"
    if not [one for one in root.findall(f"{ATOM}link") if one.get("rel") == "self"]:
        yield "no link to itself (RFC 4287, 4.1.1)"
    ids = Counter(entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry"))
    yield from (f"{number} entries are called {name}" for name, number in ids.items() if number > 1)
    for gone in root.findall(f"{TOMBSTONES}deleted-entry"):
        if not _URI.fullmatch(gone.get("ref", "")) or not _RFC3339.fullmatch(gone.get("when", "")):
            yield f"a tombstone without ref or when: {gone.attrib}"
    words = "".join(map(str, root.itertext())) + "".join(
        str(value) for one in root.iter() for value in one.attrib.values()
    )
    if _UNWANTED.search(words):
        yield "characters that no document should carry"


def _entry_faults(entry: etree._Element) -> Iterator[str]:
    yield from _once(entry, "id", "title", "updated")
    yield from _at_most_once(entry, "content", "published", "rights", "source", "summary")
    yield from _links(entry)
    if not (entry.findtext(f"{ATOM}title") or "").strip():
        yield "an empty title"
    content = entry.find(f"{ATOM}content")
    alternate = [one for one in entry.findall(f"{ATOM}link") if one.get("rel", "alternate") == "alternate"]
    if content is None and not alternate:
        yield "neither content nor an alternate link (RFC 4287, 4.1.2)"
    if content is not None and content.get("type") not in ("text", "html", "xhtml"):
        yield f"content of type {content.get('type')}"
    for category in entry.findall(f"{ATOM}category"):
        if not category.get("term"):
            yield "a category without term"


def _once(element: etree._Element, *names: str) -> Iterator[str]:
    for name in names:
        found = element.findall(ATOM + name)
        if len(found) != 1:
            yield f"{len(found)} × {name} in {element.tag}"
        elif name == "id" and not _URI.fullmatch(found[0].text or ""):
            yield f"the id is no URI: {found[0].text!r}"
    for name in ("updated", "published"):
        for moment in element.findall(ATOM + name):
            if not _RFC3339.fullmatch(moment.text or ""):
                yield f"{name} is no moment: {moment.text!r}"


def _at_most_once(element: etree._Element, *names: str) -> Iterator[str]:
    yield from (f"more than one {name}" for name in names if len(element.findall(ATOM + name)) > 1)


def _links(element: etree._Element) -> Iterator[str]:
    seen: Counter[tuple[str | None, str | None]] = Counter()
    for link in element.findall(f"{ATOM}link"):
        yield from address_faults(link.get("href"))
        if link.get("rel", "alternate") == "alternate":
            seen[link.get("type"), link.get("hreflang")] += 1
        if link.get("hreflang") is not None and not _TAG.fullmatch(link.get("hreflang", "")):
            yield f"hreflang {link.get('hreflang')!r}"
    yield from (f"{number} alternate links of {kind}" for kind, number in seen.items() if number > 1)


def address_faults(url: str | None) -> Iterator[str]:
    """Addresses are absolute, web addresses, in plain ASCII."""
    if (
        url is None
        or not _URI.fullmatch(url)
        or urlsplit(url).scheme not in ("http", "https")
        or not urlsplit(url).netloc
    ):
        yield f"no absolute web address: {url!r}"


def rss_faults(body: bytes) -> list[str]:
    """What is wrong with an RSS 2.0 document."""
    root = etree.fromstring(body)
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None:
        return ["not RSS 2.0"]
    faults = [f"no {name}" for name in ("title", "link", "description") if not channel.findtext(name)]
    guids = Counter(item.findtext("guid") for item in channel.findall("item"))
    faults += [f"{number} items are called {guid}" for guid, number in guids.items() if number > 1 or not guid]
    for item in channel.findall("item"):
        if not (item.findtext("title") or item.findtext("description")):
            faults.append("an item with neither title nor description")
        if (link := item.findtext("link")) is not None:
            faults += address_faults(link)
        faults += [] if parsedate_to_datetime(item.findtext("pubDate") or "").tzinfo else ["a date without zone"]
        faults += [fault for one in item.findall(f"{ATOM}link") for fault in address_faults(one.get("href"))]
    return faults


_MOMENT = {"type": "string", "format": "date-time"}
_LINK = {"type": "string", "pattern": "^https?://[\\x21-\\x7e]+$"}
_WORDS = {"type": "string", "minLength": 1}
_AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "minProperties": 1, "properties": {"name": _WORDS}},
}

#: jsonfeed.org/version/1.1 as a JSON Schema: required members, types, and no member that the version does not know.
JSON_FEED: dict[str, Any] = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"}, "title": _WORDS, "home_page_url": _LINK,
        "feed_url": _LINK, "description": _WORDS, "next_url": _LINK, "language": _WORDS, "authors": _AUTHORS,
        "hubs": {"type": "array", "items": {"type": "object", "required": ["type", "url"]}},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
    },
    "patternProperties": {"^_[A-Za-z]": {"type": "object"}},
    "additionalProperties": False,
    "$defs": {
        "item": {
            "type": "object",
            "required": ["id"],
            "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
            "properties": {
                "id": _WORDS, "url": _LINK, "title": _WORDS, "content_html": {"type": "string"},
                "content_text": {"type": "string"}, "date_published": _MOMENT, "date_modified": _MOMENT,
                "authors": _AUTHORS, "tags": {"type": "array", "items": _WORDS},
                "language": {"type": "string", "pattern": f"^{_TAG.pattern}$"},
            },
            "patternProperties": {"^_[A-Za-z]": {"type": "object"}},
            "additionalProperties": False,
        }
    },
}  # fmt: skip


def is_moment(text: str) -> bool:
    """Whether it is a moment of RFC 3339 that exists."""
    return bool(_RFC3339.fullmatch(text)) and datetime.fromisoformat(text).tzinfo is not None
