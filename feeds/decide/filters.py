"""Whether an item is among what a query asks for, and which part of the query decided. Pure.

This matcher is the judge: SQL only narrows what is shown to it. A query is turned into nested functions once, so that
a thousand filters can be held against an item in a few milliseconds.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache, partial

from feeds.decide.literals import spelled
from feeds.decide.query import KEPT, Age, And, Between, Leaf, Node, Not, OneOf, Or, Pattern, Query, Where, Words
from feeds.decide.reading import compiled
from feeds.decide.subject import Subject
from storage.model import MeetingFacts
from storage.plans import names_source
from storage.words import comparable, is_letter

Test = Callable[[Subject], bool]

_AROUND = 20  #: characters shown on each side of what was found


@dataclass(frozen=True, slots=True)
class Part:
    """A condition of a query that decided, as it was written, and what it met."""

    source: str
    held: bool
    where: str = ""  #: `title`, `text`, or the field
    quote: str = ""  #: the words that it found, or the value of the field


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a query matches, and the conditions that settle it: all that held, or one that failed."""

    matched: bool
    parts: tuple[Part, ...] = ()


def matches(query: Query, subject: Subject) -> bool:
    """Whether the item, seen with the facts of its story's meeting, is among what the query asks for. Never raises."""
    return _test_of(query)(subject)


def matches_any(query: Query, subjects: Iterable[Subject]) -> bool:
    """Whether a story belongs to the query: one of its items matches."""
    test = _test_of(query)
    return any(test(subject) for subject in subjects)


def explain_match(query: Query, subject: Subject) -> Decision:
    """The same answer as `matches`, with the parts of the query that decide it."""
    return _explained(query.root, subject)


def both(query: Query, other: Query) -> Query:
    """The query that asks for what both ask for."""
    return Query(text=f"({query.text}) AND ({other.text})", root=And((query.root, other.root)))


def without(query: Query, blocked: Iterable[Query]) -> Query:
    """The query without what the block rules hide."""
    rules = tuple(blocked)
    if not rules:
        return query
    words = " OR ".join(f"({rule.text})" for rule in rules)
    return Query(text=f"({query.text}) AND NOT ({words})", root=And((query.root, *(Not(r.root) for r in rules))))


def condition(leaf: Leaf) -> Test:
    """The test of one condition. Unlike those in a query, it leaves nothing behind in the subject."""
    return _new_test(leaf)


def _test_of(query: Query) -> Test:
    return _kept_test(query) if len(query.text) <= KEPT else _test(query.root)


@lru_cache(maxsize=8192)
def _kept_test(query: Query) -> Test:
    return _test(query.root)


def _test(node: Node) -> Test:
    if isinstance(node, And | Or):
        return _test_all(node)
    if isinstance(node, Not):
        inner = _test(node.part)
        return lambda subject: not inner(subject)
    return _leaf_test(node)


@lru_cache(maxsize=8192)
def _leaf_test(node: Leaf) -> Test:
    """The test of a condition. Filters share conditions, so a subject remembers the answers."""
    test, number = _new_test(node), next(_numbers)

    def ask(subject: Subject) -> bool:
        known = subject.answers
        answer = known.get(number)
        if answer is None:
            answer = known[number] = test(subject)
        return answer

    return ask


_numbers = itertools.count()


def _new_test(node: Leaf) -> Test:
    if isinstance(node, Words):
        return _test_words(node)
    if isinstance(node, OneOf):
        return _test_one_of(node)
    if isinstance(node, Pattern):
        return lambda subject: _find_pattern(node, subject) is not None
    return partial(_is_between, node) if isinstance(node, Between) else partial(_is_of_age, node)


def _test_all(node: And | Or) -> Test:
    """Conditions on fields cost less than looking for words, so they are asked first."""
    tests = [_test(part) for part in sorted(node.parts, key=_cost)]
    if isinstance(node, And):

        def every(subject: Subject) -> bool:
            for test in tests:  # noqa: SIM110  a generator would cost more than the tests
                if not test(subject):
                    return False
            return True

        return every

    def some(subject: Subject) -> bool:
        for test in tests:  # noqa: SIM110
            if test(subject):
                return True
        return False

    return some


def _cost(node: Node) -> int:
    if isinstance(node, Words):
        return 2
    if isinstance(node, Pattern):
        return 3
    if isinstance(node, Not):
        return _cost(node.part)
    return max(map(_cost, node.parts), default=0) if isinstance(node, And | Or) else 1


# ------------------------------------------------------------------------------------------------------- words


def _test_words(node: Words) -> Test:
    find = _finder(node)
    if node.where is Where.TITLE:
        return lambda subject: find(subject.folded_title) >= 0
    if node.where is Where.TEXT:
        return lambda subject: find(subject.folded_text) >= 0
    return lambda subject: find(subject.folded_title) >= 0 or find(subject.folded_text) >= 0


@lru_cache(maxsize=8192)
def _finder(node: Words) -> Callable[[str], int]:
    """Finds the words in a folded text: in part where words run on, whole where they are letters. -1: not there."""
    words = node.folded
    starts = is_letter(words[0])
    ends = is_letter(words[-1]) and not node.prefix
    if not starts and not ends:
        return lambda text: text.find(words)

    def find(text: str) -> int:
        at = text.find(words)
        while at >= 0:
            end = at + len(words)
            runs_on = (starts and at > 0 and is_letter(text[at - 1])) or (
                ends and end < len(text) and is_letter(text[end])
            )
            if not runs_on:
                return at
            at = text.find(words, at + 1)
        return -1

    return find


def _find_pattern(node: Pattern, subject: Subject) -> tuple[str, int, int] | None:
    """Where the expression is found: field and span."""
    expression, sure = compiled(node.pattern), spelled(node.pattern)
    for name, text, folded in _texts(node.where, subject):
        if sure and not any(piece in folded for piece in sure):
            continue
        match = expression.search(text)
        if match is not None:
            return name, *match.span()
    return None


def _texts(where: Where, subject: Subject) -> Iterable[tuple[str, str, str]]:
    """The name of a field, its words in one form, and folded."""
    if where is not Where.TEXT:
        yield "title", subject.plain_title, subject.folded_title
    if where is not Where.TITLE:
        yield "text", subject.plain_text, subject.folded_text


# ------------------------------------------------------------------------------------------------------ fields


def _of_facts(read: Callable[[MeetingFacts], Iterable[str | None]]) -> Callable[[Subject], Iterable[str | None]]:
    return lambda subject: read(subject.facts) if subject.facts is not None else ()


def _kinds(subject: Subject) -> Iterable[str]:
    if subject.facts is not None:
        yield "meeting"
    if subject.verdict == "uncertain":
        yield "uncertain"


def _present(subject: Subject) -> Iterable[str]:
    if subject.text:
        yield "text"
    if subject.categories:
        yield "topic"
    facts = subject.facts
    if facts is None:
        return
    known = {
        "date": facts.starts_on, "place": facts.city or facts.country or facts.venue, "city": facts.city,
        "venue": facts.venue, "outcome": facts.outcomes, "minister": facts.principals, "series": facts.series,
        "edition": facts.edition,
    }  # fmt: skip
    yield from (name for name, value in known.items() if value)


#: What an item has in a field. Values are compared whole.
_VALUES: dict[str, Callable[[Subject], Iterable[str | None]]] = {
    "lang": lambda subject: (subject.language.partition("-")[0].lower(),),
    "trust": lambda subject: (subject.trust,),
    "is": _kinds,
    "has": _present,
    "country": _of_facts(lambda facts: facts.countries),
    "series": _of_facts(lambda facts: (facts.series,)),
    "city": _of_facts(lambda facts: (facts.city,)),
    "kind": _of_facts(lambda facts: (facts.kind,)),
    "level": _of_facts(lambda facts: (facts.level,)),
    "format": _of_facts(lambda facts: (facts.format,)),
    "phase": _of_facts(lambda facts: (facts.phase,)),
}


_SINGLE_FACTS = frozenset({"series", "city", "kind", "level", "format", "phase"})


def _test_one_of(node: OneOf) -> Test:
    values, name = node.values, node.field
    if name in _SINGLE_FACTS:
        return lambda subject: subject.facts is not None and getattr(subject.facts, name) in values
    if node.field in _VALUES:
        read = _VALUES[node.field]
        return lambda subject: not values.isdisjoint(read(subject))
    if node.field == "source":
        return lambda subject: any(names_source(value, subject.source_key, subject.source_name) for value in values)
    return lambda subject: any(value in name for name in _names(node.field, subject) for value in values)


def _names(field: str, subject: Subject) -> Iterable[str]:
    """The folded names in a field, a part of which is enough."""
    if field == "topic":
        return subject.topics
    if subject.facts is None:
        return ()
    principals = subject.facts.principals
    if field == "office":
        return [_folded(p.office) for p in principals if p.office]
    return [_folded(name) for p in principals for name in (p.name, p.name_ja) if name]


#: Names and offices are few and come again and again.
_folded = lru_cache(maxsize=20_000)(comparable)


def _is_between(node: Between, subject: Subject) -> bool:
    span = _span(node.field, subject)
    if span is None:
        return False
    first, last = span
    return any(
        (low is None or last >= low) and (high is None or first <= high)  # type: ignore[operator]  # of one kind
        for low, high in node.spans
    )


def _span(field: str, subject: Subject) -> tuple[date, date] | tuple[int, int] | None:
    if field == "published":
        day = subject.reported_at.astimezone(UTC).date()
        return day, day
    facts = subject.facts
    if facts is None:
        return None
    if field == "edition":
        return None if facts.edition is None else (facts.edition, facts.edition)
    return None if facts.starts_on is None else (facts.starts_on, facts.ends_on or facts.starts_on)


def _is_of_age(node: Age, subject: Subject) -> bool:
    seconds = (subject.now - subject.reported_at).total_seconds()
    return seconds < node.seconds if node.younger else seconds > node.seconds


# ------------------------------------------------------------------------------------------------ explanations


def _explained(node: Node, subject: Subject) -> Decision:
    if isinstance(node, Not):
        inner = _explained(node.part, subject)
        return Decision(not inner.matched, tuple(_turned(part) for part in inner.parts))
    if isinstance(node, And | Or):
        settles = isinstance(node, Or)  # one part that holds settles an Or; one that fails settles an And
        every = [_explained(part, subject) for part in node.parts]
        for one in every:
            if one.matched is settles:
                return one
        return Decision(not settles, tuple(part for one in every for part in one.parts))
    part = _met(node, subject)
    return Decision(part.held, (part,))


def _turned(part: Part) -> Part:
    source = part.source.removeprefix("-") if part.source.startswith("-") else f"-{part.source}"
    return Part(source, not part.held, part.where, part.quote)


def _met(node: Leaf, subject: Subject) -> Part:
    if isinstance(node, Words):
        return _met_words(node, subject)
    if isinstance(node, Pattern):
        found = _find_pattern(node, subject)
        if found is None:
            return Part(node.source, held=False)
        where, start, end = found
        text = subject.plain_title if where == "title" else subject.plain_text
        return Part(node.source, True, where, _quote(text, start, end))
    if isinstance(node, OneOf):
        seen = _VALUES[node.field](subject) if node.field in _VALUES else _seen_names(node.field, subject)
        return Part(node.source, _test(node)(subject), node.field, ", ".join(filter(None, seen)))
    if isinstance(node, Between):
        span = _span(node.field, subject)
        shown = "" if span is None else str(span[0]) if span[0] == span[1] else f"{span[0]}..{span[1]}"
        return Part(node.source, _is_between(node, subject), node.field, shown)
    return Part(node.source, _is_of_age(node, subject), "published", _moment(subject.reported_at))


def _met_words(node: Words, subject: Subject) -> Part:
    find = _finder(node)
    for where, text, folded in _texts(node.where, subject):
        at = find(folded)
        if at >= 0:
            return Part(node.source, True, where, _quote(text, at, at + len(node.folded)))
    return Part(node.source, held=False)


def _seen_names(field: str, subject: Subject) -> Iterable[str]:
    return (subject.source_key,) if field == "source" else _names(field, subject)


def _quote(text: str, start: int, end: int) -> str:
    left, right = max(0, start - _AROUND), min(len(text), end + _AROUND)
    return f"{'…' if left else ''}{text[left:right]}{'…' if right < len(text) else ''}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
