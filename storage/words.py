"""How words are compared: one folding and one way to cut a text into tokens, for the matcher and for the search index.

Both must agree, or the index would hide what the matcher accepts; so both are here. Standard library only, pure.

Scripts that put no spaces between words (Japanese, Chinese, Korean, Thai) are searched in part: 防衛 is found in
国防衛星. They are indexed as overlapping pairs, and the last character of a run once more alone, so that a word of one
or two characters is found as well. In all other scripts a word is a row of letters and digits, and counts whole.
"""

import itertools
import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

#: Grows when the same text gives other tokens than before; an index of another version is built anew.
VERSION = 2

#: Longer tokens are cut, in the index as in a question.
LONGEST = 48

_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e"  # Thai
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # marks of repetition, kana
    "\u3105-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"  # bopomofo, han, hangul
    "\U00020000-\U0003ffff"
)
_RUNS = re.compile(f"([{_UNSPACED}]+)|([^\\W_{_UNSPACED}]+)")
_LETTER = re.compile(f"[^\\W_{_UNSPACED}]")
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-"}
    | dict.fromkeys((*range(0xD800, 0xE000), 0), "\ufffd")  # halves of characters, which no database or pattern takes
)
_NEEDS_PLAIN = re.compile("[\x00’‘“”„–—‐‑−\ud800-\udfff]")


def plain(text: str) -> str:
    """The text with its letters and capitals, in one form: full-width and half-width alike, one space between words."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if _NEEDS_PLAIN.search(text):
        text = text.translate(_PLAIN)
    return " ".join(text.split())


def fold(text: str) -> str:
    """A `plain` text without capitals and accents, of the same length: what is found in it is there in the text."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    return lowered if lowered.isascii() else _ACCENTED.sub(_base, lowered)


def _base(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFD", match[0])[0]


def comparable(text: str) -> str:
    """A text of any origin as it is compared: `plain`, then folded."""
    return fold(plain(text))


def is_letter(character: str) -> bool:
    """Whether a character belongs to a word that counts whole; 防 does not, because words run on there."""
    return _LETTER.match(character) is not None


def tokens(folded: str) -> list[str]:
    """The tokens of a folded text, in their order, for the index."""
    found: list[str] = []
    for run, word in _RUNS.findall(folded):
        if word:
            found.append(word[:LONGEST])
        else:
            found += map("".join, itertools.pairwise(run))
            found.append(run[-1])
    return found


def singles(folded: str) -> set[str]:
    """The characters of scripts without spaces, each by itself: so that a word of one character is found."""
    return {character for run, _ in _RUNS.findall(folded) for character in run}


class Kind(Enum):
    """How tokens are looked for."""

    PHRASE = "phrase"  # side by side, in this order
    SINGLE = "single"  # one character of `singles`
    BEGINNING = "beginning"  # a token that begins so; slower, so only where there is nothing else


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every text with certain words has."""

    tokens: tuple[str, ...]
    kind: Kind = Kind.PHRASE


def wanted(folded: str, *, prefix: bool = False) -> Wanted | None:
    """What every text with these words has; None: nothing that the index knows. `prefix`: the last word may go on.

    A last character that runs on, or a last word that may go on, is left out where there is anything before it.
    """
    whole: list[str] = []
    begun: Wanted | None = None
    for match in _RUNS.finditer(folded):
        run, word = match.groups()
        last = match.end() == len(folded)
        if word and prefix and last and len(word) < LONGEST:
            begun = Wanted((word,), Kind.BEGINNING)
        elif word:
            whole.append(word[:LONGEST])
        elif len(run) == 1 and last:
            begun = Wanted((run,), Kind.SINGLE)
        else:
            whole += map("".join, itertools.pairwise(run))
            whole += [] if last else [run[-1]]
    return Wanted(tuple(whole)) if whole else begun
