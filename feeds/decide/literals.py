"""The words without which a regular expression cannot match: what an index can look for on its behalf. Pure.

The expression is RE2's; it is taken apart by the parser of Python's `re`, whose syntax agrees in all that is used
here. What one of the two reads otherwise is left out, so that the words are too few rather than too many.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from re import _parser  # the only door to the parsed form; a test watches over it
from typing import Any

from storage.words import Kind, Wanted, fold, is_letter, wanted

#: Sets in sets, of which Python warns and which RE2 reads as classes.
_READ_OTHERWISE = re.compile(r"\[[^\]]*\[|--|&&|~~|\|\|")


@lru_cache(maxsize=1024)
def needed(pattern: str) -> tuple[Wanted, ...]:
    """What is in every text in which the expression is found."""
    if _READ_OTHERWISE.search(pattern):
        return ()
    try:
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError):
        return ()
    found = dict.fromkeys(_sure(fold(piece)) for piece in _pieces(parsed))
    return tuple(one for one in found if one is not None)


def _pieces(parsed: Sequence[Any]) -> Iterator[str]:
    """The longest rows of characters that are sure to be found side by side."""
    row = ""
    for operation, argument in parsed:
        name = str(operation)
        if name == "LITERAL":
            row += chr(argument)
            continue
        if name == "AT":  # a border takes no room
            continue
        yield row
        row = ""
        if name == "SUBPATTERN" and not argument[1] and not argument[2]:
            yield from _pieces(argument[3])
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] >= 1:
            yield from _pieces(argument[2])
    yield row


def _sure(piece: str) -> Wanted | None:
    """Words at the edges may go on there, so their letters say nothing."""
    start = 0
    while start < len(piece) and is_letter(piece[start]):
        start += 1
    rest = piece[start:]
    found = wanted(rest, prefix=True) if rest else None
    return None if found is None or found.kind is Kind.BEGINNING else found
