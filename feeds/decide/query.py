"""What a query is, and the one error that a wrong one raises. `parse` reads it; docs/filters.md teaches the language.

A query is a tree of frozen records. Every leaf keeps the words it was written with, so that an explanation can name
the part that decided. Pure.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from storage.errors import Misuse

KEPT = 300  #: characters of a query that is worth keeping: anybody can ask for thousands of long ones
LONGEST = 2_000  #: characters of a query
DEEPEST = 20  #: parentheses and NOTs within each other
MOST_TERMS = 200
LONGEST_PATTERN = 500  #: characters of a regular expression
REGEX_MEMORY = 2**20  #: bytes that a regular expression may take; RE2 refuses a greedier one


class QueryError(Misuse):
    """A query that cannot be read. `str()` is the whole message, with the place marked below the query."""

    def __init__(self, problem: str, column: int, query: str = "", hint: str = "") -> None:
        """`problem` says what is wrong, `hint` what would be right; `column` counts from 1 in `query`, after NFKC."""
        text = f"{problem} (column {column})"
        if query:
            text += f"\n{_shown(query, column)}"
        super().__init__(f"{text}\n{hint}" if hint else text)
        self.problem = problem
        self.column = column
        self.query = query
        self.hint = hint


def _shown(query: str, column: int) -> str:
    """The query (as much as fits a line) and a caret below the column; full-width letters take two places."""
    start = max(0, column - 1 - 40)
    piece = "".join(c if c.isprintable() else " " for c in query[start : start + 76])
    before = piece[: column - 1 - start]
    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in before)
    return f"  {piece}\n  {' ' * width}^"


class Where(StrEnum):
    """In which words of an item is looked."""

    ANY = "any"  # title or text
    TITLE = "title"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Words:
    """A word or phrase."""

    source: str  #: as it was written
    folded: str  #: as it is compared (storage/words.py)
    where: Where = Where.ANY
    prefix: bool = False  #: the last word may go on


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression in the syntax of RE2, without regard to case."""

    source: str
    pattern: str
    where: Where = Where.ANY


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field has one of these values. What the values are is told by feeds/decide/vocabulary.py."""

    source: str
    field: str
    values: frozenset[str]


Bound = date | int | None


@dataclass(frozen=True, slots=True)
class Between:
    """A number or day within one of these spans, both ends included; None: open."""

    source: str
    field: str  #: `edition`, `date` (of the meeting), `published` (of the report, in UTC)
    spans: tuple[tuple[Bound, Bound], ...]


@dataclass(frozen=True, slots=True)
class Age:
    """How long ago the item was published."""

    source: str
    seconds: int
    younger: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold; without parts: always."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the parts holds."""

    parts: tuple["Node", ...]


Leaf = Words | Pattern | OneOf | Between | Age
Node = Leaf | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read. Two are equal when they are written alike."""

    text: str
    root: Node = field(compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether it asks for everything."""
        return self.root == And(())

    def leaves(self) -> Iterator[Leaf]:
        """All conditions, in the order in which they were written."""
        return leaves(self.root)

    @property
    def is_about_facts(self) -> bool:
        """Whether all items of a story give the same answer, because only the meeting's facts are asked for."""
        return all(map(is_about_facts, self.leaves()))

    @property
    def depends_on_now(self) -> bool:
        """Whether its matches change while nothing is written."""
        return any(isinstance(leaf, Age) for leaf in self.leaves())


def is_about_facts(leaf: Leaf) -> bool:
    """Whether only the meeting's facts decide about a condition."""
    if isinstance(leaf, OneOf):
        of_items = {"source", "lang", "trust", "topic"}
        return leaf.field not in of_items and not leaf.values & {"uncertain", "text", "topic"}
    return isinstance(leaf, Between) and leaf.field != "published"


def leaves(node: Node) -> Iterator[Leaf]:
    """All conditions of a part."""
    if isinstance(node, Not):
        yield from leaves(node.part)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from leaves(part)
    else:
        yield node


def parse(text: str) -> Query:
    """Read a query. Raises `QueryError` with the column, a caret and what would be right.

    The same text is read once; what it says is compared after NFKC, so full-width letters are as good as narrow ones.
    """
    return _parse_once(text) if len(text) <= KEPT else _parse(text)


def _parse(text: str) -> Query:
    from feeds.decide.reading import read  # noqa: PLC0415  the grammar is built on first use only

    return Query(text=text, root=read(text))


_parse_once = lru_cache(maxsize=4096)(_parse)
