"""The words without which a regular expression cannot match: what an index can look for on its behalf. Pure.

The expression is RE2's; it is taken apart by the parser of Python's `re`, whose syntax agrees in all that is used
here. What one of the two reads otherwise is left out, so that the words are too few rather than too many.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import _parser  # the only door to the parsed form; a test watches over it
from typing import Any

from storage.plans import AnyOf, Match, all_of
from storage.words import Kind, fold, is_letter, wanted

#: Sets in sets, of which Python warns and which RE2 reads as classes.
_READ_OTHERWISE = re.compile(r"\[[^\]]*\[|--|&&|~~|\|\|")


#: Ways to spell a piece that are told apart; an expression with more says less.
MOST_WAYS = 16


@lru_cache(maxsize=1024)
def needed(pattern: str) -> tuple[Match, ...]:
    """What is in every text in which the expression is found."""
    if _READ_OTHERWISE.search(pattern):
        return ()
    try:
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return ()
    found = dict.fromkeys(_one_of(ways) for ways in _pieces(parsed))
    return tuple(one for one in found if one is not None)


@lru_cache(maxsize=1024)
def spelled(pattern: str) -> tuple[str, ...]:
    """Rows of characters, one of which is in every folded text in which the expression is found; none: not known.

    To look for them costs a tenth of a search for the expression, and mostly they are not there. Letters that RE2 and
    Python's `lower` may pair otherwise, such as the two forms of the small sigma, are not looked for.
    """
    if _READ_OTHERWISE.search(pattern):
        return ()
    try:
        found = [tuple(map(fold, ways)) for ways in _pieces(_parser.parse(pattern))]
    except (re.error, OverflowError, RecursionError):
        return ()
    known = (ways for ways in found if all(map(_is_plain, ways)))
    return max(known, key=lambda ways: min(map(len, ways)), default=())


def _is_plain(way: str) -> bool:
    return bool(way) and all(c.isascii() or c.lower() == c.upper() for c in way)


def _one_of(ways: tuple[str, ...]) -> Match | None:
    """What the index must have of a piece that is spelled in one of these ways."""
    sure = dict.fromkeys(_sure(fold(way)) for way in ways)
    known = tuple(one for one in sure if one is not None)
    if len(known) < len(sure):
        return None
    return known[0] if len(known) == 1 else AnyOf(known)


def _pieces(parsed: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    """The longest rows of characters that are sure to be found side by side, each in all its spellings."""
    ways: tuple[str, ...] = ("",)
    for operation, argument in parsed:
        name = str(operation)
        if name == "AT":  # a border takes no room
            continue
        spelled = _spellings(name, argument)
        if spelled is not None and len(ways) * len(spelled) <= MOST_WAYS:
            ways = tuple(before + after for before in ways for after in spelled)
            continue
        yield ways
        ways = ("",)
        if name == "SUBPATTERN" and not argument[1] and not argument[2]:
            yield from _pieces(argument[3])
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] >= 1:
            yield from _pieces(argument[2])
    yield ways


def _spellings(name: str, argument: Any) -> tuple[str, ...] | None:
    """All that a part can stand for; None: too much, or not known."""
    if name == "LITERAL":
        return (chr(argument),)
    if name == "IN" and all(str(operation) == "LITERAL" for operation, _ in argument):
        return tuple(chr(code) for _, code in argument)
    if name == "SUBPATTERN" and not argument[1] and not argument[2]:
        return _whole(argument[3])
    if name == "BRANCH":
        branches = [_whole(branch) for branch in argument[1]]
        return None if None in branches else tuple(way for branch in branches for way in branch or ())
    return None


def _whole(parsed: Sequence[Any]) -> tuple[str, ...] | None:
    ways: tuple[str, ...] = ("",)
    for operation, argument in parsed:
        spelled = _spellings(str(operation), argument)
        if spelled is None or len(ways) * len(spelled) > MOST_WAYS:
            return None
        ways = tuple(before + after for before in ways for after in spelled)
    return ways


def _sure(piece: str) -> Match | None:
    """Words at the edges may go on there, so their letters say nothing."""
    start = 0
    while start < len(piece) and is_letter(piece[start]):
        start += 1
    rest = piece[start:]
    return all_of(one for one in wanted(rest, prefix=True) if one.kind is not Kind.BEGINNING)
