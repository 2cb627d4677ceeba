"""One comparable form of a text, with the way back to the original characters.

Full-width forms, half-width katakana, curly quotes, long dashes, accents of Latin letters and case all differ between
newsrooms. `fold` removes those differences once per item; every span that is found in the folded text can be turned
back into offsets of the original, so that evidence always quotes what the source wrote.
"""

import re
import unicodedata
from dataclasses import dataclass, field

_PLAIN = {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-"}
#: Latin letters that Unicode does not decompose.
_LATIN = {
    "ł": "l",
    "Ł": "L",
    "ø": "o",
    "Ø": "O",
    "đ": "d",
    "Đ": "D",
    "ı": "i",
    "İ": "I",  # the only letter that gets longer in lower case
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
}
#: All but what folds to itself: ASCII, kana, kanji and the brackets and stops of Japanese.
_MOVES = re.compile("[^\x00-\x7f\u3001\u3002\u3005\u300c-\u3011\u3041-\u3096\u30a1-\u30fa\u30fb\u30fc\u4e00-\u9fff]+")
#: Marks that combine with the character before them: a kana and its voicing mark are one character to a reader.
_CLUSTER = re.compile("[\u0300-\u036f\u3099\u309a\uff9e\uff9f]")


class _Table(dict[int, str]):
    """Folding of single characters, filled as they are met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    plain = _PLAIN.get(character) or _LATIN.get(character)
    if plain:
        return plain
    composed = unicodedata.normalize("NFKC", character)
    if character < "\u0250" or "\u1e00" <= character <= "\u1eff":
        return _CLUSTER.sub("", unicodedata.normalize("NFKD", composed)) or character
    return composed or character  # never nothing: `fold` tells by the length alone whether anything moved


_TABLE = _Table()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text: `text` in lower case for matching, `cased` of the same length with the writer's capitals."""

    original: str
    text: str
    cased: str
    _offsets: tuple[int, ...] | None = field(default=None, repr=False)  #: None: nothing moved

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original of the folded characters from start up to end."""
        if self._offsets is None:
            return start, end
        if end <= start:
            return self._offsets[start], self._offsets[start]
        first, last = self._offsets[start], self._offsets[end - 1]
        stop = last + 1
        while stop < len(self.original) and _CLUSTER.match(self.original[stop]):
            stop += 1
        return first, stop

    def quote(self, start: int, end: int) -> str:
        """The original words behind a folded span."""
        first, stop = self.span(start, end)
        return self.original[first:stop]


def fold(text: str) -> Folded:
    """The comparable form of a text. Linear in its length; never raises."""
    if text.isascii():
        return Folded(text, text.lower(), text)
    if not _MOVES.search(text):
        return Folded(text, text.lower(), text)
    if _CLUSTER.search(text):
        return _fold_clusters(text)
    cased = _MOVES.sub(_moved, text)
    if len(cased) == len(text):
        return Folded(text, cased.lower(), cased)
    offsets = tuple(index for index, character in enumerate(text) for _ in _TABLE[ord(character)])
    return Folded(text, cased.lower(), cased, (*offsets, len(text)))


def _moved(match: re.Match[str]) -> str:
    return match.group().translate(_TABLE)


def _fold_clusters(text: str) -> Folded:
    pieces: list[str] = []
    offsets: list[int] = []
    start = 0
    for index in range(1, len(text) + 1):
        if index < len(text) and index - start < 8 and _CLUSTER.match(text[index]):
            continue
        cluster = text[start:index]
        folded = _fold_cluster(cluster)
        pieces.append(folded)
        offsets.extend([start] * len(folded))
        start = index
    cased = "".join(pieces)
    return Folded(text, cased.lower(), cased, (*offsets, len(text)))


def _fold_cluster(cluster: str) -> str:
    composed = unicodedata.normalize("NFKC", cluster)
    return "".join(_TABLE[ord(character)] for character in composed)
