"""Turns one entry of a lexicon file into its record. Each function refuses what it does not understand.

They raise KeyError for a missing field, and ValueError, TypeError or re.error for one that cannot be used; `loading`
turns these into a LexiconError with the file and the entry.
"""

import difflib
import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import Any

from feeds.understand.lexicon.records import (
    CONFIDENCES,
    RANKS,
    Country,
    Edition,
    LookAlike,
    Office,
    Person,
    Place,
    Series,
    Topic,
)
from feeds.understand.lexicon.spellings import composed
from storage.model import Kind

Entry = dict[str, Any]
Countries = dict[str, Country]

#: The fields of each kind of entry. Anything else is a slip of the pen.
FIELDS: dict[str, tuple[str, ...]] = {
    "country": ("code", "ja", "en", "people", "other", "kanji", "org", "forces", "territory", "name_en"),
    "city": ("name", "ja", "en", "country", "state"),
    "venue": ("name", "ja", "en", "city"),
    "series": (
        "key", "ja", "en", "kind", "aliases", "weak", "compose", "participants", "forum", "cadence", "city", "country",
        "parent", "editions", "valid_from", "valid_until", "source", "checked_on", "note",
    ),
    "office": (
        "key", "rank", "terms", "country", "plural", "except", "valid_from", "valid_until", "source", "checked_on",
    ),
    "person": (
        "name", "ja", "country", "rank", "post", "short_ja", "short", "forms", "valid_from", "valid_until", "source",
        "confidence", "checked_on",
    ),
    "topic": ("key", "ja", "en", "terms"),
    "look_alike": ("key", "scope", "pattern", "unless", "borderline"),
}  # fmt: skip
_EDITION_FIELDS = ("on", "number", "city", "video")


def refuse_unknown(entry: Entry, fields: Iterable[str]) -> None:
    """Raises ValueError when the entry has a field that nobody reads."""
    known = tuple(fields)
    for name in entry:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}?" if close else f"the fields are {', '.join(known)}"
            raise ValueError(f"{name} is not a field; {hint}")


def terms(entry: Entry, field: str) -> tuple[str, ...]:
    """A list of words, empty when the field is left out."""
    value = entry.get(field, ())
    if not isinstance(value, list | tuple) or not all(isinstance(term, str) and term.strip() for term in value):
        raise ValueError(f"{field} must be a list of words")
    return tuple(value)


def _word(entry: Entry, field: str) -> str:
    value = entry[field]
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"{field} must be a word in quotation marks")
    return value


def _flag(entry: Entry, field: str, *, default: bool = False) -> bool:
    value = entry.get(field, default)
    if not isinstance(value, bool):
        raise TypeError(f"{field} must be true or false")
    return value


def _known(code: str | None, countries: Countries) -> str | None:
    if code is not None and code not in countries:
        raise ValueError(f"the country {code} is not in countries.toml; add it there or correct the code")
    return code


def day(value: object, *, last: bool) -> date:
    """A day of `2025-10-21`, `2025-10` or `2025`; a vague one covers all it may mean."""
    if isinstance(value, date):
        return value
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", str(value))
    if match is None:
        raise ValueError(f"{value} is not a day; write 2025-10-21, 2025-10 or 2025")
    year, month, number = (int(part) if part else 0 for part in match.groups())
    if number:
        return date(year, month, number)
    if month:
        return date(year, month, monthrange(year, month)[1] if last else 1)
    return date(year, 12, 31) if last else date(year, 1, 1)


def _validity(entry: Entry) -> tuple[date | None, date | None]:
    start, end = entry.get("valid_from"), entry.get("valid_until")
    since = day(start, last=False) if start else None
    until = day(end, last=True) if end else None
    if since and until and until < since:
        raise ValueError("valid_until is before valid_from")
    return since, until


def _checked_on(entry: Entry, default: object = None) -> date | None:
    value = entry.get("checked_on", default)
    return None if value is None else day(value, last=False)


def country(entry: Entry) -> Country:
    """An entry of countries.toml."""
    kanji = terms(entry, "kanji")
    if any(len(character) != 1 for character in kanji):
        raise ValueError("kanji must be single characters")
    return Country(
        code=_word(entry, "code"),
        ja=terms(entry, "ja"),
        en=terms(entry, "en"),
        people=terms(entry, "people"),
        other=terms(entry, "other"),
        kanji=kanji,
        org=_flag(entry, "org"),
        forces=_flag(entry, "forces", default=True),
        territory=_flag(entry, "territory"),
        name_en=_word(entry, "name_en") if "name_en" in entry else None,
    )


def city(entry: Entry, countries: Countries) -> Place:
    """A `city` of places.toml."""
    name = _word(entry, "name")
    _known(_word(entry, "country"), countries)
    return Place(
        name=name,
        country=entry["country"],
        ja=terms(entry, "ja"),
        en=(name, *terms(entry, "en")),
        city=name,
        state=_flag(entry, "state"),
    )


def venue(entry: Entry, cities: dict[str, Place]) -> Place:
    """A `venue` of places.toml."""
    where = _word(entry, "city")
    if where not in cities:
        raise ValueError(f"the city {where} is not in places.toml")
    return Place(
        name=_word(entry, "name"),
        country=cities[where].country,
        ja=terms(entry, "ja"),
        en=terms(entry, "en"),
        city=where,
        venue=True,
    )


def series(entry: Entry, countries: Countries, cities: dict[str, Place]) -> Series:
    """An entry of series.toml. Raises also for an edition in a city that places.toml does not have."""
    participants = terms(entry, "participants")
    for code in (*participants, entry.get("country")):
        _known(code, countries)
    since, until = _validity(entry)
    aliases = terms(entry, "aliases")
    made = [name for form in terms(entry, "compose") for name in composed(form, participants, countries)]
    return Series(
        key=_word(entry, "key"),
        ja=_word(entry, "ja"),
        en=_word(entry, "en"),
        kind=Kind(entry["kind"]),
        aliases=tuple(dict.fromkeys((*aliases, *made))),
        weak=terms(entry, "weak"),
        participants=tuple(sorted(participants)),
        forum=_flag(entry, "forum"),
        cadence=entry.get("cadence", ""),
        city=entry.get("city"),
        country=entry.get("country"),
        parent=entry.get("parent"),
        editions=tuple(_edition(one, cities) for one in entry.get("editions", ())),
        valid_from=since,
        valid_until=until,
        source=entry.get("source", ""),
        checked_on=_checked_on(entry),
        note=entry.get("note", ""),
    )


def _edition(entry: Entry, cities: dict[str, Place]) -> Edition:
    refuse_unknown(entry, _EDITION_FIELDS)
    number, where = entry.get("number"), entry.get("city")
    if number is not None and (not isinstance(number, int) or number < 1):
        raise ValueError(f"the edition {number} is not a number from 1 on")
    if where is not None and where not in cities:
        raise ValueError(f"an edition was in {where}, which is not a city of places.toml")
    return Edition(held_on=day(entry["on"], last=False), number=number, city=where, video=_flag(entry, "video"))


def office(entry: Entry, countries: Countries) -> Office:
    """An entry of offices.toml."""
    exceptions: dict[str, str] = entry.get("except", {})
    for code, rank in exceptions.items():
        _known(code, countries)
        _rank(rank)
    since, until = _validity(entry)
    return Office(
        key=_word(entry, "key"),
        rank=_rank(entry["rank"]),
        terms=terms(entry, "terms"),
        country=_known(entry.get("country"), countries),
        plural=_flag(entry, "plural"),
        exceptions=tuple(sorted(exceptions.items())),
        valid_from=since,
        valid_until=until,
        source=entry.get("source", ""),
        checked_on=_checked_on(entry),
    )


def _rank(rank: str) -> str:
    if rank not in RANKS:
        raise ValueError(f"the rank {rank} is none of {', '.join(sorted(RANKS))}")
    return rank


def person(entry: Entry, countries: Countries, checked_on: object) -> Person:
    """An entry of people.toml; `checked_on` is the file's own day, for entries that give none."""
    _known(_word(entry, "country"), countries)
    if not entry["valid_from"]:
        raise ValueError("valid_from must say since when")
    since, until = _validity(entry)
    checked = _checked_on(entry, checked_on)
    if since is None or checked is None:
        raise TypeError("checked_on must be a date, such as 2026-11-23")
    confidence = entry.get("confidence", "sure")
    if confidence not in CONFIDENCES:
        raise ValueError(f"the confidence {confidence} is none of {', '.join(sorted(CONFIDENCES))}")
    return Person(
        name=_word(entry, "name"),
        ja=entry.get("ja"),
        country=entry["country"],
        rank=_rank(entry.get("rank", "minister")),
        post=entry.get("post", ""),
        short_ja=terms(entry, "short_ja"),
        short=terms(entry, "short"),
        forms=terms(entry, "forms"),
        valid_from=since,
        valid_until=until,
        began_by=day(entry["valid_from"], last=True),
        ended_from=day(entry["valid_until"], last=False) if until else None,
        source=entry.get("source", ""),
        confidence=confidence,
        checked_on=checked,
    )


def topic(entry: Entry) -> Topic:
    """An entry of topics.toml."""
    return Topic(key=_word(entry, "key"), ja=_word(entry, "ja"), en=_word(entry, "en"), terms=terms(entry, "terms"))


def look_alike(entry: Entry) -> LookAlike:
    """An entry of look_alikes.toml."""
    if entry["scope"] not in {"title", "subject", "sentence"}:
        raise ValueError("scope must be title, subject or sentence")
    unless = entry.get("unless")
    return LookAlike(
        key=_word(entry, "key"),
        scope=entry["scope"],
        pattern=re.compile(entry["pattern"]),
        unless=re.compile(unless) if unless else None,
        borderline=_flag(entry, "borderline"),
    )
