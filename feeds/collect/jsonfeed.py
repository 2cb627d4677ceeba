"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/) to entries. Runs in the worker process.

Publishers' mistakes are read around: an id may be any scalar (the specification asks to coerce it to a string), an
author may be where 1.0 had it, and an item that is no object costs only itself. Numbers are kept as they are written,
so that a thousand digits are an id like any other and not a sum to be worked out.

Pure; never raises for any document.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from feeds.collect import identity, normalise
from feeds.collect.dated import read_moment
from feeds.collect.decode import clean, decode
from feeds.collect.feed import language_tag, short_guid
from feeds.collect.rich import markup, media_of
from feeds.observed import MAX_ENTRIES, Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from storage.model import SourceDefinition

_VERSION = "jsonfeed.org/version/"
_TYPE = "application/feed+json"


def is_json(fetched: Fetched) -> bool:
    """Tell a JSON document by its first character, since many servers send `text/plain`, or by its media type."""
    first = fetched.body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    kind = (fetched.content_type or "").partition(";")[0].strip().lower()
    return first == b"{" or (kind in (_TYPE, "application/json") and first != b"<")


def parse_json_feed(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    """Read a JSON Feed. `now` is an aware datetime; dates without a zone are read in the source's."""
    decoded = decode(fetched.body, fetched.content_type)
    try:
        # strict=False: a line break inside a string is a common slip and harms nobody.
        feed = json.loads(decoded.text, strict=False, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:  # nested so deeply that no newsroom meant it
        return _broken(f"{type(error).__name__}: {str(error)[:200]}")
    if not isinstance(feed, dict) or not _claims_to_be_a_feed(feed, fetched):
        return Failure(
            kind=FailureKind.NOT_A_FEED,
            message="This is JSON, but not a JSON Feed. Run `kaigi sources check` on the site's front page.",
            detail=f"version {str(_scalar(feed, 'version'))[:60]!r}" if isinstance(feed, dict) else "not an object",
        )
    if not isinstance(feed.get("items"), list):
        return _broken("it has no list of items")
    return _assemble(feed, fetched.url, definition, now)


def _claims_to_be_a_feed(feed: dict[str, Any], fetched: Fetched) -> bool:
    return _VERSION in (_scalar(feed, "version") or "") or _TYPE in (fetched.content_type or "").lower()


def _assemble(feed: dict[str, Any], url: str, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    items = feed["items"]
    read = [item for item in items[:MAX_ENTRIES] if isinstance(item, dict)]
    if items and not read:
        return _broken("no item is an object")
    problems = []
    if strange := len(items[:MAX_ENTRIES]) - len(read):
        problems.append(f"items that are no objects were left out: {strange}")
    if len(items) > MAX_ENTRIES:
        problems.append(f"only the first {MAX_ENTRIES} of {len(items)} entries were read")
    language = language_tag(_scalar(feed, "language") or "") or definition.language
    author = _author(feed)
    entries = [_entry(item, url, language, author, definition.time_zone, now) for item in read]
    named, duplicates = identity.assign(entries)
    return ParsedFeed(
        entries=named,
        title=normalise.one_line(_scalar(feed, "title")) or None,
        language=language,
        duplicates=duplicates,
        problems=tuple(problems),
    )


def _entry(
    item: dict[str, Any], base: str, language: str | None, author: str | None, zone: str, now: datetime
) -> ParsedEntry:
    guid = short_guid(clean(_scalar(item, "id") or ""))
    written = normalise.one_line(_scalar(item, "date_published") or _scalar(item, "date_modified"), 100)
    moment, flags = read_moment(written, zone, now)
    text = _body(item)
    if len(text) > normalise.MAX_TEXT:
        text, flags = text[: normalise.MAX_TEXT], (*flags, "text_cut")
    return ParsedEntry(
        guid=guid,
        url=_url(item, guid, base),
        title=normalise.one_line(_scalar(item, "title")),
        text=text,
        author=_author(item) or author,
        language=language_tag(_scalar(item, "language") or "") or language,
        categories=_tags(item.get("tags")),
        published_at=moment,
        published_text=written or None,
        flags=flags,
        html=markup(filter(None, [_scalar(item, "content_html")]), base),
        media=media_of(_media(item), base),
    )


def _url(item: dict[str, Any], guid: str | None, base: str) -> str | None:
    """Return the entry's own address. `external_url` is what it talks about, and only better than none; the
    specification wishes an id to be an address, so that comes between."""
    named = guid if guid and guid.startswith(("https://", "http://")) else None
    for candidate in (_scalar(item, "url"), named, _scalar(item, "external_url")):
        if url := normalise.canonical_url(candidate, base):
            return url
    return None


def _body(item: dict[str, Any]) -> str:
    """Take the longest of the three, as for the other formats."""
    return max(
        normalise.html_to_text(_scalar(item, "content_html")),
        normalise.plain_text(clean(_scalar(item, "content_text") or "")),
        normalise.plain_text(clean(_scalar(item, "summary") or "")),
        key=len,
    )


def _media(item: dict[str, Any]) -> list[Any]:
    attachments = item.get("attachments")
    pictures = [{"url": item.get(name)} for name in ("image", "banner_image")]
    return [*(attachments if isinstance(attachments, list) else []), *pictures]


def _author(thing: dict[str, Any]) -> str | None:
    """Return the names of `authors` (1.1), else of `author` (1.0)."""
    authors = thing.get("authors")
    people: Iterable[Any] = authors if isinstance(authors, list) else [thing.get("author")]
    names = (_scalar(one, "name") if isinstance(one, dict) else None for one in list(people)[:20])
    return normalise.one_line(", ".join(name for name in names if name), normalise.MAX_AUTHOR) or None


def _tags(tags: Any) -> tuple[str, ...]:
    words = (
        (normalise.one_line(tag, 100) for tag in tags[:50] if isinstance(tag, str)) if isinstance(tags, list) else ()
    )
    return tuple(dict.fromkeys(word for word in words if word))


def _scalar(thing: dict[str, Any], name: str) -> str | None:
    """Return a value as text: numbers are text already, true and false become words, anything else is nothing."""
    value = thing.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _broken(detail: str) -> Failure:
    return Failure(
        kind=FailureKind.BROKEN,
        message="The feed is broken and nothing could be read from it. Tell the publisher; we try again later.",
        detail=detail,
    )
