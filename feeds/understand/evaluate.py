"""Measures understanding on labelled items and writes predictions, in the formats that docs/understanding.md describes.

    python -m feeds.understand.evaluate FILE.jsonl [--json] [--predictions OUT.jsonl]

Only an item's title, text, date, source, lang and url are read; everything else is label. Items that a label marks as
borderline are left out of the detection figures ("strict") and shown beside them under `all`.
"""

import argparse
import calendar
import itertools
import json
import re
import sys
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
from feeds.understand.folding import fold
from feeds.understand.lexicon import default_lexicon
from feeds.understand.meetings import understand
from feeds.understand.numbering import ordinal_value
from storage.model import Evidence, Format, Kind, MeetingFacts, Trust

Line = dict[str, Any]

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


def _prediction(line: Line, result: Understanding, event: int | None) -> dict[str, Any]:
    meeting = result.verdict is Verdict.MEETING and result.mention is not None
    if not meeting or result.mention is None:
        return {"id": line.get("id"), "is_meeting": False}
    facts = result.mention.facts
    return {
        "id": line.get("id"),
        "is_meeting": True,
        "level": str(facts.level),
        "kind": folded_kind(facts),
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
    for one in evidence:
        if one.fact == "parent_edition":
            match = re.search(r"\d+|[一二三四五六七八九十]+", unicodedata.normalize("NFKC", one.quote))
            return ordinal_value(match.group()) if match else None
    return None


def folded_kind(facts: MeetingFacts) -> str:
    """Kind and format in one word, as labels have it: 2+2, phone, video, bilateral, trilateral or multilateral."""
    if facts.kind is Kind.TWO_PLUS_TWO:
        return "2+2"
    if facts.format is not Format.IN_PERSON:
        return str(facts.format)
    return str(Kind.MULTILATERAL if facts.kind is Kind.MINILATERAL else facts.kind)


def evaluate(lines: Iterable[Line]) -> Report:
    """Detection, fields and events of labelled items. Lines without labels count as non-meetings."""
    items = list(lines)
    begun = time.perf_counter()
    predicted = list(predictions(items))
    seconds = max(time.perf_counter() - begun, 1e-9)
    pairs = list(zip(items, predicted, strict=True))
    hits = [(gold, guess) for gold, guess in pairs if gold.get("is_meeting") and guess["is_meeting"]]
    return Report(
        detection=_detection(pairs),
        fields=_fields(hits),
        events=_events(hits),
        items_per_second=round(len(items) / seconds, 1),
        errors=tuple(_errors(pairs)),
    )


def _detection(pairs: list[tuple[Line, Line]]) -> dict[str, Any]:
    strict = [pair for pair in pairs if not pair[0].get("borderline")]
    by_language = {
        language: _scores([pair for pair in strict if pair[0].get("lang") == language]) for language in ("ja", "en")
    }
    return {**_scores(strict), **by_language, "all": _scores(pairs)}


def _scores(pairs: list[tuple[Line, Line]]) -> dict[str, float]:
    right = sum(1 for gold, guess in pairs if gold.get("is_meeting") and guess["is_meeting"])
    claimed = sum(1 for _, guess in pairs if guess["is_meeting"])
    true = sum(1 for gold, _ in pairs if gold.get("is_meeting"))
    return _prf(right, claimed - right, true - right)


def _prf(right: int, wrong: int, missed: int) -> dict[str, float]:
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + missed) if right + missed else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def _fields(hits: list[tuple[Line, Line]]) -> dict[str, float | None]:
    def accuracy(right: Any, wanted: Any = lambda _gold: True) -> float | None:
        asked = [(gold, guess) for gold, guess in hits if wanted(gold)]
        return round(sum(bool(right(gold, guess)) for gold, guess in asked) / len(asked), 4) if asked else None

    return {
        "level": accuracy(lambda gold, guess: guess["level"] == gold["level"]),
        "kind": accuracy(lambda gold, guess: guess["kind"] in (gold.get("kind_accept") or [gold["kind"]])),
        "edition": accuracy(
            lambda gold, guess: guess["edition"] == gold["edition"],
            lambda gold: gold.get("edition") and _in_text(gold, "edition"),
        ),
        "edition_none": accuracy(lambda _gold, guess: not guess["edition"], lambda gold: not gold.get("edition")),
        "date": accuracy(_same_date, lambda gold: _in_text(gold, "date") in {"full", "month_day", "day"}),
        "date_relative": accuracy(_same_date, lambda gold: _in_text(gold, "date") == "relative"),
        "city": accuracy(_same_city, lambda gold: _in_text(gold, "city")),
        "country": accuracy(
            lambda gold, guess: guess["country"] == gold["country"],
            lambda gold: gold.get("country") and _in_text(gold, "city"),
        ),
        "principals": _principal_recall(hits),
    }


def _in_text(gold: Line, name: str) -> Any:
    return (gold.get("fields_in_text") or {}).get(name)


def _same_date(gold: Line, guess: Line) -> bool:
    return bool(guess["meeting_date"] == gold["meeting_date"])


def _same_city(gold: Line, guess: Line) -> bool:
    wanted, found = (fold(side.get("city") or "").text for side in (gold, guess))
    return bool(found) and wanted == found


def _principal_recall(hits: list[tuple[Line, Line]]) -> float | None:
    found = asked = 0
    for gold, guess in hits:
        names = " | ".join(fold(principal["name"] or "").text for principal in guess["principals"])
        for principal, visible in zip(gold.get("principals") or [], _in_text(gold, "principals") or [], strict=False):
            if visible:
                asked += 1
                spellings = (principal["name"], principal.get("name_ja"), (principal["name"] or " ").split(" ")[-1])
                found += any(spelling and fold(spelling).text in names for spelling in spellings)
    return round(found / asked, 4) if asked else None


def _events(hits: list[tuple[Line, Line]]) -> dict[str, float]:
    """Pairs of items that are one event. A conference and its side meetings are a matter of taste and not counted."""
    right = wrong = missed = 0
    for (gold, guess), (other, other_guess) in itertools.combinations(hits, 2):
        same, claimed = gold.get("event") == other.get("event"), guess["event"] == other_guess["event"]
        if not same and gold.get("event_group") == other.get("event_group"):
            continue
        right += same and claimed
        wrong += claimed and not same
        missed += same and not claimed
    return _prf(right, wrong, missed)


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


def main(arguments: list[str] | None = None) -> int:
    """Evaluates a file and prints the report. 0: done; 1: the file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m feeds.understand.evaluate", description=evaluate.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--predictions", type=Path, help="write one prediction a line")
    options = parser.parse_args(arguments)
    try:
        lines = [json.loads(line) for line in options.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.file}: {error}\n")
        return 1
    if options.predictions:
        written = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in predictions(lines))
        options.predictions.write_text(written, encoding="utf-8")
    report = evaluate(lines).as_dict()
    if not options.json:
        report["errors"] = len(report["errors"])
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=None if options.json else 2) + "\n")
    return 0


if __name__ == "__main__":
    default_lexicon()  # a broken lexicon is reported before any item is read
    raise SystemExit(main())
