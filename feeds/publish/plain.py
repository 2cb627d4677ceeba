"""Strangers' words and addresses, made fit for documents. Pure.

Titles come from anywhere: control characters that XML cannot carry, half surrogates, marks that turn the direction of
everything after them, addresses that run code. None of it reaches a reader.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus, urlsplit

import ada_url

# Characters that XML 1.0 cannot carry, lone surrogates among them (section 2.2 of the recommendation), those that it
# discourages (C1 controls, noncharacters), and marks that change the direction of the words around them.
_UNFIT = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
    "|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
    "|[\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff\U0010fffe\U0010ffff]"
)
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_HOST = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:@\[\]-]+")
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")

MAX_ADDRESS = 4096  #: characters; browsers and servers refuse longer ones
_SAFE = "!#$%&'()*+,/:;=?@~"  # what RFC 3986 allows, with the percent sign of what is escaped already


def clean(text: str) -> str:
    """The text without what no document may carry; lines end with a newline."""
    return _UNFIT.sub("", _BREAKS.sub("\n", text))


def line(text: str) -> str:
    """The text as one line, for titles and names."""
    return " ".join(clean(text).split())


def address(url: str | None) -> str | None:
    """The address in plain ASCII, or None for what is not an absolute http or https address."""
    if not url or len(url) > MAX_ADDRESS or not ada_url.check_url(clean(url)):
        return None
    href = ada_url.normalize_url(clean(url))
    parts = urlsplit(href)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc):
        return None
    start = f"{parts.scheme}://{parts.netloc}"
    return start + _BARE_PERCENT.sub("%25", quote(href.removeprefix(start), safe=_SAFE))


def language_tag(language: str | None) -> str | None:
    """The language tag if it is well-formed (RFC 5646), else None."""
    return language if language and _TAG.fullmatch(language) else None


def query_string(pairs: Iterable[tuple[str, str]]) -> str:
    """Parameters as `urlencode` writes them, for pages with hundreds of links that say the same few words."""
    return "&".join(f"{name}={_quoted(value)}" for name, value in pairs)


@lru_cache(maxsize=4096)
def _quoted(value: str) -> str:
    return quote_plus(value, errors="replace")
