"""Reads a query: lark's LALR parser takes it apart, `_Builder` makes the tree and checks each value.

The parser goes without recursion and builds while it reads, so no query can exhaust the stack; length, depth, number
of terms and patterns have limits. Regular expressions are RE2's, which take time in proportion to the text. Pure.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeVar

import re2
from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken, v_args
from lark.exceptions import UnexpectedInput

from feeds.decide.query import (
    DEEPEST,
    LONGEST,
    LONGEST_PATTERN,
    MOST_TERMS,
    REGEX_MEMORY,
    Age,
    And,
    Between,
    Node,
    Not,
    OneOf,
    Or,
    Pattern,
    QueryError,
    Where,
    Words,
)
from feeds.decide.spans import Days, SpanError, age, days, numbers, since, until
from feeds.decide.vocabulary import FIELDS, TEXT_FIELDS, nearest, resolve, values
from storage.words import comparable, plain

_GRAMMAR = r"""
?start: either
?either: every (OR every)*
?every: part (AND? part)*
?part: NOT part -> negated
     | MINUS part -> negated
     | LPAR either RPAR -> group
     | FIELD value (_COMMA value)* -> condition
     | WORD -> word
     | PHRASE -> word
     | REGEX -> word
?value: VALUE | PHRASE | REGEX

OR.5: /OR(?=[\s(")]|$)/
AND.5: /AND(?=[\s(")]|$)/
NOT.5: /NOT(?=[\s(")]|$)/
MINUS.4: /-(?=[^\s)])/
FIELD.3: /[A-Za-z][A-Za-z_-]*:(?!\/\/)/
PHRASE.3: /"[^"]*"\*?/
REGEX.3: /\/(?:\\.|[^\/\\])+\/i?(?=[\s),]|$)/
WORD: /(?![-\/,])[^\s()"]+/
VALUE: /(?!\/)[^\s()",]+/
_COMMA.6: ","
LPAR: "("
RPAR: ")"
%import common.WS
%ignore WS
"""

T = TypeVar("T")

#: Quotes of all kinds are quotes; halves of characters are no text.
_QUOTES = str.maketrans(dict.fromkeys("“”„「」『』", '"') | dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))
_AS_A_WORD = "To look for the word itself, put it in quotes."
_EDGES = ",.;:、。,;"  #: punctuation that clings to a bare word


def read(text: str) -> Node:
    """The tree of a query. Raises `QueryError`."""
    query = _normal(text)
    if len(query) > LONGEST:
        raise QueryError(
            f"The query has {len(query):,} characters; {LONGEST:,} is the most.", LONGEST + 1, hint="Make it shorter."
        )
    try:
        return _root(_parser().parse(query)) if query.strip() else And(())
    except UnexpectedInput as error:
        raise _explained(error, query) from None
    except _Wrong as error:
        raise QueryError(error.problem, error.column, query, error.hint) from None


def _root(part: Any) -> Node:
    """lark's types do not know that the builder answers."""
    node: Node = part.node
    return node


def _normal(text: str) -> str:
    """In one form, with one space for each space, so that columns are those of what was typed."""
    return unicodedata.normalize("NFKC", re.sub(r"[\s\x00-\x1f\x7f]", " ", text)).translate(_QUOTES)


class _Wrong(Exception):
    """A value of the query cannot be used; `at` is a token of it, or a column."""

    def __init__(self, problem: str, at: Token | int, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.column = at if isinstance(at, int) else (at.start_pos or 0) + 1


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the tree while it is built, with what the limits are about."""

    node: Node
    height: int = 0
    terms: int = 1


@v_args(inline=True)
class _Builder(Transformer[Token, _Part]):
    """Makes the tree while the parser reads."""

    def word(self, token: Token) -> _Part:
        if token in ("AND", "OR"):
            raise _Wrong(f"{token} stands between two conditions", token, _AS_A_WORD)
        return _Part(_text_leaf(str(token), token, Where.ANY))

    def condition(self, field: Token, *wanted: Token) -> _Part:
        return _Part(_condition(field, wanted), terms=len(wanted))

    def negated(self, sign: Token, part: _Part) -> _Part:
        node = part.node.part if isinstance(part.node, Not) else Not(part.node)
        return _higher(part, node, sign)

    def group(self, opening: Token, part: _Part, _closing: Token) -> _Part:
        return _higher(part, part.node, opening)

    def every(self, *parts: Any) -> _Part:
        return _joined(And, [part for part in parts if isinstance(part, _Part)])

    def either(self, *parts: Any) -> _Part:
        return _joined(Or, [part for part in parts if isinstance(part, _Part)])


def _higher(part: _Part, node: Node, at: Token) -> _Part:
    if part.height >= DEEPEST:
        raise _Wrong(f"More than {DEEPEST} parentheses and NOTs are within each other", at)
    return _Part(node, part.height + 1, part.terms)


def _joined(kind: type[And] | type[Or], parts: list[_Part]) -> _Part:
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.node.parts if isinstance(part.node, kind) else [part.node])
    terms = sum(part.terms for part in parts)
    if terms > MOST_TERMS:
        raise _Wrong(f"The query has more than {MOST_TERMS} conditions", 1)
    return _Part(kind(tuple(flat)), max(part.height for part in parts), terms)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder(), maybe_placeholders=False)


def _condition(field: Token, wanted: Sequence[Token]) -> Node:
    name = str(field)[:-1].lower()
    if name not in FIELDS:
        near = nearest(name, FIELDS)
        raise _Wrong(
            f"{str(field)!r} is not a condition that Kaigi knows",
            field,
            f"Did you mean {near}: ?" if near else f"Fields are: {', '.join(sorted(FIELDS))}.",
        )
    pieces = [_Piece(token, name) for token in wanted]
    source = str(field) + ",".join(str(token) for token in wanted)
    if name in TEXT_FIELDS:
        found = tuple(_text_leaf(piece.written, piece.token, Where(name), str(field)) for piece in pieces)
        return found[0] if len(found) == 1 else Or(found)
    if name == "age":
        if len(pieces) > 1:
            raise _Wrong("age: takes one value", pieces[1].token)
        seconds, younger = pieces[0].span(age)
        return Age(source, seconds, younger)
    if name == "edition":
        return Between(source, name, tuple(piece.span(numbers) for piece in pieces))
    if name in _DAYS:
        read_days, meant = _DAYS[name]
        return Between(source, meant, tuple(piece.span(read_days) for piece in pieces))
    return OneOf(source, name, frozenset().union(*(piece.known() for piece in pieces)))


#: How the days of a field are read, and what they are days of.
_DAYS: dict[str, tuple[Callable[[str], Days], str]] = {
    "date": (days, "date"), "after": (since, "published"), "before": (until, "published"),
}  # fmt: skip


class _Piece:
    """One value of a condition."""

    def __init__(self, token: Token, field: str) -> None:
        self.token = token
        self.field = field
        self.written = str(token)
        if field not in TEXT_FIELDS and token.type == "REGEX":
            raise _Wrong(f"{field}: takes no regular expression", token, "Only words, title: and text: do.")

    @property
    def value(self) -> str:
        return self.written.strip('"').strip()

    def span(self, read_span: Callable[[str], T]) -> T:
        try:
            return read_span(self.value)
        except SpanError as error:
            raise _Wrong(f"{self.value!r} does not fit {self.field}:", self.token, str(error)) from None

    def known(self) -> frozenset[str]:
        folded = comparable(self.value)
        found = resolve(self.field, folded) if folded else None
        if found is not None:
            return found
        if not folded:
            raise _Wrong(f"{self.field}: needs a value", self.token)
        known = values(self.field)
        near = nearest(folded, known)
        short = sorted({value for group in known.values() for value in group})
        hint = f"Did you mean {near}?" if near else f"Values are: {', '.join(short)}." if len(short) < 15 else ""
        raise _Wrong(f"{self.field}: knows no {self.value!r}", self.token, hint)


def _text_leaf(written: str, token: Token, where: Where, field: str = "") -> Node:
    source = field + written
    if token.type == "REGEX":
        return Pattern(source, _checked(written, token), where)
    prefix = written.endswith("*")
    words = written.rstrip("*")
    words = words.strip('"') if token.type == "PHRASE" else words.strip(_EDGES) or words
    folded = comparable(words)
    if not any(character.isalnum() for character in folded):
        raise _Wrong(f"There is nothing to look for in {written}", token, "Write a word, or words in quotes.")
    return Words(source, folded, where, prefix)


def _checked(written: str, token: Token) -> str:
    pattern = plain(written.removesuffix("i").removeprefix("/").removesuffix("/").replace("\\/", "/"))
    if len(pattern) > LONGEST_PATTERN:
        raise _Wrong(f"The regular expression is longer than {LONGEST_PATTERN} characters", token)
    try:
        compiled(pattern)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error.args[0])
        raise _Wrong(
            f"The regular expression cannot be used: {said}",
            token,
            "The syntax is RE2's: no look-around, no back-references, no huge repeats.",
        ) from None
    return pattern


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """A regular expression, ready to search, without regard to case. Raises `re2.error`."""
    options = re2.Options()
    options.max_mem = REGEX_MEMORY
    options.log_errors = False
    options.case_sensitive = False
    return re2.compile(pattern, options)


def _explained(error: UnexpectedInput, query: str) -> QueryError:
    """What lark found, in words of people."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        column = (error.token.start_pos or 0) + 1
        problem, hint = _out_of_place(error.token, query)
    elif isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        column = at + 1
        problem, hint = _unreadable(query, at)
    else:
        column = len(query.rstrip()) + 1
        problem, hint = _cut_off(query.rstrip())
    return QueryError(problem, column, query, hint)


def _out_of_place(token: Token, query: str) -> tuple[str, str]:
    if token.type == "RPAR":
        return "This parenthesis closes nothing, or there is nothing in it", "Remove it, or open one before it."
    return _unreadable(query, token.start_pos or 0)


def _unreadable(query: str, at: int) -> tuple[str, str]:
    if query[at] == '"':
        return "This quote is never closed", 'Write "…" around a phrase.'
    if query[at] == "/":
        return "This regular expression is never closed", "Write /…/, or put the words in quotes."
    if query[at] in "-,":
        return f"{query[at]} belongs to the condition beside it", "Write -word, country:JP,AU, without a space."
    return f"{query[at]!r} is out of place here", "Put it in quotes to look for it."


def _cut_off(query: str) -> tuple[str, str]:
    if query.endswith(":"):
        name = query.rpartition(" ")[2]
        return f"{name} needs a value", "Write field:value, such as level:minister."
    if query.count("(") > query.count(")"):
        return "A parenthesis is still open", "Close it with )."
    return "The query breaks off", "Write a condition after this."
