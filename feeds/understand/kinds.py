"""How many meet, at a distance or not, and whether it is still to come."""

import re
from collections.abc import Iterator

from feeds.understand.lexicon import Series
from feeds.understand.participants import meeting_countries
from feeds.understand.parts import Part, Spot, is_pair, readings_of
from feeds.understand.scan import Hit
from feeds.understand.scene import Reading, calls_to
from storage.model import Format, Kind

_MANY = re.compile(
    r"\d{2}(?:か|カ|ヶ|ケ)国|防衛相会談等|\b\d{2}\s(?:countries|nations|states)|(?:some|about|over) \d{2}\b"
)
#: The same where a headline says it of a meeting that the text tells.
_MANY_STATES = re.compile(r"\d{2}(?:か|カ|ヶ|ケ)国|\b\d{2}\s(?:countries|nations|states)")
_STATES = re.compile(r"(?<!\d)(?P<count>\d)(?:か|カ|ヶ|ケ|ヵ)国の?(?:国防|防衛|軍)")
_ORGANISATIONS = {"ASEAN", "EU", "NATO", "UN"}
_SIZES = {0: Kind.BILATERAL, 1: Kind.BILATERAL, 2: Kind.BILATERAL, 3: Kind.TRILATERAL}
_MINILATERAL_UP_TO = 6
_PURPOSES = {"to discuss", "to sign", "to join", "to open"}
_HAVE_MET = re.compile(r"\b(?:met|held|spoke|hosted|gathered|convened|co-chaired|chaired|sat down|welcomed|received)\b")
_FORMATS = (("meeting.video", Format.VIDEO), ("meeting.call", Format.PHONE))

_FROM_AFAR = {"by video", "via video", "video link", "video link-up", "remotely", "virtually", "online", "over video"}
_JOINS = re.compile(
    r"\b(?:join(?:s|ed|ing)?|address(?:es|ed)?|brief(?:s|ed)|exchange (?:of views )?with|appear\w*|dial\w*)\b"
    r"[^.;]*$"
)
#: 読売新聞オンライン: the newsroom behind a headline.
_NEWSROOM = re.compile(r"(?:新聞|ニュース|経済|タイムズ|プレス|ジャーナル)\s?$")
_BARE_CALL = re.compile(r"(?:calls? between|in call)\b")
#: Three in one word, where no other region stands before it ("Nordic-Baltic").
_THREE = re.compile(
    r"(?<!nordic-)(?<!nordic )(?<!and )\bbaltic (?:defen[cs]e )?ministers|バルト(?:3|三)(?:国|か国|カ国)"
)

Parts = tuple[Part, Part]


def kind_of(parts: Parts, series: Series | None, sides: tuple[str, ...]) -> tuple[Kind, Spot | None]:
    """Kind, and the words that settle it where they are not the sides themselves."""
    if series is None or series.kind is not Kind.MULTILATERAL:
        for part, reading in readings_of(parts):
            for signal in reading.signals:
                if signal.rule == "two_plus_two" and signal.weight >= reading.strength - 0.1:
                    return Kind.TWO_PLUS_TWO, Spot(part=part, start=signal.start, end=signal.end)
            for hit in part.hits.of("meeting.two_plus_two", start=reading.start, end=reading.end):
                if reading.signals and "minister" in hit.value and len(set(sides) - _ORGANISATIONS) == 2:
                    return Kind.TWO_PLUS_TWO, Spot(part=part, start=hit.start, end=hit.end)
    return (series.kind, None) if series else (_by_sides(parts, sides), None)


def _by_sides(parts: Parts, sides: tuple[str, ...]) -> Kind:
    telling = [(part, reading) for part, reading in readings_of(parts) if reading.signals]
    sure = [(part, reading) for part, reading in telling if {one.rule for one in reading.signals} != {"names_only"}]
    part, reading = (sure or telling)[0]  # one tells: without it there is no meeting whose kind could be asked
    if any(_says_separate(*one) for one in telling if one[1] is reading or _several_counterparts(reading)):
        return Kind.BILATERAL
    if _MANY_STATES.search(parts[0].folded.text):
        return Kind.MULTILATERAL
    named = meeting_countries(reading.sides)
    count = max(len(sides) or len(named), _stated_size(part, reading))
    if _is_many(part, reading, set(sides or named), count):
        return Kind.MULTILATERAL
    return _SIZES.get(count, Kind.MINILATERAL if count <= _MINILATERAL_UP_TO else Kind.MULTILATERAL)


def _says_separate(part: Part, reading: Reading) -> bool:
    return part.hits.any("form.separate", start=reading.start, end=reading.end)


def _several_counterparts(reading: Reading) -> bool:
    """ "Meets Indian, French counterparts": together or one by one, which a later sentence may tell."""
    return any(side.how == "counterpart" and side.plural for side in reading.sides)


def _stated_size(part: Part, reading: Reading) -> int:
    """Three where a sentence that does not name the sides says "trilateral", eight where it says 8カ国."""
    stated = _STATES.search(part.folded.text, reading.start, reading.end)
    if any(side.how == "counterpart" and not side.plural for side in reading.sides):
        return 0  # with his counterpart: two, whatever "three-way" they talked about
    three = part.hits.any("group.three", start=reading.start, end=reading.end) or _THREE.search(
        part.folded.text, reading.start, reading.end
    )
    many = int(stated["count"]) if stated and not is_pair(reading) else 0
    return many if many > _MINILATERAL_UP_TO else 3 if three else 0


def _is_many(part: Part, reading: Reading, sides: set[str], count: int) -> bool:
    rules = {signal.rule for signal in reading.signals}
    if rules == {"forum"} or sides & {"ASEAN", "EU", "UN"}:
        return True
    if _MANY.search(part.folded.text, reading.start, reading.end):
        return True
    if "plural" in rules and sides & _ORGANISATIONS:
        return True
    if _several_counterparts(reading) and part.hits.any("group.regions", start=reading.start, end=reading.end):
        return True  # "hosts Nordic colleagues"
    if part.hits.any("group.many", start=reading.start, end=reading.end) and not is_pair(reading):
        return True
    return bool(rules & {"plural", "series"}) and count < 2 and not is_pair(reading)


def _of_one_guest(part: Part, hit: Hit) -> bool:
    """ "He joined by video": one of many was not in the room."""
    return hit.value in _FROM_AFAR and bool(_JOINS.search(part.folded.text, max(0, hit.start - 90), hit.start))


def format_of(parts: Parts) -> tuple[Format, Spot | None]:
    """In person unless a telling sentence says otherwise; a bare "call" may have been one by video."""
    formats = [found for part, reading in readings_of(parts) for found in _formats(part, reading)]
    if not formats:
        return Format.IN_PERSON, None
    value, spot = formats[0]
    if _BARE_CALL.match(spot.part.folded.text, spot.start):
        return next((found for found in formats if found[0] is Format.VIDEO), (value, spot))
    return value, spot


def _formats(part: Part, reading: Reading) -> Iterator[tuple[Format, Spot]]:
    headline = part.where == "title" and any(side.rank == "minister" for side in reading.sides)
    for group, value in _FORMATS if reading.signals or headline else ():
        for hit in part.hits.of(group, start=reading.start, end=reading.end):
            guest = part.where == "text" and _of_one_guest(part, hit)
            if not guest and not _NEWSROOM.search(part.folded.text, max(0, hit.start - 6), hit.start):
                yield value, Spot(part=part, start=hit.start, end=hit.end)
    if reading.signals:
        for called in calls_to(reading.sides, part.folded.text, reading.start):
            yield Format.PHONE, Spot(part=part, start=called.start(), end=called.end())


def _is_purpose(part: Part, reading: Reading, hit: Hit) -> bool:
    """They "met in Oslo to discuss …": the infinitive tells why they met, not what will come."""
    if hit.value not in _PURPOSES:
        return False
    return bool(_HAVE_MET.search(part.folded.text, reading.start, hit.start))


def is_future(parts: Parts) -> Spot | None:
    """The words that put the meeting ahead, or None. A headline without a verb leaves it to the text."""
    for part, reading in readings_of(parts):
        if not reading.signals:
            continue
        ahead = part.hits.of("phase.future", start=reading.start, end=reading.end)
        back = part.hits.of("phase.past", start=reading.start, end=reading.end)
        ahead = [hit for hit in ahead if not _is_purpose(part, reading, hit)]
        overtaken = part.where == "text" and back and ahead and back[-1].start > ahead[-1].start
        if ahead and not overtaken:
            return Spot(part=part, start=ahead[0].start, end=ahead[0].end)
        if back:
            return None
    return None
