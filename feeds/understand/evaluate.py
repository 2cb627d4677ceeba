"""Measures understanding on labelled items and makes predictions, in the formats that docs/understanding.md describes.

Only an item's title, text, date, source, lang and url are read; everything else is label. Items that a label marks as
borderline are left out of the detection figures ("strict") and shown beside them under `all`.
"""

import calendar
import json
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from feeds.decide.stories import merge, same_meeting
from feeds.observed import Article, Understanding, Verdict
from feeds.understand import judging
from feeds.understand.meetings import understand
from feeds.understand.numbering import ordinal_value
from storage.model import Evidence, Format, Kind, Level, MeetingFacts, Trust

Line = judging.Line

_NUMBER = re.compile(r"\d+|[一二三四五六七八九十]+|^[a-z]+(?:nd|rd|th)\b")  # 第12回, `twelfth ADMM-Plus`

#: Hosts that tell whose ministry speaks.
_COUNTRY_OF_HOST = {
    "mod.go.jp": "JP", "mofa.go.jp": "JP", "defense.gov": "US", "war.gov": "US", "state.gov": "US", "gov.uk": "GB",
    "defence.gov.au": "AU", "mindef.gov.sg": "SG", "pib.gov.in": "IN", "gov.pl": "PL", "government.se": "SE",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What `evaluate` measured. Figures are between 0 and 1; a field that no item could show is None."""

    detection: dict[str, Any]
    fields: dict[str, float | None]
    events: dict[str, float]
    confusion: dict[str, dict[str, int]]  #: class of item → how many, and how many answered wrongly
    items_per_second: float
    errors: tuple[dict[str, Any], ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, as `kaigi evaluate --json` prints it."""
        return asdict(self) | {"errors": list(self.errors)}


@dataclass(slots=True)
class _Event:
    number: int
    facts: MeetingFacts
    reported: datetime


def article_of(line: Line) -> Article:
    """The item as the system would see it: its words, its date and where it was found; no label is read."""
    country = _country_of(line.get("url"))
    return Article(
        title=line.get("title") or "",
        text=line.get("text") or "",
        url=line.get("url"),
        published_at=_published(line.get("date")),
        language=line.get("lang"),
        source_country=country,
        trust=Trust.OFFICIAL if country else Trust.PRESS,
        source_name=line.get("source"),
    )


def _published(text: str | None) -> datetime | None:
    """Noon of the day; a vague date stands for its last month's end or the middle of its year."""
    try:
        parts = [int(part) for part in (text or "").split("-")]
        year, month, day = (*parts, 0, 0)[:3]
        if not month:
            return datetime(year, 7, 1, 12, tzinfo=UTC)
        return datetime(year, month, day or calendar.monthrange(year, month)[1], 12, tzinfo=UTC)
    except ValueError:
        return None


def _country_of(url: str | None) -> str | None:
    host = urlsplit(url or "").hostname or ""
    for suffix, country in _COUNTRY_OF_HOST.items():
        if host == suffix or host.endswith(f".{suffix}"):
            return country
    return None


def predictions(lines: Iterable[Line]) -> Iterator[dict[str, Any]]:
    """One prediction for each item, in the order given; meetings are grouped into events over the items by date."""
    items = list(lines)
    understood = [understand(article_of(line)) for line in items]
    events = _group(items, understood)
    for number, (line, result) in enumerate(zip(items, understood, strict=True)):
        yield _prediction(line, result, events.get(number))


def _group(items: list[Line], understood: list[Understanding]) -> dict[int, int]:
    """Event numbers by position of the item."""
    known: list[_Event] = []
    events: dict[int, int] = {}
    order = sorted(range(len(items)), key=lambda number: (items[number].get("date") or "", number))
    for number in order:
        result = understood[number]
        reported = _published(items[number].get("date"))
        if result.verdict is not Verdict.MEETING or result.mention is None:
            continue
        events[number] = _join(known, result.mention.facts, reported or datetime(1970, 1, 1, tzinfo=UTC))
    return events


def _join(known: list[_Event], facts: MeetingFacts, reported: datetime) -> int:
    matches = [(same_meeting(event.facts, event.reported, facts, reported), event) for event in known]
    joined = [(match.strength, event.number, event) for match, event in matches if match.same]
    if not joined:
        known.append(_Event(len(known) + 1, facts, reported))
        return len(known)
    event = max(joined, key=lambda entry: entry[:2])[2]
    event.facts = merge(event.facts, Trust.PRESS, facts, Trust.PRESS)
    event.reported = max(event.reported, reported)
    return event.number


#: Labels ask for meetings of these; talks of leaders and of officials are recorded and count as none.
COUNTED_LEVELS = {Level.MINISTER, Level.VICE_MINISTER}


def _prediction(line: Line, result: Understanding, event: int | None) -> dict[str, Any]:
    meeting = result.verdict is Verdict.MEETING and result.mention is not None
    if not meeting or result.mention is None or result.mention.facts.level not in COUNTED_LEVELS:
        return {"id": line.get("id"), "is_meeting": False}
    facts = result.mention.facts
    return {
        "id": line.get("id"),
        "is_meeting": True,
        "level": str(facts.level),
        "kind": folded_kind(facts),
        "series": facts.series,
        "edition": facts.edition or _parent_edition(result.mention.evidence),
        "meeting_date": facts.starts_on.isoformat() if facts.starts_on else None,
        "city": facts.city,
        "country": facts.country,
        "principals": [
            {
                "name": principal.name or principal.name_ja,
                "name_ja": principal.name_ja,
                "office": principal.office,
                "country": principal.country,
            }
            for principal in facts.principals
        ],
        "event": event,
    }


def _parent_edition(evidence: Iterable[Evidence]) -> int | None:
    """Labels give a side meeting the number of its conference."""
    quotes = (unicodedata.normalize("NFKC", one.quote).lower() for one in evidence if one.fact == "parent_edition")
    return next((ordinal_value(match.group()) for match in map(_NUMBER.search, quotes) if match), None)


def folded_kind(facts: MeetingFacts) -> str:
    """Kind and format in one word, as labels have it: 2+2, phone, video, bilateral, trilateral or multilateral."""
    if facts.kind is Kind.TWO_PLUS_TWO:
        return "2+2"
    if facts.format is not Format.IN_PERSON:
        return str(facts.format)
    return str(Kind.MULTILATERAL if facts.kind is Kind.MINILATERAL else facts.kind)


def evaluate(lines: Iterable[Line], spellings: judging.Spellings | None = None) -> Report:
    """Detection, fields and events of labelled items. Lines without labels count as non-meetings.

    `spellings` maps a labelled city to other names of it that are right too.
    """
    items = list(lines)
    begun = time.perf_counter()
    predicted = list(predictions(items))
    seconds = max(time.perf_counter() - begun, 1e-9)
    pairs = list(zip(items, predicted, strict=True))
    hits = [(gold, guess) for gold, guess in pairs if gold.get("is_meeting") and guess["is_meeting"]]
    return Report(
        detection=judging.detection(pairs),
        fields=judging.fields(hits, spellings or {}),
        events=judging.events(hits),
        confusion=judging.confusion(pairs),
        items_per_second=round(len(items) / seconds, 1),
        errors=tuple(_errors(pairs)),
    )


def _errors(pairs: list[tuple[Line, Line]]) -> Iterator[dict[str, Any]]:
    for gold, guess in pairs:
        if bool(gold.get("is_meeting")) == guess["is_meeting"]:
            continue
        result = understand(article_of(gold))
        why = "; ".join(f"{reason.rule} {reason.weight:+.2f} {reason.quote}".strip() for reason in result.reasons)
        yield {
            "id": gold.get("id"),
            "expected": "meeting" if gold.get("is_meeting") else gold.get("neg_class") or "other",
            "got": str(result.verdict),
            "why": why or "nothing spoke for a meeting",
        }


def spellings_beside(file: Path) -> dict[str, list[str]]:
    """Other names of cities from a `cities.json` in the same folder, where labels bring one along."""
    beside = file.parent / "cities.json"
    try:
        return dict(json.loads(beside.read_text(encoding="utf-8"))) if beside.is_file() else {}
    except (OSError, ValueError):
        return {}
