"""A first look at title and text that settles most candidates of a search: what they must have is not there. Pure.

The matcher puts a text into one form before it compares, which costs ten times as much as looking for a few
characters. So the look is taken at the text as it is, and only where that gives the same answer: for characters without
capitals and accents in a text that is in NFKC already, and in texts of ASCII.
"""

import unicodedata
from collections.abc import Callable, Iterator

from feeds.decide.literals import spelled
from feeds.decide.query import And, Node, Pattern, Query, Words

#: What other characters are turned into when a text is put into one form.
_MADE = frozenset("'\"-\ufffd")


def glance(query: Query) -> Callable[[str, str], bool]:
    """Tells of a title and a text whether they may match; False is sure."""
    rows = tuple(ways for ways in map(_plain_ways, _sure(query.root)) if ways)
    plain = tuple(ways for ways in rows if all(map(_has_one_form, ways)))

    def may_match(title: str, text: str) -> bool:
        words = f"{title}\n{text}"
        if words.isascii():
            words, wanted = words.lower(), rows
        elif unicodedata.is_normalized("NFKC", words):
            wanted = plain
        else:
            return True
        return all(any(way in words for way in ways) for ways in wanted)

    return may_match if rows else lambda _title, _text: True


def _sure(node: Node) -> Iterator[tuple[str, ...]]:
    """Rows of folded characters, one of each of which every match has; those of patterns first, they are rarer."""
    if isinstance(node, Pattern):
        yield spelled(node.pattern)
    elif isinstance(node, Words):
        yield (node.folded,)
    elif isinstance(node, And):
        for part in sorted(node.parts, key=lambda part: isinstance(part, Words)):
            yield from _sure(part)


def _plain_ways(ways: tuple[str, ...]) -> tuple[str, ...]:
    """The longest part of each that has no space; nothing if one of them has none, or may come from other signs."""
    parts = tuple(max(way.split(), key=len, default="") for way in ways)
    return parts if all(part and _MADE.isdisjoint(part) for part in parts) else ()


def _has_one_form(way: str) -> bool:
    return all(not (c.isascii() and c.isalpha()) and c.lower() == c == c.upper() for c in way)
