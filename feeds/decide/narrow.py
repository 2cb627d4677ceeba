"""What SQL can look for on behalf of a query: a plan that lets through all that the query matches, and more. Pure.

Only what must hold for every match narrows: the parts of an AND, the words of an OR all of whose sides have words. A
NOT narrows nothing.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from feeds.decide.literals import needed
from feeds.decide.query import Age, And, Between, Leaf, Node, OneOf, Or, Pattern, Query, Words, leaves
from storage.plans import AnyOf, Days, Match, Only, Plan, Told, all_of
from storage.words import wanted

_ITEM_COLUMNS = {"lang": "language", "trust": "trust", "source": "source"}
_MEETING_COLUMNS = {"level", "kind", "format", "phase", "series"}
_OF_MEETING = _MEETING_COLUMNS | {"country", "city", "minister", "office"}


def narrow(query: Query, now: datetime) -> Plan:
    """The plan of a query; `now` is the moment for which ages are told."""
    must = list(_must(query.root))
    return Plan(
        match=_match(query.root),
        only=tuple(only for leaf in must if isinstance(leaf, OneOf) and (only := _only(leaf)) is not None),
        days=tuple(_days(leaf) for leaf in must if isinstance(leaf, Between) and leaf.field == "date"),
        told=tuple(_told(must, now)),
        meetings=any(map(_needs_meeting, must)),
    )


def about_words(query: Query) -> Query | None:
    """A query that lets through all that this one matches and looks at words only; None: it asks for no words.

    It can be held against title and text alone, which are read in a quarter of the time of a whole item.
    """
    parts = query.root.parts if isinstance(query.root, And) else (query.root,)
    kept = tuple(part for part in parts if all(isinstance(leaf, Words | Pattern) for leaf in leaves(part)))
    return Query(text=f"words of: {query.text}", root=And(kept)) if kept else None


def _must(node: Node) -> Iterator[Leaf]:
    """The conditions that hold for every match."""
    if isinstance(node, And):
        for part in node.parts:
            yield from _must(part)
    elif isinstance(node, Leaf):
        yield node


def _match(node: Node) -> Match | None:
    if isinstance(node, Words):
        return all_of(wanted(node.folded, prefix=node.prefix))
    if isinstance(node, Pattern):
        return all_of(needed(node.pattern))
    if isinstance(node, And):
        return all_of(match for part in node.parts if (match := _match(part)) is not None)
    if isinstance(node, Or):
        sides = [_match(part) for part in node.parts]
        known = tuple(side for side in sides if side is not None)
        return AnyOf(known) if len(known) == len(sides) else None
    return None


def _only(leaf: OneOf) -> Only | None:
    if leaf.field in _ITEM_COLUMNS:
        return Only(_ITEM_COLUMNS[leaf.field], leaf.values)
    if leaf.field in _MEETING_COLUMNS:
        return Only(leaf.field, leaf.values)
    if leaf.field == "is" and leaf.values == {"uncertain"}:
        return Only("verdict", leaf.values)
    return None


def _needs_meeting(leaf: Leaf) -> bool:
    if isinstance(leaf, OneOf):
        items_have = {"text", "topic"}
        return (
            leaf.field in _OF_MEETING
            or (leaf.field == "is" and leaf.values == {"meeting"})
            or (leaf.field == "has" and not leaf.values & items_have)
        )
    return isinstance(leaf, Between) and leaf.field in ("date", "edition")


def _days(leaf: Between) -> Days:
    """The span around all spans."""
    firsts, lasts = [first for first, _ in leaf.spans], [last for _, last in leaf.spans]
    return Days(
        None if None in firsts else min(d for d in firsts if isinstance(d, date)),
        None if None in lasts else max(d for d in lasts if isinstance(d, date)),
    )


def _told(must: list[Leaf], now: datetime) -> Iterator[Told]:
    for leaf in must:
        if isinstance(leaf, Age):
            moment = now - timedelta(seconds=leaf.seconds)  # at most 99,999 weeks, so in the year 100 or later
            # The microsecond keeps what is exactly as old on the side of the matcher.
            yield Told(moment, None) if leaf.younger else Told(None, moment + timedelta(microseconds=1))
        elif isinstance(leaf, Between) and leaf.field == "published":
            around = _days(leaf)
            yield Told(_midnight(around.first), _midnight(around.last and around.last + timedelta(days=1)))


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)
