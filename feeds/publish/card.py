"""A meeting as people read it: one headline, a few rows of facts, the sources. Pure.

Feeds, pages, messages and the terminal all show this card; each only dresses it in its own markup. A fact that is not
known has no row.
"""

from dataclasses import dataclass

from feeds.publish.words import (
    Language,
    country_name,
    days_name,
    edition_name,
    flag,
    is_japanese,
    label,
    office_name,
    place_name,
    series_name,
)
from storage.model import Format, Kind, Level, MeetingFacts, MeetingStory, Phase, Principal, Report, Trust

_TRUST_ORDER = tuple(Trust)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One fact, as `key: value`; `label` is the key in the reader's language."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A meeting in one language."""

    language: Language
    flags: str
    headline: str
    rows: tuple[Row, ...]
    sources: tuple[Report, ...]  #: the best first, one a source


def card(story: MeetingStory, language: Language) -> Card:
    """The card of a meeting."""
    facts = story.meeting.facts
    return Card(
        language=language,
        flags=flags(facts, language),
        headline=headline(facts, language),
        rows=tuple(_rows(facts, language)),
        sources=best_reports(story.reports),
    )


def flags(facts: MeetingFacts, language: Language) -> str:
    """The flags of the first six sides."""
    return "".join(flag(code) for code in sides_in_order(facts, language)[:6])


def headline(facts: MeetingFacts, language: Language, *, with_phase: bool = True) -> str:
    """What the meeting is called. A meeting that has not been held says so, unless its phase stands beside it."""
    name = _name(facts, language)
    if facts.phase is Phase.HELD or not with_phase:
        return name
    phase = label(language, facts.phase)
    return f"【{phase}】{name}" if language == "ja" else f"{name} ({phase})"


def _name(facts: MeetingFacts, language: Language) -> str:
    own = facts.name_ja if language == "ja" else facts.name_en
    if facts.series is not None:
        name = series_name(facts.series, language)
        return edition_name(facts.edition, name, language) if facts.edition else name
    return own or _composed_name(facts, language)


def _composed_name(facts: MeetingFacts, language: Language) -> str:
    """日本・オーストラリア防衛相電話会談, Japan–Australia defence ministers' call."""
    sides = [country_name(code, language) for code in sides_in_order(facts, language)]
    if language == "ja":
        who = "外務・防衛閣僚" if facts.kind is Kind.TWO_PLUS_TWO else _RANKS_JA[facts.level]
        how = {Format.PHONE: "電話会談", Format.VIDEO: "テレビ会談"}.get(facts.format, _form_ja(facts))
        return "・".join(sides) + who + how
    who = "2+2" if facts.kind is Kind.TWO_PLUS_TWO else _RANKS_EN[facts.level]
    how = {Format.PHONE: "call", Format.VIDEO: "video call"}.get(facts.format, "meeting")
    return f"{'–'.join(sides)} {who} {how}".strip()


_RANKS_JA = {
    Level.MINISTER: "防衛相",
    Level.VICE_MINISTER: "防衛次官級",
    Level.OFFICIAL: "防衛当局",
    Level.HEAD_OF_GOVERNMENT: "首脳",
}
_RANKS_EN = {
    Level.MINISTER: "defence ministers'",
    Level.VICE_MINISTER: "defence vice ministers'",
    Level.OFFICIAL: "defence officials'",
    Level.HEAD_OF_GOVERNMENT: "leaders'",
}


def _form_ja(facts: MeetingFacts) -> str:
    return "会合" if facts.kind in (Kind.MULTILATERAL, Kind.TWO_PLUS_TWO) else "会談"


def sides_in_order(facts: MeetingFacts, language: Language) -> tuple[str, ...]:
    """The sides as a reader expects: Japan first in Japanese (日英), else as the principals are named."""
    named = [p.country for p in facts.principals if p.country in facts.countries]
    home = ["JP"] if language == "ja" and "JP" in facts.countries else []
    return tuple(dict.fromkeys([*home, *named, *facts.countries]))


def principals_in_order(facts: MeetingFacts, language: Language) -> list[Principal]:
    """The principals in the order of their sides."""
    order = sides_in_order(facts, language)
    return sorted(facts.principals, key=lambda p: order.index(p.country) if p.country in order else len(order))


def _rows(facts: MeetingFacts, language: Language) -> list[Row]:
    values = {
        "when": days_name(facts.starts_on, facts.ends_on, language) if facts.starts_on else "",
        "where": place(facts, language),
        "who": _joined([words for _, words in people_of(facts, language)], language),
        "sides": _joined([country_name(code, language) for code in sides_in_order(facts, language)], language),
        "form": _form(facts, language),
        "margins": series_name(facts.parent, language) if facts.parent else "",
        "outcome": outcomes_of(facts, language),
        "phase": label(language, facts.phase),
    }
    return [Row(key=key, label=label(language, key), value=value) for key, value in values.items() if value]


def people_of(facts: MeetingFacts, language: Language) -> list[tuple[Principal, str]]:
    """Those who take part, side by side as a reader expects them, each in words."""
    return [(one, _principal(one, language)) for one in principals_in_order(facts, language)]


def outcomes_of(facts: MeetingFacts, language: Language) -> str:
    """The documents in words."""
    return _joined(outcomes_in(facts.outcomes, language), language)


def place(facts: MeetingFacts, language: Language) -> str:
    """Venue, city and country, as far as they are known."""
    city = place_name(facts.city, language) if facts.city else ""
    country = country_name(facts.country, language) if facts.country else ""
    venue = place_name(facts.venue, language) if facts.venue else ""
    if language == "ja":
        inner = "・".join(part for part in (city, venue) if part)
        return f"{country}({inner})" if country and inner else country or inner
    return ", ".join(part for part in (venue, city, country) if part)


def _form(facts: MeetingFacts, language: Language) -> str:
    parts = [label(language, facts.kind), label(language, facts.format)]
    if facts.level is not Level.MINISTER:
        parts.append(label(language, facts.level))
    return _joined(parts, language)


def _principal(principal: Principal, language: Language) -> str:
    name = (principal.name_ja or principal.name) if language == "ja" else (principal.name or principal.name_ja)
    country = country_name(principal.country, language)
    office = office_name(principal.office, principal.country, principal.level, language)
    words = f"{country} {name or ''} {office}" if language == "ja" else _in_english(name, office, country)
    note = f" [{label(language, 'substitute')}]" if principal.substitute else ""
    return " ".join(words.split()) + note


def _in_english(name: str | None, office: str, country: str) -> str:
    if name:
        return f"{name} ({country})"
    return f"{office} ({country})" if office else country


def outcomes_in(outcomes: tuple[str, ...], language: Language) -> list[str]:
    """Documents as reports called them: those in the reader's language when there are any, else all."""
    own = [words for words in outcomes if is_japanese(words) == (language == "ja")]
    return own or list(outcomes)


def _joined(parts: list[str], language: Language) -> str:
    return ("、" if language == "ja" else ", ").join(part for part in parts if part)


def best_reports(reports: tuple[Report, ...]) -> tuple[Report, ...]:
    """One report a source: the most trusted source first, then who was first."""
    first = {report.source_key: report for report in reversed(reports)}
    return tuple(sorted(first.values(), key=lambda r: (_TRUST_ORDER.index(r.trust), r.item_id)))
