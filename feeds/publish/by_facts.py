"""What conditions on the facts of meetings find, from memory. Pure.

Meetings are many, but what they say in one field is little: each condition is held against the different values of its
field, not against each meeting. What a query asks beside facts is left to the archive, which then need not look at
any other meeting.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from feeds.decide.filters import condition
from feeds.decide.query import And, Between, Leaf, Node, Not, OneOf, Or, Query, is_about_facts, leaves
from feeds.decide.subject import Subject
from feeds.publish.almanac import Almanac
from storage.model import MeetingFacts, Principal

MOST = 60  #: conditions of a query; what has more goes the way that has a budget
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  #: no condition that is asked here looks at it


def find_by_facts(almanac: Almanac, query: Query) -> tuple[int, ...] | None:
    """The meetings that match, by their numbers, newest first; None: words, sources or ages decide as well."""
    if not query.is_about_facts or _too_long(query):
        return None
    return tuple(sorted(_matching(almanac, query.root), reverse=True))


def only_among(almanac: Almanac, query: Query) -> frozenset[int] | None:
    """The only meetings that can match, by what the query asks of facts; None: it asks nothing that must hold."""
    parts = query.root.parts if isinstance(query.root, And) else (query.root,)
    sure = tuple(part for part in parts if all(map(is_about_facts, leaves(part))))
    if not sure or _too_long(query):
        return None
    return frozenset(_matching(almanac, And(sure)))


def _too_long(query: Query) -> bool:
    return sum(1 for _ in query.leaves()) > MOST


def _matching(almanac: Almanac, node: Node) -> set[int]:
    if isinstance(node, Not):
        return set(_all(almanac) - _matching(almanac, node.part))
    if isinstance(node, Or):
        return set[int]().union(*(_matching(almanac, part) for part in node.parts))
    if isinstance(node, And):
        found = [_matching(almanac, part) for part in node.parts]
        return set.intersection(*found) if found else set(_all(almanac))
    return _holding(almanac, node)


def _all(almanac: Almanac) -> frozenset[int]:
    if "numbers" not in almanac.kept:
        almanac.kept["numbers"] = frozenset(line.story_id for line in almanac.lines)
    known: frozenset[int] = almanac.kept["numbers"]
    return known


def _holding(almanac: Almanac, leaf: Leaf) -> set[int]:
    holds = condition(leaf)
    return set[int]().union(*(group.numbers for group in _groups(almanac, leaf) if holds(group.subject)))


@dataclass(frozen=True, slots=True)
class _Group:
    """The meetings that say the same in a field."""

    subject: Subject
    numbers: list[int] = field(default_factory=list)


def _groups(almanac: Almanac, leaf: Leaf) -> Iterator[_Group]:
    assert isinstance(leaf, OneOf | Between)
    kept: dict[str, dict[Hashable, _Group]] = almanac.kept.setdefault("by_facts", {})
    if leaf.field not in kept:
        each = _EACH.get(leaf.field)
        if leaf.field == "country":
            kept[leaf.field] = _by_country(almanac)
        else:
            kept[leaf.field] = _by_principal(almanac, each) if each else _grouped(almanac, _KEYS[leaf.field])
    yield from kept[leaf.field].values()


def _grouped(almanac: Almanac, key_of: Callable[[MeetingFacts], Hashable]) -> dict[Hashable, _Group]:
    found: dict[Hashable, _Group] = {}
    for line in almanac.lines:
        key = key_of(line.facts)
        group = found.get(key)
        if group is None:
            group = found[key] = _Group(_subject(line.facts))
        group.numbers.append(line.story_id)
    return found


def _by_country(almanac: Almanac) -> dict[Hashable, _Group]:
    """One group for each country; the almanac has its meetings already."""
    return {
        code: _Group(_subject(replace(lines[0].facts, countries=(code,))), [line.story_id for line in lines])
        for code, lines in almanac.by_country.items()
    }


def _by_principal(almanac: Almanac, part_of: Callable[[Principal], Hashable]) -> dict[Hashable, _Group]:
    """The groups of a field of which each principal says something: one for each thing that is said.

    The same person is one record in many meetings, so that few are looked at.
    """
    numbers: dict[int, tuple[Principal, MeetingFacts, list[int]]] = {}
    for line in almanac.lines:
        for one in line.facts.principals:
            known = numbers.get(id(one))
            if known is None:
                numbers[id(one)] = one, line.facts, [line.story_id]
            else:
                known[2].append(line.story_id)
    found: dict[Hashable, _Group] = {}
    for principal, facts, where in numbers.values():
        part = part_of(principal)
        if part not in found:
            found[part] = _Group(_subject(replace(facts, principals=(principal,))))
        found[part].numbers.extend(where)
    return found


def _subject(facts: MeetingFacts) -> Subject:
    return Subject(title="", reported_at=_SOME_DAY, now=_SOME_DAY, facts=facts)


def _presence(facts: MeetingFacts) -> tuple[bool, ...]:
    """Which facts are known, as `has:` asks."""
    known: tuple[Any, ...] = (
        facts.starts_on, facts.city, facts.country, facts.venue, facts.outcomes, facts.principals, facts.series,
        facts.edition,
    )  # fmt: skip
    return tuple(map(bool, known))


#: What decides about a condition on a field: meetings that are alike in it give the same answer.
_KEYS: dict[str, Callable[[MeetingFacts], Hashable]] = {
    "is": lambda _facts: None,
    "has": _presence,
    "series": lambda facts: facts.series,
    "city": lambda facts: facts.city,
    "kind": lambda facts: facts.kind,
    "level": lambda facts: facts.level,
    "format": lambda facts: facts.format,
    "phase": lambda facts: facts.phase,
    "date": lambda facts: (facts.starts_on, facts.ends_on),
    "edition": lambda facts: facts.edition,
}

#: Fields of which each principal says something: people are few, their combinations are many.
_EACH: dict[str, Callable[[Principal], Hashable]] = {
    "minister": lambda one: (one.name, one.name_ja),
    "office": lambda one: one.office,
}
