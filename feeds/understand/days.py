"""Which of the dates in an item is the meeting's day: not the announcement's, not the publication's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from feeds.understand.dates import DateSpan, find_dates
from feeds.understand.parts import Part, Spot
from feeds.understand.scene import Reading

_LEAD = 1_500  # dates beyond this belong to the speech, not to the meeting
_TITLE_DAY = re.compile(r"\((?P<day>[^()]*日[^()]*)\)\s*$")
#: (朝雲新聞令和7年11月13日): where and when it was printed.
_PAPER = re.compile(r"新聞|紙|号|掲載|付け?\b|発行|配信|更新")
#: 7日公表: the verb of telling directly behind the day, no verb of meeting between them.
_ANNOUNCEMENT = re.compile(
    r"^[^。、開会行出]{0,4}(?:、[^。、開会行出]{0,12})?"
    r"(?:発表|公表|明らかに|会見|述べ|語|報じ|伝え(?:られ|る)|付け|更新|掲載|に開かれる見通しと|までに)"
)
_TELLER = re.compile(
    r"(?:省|府|官|軍|紙|報道官|氏|大臣|政府|相|長)は(?:\d{1,2}月)?$|"
    r"\b(?:said|says|announced|told|posted|reported|stated|wrote|sources said|statement)"
    r"(?: on| late| in a statement)?,?\s$"
)
_TELLING = re.compile(r"発表|明らかに|公表|述べ|表明|語っ|方針|とした|会見")
_HELD_AFTER = re.compile(
    r"^[^。]{0,40}?(?:会談|会合|協議|会議|開|出席|懇談|行|実施|met|hold|held|meet|talks|spoke|attend)"
)
#: 26日に来日し: the day of the journey, where another day is the meeting's.
_JOURNEY = re.compile(
    r"^(?:午前|午後|夜|夕方?|未明|早朝)?(?:に|、|から)?[^。、日]{0,10}?(?:来日|訪日|到着|出発|離日|帰国|入りし|入り、|現地入り)"
)
_LAST_YEAR = re.compile("^(?:昨年|去年)|last year$")
_FRESH = timedelta(days=92)  # news of January still tells of a day of last year's December
_FORMS = ("meeting.strong", "meeting.call", "meeting.video", "meeting.attend")
_RIVAL = 1.2  # a sentence that tells of the meeting itself
_CLOSE = 0.75  # ranks that lie closer than this leave a doubt
_CONTRADICTED = 0.5
_LEAST = -0.05  # a day that nothing but its presence speaks for is still better than none; a told-on day is not


_Candidate = tuple[float, Part, DateSpan]


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """The meeting's day, the words that name it, and the other days that were read and not taken."""

    span: DateSpan
    spot: Spot
    confidence: float = 1.0
    contradicted: bool = False
    rejected: tuple[tuple[Spot, str], ...] = ()


def meeting_day(title: Part, text: Part, published: date | None, *, future: bool) -> Day | None:
    """The meeting's day and the words that name it, or None when no date stands near it.

    The bracket that ends a headline of Japanese newsrooms holds the day of the event and goes before all others.
    """
    bracket = _title_bracket(title, published, future=future)
    ranked = [*_ranked(title, 0, published, future=future), *_ranked(text, 1, published, future=future)]
    if bracket and not bracket.last:
        return _weighed((2.0, title, bracket), ranked)
    if bracket and bracket.last:
        ranked = [entry for entry in ranked if bracket.first <= entry[2].first <= bracket.last]
    best = max(ranked, key=lambda entry: entry[0], default=None)
    return _weighed(best, ranked) if best and best[0] > _LEAST else None


def _weighed(best: _Candidate, ranked: list[_Candidate]) -> Day:
    """The best candidate with what speaks against it: another day that a telling sentence names as surely."""
    rank, part, span = best
    rejected: list[tuple[Spot, str]] = []
    contradicted = False
    for other_rank, other_part, other in ranked:
        if other.first == span.first or _covers(other, span) or _covers(span, other):
            continue
        rival = other_rank > _RIVAL and rank - other_rank < _CLOSE and other.form != "relative"
        contradicted = contradicted or rival
        why = "names another day as surely" if rival else "the day of telling, of a visit or of something else"
        rejected.append((Spot(part=other_part, start=other.start, end=other.end), why))
    return Day(
        span=span, spot=Spot(part=part, start=span.start, end=span.end),
        confidence=_CONTRADICTED if contradicted else 1.0, contradicted=contradicted, rejected=tuple(rejected),
    )  # fmt: skip


def _covers(outer: DateSpan, inner: DateSpan) -> bool:
    return bool(outer.last) and outer.first <= inner.first <= (outer.last or outer.first)


def _title_bracket(title: Part, published: date | None, *, future: bool) -> DateSpan | None:
    match = _TITLE_DAY.search(title.folded.text)
    if match is None or _PAPER.search(match["day"]):
        return None
    spans = _days_of(title.folded.text, published, future=future)
    return next((span for span in spans if span.start >= match.start("day")), None)


def _days_of(text: str, published: date | None, *, future: bool) -> list[DateSpan]:
    """The days that a text names, without those of last year that it looks back at: 昨年11月3日にも会談した."""
    spans = find_dates(text, published, future=future)
    back = {
        span.first
        for span in spans
        if published and published - span.first > _FRESH and _LAST_YEAR.search(text[span.start : span.end])
    }
    return [span for span in spans if span.first not in back]


def _ranked(part: Part, first: int, published: date | None, *, future: bool) -> Iterator[_Candidate]:
    text = part.folded.text
    readings = [reading for reading in part.readings if reading.start < _LEAD]
    for order, reading in enumerate(readings, start=first):
        spans = _days_of(text[reading.start : reading.end], published, future=future)
        for index, span in enumerate(spans):
            start, end = span.start + reading.start, span.end + reading.start
            moved = DateSpan(start, end, span.first, span.last, span.form)
            yield _rank(part, reading, moved) - 0.3 * order - 0.05 * index, part, moved


def _rank(part: Part, reading: Reading, span: DateSpan) -> float:
    text = part.folded.text
    after = text[span.end : min(reading.end, span.end + 80)]
    before = text[max(reading.start, span.start - 24) : span.start]
    if _PAPER.search(before[before.rfind("(") + 1 :]) and ")" in after[:2]:
        return -1.0
    rank = 1.0 + reading.strength if reading.signals else 0.7 if part.where == "title" else 0.4
    if _ANNOUNCEMENT.match(after) or _is_told_on(before, text[span.end : reading.end]):
        rank -= 1.2
    if _JOURNEY.match(after):
        rank -= 0.1
    elif _HELD_AFTER.match(after):
        rank += 0.3
    if span.last:
        rank -= 0.5  # the days of a conference or a visit: a single day that is named beside them says more
    if part.hits.any(*_FORMS, start=reading.start, end=span.start):
        rank += 0.05
    return rank - 0.1 if span.form == "relative" else rank


def _is_told_on(before: str, after: str) -> bool:
    """防衛省は14日、…と発表した; "said Tuesday": the day of telling."""
    return bool(_TELLER.search(before)) and (before.isascii() or bool(_TELLING.search(after)))
