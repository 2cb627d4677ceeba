"""Which words of a report a search found: pieces of its title or text, the words marked. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from feeds.decide.query import And, Node, Not, Or, Query, Where, Words
from feeds.publish.plain import address, line
from storage.words import fold, is_letter, plain

AROUND = 45  #: characters of a text shown on each side
MOST = 3  #: reports shown of one meeting

Piece = tuple[str, bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A report that has the words."""

    source: str
    language: str
    url: str | None
    pieces: tuple[Piece, ...]


def hits(query: Query, rows: Iterable[Any]) -> tuple[Hit, ...]:
    """The reports among rows of storage/search.py that have a word of the query, titles first."""
    words = list(_words(query.root))
    if not words:
        return ()
    found: list[tuple[int, Hit]] = []
    for row in rows:
        for rank, where, text in ((0, Where.TITLE, row.title), (1, Where.TEXT, row.text)):
            shown = plain(line(text))
            spans = _spans([one for one in words if one.where in (where, Where.ANY)], shown)
            if spans:
                pieces = pieces_of(shown, spans) if rank == 0 else _excerpt(shown, spans)
                hit = Hit(source=line(row.source_name), language=row.language, url=address(row.url), pieces=pieces)
                found.append((rank, hit))
                break
    found.sort(key=lambda entry: entry[0])
    return tuple(hit for _, hit in found[:MOST])


def _words(node: Node) -> Iterator[Words]:
    """Words that are asked for; those behind a NOT are not."""
    if isinstance(node, Words):
        yield node
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from _words(part)
    elif isinstance(node, Not):
        return


def _spans(words: Iterable[Words], shown: str) -> list[tuple[int, int]]:
    folded = fold(shown)
    found: list[tuple[int, int]] = []
    for one in words:
        at = folded.find(one.folded)
        while at >= 0 and len(found) < 50:
            end = at + len(one.folded)
            if _stands_alone(one, folded, at, end):
                found.append((at, end))
            at = folded.find(one.folded, at + 1)
    return _apart(sorted(found))


def _stands_alone(one: Words, folded: str, start: int, end: int) -> bool:
    """As the matcher has it: letters count as whole words."""
    if is_letter(one.folded[0]) and start > 0 and is_letter(folded[start - 1]):
        return False
    return one.prefix or not is_letter(one.folded[-1]) or end == len(folded) or not is_letter(folded[end])


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that overlap become one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def pieces_of(shown: str, spans: Iterable[tuple[int, int]]) -> tuple[Piece, ...]:
    """The text in pieces; marked ones are spans."""
    pieces: list[Piece] = []
    at = 0
    for start, end in spans:
        pieces += [(shown[at:start], False), (shown[start:end], True)]
        at = end
    pieces.append((shown[at:], False))
    return tuple(piece for piece in pieces if piece[0])


def _excerpt(shown: str, spans: list[tuple[int, int]]) -> tuple[Piece, ...]:
    first, last = max(0, spans[0][0] - AROUND), min(len(shown), spans[0][1] + AROUND)
    inside = [(start - first, min(end, last) - first) for start, end in spans if start < last]
    pieces = pieces_of(shown[first:last], inside)
    front, back = ([("…", False)] if first else []), ([("…", False)] if last < len(shown) else [])
    return (*front, *pieces, *back)
