"""Finds every term of the lexicon in a folded text in one pass.

A term in Latin script counts only as a whole word, one in katakana only where no katakana touches it (タイ is not in
タイトル), and short all-capital names only in capitals (US is not "us"). Within one group the longest term at a place
wins; groups do not shadow each other: 日米防衛相会談 is a series, two countries, an office and a meeting at once.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import ahocorasick_rs

from feeds.understand.compounds import DEPUTY_TAILS, MINISTER_TAILS
from feeds.understand.folding import Folded, fold
from feeds.understand.lexicon import Lexicon

_KATAKANA = re.compile(r"[ァ-ヺー]")
_ALL_KATAKANA = re.compile(r"[ァ-ヺー・=]+$")
_MAY_MEET = {"minister", "vice_minister"}
_CAPITALS = re.compile(r"[A-Z][A-Z.]{1,4}$")


_LONG_NAME = 2  # words, above which a name has a shorter form
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
#: What makes kanji a surname: 小泉氏, 小泉・ヘグセス両氏 and 小泉・ヘグセス会談.
_AFTER_SURNAME = re.compile(
    r"両?(?:氏|大臣|長官)|(?:電話)?会談|(?:・[ァ-ヺー一-龥]{2,8}){1,3}(?:両|[34三四])?(?:氏|大臣|長官|防衛相|国防相|会談)"
)
#: What is looked for in the whole article, not in its first sentences alone.
DOCUMENTS = ("outcome.documents", "outcome.adopted")
#: Groups without which no rule of detection can speak.
LEVELS = ("level.leaders_talks", "level.officials_talks")
OPENERS = ("opener", "series", "series_weak", "person", "surname", "meeting.two_plus_two", *LEVELS)


class Hit(NamedTuple):
    """A term of the lexicon at a place in the folded text."""

    start: int
    end: int
    group: str  #: country, office, series, series_weak, place, topic, person, surname, or a group of words.toml
    value: Any  #: the record behind it, or the term itself for words


@dataclass(frozen=True, slots=True)
class _Term:
    group: str
    value: Any
    latin_start: bool
    latin_end: bool
    katakana: bool
    surname: bool
    capitals: str | None
    anywhere: bool  #: it counts wherever it stands


class Hits:
    """The hits of one text by group, each group in order and without overlaps."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        groups: dict[str, list[Hit]] = {}
        for hit in hits:
            found = groups.get(hit.group)
            if found is None:
                groups[hit.group] = [hit]
            else:
                found.append(hit)
        self._groups = {
            group: tuple(_longest_first(found)) if len(found) > 1 else tuple(found) for group, found in groups.items()
        }

    def of(self, *groups: str, start: int = 0, end: int | None = None) -> list[Hit]:
        """Hits of these groups that lie within [start, end), in order."""
        found: list[Hit] = []
        sources = 0
        for group in groups:
            hits = self._groups.get(group)
            if hits and hits[-1].end > start:
                sources += 1
                if end is None:
                    found += [hit for hit in hits if hit.start >= start]
                elif hits[0].start < end:
                    found += [hit for hit in hits if hit.start >= start and hit.end <= end]
        return sorted(found, key=_place) if sources > 1 else found

    def any(self, *groups: str, start: int = 0, end: int | None = None) -> bool:
        """Whether any of these groups was found there."""
        for group in groups:
            for hit in self._groups.get(group, ()):
                if hit.start >= start and (end is None or hit.end <= end):
                    return True
        return False


def _place(hit: Hit) -> tuple[int, int]:
    return hit.start, hit.end


def _longest_first(hits: list[Hit]) -> Iterator[Hit]:
    reached = -1
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= reached:
            reached = hit.end
            yield hit


class _Finder:
    """Some groups of terms made ready for searching."""

    def __init__(self, terms: Mapping[str, list[_Term]], groups: Container[str] | None = None) -> None:
        wanted = {
            text: [one for one in found if groups is None or one.group in groups] for text, found in terms.items()
        }
        kept = {text: found for text, found in wanted.items() if found}
        self._terms = [
            (found, all(one.latin_start for one in found), all(one.latin_end for one in found))
            for found in kept.values()
        ]
        # Built in half the time of the one that the library would choose, and no slower to search.
        kind = ahocorasick_rs.Implementation.ContiguousNFA
        self._automaton = ahocorasick_rs.AhoCorasick(list(kept), implementation=kind)

    def find(self, text: str, cased: str) -> Iterator[tuple[int, int, _Term]]:
        """Start, end and term of everything that counts where it stands."""
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            terms, whole_start, whole_end = self._terms[index]
            # Most short names lie inside longer words: left here, before anything costs.
            if (whole_start and text[start - 1 : start] in _LETTERS) or (whole_end and text[end : end + 1] in _LETTERS):
                continue
            for term in terms:
                if term.anywhere or (
                    _stands_alone(term, text, start, end) and _is_written(term, text, cased, start, end)
                ):
                    yield start, end, term


class Scanner:
    """A lexicon made ready for searching."""

    def __init__(self, lexicon: Lexicon) -> None:
        terms: dict[str, list[_Term]] = defaultdict(list)
        for group, word, value in _all_terms(lexicon):
            text, term = _term(group, word, value)
            terms[text].append(term)
        self._all = _Finder(terms)
        self._opening = _Finder(terms, OPENERS)
        self._documents = _Finder(terms, DOCUMENTS)

    def scan(self, folded: Folded, end: int | None = None) -> Hits:
        """Every term of the lexicon in the text; of what lies beyond `end`, only documents that came out of a meeting.

        Time grows linearly with the text.
        """
        found = self._all.find(folded.text[:end], folded.cased[:end])
        if end is None or end >= len(folded.text):
            return _hits(found)
        beyond = self._documents.find(folded.text, folded.cased)
        return _hits(chain(found, (hit for hit in beyond if hit[1] > end)))

    def openers(self, text: str, cased: str) -> Iterator[tuple[int, int]]:
        """Where a text names what could make a rule speak. Much cheaper than `scan`, and finds the same places."""
        return ((start, end) for start, end, _ in self._opening.find(text, cased))


def _hits(found: Iterable[tuple[int, int, _Term]]) -> Hits:
    return Hits(Hit(start, end, term.group, term.value) for start, end, term in found)


def _term(group: str, word: str, value: Any) -> tuple[str, _Term]:
    folded = fold(word)
    text = folded.text
    opener = group == "opener"  # an opener only says where it is worth looking: it need not stand alone
    latin_start = not opener and text[0].isascii() and text[0].isalnum()
    latin_end = not opener and text[-1].isascii() and text[-1].isalnum()
    katakana = not opener and bool(_ALL_KATAKANA.match(text))
    capitals = folded.cased if _CAPITALS.match(folded.cased) and group in {"country", "office"} else None
    surname = group == "surname"
    bound = latin_start or latin_end or katakana or surname or capitals is not None
    return text, _Term(group, value, latin_start, latin_end, katakana, surname, capitals, anywhere=not bound)


def _stands_alone(term: _Term, text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if term.latin_start and before.isascii() and before.isalnum():
        return False
    if term.latin_end and after.isascii() and after.isalnum():
        return False
    return not (term.katakana and (_KATAKANA.match(before) or _KATAKANA.match(after)))


def _is_written(term: _Term, text: str, cased: str, start: int, end: int) -> bool:
    """Whether capitals are as they must be: US is not "us", a surname alone has one, or 氏 behind it in Japanese."""
    if term.surname:
        return cased[start].isupper() if text[start].isascii() else _AFTER_SURNAME.match(text, end) is not None
    return term.capitals is None or cased[start:end] == term.capitals


def _all_terms(lexicon: Lexicon) -> Iterator[tuple[str, str, Any]]:
    """Group, term and record of everything that is searched for."""
    for group, value, terms in chain(_things(lexicon), _people(lexicon)):
        for term in dict.fromkeys(terms):
            yield group, term, value
    for group, words in lexicon.words.items():
        for word in dict.fromkeys(words):
            yield group, word, word
    for term in dict.fromkeys(_openers(lexicon)):
        yield "opener", term, term


def _openers(lexicon: Lexicon) -> Iterator[str]:
    """Titles of ministers and deputies, and what may follow a compound of countries."""
    for office in lexicon.offices:
        if _MAY_MEET & {office.rank, *(rank for _, rank in office.exceptions)}:
            yield from office.terms
    yield from MINISTER_TAILS
    yield from DEPUTY_TAILS


def _things(lexicon: Lexicon) -> Iterator[tuple[str, Any, Iterable[str]]]:
    for country in (one for one in lexicon.countries.values() if not one.territory):
        yield "country", country.code, (*country.ja, *country.en, *country.people, *country.other)
    for office in lexicon.offices:
        yield "office", office, office.terms
    for series in lexicon.series.values():
        yield "series", series, series.names
        yield "series_weak", series, series.weak
    for place in lexicon.places:
        yield "place", place, (*place.ja, *place.en)
    for topic in lexicon.topics:
        yield "topic", topic, topic.names


def _shorter(name: str) -> Iterator[str]:
    """Mohamed Khaled Nordin is called Khaled Nordin too: the last two words of a long name."""
    words = name.split()
    if len(words) > _LONG_NAME and all(len(word) > 2 and word[0].isupper() and word.isalpha() for word in words[-2:]):
        yield " ".join(words[-2:])


def _people(lexicon: Lexicon) -> Iterator[tuple[str, Any, Iterable[str]]]:
    for person in lexicon.people:
        yield "person", person, (person.name, person.ja or person.name, *person.forms, *_shorter(person.name))
        # A surname of one kanji or kana is an ordinary character.
        yield "surname", person, (*person.short, *(name for name in person.short_ja if len(name) > 1))


@lru_cache(maxsize=4)
def scanner_for(lexicon: Lexicon) -> Scanner:
    """The scanner of a lexicon, built once."""
    return Scanner(lexicon)
