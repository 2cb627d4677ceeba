"""The records of the lexicon, and the error that names a bad one."""

import re
from dataclasses import dataclass
from datetime import date

from storage.errors import KaigiError
from storage.model import Kind


class LexiconError(KaigiError):
    """An entry of the lexicon cannot be used. The message names the file and the entry, and says what is wrong."""

    def __init__(self, file: str, entry: str, problem: str) -> None:
        super().__init__(f"{file}: {entry}: {problem}")
        self.file = file
        self.entry = entry


RANKS = frozenset({"minister", "vice_minister", "official", "military", "head", "foreign", "organisation", "other"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A recurring meeting, or a forum that ministers attend."""

    key: str
    ja: str
    en: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()  #: aliases that count only beside a minister or a word of meeting
    participants: tuple[str, ...] = ()
    forum: bool = False
    cadence: str = ""
    city: str | None = None
    country: str | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """An office, its rank, and the country that a bare title implies."""

    key: str
    rank: str
    terms: tuple[str, ...]
    country: str | None = None
    plural: bool = False
    exceptions: tuple[tuple[str, str], ...] = ()  #: (country, rank) where the title means something else

    def rank_in(self, country: str | None) -> str:
        """The rank of this title in a country."""
        return dict(self.exceptions).get(country or "", self.rank)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Someone who held an office from one day to another."""

    name: str
    ja: str | None
    country: str
    rank: str
    short_ja: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    valid_from: date
    valid_until: date | None = None
    source: str = ""
    checked_on: date

    def held_office_on(self, day: date | None) -> bool:
        """Whether the office was theirs on that day; True when no day is known."""
        if day is None:
            return True
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Country:
    """A country or organisation and its names."""

    code: str
    ja: tuple[str, ...]
    en: tuple[str, ...]
    people: tuple[str, ...] = ()
    kanji: tuple[str, ...] = ()
    org: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A city, or a venue in a city."""

    name: str
    country: str
    ja: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    city: str = ""  #: for a venue: where it is; for a city: its own name
    venue: bool = False
    state: bool = False  #: the city's name is the country's too


@dataclass(frozen=True, kw_only=True, slots=True)
class LookAlike:
    """Something that speaks of ministers or meetings and is no ministerial meeting."""

    key: str
    scope: str  #: `title` or `sentence`
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    borderline: bool = False

    def find(self, text: str) -> re.Match[str] | None:
        """Where it shows in a folded text, unless something lifts it."""
        match = self.pattern.search(text)
        return None if match and self.unless and self.unless.search(text) else match


@dataclass(frozen=True, eq=False, slots=True)
class Lexicon:
    """All the data that understanding works with. Compared and hashed by identity: it is loaded once."""

    series: dict[str, Series]
    offices: tuple[Office, ...]
    people: tuple[Person, ...]
    countries: dict[str, Country]
    places: tuple[Place, ...]
    words: dict[str, tuple[str, ...]]  #: `meeting.strong` → terms
    look_alikes: tuple[LookAlike, ...]
