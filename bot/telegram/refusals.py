"""What the core says when it refuses something, in the words of who is told.

The core is pure and speaks English: its messages are for logs and the command line as well. Here a message is found
among the sentences that the core can say (`locale/*/LC_MESSAGES/refusals.po`, whose `{1}`, `{2}`, … stand for what
differs) and said in another language. A message that is not there stays as it is, which no test lets happen.
"""

import re
from collections.abc import Mapping
from functools import cache, partial

from bot.telegram.texts import catalogue
from feeds.publish.words import Language

DOMAIN = "refusals"
QUOTED = "  "  #: begins a line that shows a query, or the mark below it
DEEPEST = 3  #: sentences within sentences

PLACED = "{1} (column {2})"  #: stands around any other

_HOLE = re.compile(r"\{(\d)\}")


def in_words(language: Language, message: str) -> str:
    """A message of the core in a language, line by line: a query with its mark keeps its place."""
    if language == "en":
        return message
    lines = message.split("\n")
    return "\n".join(line if line.startswith(QUOTED) else _said(language, line, DEEPEST) for line in lines)


def _said(language: Language, line: str, depth: int) -> str:
    for pattern, translated in _sentences(language):
        match = pattern.fullmatch(line)
        if match is not None:
            found = match.groupdict()
            values = {
                name: _said(language, value.strip(), depth - 1) if depth else value for name, value in found.items()
            }
            return _HOLE.sub(partial(_filled, values=values), translated)
    return line


def _filled(hole: re.Match[str], values: Mapping[str, str]) -> str:
    return values.get(f"v{hole[1]}", "")


@cache
def _sentences(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of what the core says, the most telling first, with what they are in the language."""
    known = [(str(one.id), str(one.string)) for one in catalogue(language, DOMAIN) if one.id and one.string]
    known.sort(key=lambda pair: (pair[0] != PLACED, -len(_HOLE.sub("", pair[0]))))
    return tuple((_pattern(sentence), translated) for sentence, translated in known)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _HOLE.split(sentence)
    return re.compile(
        "".join(f"(?P<v{part}>.*?)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )
