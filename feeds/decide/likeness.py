"""Which items without a meeting are copies of one article: a ministry's release and an aggregator's, an agency's on
three pages. For ranking, so a doubt keeps them apart. Pure.

Exact keys find copies: a guid that is unique in the world, the same opening words. Headlines that are alike are found
by their longest words and judged by likeness. Likeness alone cannot tell template twins from copies
(日米防衛相会談について and 日豪防衛相会談について are 91 % alike, a true pair may be 73 %), so what is found by words
must also pass `contradiction`: numbers, countries and form agree, and no word was exchanged for another.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from feeds.decide.fingerprint import stripped
from feeds.observed import Fingerprint, ParsedEntry
from feeds.understand.folding import fold
from feeds.understand.lexicon import default_lexicon
from feeds.understand.numbering import ordinal_value
from feeds.understand.scan import scanner_for
from storage.changes import Twin

ALIKE = 82.0  #: rapidfuzz ratio (0 to 100) of two headlines without spaces and signs
REMEMBERED = 4_096  #: headlines, more than come within the days that are compared
TRIES = 4  #: of the most alike headlines; where more are as alike, all are from one template

_FORMS = (
    "電話|phone|\\bcalls?\\b", "テレビ|オンライン|ビデオ|video|virtual", "会見|press conference|briefing",
    "共同声明|共同発表|joint statement|communique", "2\\+2|2プラス2", "首脳|summit", "外相|foreign minister",
    "会談|会合|会議|協議|talks|meet", "訓練|演習|exercise|drill", "レポート|解説|分析|report|analysis|opinion|社説",
    "延期|中止|見送|postpone|cancel", "画像|写真|photo",
)  # fmt: skip
_FORM = tuple(re.compile(words) for words in _FORMS)
_NUMBER = re.compile(r"\d+(?:st|nd|rd|th)?|第[一二三四五六七八九十]+")
_LATIN = re.compile(r"\b[a-z]+\b")
_DIGITS = re.compile("[0-9]+").fullmatch
_ORDINAL = ("th", "ond", "ird")  #: how an ordinal ends that is written as a word
_SIGNS = re.compile(r"[\W_]+")
_CONTENT = re.compile(r"[a-z0-9\u30a0-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"[a-z][a-z'-]+")
_SMALL = frozenset(
    [
        "a", "an", "the", "of", "for", "in", "on", "at", "to", "by", "with", "and", "as", "from", "its", "their",
        "his", "her", "is", "are", "was", "were", "be", "has", "have", "will", "over", "after",
    ]
)  # fmt: skip


def copy_of(entry: ParsedEntry, found: Fingerprint, twins: Mapping[int, Iterable[Twin]]) -> Twin | None:
    """The stored item of another source that this entry copies, if any: exact keys first, then the most alike."""
    if found.guid is not None:
        for twin in twins.get(found.guid, ()):
            return twin
    for twin in twins.get(found.lead or 0, ()):
        if contradiction(entry.title, twin.title, words=False) is None:
            return twin
    words = _read(entry.title).squeezed
    near = {twin.item_id: twin for key in found.pieces for twin in twins.get(key, ()) if not twin.is_meeting}
    ratios = (
        (-fuzz.ratio(words, _read(twin.title).squeezed, score_cutoff=ALIKE), number) for number, twin in near.items()
    )
    for _, number in sorted(found for found in ratios if found[0])[:TRIES]:
        if contradiction(entry.title, near[number].title) is None:
            return near[number]
    return None


def contradiction(one: str, other: str, *, words: bool = True) -> str | None:
    """What says that two headlines tell of two things: the first of numbers, countries, form, an exchanged word.

    `words` False: the texts are known to be the same, so headlines may choose other words.
    """
    first, second = _read(one), _read(other)
    if first.squeezed == second.squeezed:
        return None
    if first.numbers != second.numbers:
        return "other numbers"
    if words and first.forms != second.forms:
        return "another form"
    if words and (_exchanged_words(first.folded, second.folded) or _exchanged_signs(first.squeezed, second.squeezed)):
        return "an exchanged word"
    # The lexicon comes last: few pairs need it, and a process that never does saves its memory.
    return "other countries" if _countries(stripped(one)) != _countries(stripped(other)) else None


class _Headline:
    """What is read from a headline, each thing when it is first asked for."""

    def __init__(self, title: str) -> None:
        self.folded = fold(stripped(title)).text  #: without what its newsroom added
        self.squeezed = _SIGNS.sub("", self.folded)  #: without spaces and signs as well

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        return _numbers(self.folded)

    @cached_property
    def forms(self) -> tuple[bool, ...]:
        return tuple(form.search(self.folded) is not None for form in _FORM)


@lru_cache(maxsize=REMEMBERED)
def _read(title: str) -> _Headline:
    """What is read is remembered: a headline that many others resemble is compared with each of them."""
    return _Headline(title)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text)) - _SMALL


def _numbers(text: str) -> tuple[int, ...]:
    found = []
    for number in [*_NUMBER.findall(text), *(word for word in _LATIN.findall(text) if word.endswith(_ORDINAL))]:
        try:
            found.append(int(number) if _DIGITS(number) else ordinal_value(number.removeprefix("第")))
        except ValueError:
            continue  # a word that only ends like an ordinal
    return tuple(sorted(set(found)))


@lru_cache(maxsize=REMEMBERED)
def _countries(title: str) -> set[str]:
    """Countries by name, and by their characters where two or more stand together (日米豪)."""
    folded = fold(title)
    named = {hit.value for hit in scanner_for(default_lexicon()).scan(folded).of("country")}
    return named | {code for run in _kanji_runs().findall(folded.text) for code in map(_kanji().get, run) if code}


@lru_cache(maxsize=1)
def _kanji() -> dict[str, str]:
    return {sign: country.code for country in default_lexicon().countries.values() for sign in country.kanji}


@lru_cache(maxsize=1)
def _kanji_runs() -> re.Pattern[str]:
    signs = "".join(sign for sign in _kanji() if sign > "\u3400")
    return re.compile(f"[{signs}]{{2,}}")


def _exchanged_words(first: str, second: str) -> bool:
    """Whether a word of one headline stands in place of another word of the other."""
    one, other = _words(first), _words(second)
    alone, there = one - other, other - one
    left = [word for word in alone if not any(fuzz.ratio(word, twin) >= 75 for twin in there)]
    right = [word for word in there if not any(fuzz.ratio(word, twin) >= 75 for twin in alone)]
    return bool(left and right)


def _exchanged_signs(first: str, second: str) -> bool:
    """Kanji and katakana that were replaced; kana between them may differ (の調達を, 調達へ)."""
    for step in Levenshtein.opcodes(first, second):
        pieces = first[step.src_start : step.src_end], second[step.dest_start : step.dest_end]
        if step.tag == "replace" and all(_CONTENT.search(piece) and not piece.isascii() for piece in pieces):
            return True
    return False
