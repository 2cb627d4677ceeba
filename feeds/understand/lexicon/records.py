"""The records of the lexicon, and the error that names a bad one."""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from storage.errors import Misuse
from storage.model import Kind


class LexiconError(Misuse):
    """An entry of the lexicon cannot be used. The message names the file and the entry, and says what is wrong."""

    def __init__(self, file: str, entry: str, problem: str) -> None:
        super().__init__(f"{file}: {entry}: {problem}")
        self.file = file
        self.entry = entry
        self.problem = problem


RANKS = frozenset({"minister", "vice_minister", "official", "military", "head", "foreign", "organisation", "other"})
CONFIDENCES = frozenset({"sure", "likely"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """One meeting of a series that is known to have taken place."""

    held_on: date  #: its first day, in local time
    number: int | None = None  #: its number in the series, where the series counts
    city: str | None = None  #: None: by video, or not known
    video: bool = False


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
    parent: str | None = None  #: key of the series beside which it is usually held
    editions: tuple[Edition, ...] = ()
    valid_from: date | None = None  #: when it was founded
    valid_until: date | None = None  #: when it ended
    source: str = ""
    checked_on: date | None = None
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling that stands for the series by itself."""
        return (self.ja, self.en, *self.aliases)

    def edition(self, number: int) -> Edition | None:
        """The meeting of that number, if it is known."""
        return next((one for one in self.editions if one.number == number), None)

    def edition_fits(self, number: int, year: int) -> bool | None:
        """Whether the meeting of that number can have been in that year, judged by the known ones around it.

        None where nothing known speaks for or against it.
        """
        counted = [(one.number, one.held_on.year) for one in self.editions if one.number is not None]
        if not counted:
            return None
        if any(known == number and year != held for known, held in counted):
            return False
        if any((known < number and held > year) or (known > number and held < year) for known, held in counted):
            return False
        return True if any(known == number for known, _ in counted) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """An office, its rank, and the country that a bare title implies."""

    key: str
    rank: str
    terms: tuple[str, ...]
    country: str | None = None
    plural: bool = False
    exceptions: tuple[tuple[str, str], ...] = ()  #: (country, rank) where the title means something else
    valid_from: date | None = None
    valid_until: date | None = None
    source: str = ""
    checked_on: date | None = None

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
    post: str = ""  #: tells offices of one rank in one country apart; empty for the ministry's head
    short_ja: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    valid_from: date
    valid_until: date | None = None
    began_by: date  #: the last day on which it may have begun, where only the month or year is known
    ended_from: date | None = None  #: the first day on which it may have ended
    source: str = ""
    confidence: str = "sure"
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
    other: tuple[str, ...] = ()  #: names and adjectives in languages but Japanese and English
    kanji: tuple[str, ...] = ()
    org: bool = False
    forces: bool = True  #: whether a minister of defence is to be expected
    territory: bool = False  #: dependent on another country: no side of a meeting
    name_en: str | None = None  #: shown to readers where the bare name is not searched for (Jordan, Georgia)

    def shown(self, language: str) -> str | None:
        """The name for readers of `ja` or `en`; None when there is none in that language."""
        if language == "en" and self.name_en:
            return self.name_en
        names = self.ja if language == "ja" else self.en
        return names[0] if names else None


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
class Topic:
    """Something that ministers talk about."""

    key: str
    ja: str  #: the name shown in Japanese
    en: str  #: the name shown in English
    terms: tuple[str, ...] = ()  #: further spellings found in texts

    @property
    def names(self) -> tuple[str, ...]:
        """Every spelling that is searched for."""
        return (self.ja, self.en, *self.terms)


@dataclass(frozen=True, kw_only=True, slots=True)
class LookAlike:
    """Something that speaks of ministers or meetings and is no ministerial meeting."""

    key: str
    scope: str  #: `title`, `subject` or `sentence`
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
    topics: tuple[Topic, ...] = ()


def in_order(editions: Iterable[Edition]) -> bool:
    """Whether numbers rise with the days."""
    counted = sorted((one.held_on, one.number) for one in editions if one.number is not None)
    return all(before[1] < after[1] for before, after in itertools.pairwise(counted))
