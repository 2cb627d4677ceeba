"""What was understood of an item and why, in a form that a terminal, a chat or JSON can show. Decides nothing."""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

from feeds.observed import Article, Understanding
from storage.model import Evidence, MeetingFacts, Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of the title or text; `facts` names what it is evidence of, if anything."""

    text: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FactRow:
    """A fact, its value for people, and the words it came from."""

    fact: str
    value: str
    quotes: tuple[str, ...] = ()
    confidence: float | None = None  #: of the surest words; None where the value follows from other facts


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasonRow:
    """A rule that spoke for (weight above zero) or against."""

    rule: str
    weight: float
    quote: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Everything that `kaigi explain` shows of one item's understanding."""

    verdict: str
    score: float
    language: str
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]
    facts: tuple[FactRow, ...]
    speaks_for: tuple[ReasonRow, ...]
    speaks_against: tuple[ReasonRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain data."""
        return asdict(self)


def explanation(article: Article, understanding: Understanding) -> Explanation:
    """The title and text with their evidence marked, the facts as a table, and the reasons, strongest first.

    The pieces of title and text put together give the original characters back.
    """
    evidence = understanding.mention.evidence if understanding.mention else ()
    rows = [
        ReasonRow(rule=one.rule, weight=one.weight, quote=one.quote, note=one.note) for one in understanding.reasons
    ]
    rows.sort(key=lambda row: -abs(row.weight))
    return Explanation(
        verdict=str(understanding.verdict),
        score=understanding.score,
        language=understanding.language,
        title=_marked(article.title, [one for one in evidence if one.where == "title"]),
        text=_marked(article.text, [one for one in evidence if one.where == "text"]),
        facts=_fact_rows(understanding.mention.facts, evidence) if understanding.mention else (),
        speaks_for=tuple(row for row in rows if row.weight > 0),
        speaks_against=tuple(row for row in rows if row.weight <= 0),
    )


def _marked(text: str, evidence: list[Evidence]) -> tuple[Piece, ...]:
    borders = sorted({0, len(text), *(one.start for one in evidence), *(one.end for one in evidence)})
    pieces = []
    for start, end in itertools.pairwise(borders):
        facts = {one.fact for one in evidence if one.start <= start and end <= one.end}
        pieces.append(Piece(text=text[start:end], facts=tuple(sorted(facts))))
    return tuple(pieces)


def _fact_rows(facts: MeetingFacts, evidence: tuple[Evidence, ...]) -> tuple[FactRow, ...]:
    rows = []
    for name, value in _values(facts):
        words = [one for one in evidence if one.fact == name]
        quotes = tuple(dict.fromkeys(one.quote for one in words))
        surest = max((one.confidence for one in words), default=None)
        rows.append(FactRow(fact=name, value=value, quotes=quotes, confidence=surest))
    return tuple(rows)


def _named(principal: Principal) -> str:
    """In both scripts where both are known."""
    names = dict.fromkeys(filter(None, (principal.name_ja, principal.name)))
    return " ".join(names) or "?"


def _office(principal: Principal) -> str:
    office = f"{principal.country}, {principal.office or principal.level}"
    return f"{office}, in the minister's place" if principal.substitute else office


def _values(facts: MeetingFacts) -> list[tuple[str, str]]:
    """Facts that are known, in the order that people ask for them."""
    principals = [f"{_named(one)} ({_office(one)})" for one in facts.principals]
    values = {
        "level": str(facts.level),
        "kind": str(facts.kind),
        "format": str(facts.format),
        "phase": str(facts.phase),
        "series": facts.series,
        "edition": facts.edition,
        "name_ja": facts.name_ja,
        "name_en": facts.name_en,
        "starts_on": facts.starts_on,
        "ends_on": facts.ends_on,
        "city": facts.city,
        "country": facts.country,
        "venue": facts.venue,
        "countries": ", ".join(facts.countries),
        "principals": "; ".join(principals),
        "parent": facts.parent,
        "outcomes": "; ".join(facts.outcomes),
        "topics": ", ".join(facts.topics),
    }
    return [(name, str(value)) for name, value in values.items() if value]
