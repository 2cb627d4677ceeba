"""feedparser without two of its costs. Call `tame` once in a process that parses; calling it again changes nothing.

**It looks for an e-mail address in author fields** with a pattern whose time grows with the square of the field's
length (feedparser issue 562, still in 6.0.14): 32 kB take seconds, 1 MB takes hours. It does so for every element that
names a person, in any namespace, in the strict and in the loose parser; the one place where all of them meet is a
method of the parser class, so it is bounded there. Nothing is lost: a long field stays as it is and is cut later like
any other text (`normalise.MAX_AUTHOR`).

**It joins the base address with itself** at every start tag, which is a third of its time for documents of many small
elements. The function is pure, so the last few answers are kept.
"""

from functools import lru_cache
from typing import Any

import feedparser.mixin

MAX_SEARCHED = 300  #: characters; less than a millisecond

_sync = feedparser.mixin._FeedParserMixin._sync_author_detail
_absolute = lru_cache(maxsize=16)(feedparser.mixin.make_safe_absolute_uri)


def tame() -> None:
    """Make it so, in this process, for every later call of `feedparser.parse`."""
    feedparser.mixin._FeedParserMixin._sync_author_detail = _sync_author_detail
    feedparser.mixin.make_safe_absolute_uri = _absolute


def _sync_author_detail(self: Any, key: str = "author") -> None:
    context = self._get_context()
    written = context.get(key)
    is_searched = not context.get(f"{key}s", [None])[-1]  # else the name and address came in elements of their own
    if not (is_searched and isinstance(written, str) and len(written) > MAX_SEARCHED):
        _sync(self, key)
