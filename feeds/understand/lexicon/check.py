"""Looks a loaded lexicon over: contradictions (errors), and what has aged or is missing (warnings).

Pure: the day comes in as an argument. What cannot be loaded at all is refused earlier, by `load_lexicon`.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from feeds.understand.folding import fold
from feeds.understand.lexicon.records import Lexicon, LexiconError, Person, Series, in_order

STALE_AFTER_MONTHS = 6
_MONTH = timedelta(days=30.44)
#: Of these ranks a country has one holder a post; of deputies and officials it has several.
_SINGLE = ("minister", "foreign", "organisation")
_NO_ACTS = ("acting",)  # posts that stand in for another one


class Severity(StrEnum):
    """Errors make a reader wrong; warnings make it incomplete."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing to look at, and what to do about it."""

    severity: Severity
    check: str  #: which check found it
    file: str
    entry: str
    problem: str
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a check found, and how much there is."""

    findings: tuple[Finding, ...]
    counts: dict[str, int]  #: what → how many
    checked_on: date

    @property
    def errors(self) -> int:
        """How many contradictions there are."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    def as_dict(self) -> dict[str, object]:
        """As JSON shows it."""
        return {
            "checked_on": self.checked_on.isoformat(),
            "errors": self.errors,
            "warnings": len(self.findings) - self.errors,
            "counts": self.counts,
            "findings": [
                {name: str(getattr(finding, name)) for name in Finding.__dataclass_fields__}
                for finding in self.findings
            ],
        }


def check(lexicon: Lexicon, today: date, *, stale_after_months: int = STALE_AFTER_MONTHS) -> Report:
    """Contradictions, expired holders and gaps, errors first, in the order of the files."""
    stale_before = today - stale_after_months * _MONTH
    findings = [
        *_terms(lexicon),
        *_overlaps(lexicon),
        *_full_names(lexicon),
        *_editions(lexicon),
        *_stale(lexicon, stale_before),
        *_successors(lexicon, today),
        *_without_minister(lexicon),
        *_one_script(lexicon),
        *_bare_series(lexicon),
    ]
    findings.sort(key=lambda finding: (finding.severity is not Severity.ERROR, finding.check, finding.file))
    return Report(findings=tuple(findings), counts=_counts(lexicon, today), checked_on=today)


def unreadable(error: LexiconError, today: date) -> Report:
    """The report on a lexicon that cannot be loaded: the one entry that stopped it."""
    finding = _error("cannot be loaded", error.file, error.entry, error.problem, "correct the entry, then check again")
    return Report(findings=(finding,), counts={}, checked_on=today)


def _error(check: str, file: str, entry: str, problem: str, advice: str) -> Finding:
    return Finding(severity=Severity.ERROR, check=check, file=file, entry=entry, problem=problem, advice=advice)


def _warning(check: str, file: str, entry: str, problem: str, advice: str) -> Finding:
    return Finding(severity=Severity.WARNING, check=check, file=file, entry=entry, problem=problem, advice=advice)


def _counts(lexicon: Lexicon, today: date) -> dict[str, int]:
    return {
        "series": len(lexicon.series),
        "spellings of series": sum(len(series.names) + len(series.weak) for series in lexicon.series.values()),
        "editions": sum(len(series.editions) for series in lexicon.series.values()),
        "offices": len(lexicon.offices),
        "titles": sum(len(office.terms) for office in lexicon.offices),
        "people": len({(person.name, person.country) for person in lexicon.people}),
        "in office today": sum(person.held_office_on(today) for person in lexicon.people),
        "countries and organisations": len(lexicon.countries),
        "cities": sum(not place.venue for place in lexicon.places),
        "venues": sum(place.venue for place in lexicon.places),
        "topics": len(lexicon.topics),
        "words": sum(len(words) for words in lexicon.words.values()),
        "look-alikes": len(lexicon.look_alikes),
    }


# Contradictions


def _terms(lexicon: Lexicon) -> Iterator[Finding]:
    """One term with two meanings in one group: which of them a reader gets is chance."""
    offices = ((o.key, (o.rank, o.country, o.plural, o.exceptions), o.terms) for o in lexicon.offices)
    countries = ((c.code, c.code, (*c.ja, *c.en, *c.people)) for c in lexicon.countries.values() if not c.territory)
    series = ((s.key, s.key, s.names) for s in lexicon.series.values())
    weak = ((s.key, s.key, s.weak) for s in lexicon.series.values())
    places = ((p.name, (p.name, p.country, p.venue), (*p.ja, *p.en)) for p in lexicon.places)
    topics = ((t.key, t.key, t.names) for t in lexicon.topics)
    kanji = ((c.code, c.code, c.kanji) for c in lexicon.countries.values())
    groups: tuple[tuple[str, str, Iterable[tuple[str, object, Iterable[str]]]], ...] = (
        ("offices.toml", "title", offices), ("countries.toml", "name", countries), ("countries.toml", "kanji", kanji),
        ("series.toml", "alias", series), ("series.toml", "weak alias", weak), ("places.toml", "spelling", places),
        ("topics.toml", "term", topics),
    )  # fmt: skip
    for file, what, entries in groups:
        yield from _twice(file, what, entries)


def _twice(file: str, what: str, entries: Iterable[tuple[str, object, Iterable[str]]]) -> Iterator[Finding]:
    seen: dict[str, tuple[str, object]] = {}
    for key, meaning, terms in entries:
        for term in dict.fromkeys(fold(term).text for term in terms):
            first, other = seen.setdefault(term, (key, meaning))
            if other != meaning:
                problem = f"the {what} {term} belongs to {first} too"
                yield _error("two meanings", file, key, problem, "take it out of one of the two, or write it longer")


def _overlaps(lexicon: Lexicon) -> Iterator[Finding]:
    for holders in _posts(lexicon).values():
        for before, after in itertools.pairwise(holders):
            if before.ended_from is None or before.ended_from > after.began_by:
                until = before.valid_until or "now"
                problem = f"{before.name} holds the same office until {until}, {after.name} from {after.valid_from}"
                advice = "correct valid_until or valid_from, or tell the offices apart with post"
                yield _error("two holders", "people.toml", after.name, problem, advice)


def _posts(lexicon: Lexicon) -> dict[tuple[str, str, str], list[Person]]:
    """The holders of each office that one person holds at a time, in order."""
    posts: dict[tuple[str, str, str], list[Person]] = defaultdict(list)
    for person in lexicon.people:
        if (person.rank in _SINGLE or person.post) and person.post not in _NO_ACTS:
            posts[person.country, person.rank, person.post].append(person)
    for holders in posts.values():
        holders.sort(key=lambda person: (person.valid_from, person.valid_until or date.max))
    return posts


def _full_names(lexicon: Lexicon) -> Iterator[Finding]:
    """Family names are shared by many; a full name should be one person's."""
    seen: dict[str, Person] = {}
    for person in lexicon.people:
        for name in {fold(name).text for name in (person.name, person.ja or person.name, *person.forms)}:
            first = seen.setdefault(name, person)
            if (first.name, first.country) != (person.name, person.country):
                problem = f"the full name {name} is also that of {first.name} ({first.country})"
                advice = "write one of the two with a further name"
                yield _error("two people", "people.toml", person.name, problem, advice)


def _editions(lexicon: Lexicon) -> Iterator[Finding]:
    for series in lexicon.series.values():
        if not in_order(series.editions):
            problem = "the numbers of its editions do not rise with the days"
            yield _error("editions", "series.toml", series.key, problem, "correct the number or the day")
        for edition in series.editions:
            if series.valid_from and edition.held_on < series.valid_from:
                problem = f"the edition of {edition.held_on} is older than valid_from"
                yield _error("editions", "series.toml", series.key, problem, "correct the day or valid_from")


# What has aged


def _stale(lexicon: Lexicon, stale_before: date) -> Iterator[Finding]:
    """The longest unchecked first."""
    for person in sorted(lexicon.people, key=lambda person: person.checked_on):
        if person.valid_until is None and person.checked_on < stale_before:
            sure = "" if person.confidence == "sure" else ", never looked up"
            problem = f"in office without an end, last checked on {person.checked_on}{sure}"
            advice = "look it up, then set checked_on to today or give valid_until and the successor"
            yield _warning("stale", "people.toml", f"{person.name} ({person.country})", problem, advice)


def _successors(lexicon: Lexicon, today: date) -> Iterator[Finding]:
    for (country, rank, post), holders in _posts(lexicon).items():
        last = max(holders, key=lambda person: person.valid_until or date.max)
        if last.valid_until is not None and last.valid_until < today and rank in _SINGLE and not post:
            problem = f"left the office of {country} ({rank}) on {last.valid_until}; nobody follows"
            yield _warning("no successor", "people.toml", last.name, problem, "add who holds it now")


# What is missing


def _without_minister(lexicon: Lexicon) -> Iterator[Finding]:
    held = {person.country for person in lexicon.people if person.rank == "minister"}
    for country in lexicon.countries.values():
        if country.forces and not country.org and not country.territory and country.code not in held:
            name = country.shown("en") or country.code
            problem = f"no minister of defence of {name} is known"
            yield _warning("no minister", "people.toml", country.code, problem, "add who holds the office")


def _one_script(lexicon: Lexicon) -> Iterator[Finding]:
    advice = "add the name in the other script"
    for country in lexicon.countries.values():
        if not country.shown("ja") or not country.shown("en"):
            yield _warning("one script", "countries.toml", country.code, "has a name in one script only", advice)
    for person in lexicon.people:
        if not person.ja:
            yield _warning("one script", "people.toml", person.name, "has no name in Japanese", advice)
    for place in lexicon.places:
        if not place.venue and not place.ja:
            yield _warning("one script", "places.toml", place.name, "has no name in Japanese", advice)


_WANTED: tuple[tuple[str, Callable[[Series], object]], ...] = (
    ("participants", lambda series: series.participants),
    ("cadence", lambda series: series.cadence),
)


def _bare_series(lexicon: Lexicon) -> Iterator[Finding]:
    for series in lexicon.series.values():
        for field, value in _WANTED:
            if not value(series):
                yield _warning("bare series", "series.toml", series.key, f"has no {field}", f"add {field}")
