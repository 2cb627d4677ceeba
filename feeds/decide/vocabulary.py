"""The fields of a query and the values they know, in Japanese and English: names from the lexicon, labels from here.

`resolve` turns what a person wrote (豪, Australia, au) into what records hold (AU). Values of free text (`source`,
`minister`, `office`, `topic`) stay as they are written. Pure.
"""

import difflib
from collections.abc import Iterable, Mapping
from functools import cache

from babel import Locale

from feeds.understand.lexicon import default_lexicon
from storage.model import Format, Kind, Level, Phase, Trust
from storage.words import comparable

TEXT_FIELDS = ("title", "text")
FREE_FIELDS = ("source", "minister", "office", "topic")  #: their values are parts of names
SPAN_FIELDS = ("edition", "date", "after", "before", "age")

_LABELS: dict[str, dict[str, tuple[str, ...]]] = {
    "is": {"meeting": ("会談", "会議", "meetings"), "uncertain": ("不確実", "要確認")},
    "has": {
        "date": ("日付", "日程"), "place": ("場所",), "city": ("都市",), "venue": ("会場",),
        "outcome": ("成果", "成果文書"),
        "minister": ("大臣", "出席者", "principals"), "series": ("会議体",), "edition": ("回",), "text": ("本文",),
        "topic": ("話題",),
    },
    "kind": {
        Kind.BILATERAL: ("二国間", "2国間", "二か国"), Kind.TRILATERAL: ("三国間", "3か国", "三か国", "三カ国"),
        Kind.MINILATERAL: ("少数国", "少数国間"), Kind.MULTILATERAL: ("多国間",),
        Kind.TWO_PLUS_TWO: ("2+2", "2プラス2", "外務防衛", "two-plus-two"),
    },
    "level": {
        Level.MINISTER: ("大臣", "閣僚", "閣僚級", "大臣級", "ministers"),
        Level.VICE_MINISTER: ("副大臣", "次官", "次官級", "副大臣級", "vice-minister"),
        Level.OFFICIAL: ("実務", "実務者", "事務レベル", "officials"),
        Level.HEAD_OF_GOVERNMENT: ("首脳", "首脳級", "head"),
    },
    "format": {
        Format.IN_PERSON: ("対面", "in-person"), Format.PHONE: ("電話", "電話会談", "telephone"),
        Format.VIDEO: ("テレビ会議", "テレビ", "オンライン", "online"),
    },
    "phase": {
        Phase.ANNOUNCED: ("予定", "発表"), Phase.HELD: ("実施", "開催", "済"), Phase.CANCELLED: ("中止", "canceled"),
        Phase.POSTPONED: ("延期",),
    },
    "trust": {
        Trust.OFFICIAL: ("公式", "公的"), Trust.PRESS: ("報道", "報道機関"), Trust.AGGREGATOR: ("転載", "まとめ"),
        Trust.LOW: ("低",),
    },
}  # fmt: skip

FIELDS = (*TEXT_FIELDS, *_LABELS, *FREE_FIELDS, *SPAN_FIELDS, "lang", "country", "series", "city")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like this one, if any does."""
    close = difflib.get_close_matches(comparable(word), list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def resolve(field: str, value: str) -> frozenset[str] | None:
    """What records hold for this value; None: no such value is known."""
    folded = comparable(value)
    if field == "minister":
        return _names_of(folded)
    if field in FREE_FIELDS:
        return frozenset({folded})
    found = values(field).get(folded)
    if found is None and field == "country":
        found = _territories().get(folded)
    if found is None and field == "lang":
        found = _languages().get(folded)
    return found


def prepare() -> None:
    """Read all that is known, so that the first query need not."""
    for field in ("country", "series", "city", "lang", *_LABELS):
        values(field)
    _spellings(), _territories(), _languages()


@cache
def values(field: str) -> Mapping[str, frozenset[str]]:
    """The folded names of a field's values, and what records hold for them."""
    if field == "country":
        return _countries()
    if field == "series":
        return _series()
    if field == "city":
        return _cities()
    if field == "lang":
        return _grouped([("ja", ("ja", "japanese", "日本語", "和")), ("en", ("en", "english", "英語"))])
    return _grouped((str(value), (str(value), *names)) for value, names in _LABELS[field].items())


def _grouped(pairs: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for value, names in pairs:
        for name in names:
            folded = comparable(name)
            found[folded] = found.get(folded, frozenset()) | {value}
    return found


def _countries() -> dict[str, frozenset[str]]:
    every = default_lexicon().countries.values()
    return _grouped((c.code, (c.code, *c.ja, *c.en, *c.people, *c.kanji)) for c in every)


def _series() -> dict[str, frozenset[str]]:
    every = default_lexicon().series.values()
    named = _grouped((s.key, (*s.aliases, *s.weak)) for s in every)
    # A key or full name is that series alone, even where another one goes by it for short.
    return named | _grouped((s.key, (s.key, s.ja, s.en)) for s in every)


def _cities() -> dict[str, frozenset[str]]:
    return _grouped((p.name, (*p.ja, *p.en)) for p in default_lexicon().places if not p.venue)


def _names_of(part: str) -> frozenset[str]:
    """A part of a name, and the other spellings of those in the lexicon who have it: 小泉 is Shinjiro Koizumi."""
    found = {part}
    for names in _spellings():
        if any(part in name for name in names):
            found |= names
    return frozenset(found)


@cache
def _spellings() -> tuple[frozenset[str], ...]:
    """How everyone in the lexicon is written, folded."""
    return tuple(
        frozenset(comparable(name) for name in (person.name, person.ja or "", *person.forms)) - {""}
        for person in default_lexicon().people
    )


@cache
def _territories() -> dict[str, frozenset[str]]:
    """All countries of the world, for those that the lexicon does not know."""
    found: dict[str, frozenset[str]] = {}
    for language in ("en", "ja"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                found |= {code.lower(): frozenset({code}), comparable(name): frozenset({code})}
    return found


@cache
def _languages() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for language in ("en", "ja"):
        for code, name in Locale(language).languages.items():
            if code.isalpha():
                found |= {code.lower(): frozenset({code.lower()}), comparable(name): frozenset({code.lower()})}
    return found
