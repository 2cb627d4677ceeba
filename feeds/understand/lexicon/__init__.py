"""The lexicon: what understanding knows about forums, offices, people, places and words, as data.

The `*.toml` files beside this module are edited by people. `load_lexicon` turns a folder of them into frozen records
and refuses a bad entry with the file and the entry's name; `default_lexicon` loads the bundled ones once.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

from feeds.understand.lexicon.records import (
    RANKS,
    Country,
    Lexicon,
    LexiconError,
    LookAlike,
    Office,
    Person,
    Place,
    Series,
)
from storage.model import Kind

__all__ = [
    "Country",
    "Lexicon",
    "LexiconError",
    "LookAlike",
    "Office",
    "Person",
    "Place",
    "Series",
    "default_lexicon",
    "load_lexicon",
]

Entry = dict[str, Any]
Record = TypeVar("Record")


@lru_cache(maxsize=1)
def default_lexicon() -> Lexicon:
    """The bundled lexicon, read and checked once."""
    return load_lexicon(files("feeds.understand.lexicon"))


def load_lexicon(folder: Traversable) -> Lexicon:
    """Reads and checks a folder of lexicon files. Raises LexiconError that names the file and the entry."""
    countries = {country.code: country for country in _entries(folder, "countries.toml", "country", _country)}
    cities = tuple(_entries(folder, "places.toml", "city", lambda entry: _city(entry, countries)))
    known = {city.name: city for city in cities}
    venues = tuple(_entries(folder, "places.toml", "venue", lambda entry: _venue(entry, known)))
    checked_on = _table(folder, "people.toml").get("checked_on")
    people = _entries(folder, "people.toml", "person", lambda entry: _person(entry, countries, checked_on))
    return Lexicon(
        series=_by_key(_entries(folder, "series.toml", "series", lambda entry: _series(entry, countries))),
        offices=tuple(_entries(folder, "offices.toml", "office", lambda entry: _office(entry, countries))),
        people=tuple(people),
        countries=countries,
        places=cities + venues,
        words=_words(folder),
        look_alikes=tuple(_entries(folder, "look_alikes.toml", "look_alike", _look_alike)),
    )


def _table(folder: Traversable, file: str) -> Entry:
    try:
        return tomllib.loads(folder.joinpath(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise LexiconError(file, "the file", "cannot be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LexiconError(file, "the file", f"is not TOML: {error}") from error


def _entries(folder: Traversable, file: str, name: str, make: Callable[[Entry], Record]) -> list[Record]:
    records: list[Record] = []
    for number, entry in enumerate(_table(folder, file).get(name, ()), start=1):
        label = str(entry.get("key") or entry.get("code") or entry.get("name") or f"{name} {number}")
        try:
            records.append(make(entry))
        except KeyError as error:
            raise LexiconError(file, label, f"{error.args[0]} is missing") from error
        except (TypeError, ValueError, re.error) as error:
            raise LexiconError(file, label, str(error)) from error
    return records


def _by_key(series: Iterable[Series]) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for one in series:
        if one.key in found:
            raise LexiconError("series.toml", one.key, "the key is used twice")
        found[one.key] = one
    return found


def _terms(entry: Entry, field: str) -> tuple[str, ...]:
    value = entry.get(field, ())
    if not isinstance(value, list | tuple) or not all(isinstance(term, str) and term for term in value):
        raise ValueError(f"{field} must be a list of words")
    return tuple(value)


def _known(code: str | None, countries: dict[str, Country]) -> str | None:
    if code is not None and code not in countries:
        raise ValueError(f"the country {code} is not in countries.toml")
    return code


def _country(entry: Entry) -> Country:
    kanji = _terms(entry, "kanji")
    if any(len(character) != 1 for character in kanji):
        raise ValueError("kanji must be single characters")
    return Country(
        code=entry["code"],
        ja=_terms(entry, "ja"),
        en=_terms(entry, "en"),
        people=_terms(entry, "people"),
        kanji=kanji,
        org=entry.get("org", False),
    )


def _city(entry: Entry, countries: dict[str, Country]) -> Place:
    _known(entry["country"], countries)
    return Place(
        name=entry["name"],
        country=entry["country"],
        ja=_terms(entry, "ja"),
        en=(entry["name"], *_terms(entry, "en")),
        city=entry["name"],
        state=entry.get("state", False),
    )


def _venue(entry: Entry, cities: dict[str, Place]) -> Place:
    if entry["city"] not in cities:
        raise ValueError(f"the city {entry['city']} is not in places.toml")
    return Place(
        name=entry["name"],
        country=cities[entry["city"]].country,
        ja=_terms(entry, "ja"),
        en=_terms(entry, "en"),
        city=entry["city"],
        venue=True,
    )


def _series(entry: Entry, countries: dict[str, Country]) -> Series:
    participants = _terms(entry, "participants")
    for code in (*participants, entry.get("country")):
        _known(code, countries)
    return Series(
        key=entry["key"],
        ja=entry["ja"],
        en=entry["en"],
        kind=Kind(entry["kind"]),
        aliases=_terms(entry, "aliases"),
        weak=_terms(entry, "weak"),
        participants=tuple(sorted(participants)),
        forum=entry.get("forum", False),
        cadence=entry.get("cadence", ""),
        city=entry.get("city"),
        country=entry.get("country"),
        note=entry.get("note", ""),
    )


def _office(entry: Entry, countries: dict[str, Country]) -> Office:
    exceptions: dict[str, str] = entry.get("except", {})
    for code, rank in exceptions.items():
        _known(code, countries)
        _rank(rank)
    return Office(
        key=entry["key"],
        rank=_rank(entry["rank"]),
        terms=_terms(entry, "terms"),
        country=_known(entry.get("country"), countries),
        plural=entry.get("plural", False),
        exceptions=tuple(sorted(exceptions.items())),
    )


def _rank(rank: str) -> str:
    if rank not in RANKS:
        raise ValueError(f"the rank {rank} is none of {', '.join(sorted(RANKS))}")
    return rank


def _person(entry: Entry, countries: dict[str, Country], checked_on: object) -> Person:
    _known(entry["country"], countries)
    start, end = _day(entry["valid_from"], last=False), entry.get("valid_until")
    until = _day(end, last=True) if end else None
    if until and until < start:
        raise ValueError("valid_until is before valid_from")
    checked = entry.get("checked_on", checked_on)
    if not isinstance(checked, date):
        raise TypeError("checked_on must be a date")
    return Person(
        name=entry["name"],
        ja=entry.get("ja"),
        country=entry["country"],
        rank=_rank(entry.get("rank", "minister")),
        short_ja=_terms(entry, "short_ja"),
        short=_terms(entry, "short"),
        forms=_terms(entry, "forms"),
        valid_from=start,
        valid_until=until,
        source=entry.get("source", ""),
        checked_on=checked,
    )


def _day(text: str, *, last: bool) -> date:
    """A day of `2025-10-21`, `2025-10` or `2025`; a vague one covers all it may mean."""
    parts = [int(part) for part in str(text).split("-")]
    year, month, day = (*parts, 0, 0)[:3]
    if day:
        return date(year, month, day)
    if month:
        return date(year, month, 28 if last else 1)
    return date(year, 12, 31) if last else date(year, 1, 1)


def _words(folder: Traversable) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for group, lists in _table(folder, "words.toml").items():
        for name in lists:
            try:
                words[f"{group}.{name}"] = _terms(lists, name)
            except ValueError as error:
                raise LexiconError("words.toml", f"{group}.{name}", str(error)) from error
    return words


def _look_alike(entry: Entry) -> LookAlike:
    if entry["scope"] not in {"title", "sentence"}:
        raise ValueError("scope must be title or sentence")
    unless = entry.get("unless")
    return LookAlike(
        key=entry["key"],
        scope=entry["scope"],
        pattern=re.compile(entry["pattern"]),
        unless=re.compile(unless) if unless else None,
        borderline=entry.get("borderline", False),
    )
