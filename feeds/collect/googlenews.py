"""Google News feeds: the article's own address from the link, and titles without the publisher's name behind them.

A link of the older form (`/rss/articles/CBMi…`) is base64 around a small protobuf message whose fourth field is the
address. In the newer one that field is a token that only Google can resolve, by a request that its terms do not offer;
such a link is kept as it is. Nothing is asked of the network here.

Pure; never raises.
"""

import base64
import binascii
import re
from dataclasses import replace

from feeds.collect import normalise
from feeds.observed import ParsedEntry

_LINK = re.compile(r"https?://news\.google\.com/(?:__i/)?(?:rss/)?(?:articles|read)/(?P<code>[A-Za-z0-9_=-]{10,4000})")
_PREFIX = b"\x08\x13\x22"  # field 1 = 19, then field 4, a string
_SUFFIX = re.compile(r"\s+[-–—]\s+(?P<name>\S(?:[^-–—]|-(?!\s)){0,60})$")


def improve(entry: ParsedEntry, publisher: str = "") -> ParsedEntry:
    """Return an entry of a Google News feed as its publisher would write it; any other comes back unchanged.

    `publisher`: what the feed's `source` element says, if it has one.
    """
    if entry.url is None or (link := _LINK.match(entry.url)) is None:
        return entry
    title, name = without_publisher(entry.title, publisher)
    return replace(entry, url=target(link["code"]) or entry.url, title=title, author=entry.author or name or None)


def target(code: str) -> str | None:
    """Return the address that a link carries in itself, or None."""
    try:
        message = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (ValueError, binascii.Error):
        return None
    if not message.startswith(_PREFIX):
        return None
    length, start = _varint(message, len(_PREFIX))
    address = message[start : start + length]
    if len(address) < length or not address.startswith((b"https://", b"http://")):
        return None
    return normalise.canonical_url(address.decode("utf-8", errors="replace"))


def without_publisher(title: str, publisher: str = "") -> tuple[str, str]:
    """Return a title without the publisher's name that Google puts behind it, and that name."""
    name = normalise.one_line(publisher, normalise.MAX_AUTHOR)
    for mark in (" - ", " – ", " | "):
        if name and title.endswith(mark + name) and len(title) > len(mark + name):
            return title[: -len(mark + name)].rstrip(), name
    match = None if name else _SUFFIX.search(title)
    return (title[: match.start()].rstrip(), match["name"]) if match and match.start() else (title, name)


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Return a protobuf number and where it ends; no address needs more than three bytes for its length."""
    number = 0
    for shift, byte in enumerate(message[place : place + 3]):
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return number, place + shift + 1
    return len(message), len(message)
