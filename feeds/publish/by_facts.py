"""What a query finds, from memory, where the facts of meetings decide alone. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from feeds.decide.filters import matches
from feeds.decide.query import And, Between, Leaf, Node, Not, OneOf, Or, Query
from feeds.decide.subject import Subject
from feeds.publish.almanac import Almanac, Line

_FACTS = frozenset({"country", "series", "city", "kind", "level", "format", "phase", "minister", "office"})
_SPANS = frozenset({"date", "edition"})
_MOST = 128  #: queries whose finds are kept with an almanac
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  #: no condition that is asked here looks at it


def find_by_facts(almanac: Almanac, query: Query) -> tuple[int, ...] | None:
    """The meetings that match, by their numbers, newest first; None: words, sources or ages decide as well."""
    if not all(_is_fact(leaf) for leaf in _leaves(query.root)):
        return None
    kept: dict[str, tuple[int, ...]] = almanac.kept.setdefault("by_facts", {})
    if query.text not in kept:
        if len(kept) >= _MOST:
            kept.clear()
        found = (line.story_id for line in almanac.lines if matches(query, _subject(line)))
        kept[query.text] = tuple(sorted(found, reverse=True))
    return kept[query.text]


def _subject(line: Line) -> Subject:
    return Subject(title="", reported_at=_SOME_DAY, now=_SOME_DAY, facts=line.facts)


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from _leaves(part)
    elif isinstance(node, Not):
        yield from _leaves(node.part)
    else:
        yield node


def _is_fact(leaf: Leaf) -> bool:
    if isinstance(leaf, Between):
        return leaf.field in _SPANS
    if not isinstance(leaf, OneOf):
        return False
    return leaf.field in _FACTS or (leaf.field == "is" and leaf.values == {"meeting"})
