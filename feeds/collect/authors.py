"""Keeps feedparser from looking for an e-mail address in an author field that is far too long for one.

It does so with a pattern whose time grows with the square of the field's length (feedparser issue 562, still in
6.0.14): 32 kB take seconds, 1 MB takes hours. It runs for every element that names a person, in any namespace, in the
strict and in the loose parser; the one place where all of them meet is a method of the parser class, so it is bounded
there. Nothing is lost: a long field stays as it is and is cut later like any other text (`normalise.MAX_AUTHOR`).
"""

from typing import Any

from feedparser.mixin import _FeedParserMixin

MAX_SEARCHED = 300  #: characters; less than a millisecond

_original = _FeedParserMixin._sync_author_detail


def bound_author_search() -> None:
    """Make it so, in this process, for every later call of `feedparser.parse`. May be called more than once."""
    _FeedParserMixin._sync_author_detail = _sync_author_detail


def _sync_author_detail(self: Any, key: str = "author") -> None:
    context = self._get_context()
    written = context.get(key)
    is_searched = not context.get(f"{key}s", [None])[-1]  # else the name and address came in elements of their own
    if not (is_searched and isinstance(written, str) and len(written) > MAX_SEARCHED):
        _original(self, key)
