"""A meeting as one entry of a list: day, headline, people, place, outcome, and who reports it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from babel import Locale, UnknownLocaleError

from feeds.publish.almanac import key_of
from feeds.publish.card import best_reports, flags, headline, outcomes_of, people_of, place
from feeds.publish.moments import today
from feeds.publish.plain import line
from feeds.publish.words import Language, country_name, label, series_name
from storage.model import Format, Level, MeetingFacts, MeetingStory, Phase, Report

MOST_SIDES = 8  #: countries that are named where no person is known

_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: dict[Language, str] = {"ja": "月火水木金土日", "en": "Mon Tue Wed Thu Fri Sat Sun"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DayStamp:
    """The day at the margin of an entry."""

    iso: str
    line: str  #: all of it, for narrow pages
    month: str
    day: str
    weekday: str
    until: str  #: 11月2日, when it lasts longer
    known: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """Someone who takes part."""

    words: str
    key: str  #: of their page; empty: nobody with a name


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One entry."""

    story_id: int
    stamp: DayStamp
    flags: str
    headline: str
    phase: Phase
    phase_words: str
    kicker: str  #: kind, and how they meet when it is not in person
    people: tuple[Named, ...]
    sides: str  #: the countries, where no person is known
    place: str
    margins: str
    parent: str
    outcome: str
    sources: tuple[Report, ...]  #: the best first
    languages: tuple[tuple[str, str], ...]  #: tag and its own name for itself


def listed(story: MeetingStory, language: Language, zone: str) -> Listed:
    """A meeting as an entry of a list. Where its day is unknown, it stands under the reader's day on which it was first
    told."""
    facts = story.meeting.facts
    people = tuple(
        Named(words=words, key=key_of(one)) for one, words in people_of(facts, language) if one.name or one.name_ja
    )
    return Listed(
        story_id=story.meeting.story_id,
        stamp=stamp(facts.starts_on, facts.ends_on, today(story.meeting.first_seen_at, zone), language),
        flags=flags(facts, language),
        headline=line(headline(facts, language, with_phase=False)),
        phase=facts.phase,
        phase_words=label(language, facts.phase),
        kicker=_kicker(facts, language),
        people=people,
        sides="" if people else _sides(facts, language),
        place=line(place(facts, language)),
        margins=series_name(facts.parent, language) if facts.parent else "",
        parent=facts.parent or "",
        outcome=line(outcomes_of(facts, language)),
        sources=best_reports(story.reports),
        languages=tuple(languages_of(story.reports)),
    )


def stamp(first: date | None, last: date | None, heard: date, language: Language) -> DayStamp:
    """The day in parts, so that a list can be run through by eye."""
    day = first or heard
    names = _DAYS[language] if language == "ja" else _DAYS[language].split()
    until = ""
    if first and last and last != first:
        until = f"〜{last.month}月{last.day}日" if language == "ja" else f"to {last.day} {_MONTHS_EN[last.month - 1]}"
    return DayStamp(
        iso=day.isoformat(),
        line=f"{day.year}年{day.month}月{day.day}日({names[day.weekday()]})"
        if language == "ja"
        else f"{names[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]} {day.year}",
        month=f"{day.year}年{day.month}月" if language == "ja" else f"{_MONTHS_EN[day.month - 1]} {day.year}",
        day=str(day.day),
        weekday=f"{names[day.weekday()]}曜" if language == "ja" else names[day.weekday()],
        until=until,
        known=first is not None,
    )


def _kicker(facts: MeetingFacts, language: Language) -> str:
    parts = [label(language, facts.kind)]
    if facts.format is not Format.IN_PERSON:
        parts.append(label(language, facts.format))
    if facts.level is not Level.MINISTER:
        parts.append(label(language, facts.level))
    return (" · ").join(parts)


def _sides(facts: MeetingFacts, language: Language) -> str:
    shown = [country_name(code, language) for code in facts.countries[:MOST_SIDES]]
    left = len(facts.countries) - len(shown)
    words = ("、" if language == "ja" else ", ").join(shown)
    if left <= 0:
        return words
    return f"{words}ほか{left}か国" if language == "ja" else f"{words} and {left} more"


def languages_of(reports: Sequence[Report]) -> list[tuple[str, str]]:
    """The languages in which a meeting is told, most reports first."""
    tags = [report.language.partition("-")[0].lower() for report in reports]
    return [(tag, language_name(tag)) for tag in sorted(set(tags), key=lambda tag: (-tags.count(tag), tag)) if tag]


@cache
def language_name(tag: str) -> str:
    """A language's own name for itself; the tag when nobody knows it."""
    try:
        return (Locale.parse(tag).get_display_name(tag) or tag).capitalize()
    except (UnknownLocaleError, ValueError):
        return tag
