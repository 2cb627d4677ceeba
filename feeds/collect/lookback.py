"""A list page as it is now, remembered for the day on which its rules find nothing any more. Pure."""

import zlib
from datetime import datetime

from feeds.collect.page import read_tree
from feeds.observed import Failure, Fetched, ParsedFeed
from storage.model import PageRules, PageSnapshot, SourceDefinition, SourceKind

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


def matched(body: bytes, rules: PageRules) -> dict[str, int]:
    """How many elements of a page each selector for its list fits. Runs in the worker process."""
    tree = read_tree(Fetched(url="", body=body))
    if isinstance(tree, Failure):
        return {}
    named = {name: getattr(rules, name) for name in ("item", "link", "title", "date")}
    return {name: len(tree.css(selector)) for name, selector in named.items() if selector}


def matched_then(snapshot: PageSnapshot, rules: PageRules) -> dict[str, int]:
    """The same for the page as it was."""
    return matched(zlib.decompress(snapshot.body), rules) if snapshot.body else {}
