"""Single facts in words, as messages show them: a principal, where a meeting stands, what changed. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from bot.telegram.markup import Piece, bold, italic, words
from bot.telegram.texts import text
from feeds.publish.card import outcomes_in
from feeds.publish.words import Language, country_name, day_name, flag, label, office_name, place_name, series_name
from storage.model import Format, Kind, Level, MeetingFacts, Phase, Principal


def principal_line(principal: Principal, language: Language) -> Piece:
    """Flag, name, office and country; the name in both scripts when both are known."""
    return words(f"{flag(principal.country) or '•'} {principal_words(principal, language)}", 320)


def principal_words(principal: Principal, language: Language) -> str:
    """The same without the flag."""
    name, other = principal.name, principal.name_ja
    if language == "ja":
        name, other = other, name
    if not name:
        name, other = other, None
    also = f" ({other})" if other and other != name else ""
    office = office_name(principal.office, principal.country, principal.level, language)
    country = country_name(principal.country, language)
    note = f" [{label(language, 'substitute')}]" if principal.substitute else ""
    if language == "ja":
        return " ".join(part for part in (country, name, office) if part) + also + note
    return ", ".join(part for part in (f"{name}{also}" if name else "", office, country) if part) + note


def phase_note(facts: MeetingFacts, language: Language, today: date) -> Piece:
    """One line on where the meeting stands; nothing for one that was held."""
    if facts.phase is Phase.CANCELLED:
        return words("❌ ") + Piece(" ", 1) + bold(words(text(language, "Cancelled. It will not take place.")))
    if facts.phase is Phase.POSTPONED:
        return words("⏳ ") + Piece(" ", 1) + bold(words(text(language, "Postponed.")))
    if facts.phase is not Phase.ANNOUNCED:
        return Piece()
    last = facts.ends_on or facts.starts_on
    if last is not None and last < today:
        return italic(words(text(language, "It was announced for this day; nobody has reported yet that it was held.")))
    return italic(words(text(language, "It is announced, not held yet.")))


def change_line(change: Mapping[str, Any], language: Language) -> Piece:
    """What changed: the fact's name, what was told before, what is known now."""
    name, after = str(change.get("field", "")), change.get("after")
    if name == "phase":
        return _phase_change(str(after), language)
    before, now = value_name(name, change.get("before"), language), value_name(name, after, language)
    if name == "outcomes":  # what was there before is still there
        named = value_name(name, outcomes_in(tuple(after), language), language) if isinstance(after, list) else now
        return (
            words("📄") + Piece(" ", 1) + bold(words(label(language, "outcome"))) + Piece(": ", 2) + words(named, 500)
        )
    head = bold(words(field_name(name, language))) + Piece(": ", 2)
    if not now:
        return head + words(before, 300) + Piece(" → –", 4)
    return head + (words(before, 300) + Piece(" → ", 3) if before else Piece()) + words(now, 500)


def _phase_change(phase: str, language: Language) -> Piece:
    mark, said = {
        "held": ("✅", text(language, "It has been held.")),
        "cancelled": ("❌", text(language, "Cancelled. It will not take place.")),
        "postponed": ("⏳", text(language, "Postponed.")),
    }.get(phase, ("🔜", text(language, "It is announced, not held yet.")))
    return words(mark) + Piece(" ", 1) + bold(words(said))


_ROWS = {
    "starts_on": "when", "ends_on": "when", "city": "where", "country": "where", "venue": "where",
    "principals": "who", "countries": "sides", "outcomes": "outcome", "kind": "form", "format": "form",
    "parent": "margins", "phase": "phase",
}  # fmt: skip


def field_name(name: str, language: Language) -> str:
    """What readers call a fact."""
    row = _ROWS.get(name)
    if row is not None:
        return label(language, row)
    if name in ("series", "edition"):
        return text(language, "Meeting")
    return name


def value_name(name: str, value: object, language: Language) -> str:
    """A fact's stored value as readers read it; empty for nothing."""
    match value:
        case None | "" | [] | ():
            return ""
        case list() | tuple():
            return ("、" if language == "ja" else ", ").join(value_name(name, one, language) for one in value)
        case dict():
            return principal_words(_principal(value), language)
    shown = _NAMES.get(name)
    try:
        return shown(str(value), language) if shown else str(value)
    except ValueError:  # a value of another version
        return str(value)


_NAMES: dict[str, Callable[[str, Language], str]] = {
    "starts_on": lambda value, language: day_name(date.fromisoformat(value), language),
    "ends_on": lambda value, language: day_name(date.fromisoformat(value), language),
    "format": lambda value, language: label(language, Format(value)),
    "kind": lambda value, language: label(language, Kind(value)),
    "level": lambda value, language: label(language, Level(value)),
    "phase": lambda value, language: label(language, Phase(value)),
    "city": place_name,
    "venue": place_name,
    "country": country_name,
    "countries": country_name,
    "series": series_name,
    "parent": series_name,
}


def _principal(data: Mapping[str, Any]) -> Principal:
    return Principal(
        country=str(data.get("country", "")),
        name=data.get("name"),
        name_ja=data.get("name_ja"),
        office=data.get("office"),
        substitute=bool(data.get("substitute")),
    )
