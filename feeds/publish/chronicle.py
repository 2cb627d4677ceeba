"""The course of a story: first report, what was announced, the day itself, what came of it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from feeds.publish.words import Language
from storage.model import MeetingFacts, Phase, Report, ToldItem

_WORDS: dict[Language, dict[str, str]] = {
    "ja": {
        "first": "最初の報道", Phase.ANNOUNCED: "予定が報じられる", Phase.HELD: "実施が報じられる",
        Phase.CANCELLED: "中止が報じられる", Phase.POSTPONED: "延期が報じられる", "outcome": "成果文書が報じられる",
        "day": "会談", "report": "続報", "days": "会議", "coming": "会談の予定日",
    },
    "en": {
        "first": "First report", Phase.ANNOUNCED: "Reported as announced", Phase.HELD: "Reported as held",
        Phase.CANCELLED: "Reported as cancelled", Phase.POSTPONED: "Reported as postponed",
        "outcome": "An outcome is reported", "day": "The meeting", "report": "Further report", "days": "The meeting",
        "coming": "Planned for this day",
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One point of the story. Either a moment with its report, or the day of the meeting."""

    key: str
    words: str
    at: datetime | None = None
    day: date | None = None
    report: Report | None = None
    after: bool = False  #: tells of the meeting as held, so it came after it


def course(items: Iterable[ToldItem], facts: MeetingFacts, today: date, language: Language) -> tuple[Step, ...]:
    """The steps in the order of time."""
    told = sorted(items, key=lambda item: (_moment(item), item.report.item_id))
    steps = _told(told, language)
    if facts.starts_on is None or facts.phase in (Phase.CANCELLED, Phase.POSTPONED):
        return tuple(steps)
    key = "coming" if facts.starts_on > today else "day"
    meeting = Step(key=key, words=_WORDS[language][key], day=facts.starts_on)
    place = next((n for n, step in enumerate(steps) if step.at and step.at.date() > facts.starts_on), None)
    if place is None:
        place = len(steps)
    # A report of the same day came after what it tells of, unless it only announces it.
    while place and (at := steps[place - 1].at) and at.date() == facts.starts_on and steps[place - 1].after:
        place -= 1
    return (*steps[:place], meeting, *steps[place:])


def _moment(item: ToldItem) -> datetime:
    return item.report.published_at or item.report.first_seen_at


def _told(told: Sequence[ToldItem], language: Language) -> list[Step]:
    seen: set[str] = set()
    steps: list[Step] = []
    for item in told:
        key = _news(item, seen)
        held = item.stated is not None and item.stated.phase is Phase.HELD
        steps.append(Step(key=key, words=_WORDS[language][key], at=_moment(item), report=item.report, after=held))
    return steps


def _news(item: ToldItem, seen: set[str]) -> str:
    """What is new about the story in this report."""
    stated = item.stated
    phase = str(stated.phase) if stated is not None else ""
    documents = "outcome" if stated is not None and stated.outcomes else ""
    fresh = [word for word in (documents, phase) if word and word not in seen]
    first = not seen
    seen.update(word for word in (documents, phase, "told") if word)
    if fresh and not (first and phase == Phase.HELD and not documents):
        return phase if first and phase else fresh[0]
    return "first" if first else "report"
