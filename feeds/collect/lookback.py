"""A list page as it is now, remembered for the day on which its rules find nothing any more. Pure."""

import zlib
from datetime import datetime

from feeds.observed import Fetched, ParsedFeed
from storage.model import PageSnapshot, SourceDefinition, SourceKind

MAX_BODY = 512 * 1024  #: bytes of the document that are kept, before compression
MAX_ITEMS = 10


def remembered(parsed: ParsedFeed, answer: Fetched, definition: SourceDefinition, now: datetime) -> PageSnapshot | None:
    """What to keep of a list page that was just read; None for all other documents."""
    if definition.kind is not SourceKind.PAGE or not parsed.entries:
        return None
    return PageSnapshot(
        taken_at=now,
        found=len(parsed.entries),
        items=tuple((entry.title, entry.url or "") for entry in parsed.entries[:MAX_ITEMS]),
        body=zlib.compress(answer.body[:MAX_BODY], 6),
    )
