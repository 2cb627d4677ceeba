"""The judge of the public suites: what feedparser finds, asked in a process that can be killed."""

import io
from dataclasses import fields
from datetime import datetime
from typing import Any

import feedparser

from feeds.collect.feed import as_text, read_carefully, read_quickly
from feeds.observed import Failure, Fetched, ParsedFeed
from storage.model import SourceDefinition


def count(body: bytes, content_type: str | None) -> int:
    """The entries that feedparser finds, as it comes: with its own decoding, sanitising and link resolving."""
    headers = {"content-type": content_type} if content_type else {}
    return len(feedparser.parse(io.BytesIO(body), response_headers=headers).entries)


def disagreement(fetched: Fetched, definition: SourceDefinition, now: datetime) -> tuple[str, ...] | None:
    """The fields in which the fast reader and feedparser differ; None when the fast reader leaves the document."""
    text, _ = as_text(fetched)
    quick = read_quickly(text, fetched.url, definition, now)
    return None if quick is None else tuple(differing(quick, read_carefully(text, fetched.url, definition, now)))


def differing(quick: ParsedFeed, careful: ParsedFeed | Failure) -> list[str]:
    """Names the fields of the feed, and of its entries, that are not the same."""
    if isinstance(careful, Failure):
        return [f"feedparser fails: {careful.detail}"]
    if len(quick.entries) != len(careful.entries):
        return [f"{len(quick.entries)} entries, feedparser finds {len(careful.entries)}"]
    pairs: list[tuple[str, Any, Any]] = [("feed", quick, careful)]
    pairs += [(f"entry {n}", *pair) for n, pair in enumerate(zip(quick.entries, careful.entries, strict=True))]
    return [
        f"{what}.{field.name}: {getattr(ours, field.name)!r} for {getattr(theirs, field.name)!r}"
        for what, ours, theirs in pairs
        for field in fields(ours)
        if field.name != "entries" and getattr(ours, field.name) != getattr(theirs, field.name)
    ]
