"""Facts that an admin has fixed: how they are written, checked, and laid over what the reports say. Pure.

A pin is a field and a value in the words of `kaigi correct … set FIELD=VALUE`:

    level kind format phase     one of the words of the model, `2+2` and `in person` too
    date                        2025-11-01, or 2025-11-01/2025-11-02
    city                        a name, completed from the lexicon
    country                     where it takes place, ISO 3166-1 alpha-2
    series                      a key of the lexicon, its names come with it
    edition                     a number
    sides                       JP,AU
    person                      JP:Shinjiro Koizumi/小泉進次郎   (one country's principal; either name may be missing)
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from feeds.understand.folding import fold
from feeds.understand.lexicon import Country, default_lexicon
from storage.errors import Misuse
from storage.model import Format, Kind, Level, MeetingFacts, Phase, Pin, Principal

_CHOICES: dict[str, type[StrEnum]] = {"level": Level, "kind": Kind, "format": Format, "phase": Phase}
_OTHER_WORDS = {"2+2": "two_plus_two", "call": "phone", "scheduled": "announced", "canceled": "cancelled"}
FIELDS = ("person", "date", "city", "country", "sides", "series", "edition", *_CHOICES)

_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


class WrongFact(Misuse):
    """A field or value that cannot be set. The message says what would be right."""


def read_pin(field: str, value: str | None) -> Pin:
    """The pin that an admin means; `value` None clears the field. Raises `WrongFact`.

    `person` with a value of a country alone (`clear person:JP`) means that country's principal.
    """
    name, _, code = field.strip().lower().partition(":")
    if name not in FIELDS or (code and name != "person"):
        raise WrongFact(f"There is no field {field!r}. Write one of: {', '.join(FIELDS)}.")
    if value is None:
        if name in _CHOICES:
            raise WrongFact(f"A meeting always has a {name}: set another one instead of clearing it.")
        return Pin(field=f"person:{_country(code)}" if code else name, value=None)
    text = value.strip()
    if not text:
        raise WrongFact(f"{name} needs a value, such as {name}={EXAMPLES[name]}.")
    if name == "person":
        return _person_pin(text)
    return Pin(field=name, value=_CHECKS[name](text) if name in _CHECKS else _choice(name, text))


def pinned(facts: MeetingFacts, pins: Iterable[Pin]) -> MeetingFacts:
    """The facts as the admin wants them shown: what the reports say, with the pins laid over it in their order."""
    for pin in pins:
        facts = _laid_over(facts, pin)
    return facts


def shown(facts: MeetingFacts, field: str) -> str | None:
    """A field's value in the words in which it could be set; None when nobody stated it."""
    name, _, code = field.partition(":")
    if name == "person":
        told = [_person_words(one) for one in facts.principals if code in {"", one.country}]
        return "; ".join(told) or None
    if name == "date":
        days = [day.isoformat() for day in (facts.starts_on, facts.ends_on) if day]
        return "/".join(days) or None
    if name == "sides":
        return ",".join(facts.countries) or None
    value = getattr(facts, name)
    return None if value is None else str(value)


def _laid_over(facts: MeetingFacts, pin: Pin) -> MeetingFacts:
    name, _, code = pin.field.partition(":")
    value = pin.value
    changed: dict[str, Any] = {name: value}  # city and country are text
    if name == "person":
        changed = {"principals": _with_person(facts.principals, code, value)}
    elif name == "date":
        days = [date.fromisoformat(day) for day in (value or "").split("/") if day]
        changed = dict(zip(("starts_on", "ends_on"), [*days, None, None][:2], strict=True))
    elif name == "sides":
        changed = {"countries": tuple(value.split(",")) if value else ()}
    elif name == "series":
        known = default_lexicon().series.get(value or "")
        changed = {"series": value, "name_ja": known.ja if known else None, "name_en": known.en if known else None}
    elif name == "edition":
        changed = {"edition": int(value) if value else None}
    elif name in _CHOICES and value is not None:
        changed = {name: _CHOICES[name](value)}
    return replace(facts, **changed)


def _with_person(present: tuple[Principal, ...], code: str, value: str | None) -> tuple[Principal, ...]:
    if not code:
        return ()
    others = [one for one in present if one.country != code]
    if value is None:
        return tuple(others)
    name, name_ja = _names(value)
    before = next((one for one in present if one.country == code), Principal(country=code))
    person = replace(before, name=name, name_ja=name_ja)
    return tuple(sorted([*others, person], key=lambda one: (one.country, one.name or "", one.name_ja or "")))


def _names(text: str) -> tuple[str | None, str | None]:
    """Latin and Japanese name of `Shinjiro Koizumi/小泉進次郎`, in either order."""
    parts = [part.strip() for part in text.split("/") if part.strip()]
    latin = next((part for part in parts if not _JAPANESE.search(part)), None)
    return latin, next((part for part in parts if _JAPANESE.search(part)), None)


def _person_words(one: Principal) -> str:
    return f"{one.country}:{'/'.join(filter(None, (one.name, one.name_ja))) or '?'}"


def _person_pin(text: str) -> Pin:
    code, colon, names = text.partition(":")
    latin, japanese = _names(names)
    if not colon or not (latin or japanese):
        raise WrongFact(f"A person is written with the country: person={EXAMPLES['person']}.")
    return Pin(field=f"person:{_country(code)}", value="/".join(filter(None, (latin, japanese))))


def _country(text: str) -> str:
    code = text.strip().upper()
    known = default_lexicon().countries
    if code not in known:
        wanted = fold(text.strip()).text
        code = next((one.code for one in known.values() if wanted in _folded_names(one)), "")
    if not code:
        raise WrongFact(f"{text!r} is no country of the lexicon. Write its ISO 3166-1 code, such as JP.")
    return code


def _folded_names(country: Country) -> set[str]:
    return {fold(name).text for name in (*country.ja, *country.en)}


def _sides(text: str) -> str:
    return ",".join(sorted({_country(one) for one in text.split(",") if one.strip()}))


def _day(text: str) -> str:
    try:
        days = [date.fromisoformat(part.strip()) for part in text.split("/")]
    except ValueError:
        days = []
    if not 1 <= len(days) <= 2 or days != sorted(days):
        raise WrongFact(f"{text!r} is no date. Write {EXAMPLES['date']}, or 2025-11-01/2025-11-02.")
    return "/".join(day.isoformat() for day in dict.fromkeys(days))


def _city(text: str) -> str:
    wanted = fold(text).text
    for place in default_lexicon().places:
        if not place.venue and wanted in {fold(name).text for name in (place.name, *place.ja, *place.en)}:
            return place.name
    return text


def _edition(text: str) -> str:
    if not (text.isdecimal() and 0 < int(text) < 1000):
        raise WrongFact(f"{text!r} is no edition. Write a number, such as 12.")
    return str(int(text))


def _series(text: str) -> str:
    known = default_lexicon().series
    if text not in known:
        near = difflib.get_close_matches(text.lower(), known, 3, 0.5)
        raise WrongFact(
            f"{text!r} is no series of the lexicon.{' Did you mean ' + ', '.join(near) + '?' if near else ''}"
        )
    return text


def _choice(name: str, text: str) -> str:
    """A word of one of the model's lists."""
    word = _OTHER_WORDS.get(text.lower(), text.lower().replace("-", "_").replace(" ", "_"))
    allowed = [str(one) for one in _CHOICES[name]]
    if word not in allowed:
        raise WrongFact(f"{text!r} is no {name}. Write one of: {', '.join(allowed)}.")
    return word


_CHECKS = {
    "date": _day,
    "city": _city,
    "country": _country,
    "sides": _sides,
    "series": _series,
    "edition": _edition,
}
EXAMPLES = {
    "person": "JP:Shinjiro Koizumi/小泉進次郎",
    "date": "2025-11-01",
    "city": "Tokyo",
    "country": "JP",
    "sides": "AU,JP",
    "series": "admm-plus",
    "edition": "12",
    "level": "minister",
    "kind": "bilateral",
    "format": "in_person",
    "phase": "held",
}
