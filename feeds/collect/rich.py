"""What an entry brings beside its words: safe markup, and the pictures, sounds and films that it names.

Markup is kept only where it says more than paragraphs do, since most entries are plain and sanitising costs time. Media
are addresses with what the publisher declares about them; nobody fetches them. Pure; never raises for any input.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from feeds.collect.normalise import canonical_url, safe_html
from storage.model import Media

MAX_MARKUP = 20_000  #: characters of markup that are sanitised
MAX_MEDIA = 10

_TELLING = re.compile(r"<(?:a|b|strong|em|i|u|s|code|pre|blockquote|ul|ol)[\s>]", re.IGNORECASE)
_TYPE = re.compile(r"[a-z]+/[\w.+-]{1,80}")


def markup(parts: Iterable[str], base: str | None) -> str | None:
    """Sanitise the longest of an entry's HTML parts; None when none has links, emphasis, lists or quotations.

    Links are made absolute against `base`. Only the first 20,000 characters count.
    """
    longest = max(parts, key=len, default="")[:MAX_MARKUP]
    if not _TELLING.search(longest):
        return None
    return safe_html(longest, base).strip() or None


def media_of(named: Iterable[Mapping[str, Any]], base: str | None) -> tuple[Media, ...]:
    """What an entry names, each address once and the first ten: enclosures, `media:content`, `media:thumbnail`,
    attachments of JSON Feed. Their keys differ; an address that is not http or https is left out."""
    found: dict[str, Media] = {}
    for one in _first(named):
        url = canonical_url(_word(one, "url", "href"), base)
        if url is not None and url not in found:
            kind = (_word(one, "type", "mime_type") or "").strip().lower()
            found[url] = Media(
                url=url,
                type=kind if _TYPE.fullmatch(kind) else None,
                length=_size(_word(one, "length", "filesize", "size_in_bytes")),
            )
    return tuple(found.values())[:MAX_MEDIA]


def _first(named: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for place, one in enumerate(named):
        if place >= 5 * MAX_MEDIA:
            return
        if isinstance(one, Mapping):
            yield one


def _word(one: Mapping[str, Any], *names: str) -> str | None:
    values = (dict.get(one, name) if isinstance(one, dict) else one.get(name) for name in names)
    return next((value for value in values if isinstance(value, str) and value), None)


def _size(written: str | None) -> int | None:
    return int(written) if written and written.isascii() and written.isdecimal() and len(written) < 15 else None
