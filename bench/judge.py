"""The judge of the public suites: how many entries feedparser finds, asked in a process that can be killed."""

import io

import feedparser


def count(body: bytes, content_type: str | None) -> int:
    """The entries that feedparser finds, as it comes: with its own decoding, sanitising and link resolving."""
    headers = {"content-type": content_type} if content_type else {}
    return len(feedparser.parse(io.BytesIO(body), response_headers=headers).entries)
