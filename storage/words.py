"""How words are compared: one folding and one way to cut a text into tokens, for the matcher and for the search index.

Both must agree, or the index would hide what the matcher accepts; so both are here. Standard library only, pure.

Scripts that put no spaces between words (Japanese, Chinese, Korean, Thai) are searched in part: 防衛 is found in
国防衛星. They are indexed as overlapping pairs, and the last character of a run once more alone, so that a word of one
or two characters is found as well. In all other scripts a word is a row of letters and digits, and counts whole.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator

#: Grows when the same text gives other tokens than before; an index of another version is built anew.
VERSION = 1

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


def tokens(folded: str) -> set[str]:
    """All tokens of a folded text, for the index."""
    found: set[str] = set()
    for run, word in _RUNS.findall(folded):
        if word:
            found.add(word[:LONGEST])
        else:
            found.update(map("".join, itertools.pairwise(run)))
            found.add(run[-1])
    return found


def wanted(folded: str, *, prefix: bool = False) -> Iterator[str]:
    """The tokens of which every text has all that has these words; one that ends with `*` may go on.

    `prefix`: the last word may go on.
    """
    runs = list(_RUNS.finditer(folded))
    for match in runs:
        run, word = match.groups()
        ends = match.end() == len(folded)
        if word:
            cut = word[:LONGEST]
            yield f"{cut}*" if prefix and ends and len(word) < LONGEST else cut
        elif len(run) == 1:
            yield run if not ends else f"{run}*"
        else:
            yield from map("".join, itertools.pairwise(run))
