"""What can be followed and muted, with names for people: countries, ministers, series, kinds. Pure.

A tag is what storage keeps: `country:JP`, `person:shinjiro-koizumi`, `series:admm-plus`, `kind:bilateral`, `story:7`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from feeds.decide.audience import slug
from feeds.decide.vocabulary import nearest, resolve, values
from feeds.publish.words import Language, country_name, flag, label, series_name
from feeds.understand.lexicon import default_lexicon
from storage.model import Kind
from storage.words import comparable

PAGE = 8  #: choices on one page of a menu
VIEWS = ("c", "p", "s", "k")  #: countries, ministers (people), series, kinds


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to follow or mute."""

    tag: str
    label: str


def choices(view: str, language: Language, today: date) -> tuple[Choice, ...]:
    """All choices of a view, in the order of the lexicon. Ministers are those in office `today`."""
    return {"c": _countries, "s": _series, "k": _kinds}[view](language) if view != "p" else _ministers(language, today)


@lru_cache(maxsize=4)
def _countries(language: Language) -> tuple[Choice, ...]:
    known = [one for one in default_lexicon().countries.values() if one.forces and not one.territory]
    ordered = sorted(known, key=lambda one: one.org)
    return tuple(Choice(f"country:{one.code}", country_label(one.code, language)) for one in ordered)


@lru_cache(maxsize=4)
def _series(language: Language) -> tuple[Choice, ...]:
    running = [one for one in default_lexicon().series.values() if one.valid_until is None]
    return tuple(Choice(f"series:{one.key}", series_name(one.key, language)) for one in running)


@lru_cache(maxsize=4)
def _kinds(language: Language) -> tuple[Choice, ...]:
    return tuple(Choice(f"kind:{kind.value}", label(language, kind)) for kind in Kind)


@lru_cache(maxsize=8)
def _ministers(language: Language, today: date) -> tuple[Choice, ...]:
    lexicon = default_lexicon()
    order = list(lexicon.countries)
    serving = [one for one in lexicon.people if one.rank == "minister" and one.held_office_on(today)]
    serving.sort(key=lambda one: order.index(one.country) if one.country in order else len(order))
    found: dict[str, str] = {}
    for one in serving:
        name = (one.ja or one.name) if language == "ja" else one.name
        found.setdefault(f"person:{slug(one.name)}", f"{flag(one.country)} {name}".strip())
    return tuple(Choice(tag, name) for tag, name in found.items())


def country_label(code: str, language: Language) -> str:
    """A country with its flag."""
    return f"{flag(code)} {country_name(code, language)}".strip()


def tag_label(tag: str, language: Language) -> str:
    """A tag in words; `story:7` stays with its number, because only storage knows its name."""
    kind, _, key = tag.partition(":")
    if kind == "country":
        return country_label(key, language)
    if kind in ("series", "parent"):
        return series_name(key, language)
    if kind == "kind" and key in {one.value for one in Kind}:
        return label(language, Kind(key))
    if kind == "person":
        return _people(language).get(key, key)
    return tag


@lru_cache(maxsize=4)
def _people(language: Language) -> dict[str, str]:
    """All office-holders of the lexicon, by their keys."""
    return {
        slug(one.name): f"{flag(one.country)} {(one.ja or one.name) if language == 'ja' else one.name}".strip()
        for one in default_lexicon().people
    }


def find(words: str, language: Language, today: date) -> list[Choice]:
    """What somebody means by these words: exactly that, else what has the words in its name. At most a page."""
    folded = comparable(words)
    if not folded:
        return []
    exact = [Choice(tag, tag_label(tag, language)) for tag in _exact(words, folded, today)]
    if exact:
        return exact[:PAGE]
    if len(folded) < 2:
        return []
    every = [one for view in VIEWS for name in ("ja", "en") for one in choices(view, _language(name), today)]
    tags = dict.fromkeys(one.tag for one in every if folded in comparable(one.label))
    return [Choice(tag, tag_label(tag, language)) for tag in list(tags)[:PAGE]]


def _language(name: str) -> Language:
    return "ja" if name == "ja" else "en"


def _exact(words: str, folded: str, today: date) -> Iterable[str]:
    for field in ("country", "series", "kind"):
        yield from (f"{field}:{value}" for value in sorted(resolve(field, words) or ()))
    for one in default_lexicon().people:
        names = {comparable(name) for name in (one.name, one.ja or "", *one.forms, *one.short, *one.short_ja)}
        if folded in names and one.rank == "minister" and one.held_office_on(today):
            yield f"person:{slug(one.name)}"


def suggestion(words: str) -> str | None:
    """The known name of a country or series that looks most like these words."""
    return nearest(words, values("country")) or nearest(words, values("series"))


def short(tag: str) -> str:
    """A tag that fits a button: itself, or a fingerprint of a long one."""
    if len(tag.encode()) <= 40:
        return tag
    return "#" + hashlib.blake2s(tag.encode(), digest_size=8).hexdigest()


def unshortened(tag: str, known: Iterable[str]) -> str | None:
    """The tag that a button means; None when no known tag has this fingerprint."""
    if not tag.startswith("#"):
        return tag
    return next((one for one in known if short(one) == tag), None)


def page_of(found: Sequence[Choice], page: int) -> tuple[Sequence[Choice], int, int]:
    """The choices of a page (held within bounds), its number and how many pages there are."""
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(page, 0), pages - 1)
    return found[page * PAGE : (page + 1) * PAGE], page, pages
