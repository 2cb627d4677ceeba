"""How words are compared: one folding and one way to cut a text into tokens, for the matcher and for the search index.

Both must agree, or the index would hide what the matcher accepts; so both are here. Standard library only, pure.

Scripts that put no spaces between words (Japanese, Chinese, Korean, Thai) are searched in part: 防衛 is found in
国防衛星. They are indexed as overlapping pairs, and the last character of a run once more alone, so that a word of one
or two characters is found as well. In all other scripts a word is a row of letters and digits, and counts whole.

Two words that stand side by side are a token of their own as well. A phrase of frequent words that stands nowhere is
then missed at once; comparing the places of its words would take a look into every item that has them.
"""

import itertools
import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

#: Grows when the same text gives other tokens than before; an index of another version is built anew.
VERSION = 4

#: Longer tokens are cut, in the index as in a question.
LONGEST = 48

#: Stands before each of two neighbours, so that no such token begins like a word. SQLite's index does not cut at it.
_BESIDE = "·"

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
    lowered = text.replace("İ", "I").lower()  # the only letter that gets longer in lower case
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


def neighbours(folded: str) -> set[str]:
    """Each word with what stands before and after it: another word, or the nearest character of a run."""
    ends = [(word or run[0], word or run[-1], not word) for run, word in _cut(folded)]
    pairs = itertools.pairwise(ends)
    return {f"{_BESIDE}{last}{_BESIDE}{first}" for (_, last, runs), (first, _, run) in pairs if not (runs and run)}


def _cut(folded: str) -> list[tuple[str, str]]:
    """The runs of scripts without spaces, and the words; one of the two is empty in each."""
    return [(run, word[:LONGEST]) for run, word in _RUNS.findall(folded)]


class Kind(Enum):
    """How tokens are looked for."""

    PHRASE = "phrase"  # side by side, in this order
    BESIDE = "beside"  # what `singles` and `neighbours` give, wherever it stands
    BEGINNING = "beginning"  # a token that begins so; slower, so only where there is nothing else


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every text with certain words has."""

    tokens: tuple[str, ...]
    kind: Kind = Kind.PHRASE


def wanted(folded: str, *, prefix: bool = False) -> tuple[Wanted, ...]:
    """What every text with these words has, all of it; nothing: the index knows none. `prefix`: the last may go on.

    A last word that may go on is left out where there is anything before it.
    """
    runs = _cut(folded)
    begun = ""
    if prefix and runs and is_letter(folded[-1]) and len(runs[-1][1]) < LONGEST:
        begun = runs.pop()[1]
    beside = tuple(sorted(neighbours(folded[: len(folded) - len(begun)])))
    found = [Wanted(beside, Kind.BESIDE)] if beside else []
    for place, (run, word) in enumerate(runs):
        if word and len(runs) == 1:
            found.append(Wanted((word,)))
        elif len(run) > 1:
            found.append(Wanted(tuple(map("".join, itertools.pairwise(run)))))
        elif run and not _has_word_beside(runs, place):
            found.append(Wanted((run,), Kind.BESIDE))
    return tuple(found) or ((Wanted((begun,), Kind.BEGINNING),) if begun else ())


def _has_word_beside(runs: list[tuple[str, str]], place: int) -> bool:
    return any(word for _, word in (*runs[max(place - 1, 0) : place], *runs[place + 1 : place + 2]))
