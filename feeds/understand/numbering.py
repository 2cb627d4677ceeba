"""The number of a meeting in its series (第12回, "12th", "twelfth"), and the documents that came out of it."""

import re
from collections.abc import Iterator

from feeds.understand.calendar_words import number
from feeds.understand.lexicon import Series
from feeds.understand.parts import Part, Spot, readings_of
from feeds.understand.scan import Hit
from feeds.understand.scene import Reading
from storage.model import Kind

_WORDS = [
    "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
    "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
]  # fmt: skip
#: "first" is left out: newsrooms write "first ever", "first virtual", "first in years" far more often than a number.
_ORDINALS = {word: value for value, word in enumerate(_WORDS, start=2)}
_BEFORE_JA = re.compile(r"第(?P<n>\d{1,3}|[一二三四五六七八九十]{1,3})回(?:目の)?\s?[「『]?(?P<gap>[^。第]{0,16})$")
_BEFORE_EN = re.compile(rf"\b(?P<n>\d{{1,3}}(?:st|nd|rd|th)|{'|'.join(_ORDINALS)})\b(?P<gap>[^.;]{{0,40}})$")
_BEFORE_DE = re.compile(r"\b(?:zur|zum|die|der|das|ihr|ihre)\s(?P<n>\d{1,3})\.\s(?P<gap>[^.;]{0,40})$")
_AFTER = re.compile(
    r"(?:^|、|で|は|が|。|として|年間で|これで)(?P<n>\d{1,2})回目|"
    rf"\b(?:its|the|their|for) (?P<e>\d{{1,2}}(?:st|nd|rd|th)|{'|'.join(_WORDS)}) "
    r"(?:iteration|edition|meeting|round|gathering)\b(?! of (?:ministers|leaders))"
)
#: 連絡会合(UDCG)の第34回会合, "the UDCG's 34th meeting": the number behind the name.
_BEHIND = re.compile(
    r"(?:\([^()]{1,24}\))?(?:の|'s)?\s?(?:第(?P<n>\d{1,3})回(?:会合|会議|会談|協議)?|"
    r"(?P<e>\d{1,3}(?:st|nd|rd|th))\s(?:meeting|session|round|gathering))"
    r"|\s(?:was|is)\s(?:the|its)\s(?P<w>\d{1,3}(?:st|nd|rd|th))\b"
)
#: 初の「2+2」, "first-ever 2+2": only directly before the name, because "first virtual" and 就任後初 count otherwise.
_FIRST = re.compile(r"(?:(?<!就任後)(?<!対面で)初の|\bfirst(?:-ever)? |\binaugural )[「『\"']?$")
#: Between an ordinal and a meeting these words say that it counts something else.
_OTHER_COUNT = re.compile(
    r"年|virtual|in-person|face|time|day|month|week|century|anniversary|周年|straight|consecutive|\d{4}"
)
_MEETING_NEXT = re.compile(r"'?s?'?\s?(?:dialogue|meeting|talks|会談|会合|会議|対話|級)")
_REACH = 48  # characters in which an ordinal stands before the name that it counts
_MOST_DOCUMENTS = 4

Numbered = tuple[int, Spot]
Parts = tuple[Part, Part]


def ordinal_value(text: str) -> int:
    """The number of `12th`, `twelfth`, `12` or `十二`. Raises ValueError on anything else."""
    if text in _ORDINALS:
        return _ORDINALS[text]
    return number(re.sub(r"(?:st|nd|rd|th)$", "", text))


def edition_of(parts: Parts, series: Series | None, kind: Kind) -> Numbered | None:
    """The meeting's own number. A bare count (6回目) is believed of a series or a 2+2 alone."""
    for part, reading in readings_of(parts):
        anchors = _anchors(part, reading, series, kind)
        found = _before(part, reading, anchors) or _behind(part, reading, anchors)
        if found:
            return found
        if series or kind is Kind.TWO_PLUS_TWO:
            counted = _counted(part, reading) or _first(part, reading, anchors)
            if counted:
                return counted
    return None


def parent_edition_of(parts: Parts, parent: Series | None) -> Numbered | None:
    """The number of the conference on whose margins the meeting is held."""
    for part, reading in readings_of(parts):
        hits = part.hits.of("series", start=reading.start, end=reading.end)
        found = _before(part, reading, [hit for hit in hits if hit.value is parent])
        if found:
            return found
    return None


def _counted(part: Part, reading: Reading) -> Numbered | None:
    after = _AFTER.search(part.folded.text[reading.start : reading.end])
    if after is None:
        return None
    spot = Spot(part=part, start=reading.start + after.start(), end=reading.start + after.end())
    return ordinal_value(after["n"] or after["e"]), spot


def _first(part: Part, reading: Reading, anchors: list[Hit]) -> Numbered | None:
    for hit in anchors:
        match = _FIRST.search(part.folded.text[reading.start : hit.start])
        if match and hit.group != "office":
            return 1, Spot(part=part, start=reading.start + match.start(), end=hit.end)
    return None


def _before(part: Part, reading: Reading, anchors: list[Hit]) -> Numbered | None:
    for hit in anchors:
        begin = max(reading.start, hit.start - _REACH)
        for pattern in (_BEFORE_JA, _BEFORE_EN, _BEFORE_DE):
            match = pattern.search(part.folded.text[begin : hit.start])
            if match and not _OTHER_COUNT.search(match["gap"]):
                return ordinal_value(match["n"]), Spot(part=part, start=begin + match.start(), end=hit.end)
    return None


def _behind(part: Part, reading: Reading, anchors: list[Hit]) -> Numbered | None:
    for hit in anchors:
        match = _BEHIND.match(part.folded.text, hit.end, reading.end) if hit.group != "office" else None
        if match:
            return ordinal_value(match["n"] or match["e"] or match["w"]), Spot(
                part=part, start=hit.start, end=match.end()
            )
    return None


def _anchors(part: Part, reading: Reading, series: Series | None, kind: Kind) -> list[Hit]:
    """The names that an ordinal may count: the series, 2+2, or the offices that meet."""
    hits = part.hits.of("series", "series_weak", start=reading.start, end=reading.end)
    hits = [hit for hit in hits if series and hit.value.key == series.key]
    if kind is Kind.TWO_PLUS_TWO:
        hits += part.hits.of("meeting.two_plus_two", start=reading.start, end=reading.end)
    return hits or [
        hit
        for hit in part.hits.of("office", start=reading.start, end=reading.end)
        if hit.value.plural or hit.value.rank == "vice_minister" or _MEETING_NEXT.match(part.folded.text, hit.end)
    ]


def documents_of(parts: Parts) -> dict[str, Spot]:
    """Outcome documents in the words of the source: named in the title, or adopted, signed or issued in the text."""
    found: dict[str, Spot] = {}
    for spot in _documents(parts):
        found.setdefault(spot.part.folded.quote(spot.start, spot.end), spot)
    fullest = [one for one in found if not any(one != other and one in other for other in found)]
    return {one: found[one] for one in fullest[:_MOST_DOCUMENTS]}


def _documents(parts: Parts) -> Iterator[Spot]:
    for part in parts:
        end = part.end_of_article
        for hit in part.hits.of("outcome.documents", end=end):
            near = (max(0, hit.start - 60), min(end, hit.end + 30))
            if part.where == "title" or part.hits.any("outcome.adopted", start=near[0], end=near[1]):
                yield _whole_title(part, hit)


def _whole_title(part: Part, hit: Hit) -> Spot:
    """A document's title in brackets as a whole, or only its kind."""
    text = part.folded.text
    opening = max(text.rfind(mark, max(0, hit.start - 60), hit.start) for mark in "「『")
    closing = re.compile(r"[」』]").search(text, hit.end, hit.end + 20)
    if opening >= 0 and closing and not re.search(r"[」』。]", text[opening : hit.start]):
        return Spot(part=part, start=opening + 1, end=closing.start())
    return Spot(part=part, start=hit.start, end=hit.end)
