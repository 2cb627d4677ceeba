"""Which hubs a document names, and under which address they know it (WebSub, section 4: discovery).

The `Link` headers of the answer go before the document's own links: `<atom:link rel="hub">` in Atom and RSS, `<link>`
in the head of a web page, `hubs` in JSON Feed. Of a document only its head is looked at, the first 64 KiB up to its
first entry, so what an article quotes is never taken for a link of the feed. Pure; runs in the worker process.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import ada_url

from feeds.collect.jsonfeed import is_json
from feeds.observed import Advert, Fetched

HEAD = 64 * 1024
MAX_HUBS = 5
MAX_ADDRESS = 2048

# RFC 8288, section 3: `<address>; name=value; name="value", <address>; …`
_LINK_VALUE = re.compile(r"\s*<([^<>]*)>")
_PARAMETER = re.compile(r"\s*;\s*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?)?")
_NEXT_VALUE = re.compile(r"[^,]*,")

_ASIDE = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_FIRST_ENTRY = re.compile(r"<(?:[\w.-]{1,40}:)?(?:item|entry|body)[\s>]", re.IGNORECASE)
_LINK_TAG = re.compile(r"<(?:[\w.-]{1,40}:)?link\s([^<>]{1,3000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(rel|href)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)

_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_Link = tuple[str, str]  #: one word of a relation, and an absolute address


def advertised(fetched: Fetched, address: str) -> Advert | None:
    """Return the hubs of a document with its topic; None when it names no hub.

    A document without `rel=self` is known to its hub by the `address` that was asked for: the one where redirects
    ended may be another one every time.
    """
    headers = list(header_links(fetched.links, fetched.url))
    hubs, topics = _of("hub", headers), _of("self", headers)
    if not (hubs and topics):
        document = document_links(fetched)
        hubs, topics = hubs or _of("hub", document), topics or _of("self", document)
    topic = topics[0] if topics else _absolute(address, fetched.url)
    return Advert(hubs=hubs[:MAX_HUBS], topic=topic) if hubs and topic else None


def header_links(values: Iterable[str], base: str) -> Iterator[_Link]:
    """Read `Link` headers. A link about another document (`anchor`) and what cannot be read are passed over."""
    for value in values:
        position = 0
        while found := _LINK_VALUE.match(value, position):
            parameters, position = _parameters(value, found.end())
            address = _absolute(found[1], base)
            if address and "anchor" not in parameters:
                yield from ((word, address) for word in parameters.get("rel", "").lower().split())
            following = _NEXT_VALUE.match(value, position)
            if following is None:
                break
            position = following.end()


def _parameters(value: str, position: int) -> tuple[dict[str, str], int]:
    """The parameters of one link; of a repeated one the first counts (RFC 8288, section 3.3)."""
    read: dict[str, str] = {}
    while found := _PARAMETER.match(value, position):
        position = found.end()
        if found[1]:
            quoted = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else None
            read.setdefault(found[1].lower(), quoted if quoted is not None else found[3] or "")
    return read, position


def document_links(fetched: Fetched) -> list[_Link]:
    """Read the links that a document names before its first entry."""
    if is_json(fetched):
        return list(_json_links(fetched))
    start = fetched.body[:HEAD]
    if not start.startswith(_UTF16) and b"hub" not in start.lower() and not fetched.links:
        return []  # nearly every feed: worth no more than this
    head = _ASIDE.sub("", _as_text(start))
    entry = _FIRST_ENTRY.search(head)
    found: list[_Link] = []
    for tag in _LINK_TAG.finditer(head, 0, entry.start() if entry else len(head)):
        words = {name.lower(): html.unescape(a or b or c) for name, a, b, c in reversed(_ATTRIBUTE.findall(tag[1]))}
        address = _absolute(words.get("href", ""), fetched.url)
        found += [(word, address) for word in words.get("rel", "").lower().split() if address]
    return found


def _json_links(fetched: Fetched) -> Iterator[_Link]:
    """`hubs` and `feed_url` of JSON Feed 1.1; the whole document is read only if it speaks of hubs."""
    feed: Any = None
    if b'"hubs"' in fetched.body:
        try:
            feed = json.loads(_as_text(fetched.body), strict=False, parse_int=str)
        except (ValueError, RecursionError):
            return
    if not isinstance(feed, dict):
        return
    hubs = feed.get("hubs")
    listed = hubs if isinstance(hubs, list) else []
    named = [hub for hub in listed if isinstance(hub, dict) and str(hub.get("type", "")).lower() == "websub"]
    for word, written in [*(("hub", hub.get("url")) for hub in named), ("self", feed.get("feed_url"))]:
        address = _absolute(written, fetched.url) if isinstance(written, str) else None
        if address:
            yield word, address


def _as_text(body: bytes) -> str:
    """Names and addresses are ASCII in every encoding that is met, but for UTF-16."""
    return body.decode("utf-16" if body.startswith(_UTF16) else "utf-8-sig", errors="replace")


def _of(word: str, links: Iterable[_Link]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for relation, address in links if relation == word))


def _absolute(written: str, base: str) -> str | None:
    """Return a web address without credentials and fragment, or None."""
    try:
        url = ada_url.URL(written.strip(), base)
    except ValueError:  # also UnicodeEncodeError, for bytes of a header that are no text
        return None
    if url.protocol not in ("http:", "https:") or url.username or url.password or len(url.href) > MAX_ADDRESS:
        return None
    url.hash = ""
    return str(url.href) if written.strip() else None
