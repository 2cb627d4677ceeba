"""What a filter's query means for a meeting.

A query is a row of `field:value` terms that must all hold; the empty query matches every item. Values of one field
may be given as a list: `country:JP,AU`. Fields: `is` (only `meeting`), `level`, `kind`, `format`, `phase`, `series`,
`country`. Pure.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from storage.errors import KaigiError
from storage.model import MeetingFacts


class QueryError(KaigiError):
    """A query that cannot be read. `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        """`message` says what is wrong and what would be right."""
        super().__init__(f"{message} (column {column})")
        self.column = column


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One condition: the field must have one of the values."""

    field: str
    values: frozenset[str]


Query = tuple[Term, ...]

_FIELDS: dict[str, Callable[[MeetingFacts], set[str]]] = {
    "is": lambda _: {"meeting"},
    "level": lambda facts: {facts.level},
    "kind": lambda facts: {facts.kind},
    "format": lambda facts: {facts.format},
    "phase": lambda facts: {facts.phase},
    "series": lambda facts: {facts.series or ""},
    "country": lambda facts: {code.lower() for code in facts.countries},
}


def parse_query(text: str) -> Query:
    """Read a query. Raises `QueryError` that names the column and what would be right."""
    terms: list[Term] = []
    column = 1
    for word in unicodedata.normalize("NFKC", text).split(" "):
        if word:
            terms.append(_term(word, column))
        column += len(word) + 1
    return tuple(terms)


def _term(word: str, column: int) -> Term:
    field, colon, values = word.partition(":")
    if not colon or field not in _FIELDS:
        raise QueryError(f"{word!r} is not a condition; write field:value with one of: {', '.join(_FIELDS)}", column)
    wanted = frozenset(value.lower() for value in values.split(",") if value)
    if not wanted:
        raise QueryError(f"{field}: needs a value, such as level:minister", column + len(field) + 1)
    return Term(field=field, values=wanted)


def matches(query: Query, facts: MeetingFacts) -> bool:
    """Whether a meeting with these facts is among what the query asks for."""
    return all(_FIELDS[term.field](facts) & term.values for term in query)
