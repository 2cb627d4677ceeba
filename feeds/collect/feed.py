"""RSS and Atom documents to entries. Runs in the worker process (`worker.py`), because its input is hostile.

    bytes → decode.py → fastfeed.py, else feedparser → normalise.py → identity.py → ParsedFeed

`fastfeed.py` reads what it knows all of, exactly as feedparser would; any other document goes to feedparser.

feedparser gets UTF-8 that we decoded, as a stream (a plain string could name a file), with its sanitiser and its link
resolver off: both are quadratic on hostile markup. Of its dates only the raw text is used: it reads JST as UTC and
Japanese dates as the first of the month. No entry that feedparser finds is dropped, except repetitions to the letter,
which are counted. Reading the text of linked pages is not done here.
"""

import io
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import feedparser

from feeds.collect import fastfeed, googlenews, identity, normalise
from feeds.collect.dated import checked, why_unreadable
from feeds.collect.decode import decode
from feeds.collect.hints import feed_seconds, feed_skips
from feeds.collect.rich import markup, media_of
from feeds.collect.tamed import tame
from feeds.observed import MAX_ENTRIES, Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from feeds.understand.dates import parse_moment
from storage.model import SourceDefinition

tame()

MAX_GUID = 1_000

_DECLARATION = re.compile(r"^<\?xml[^>]{0,500}\?>")
_FEED_ROOT = re.compile(r"<(?:[A-Za-z0-9_.-]+:)?(?:rss|feed|rdf|channel)[\s>]", re.IGNORECASE)
_ANY_ELEMENT = re.compile(r"<(?:[\w.-]{1,100}:)?(?:rss|feed|rdf|channel|item|entry)\b", re.IGNORECASE)
_END = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_ENTRY_EDGE = re.compile(r"<(/?)(?:[\w.-]{1,100}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_HTML = re.compile(r"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_BARE_AMPERSAND = re.compile(r"&(?!#|[A-Za-z][A-Za-z0-9]{0,40};)")
# The forms whose reading by feedparser can be trusted: RFC 822 with a numeric zone or GMT, and ISO 8601 with a zone.
_PLAIN_DATE = re.compile(
    r"^(?:[A-Z][a-z]{2},\s+)?\d{1,2}\s+[A-Z][a-z]{2,8}\s+\d{4}\s+[\d:]{4,8}\s+(?:[+-]\d{4}|GMT|UTC|UT|Z)$"
    r"|^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d[\d:.]*(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)$"
)


def parse_feed(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    """Read a feed. `now` is an aware datetime; dates without a zone are read in the source's.

    A valid feed without entries is a ParsedFeed without entries. What is no feed, and what nothing can be read from,
    is a Failure.
    """
    text, problems = as_text(fetched)
    quick = read_quickly(text, fetched.url, definition, now, problems)
    parsed = quick if quick is not None else read_carefully(text, fetched.url, definition, now, problems)
    skips = feed_skips(text)
    return replace(parsed, skips=skips) if skips is not None and isinstance(parsed, ParsedFeed) else parsed


def as_text(fetched: Fetched) -> tuple[str, tuple[str, ...]]:
    """Return a document as both readers take it, without its XML declaration, and what was wrong with its bytes."""
    decoded = decode(fetched.body, fetched.content_type)
    text = _escape_ampersands(_DECLARATION.sub("", decoded.text.lstrip("\ufeff \t\r\n")))
    return text, ("the declared encoding is wrong; read as " + decoded.encoding,) if decoded.suspicious else ()


def read_quickly(
    text: str, url: str, definition: SourceDefinition, now: datetime, problems: tuple[str, ...] = ()
) -> ParsedFeed | None:
    """Read a document that `fastfeed.py` knows all of; None when `read_carefully` must."""
    found = fastfeed.read(text, url)
    parsed = _assemble(found, url, definition, now, problems) if found is not None else None
    if not isinstance(parsed, ParsedFeed) or any(map(_needs_feedparser, parsed.entries)):
        return None
    return parsed


def _needs_feedparser(entry: ParsedEntry) -> bool:
    """Whether feedparser may know a date that we do not, see `_trusted`."""
    return "date_unreadable" in entry.flags and _PLAIN_DATE.match(entry.published_text or "") is not None


def read_carefully(
    text: str, url: str, definition: SourceDefinition, now: datetime, problems: tuple[str, ...] = ()
) -> ParsedFeed | Failure:
    """Read any document, with feedparser."""
    if not _ANY_ELEMENT.search(text):  # nothing can come of it, and feedparser may take its time to find that out
        return _why_no_entries({}, text) or _broken("no feed element in the document")
    try:
        found = _feedparser(text, url)
    except Exception as error:  # noqa: BLE001  feedparser is not free of exceptions: it has raised ten different ones
        return _broken(f"{type(error).__name__}: {error}")
    if not found.entries and (failure := _why_no_entries(found, text)) is not None:
        return failure
    if found.get("bozo"):
        problems = (*problems, f"not well-formed: {_first_line(found.get('bozo_exception'))}")
    broke_off = bool(found.get("bozo")) and not _ends_well(text)
    if broke_off and len(found.entries) > 1 and _breaks_off_in_an_entry(text):
        del found.entries[-1]  # half a headline; the whole one comes with the next poll
    parsed = _assemble(found, url, definition, now, problems)
    return replace(parsed, whole=False) if broke_off and isinstance(parsed, ParsedFeed) else parsed


def _escape_ampersands(text: str) -> str:
    """Mend `R&D`, the most common way in which a feed is not well-formed; feedparser would make it `R&D;`."""
    pieces: list[str] = []
    position = 0
    while position < len(text):
        start = text.find("<![CDATA[", position)
        end = text.find("]]>", start) if start >= 0 else -1
        if start < 0 or end < 0:
            start = end = len(text)
        pieces.append(_BARE_AMPERSAND.sub("&amp;", text[position:start]))
        pieces.append(text[start:end])
        position = end
    return "".join(pieces)


def _feedparser(text: str, url: str) -> Any:
    return feedparser.parse(
        io.BytesIO(text.encode("utf-8", errors="replace")),
        response_headers={"content-type": "application/xml; charset=utf-8", "content-location": url},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def _why_no_entries(found: Any, text: str) -> Failure | None:
    """Tell a page and rubbish from a feed that simply has nothing to say."""
    head = text[: 64 * 1024]
    root = _FEED_ROOT.search(head)
    html = _HTML.search(head)
    if html and (root is None or html.start() < root.start()):
        return Failure(
            kind=FailureKind.NOT_A_FEED,
            message="This is a web page, not a feed. Add it as a page source, or run `kaigi sources check` on it.",
            detail="an HTML document",
        )
    if root is None or not found.get("version"):
        return _broken(_first_line(found.get("bozo_exception")) or "no feed element in the document")
    # A broken document may have lost its entries; a feed that ends as it should has none.
    lost = re.search(r"<(?:[\w.-]+:)?(?:item|entry)\b", text) is not None
    broken = bool(found.get("bozo")) and (lost or not _ends_well(text))
    return _broken(_first_line(found.get("bozo_exception"))) if broken else None


def _ends_well(text: str) -> bool:
    """Whether the end tag of the feed is there; a connection that broke half way leaves it out."""
    return _END.search(text[-2_000:]) is not None


def _breaks_off_in_an_entry(text: str) -> bool:
    """Whether the last entry has a beginning and no end."""
    edges = _ENTRY_EDGE.findall(text)
    return bool(edges) and not edges[-1]


def _assemble(
    found: Any, url: str, definition: SourceDefinition, now: datetime, known_problems: tuple[str, ...]
) -> ParsedFeed | Failure:
    entries: list[ParsedEntry] = []
    problems = list(known_problems)
    language = _language(found.feed) or definition.language
    for raw in found.entries[:MAX_ENTRIES]:
        try:
            entries.append(_entry(raw, url, language, definition.time_zone, now))
        except Exception as error:  # noqa: BLE001  one strange entry must not cost the others
            problems.append(f"an entry could not be read: {type(error).__name__}: {_first_line(error)}")
    if found.entries and not entries:
        return _broken(problems[-1])
    if len(found.entries) > MAX_ENTRIES:
        problems.append(f"only the first {MAX_ENTRIES} of {len(found.entries)} entries were read")
    named, duplicates = identity.assign(entries)
    return ParsedFeed(
        entries=named,
        title=normalise.one_line(_text(found.feed, "title")) or None,
        language=language,
        duplicates=duplicates,
        problems=tuple(problems[:20]),
        hint_s=feed_seconds(
            found.feed.get("ttl"), found.feed.get("sy_updateperiod"), found.feed.get("sy_updatefrequency")
        ),
    )


def _entry(raw: Any, base: str, language: str | None, zone: str, now: datetime) -> ParsedEntry:
    moment, written, flags = _date(raw, zone, now)
    text = _body(raw)
    if len(text) > normalise.MAX_TEXT:
        text = text[: normalise.MAX_TEXT]
        flags = (*flags, "text_cut")
    entry = ParsedEntry(
        guid=_guid(raw),
        url=normalise.canonical_url(_text(raw, "link"), base),
        title=_title(raw),
        text=text,
        author=normalise.one_line(_text(raw, "author"), normalise.MAX_AUTHOR) or None,
        language=_detail_language(raw) or language,
        categories=_categories(raw.get("tags") or ()),
        published_at=moment,
        published_text=written,
        flags=flags,
        html=markup(_html_parts(raw), base),
        media=media_of(_named_media(raw), base),
    )
    source = dict.get(raw, "source")
    return googlenews.improve(entry, _text(source, "title") if isinstance(source, dict) else "")


def _guid(raw: Any) -> str | None:
    return short_guid(_text(raw, "id"))


def short_guid(written: str) -> str | None:
    """Return a guid as it is kept: on one line; one of many pages keeps its beginning and a hash of the whole."""
    text = " ".join(written.split())
    if len(text) > MAX_GUID:
        text = f"{text[:100]}…{identity.content_hash(text, '', None)}"
    return text or None


def _title(raw: Any) -> str:
    return normalise.one_line(_text(raw, "title"))


def _body(raw: Any) -> str:
    """Take the longest of contents and summary: some feeds put the teaser into one and the article into the other."""
    parts = [raw.get("summary_detail"), *(raw.get("content") or ())]
    texts = [_plain(part) for part in parts if part and part.get("value")]
    return max(texts, key=len, default="")


def _html_parts(raw: Any) -> list[str]:
    """Whatever their type: much that is declared as plain text is not."""
    parts = [raw.get("summary_detail"), *(raw.get("content") or ())]
    return [str(part["value"]) for part in parts if part and part.get("value")]


def _named_media(raw: Any) -> list[Any]:
    links = [link for link in raw.get("links") or () if link.get("rel") == "enclosure"]
    return [*links, *(raw.get("media_content") or ()), *(raw.get("media_thumbnail") or ())]


def _plain(part: Any) -> str:
    value = str(part["value"])
    if part.get("type") == "text/plain" and "<" not in value and "&" not in value:
        return normalise.plain_text(value)
    return normalise.html_to_text(value)


def _date(raw: Any, zone: str, now: datetime) -> tuple[datetime | None, str | None, tuple[str, ...]]:
    """Return the moment, the text it was read from, and what is wrong with it.

    RSS 1.0 and Dublin Core dates arrive as `updated`. Plain dict access: feedparser's own maps one key to another.
    """
    for key in ("published", "created", "updated"):
        written = " ".join(_text(raw, key).split())[:100]
        if not written:
            continue
        moment = parse_moment(written, zone) or _trusted(written, dict.get(raw, f"{key}_parsed"))
        if moment is None:
            return None, written, (why_unreadable(written, zone, now),)
        read, flags = checked(moment, now)
        return read, written, flags
    return None, None, ()


def _trusted(written: str, parsed: Any) -> datetime | None:
    if not isinstance(parsed, time.struct_time) or not _PLAIN_DATE.match(written):
        return None
    try:
        return datetime(*parsed[:6], tzinfo=UTC)
    except ValueError:
        return None


def _language(feed: Any) -> str | None:
    declared = _text(feed, "language") or _detail_language(feed) or ""
    return language_tag(declared)


def _detail_language(raw: Any) -> str | None:
    """Return `xml:lang` of the title or text, which is where feedparser keeps it."""
    for key in ("title_detail", "summary_detail"):
        detail = dict.get(raw, key)
        if detail and (tag := language_tag(detail.get("language") or "")):
            return tag
    return None


@lru_cache(maxsize=256)  # every entry of a feed says the same
def language_tag(declared: str) -> str | None:
    """Accept a language only in the form of BCP 47."""
    text = declared.strip().replace("_", "-")
    return text if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}", text) else None


def _categories(tags: Iterable[Any]) -> tuple[str, ...]:
    terms = (normalise.one_line(tag.get("term") or tag.get("label"), 100) for tag in list(tags)[:50])
    return tuple(dict.fromkeys(term for term in terms if term))


def _text(raw: Any, key: str) -> str:
    value = dict.get(raw, key)
    return value if isinstance(value, str) else ""


def _first_line(error: object) -> str:
    return str(error or "").split("\n", 1)[0][:200]


def _broken(detail: str) -> Failure:
    return Failure(
        kind=FailureKind.BROKEN,
        message="The feed is broken and nothing could be read from it. Tell the publisher; we try again later.",
        detail=detail,
    )
