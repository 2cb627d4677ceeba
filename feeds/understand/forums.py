"""Which recurring meeting an item tells of, and the conference on whose margins it is held."""

from feeds.understand.lexicon import Series
from feeds.understand.participants import meeting_countries
from feeds.understand.parts import Part, Spot, is_pair, readings_of
from feeds.understand.scan import Hit
from feeds.understand.scene import FORUM, Reading
from storage.model import Kind

_BEFORE, _AFTER = 40, 16  # characters around a forum's name in which "on the sidelines of" may stand
_AT_BEFORE = ("at ", "at the ", "during ", "during the ")
_AT_AFTER = ("で", "にて", "」で", "の会場")

Parts = tuple[Part, Part]
Named = tuple[Series, Spot]


def forums_of(parts: Parts) -> tuple[Named | None, Named | None]:
    """The meeting's own series and its parent conference, each with the words that name it."""
    own: Named | None = None
    parent: Named | None = None
    for part, reading in readings_of(parts):
        for hit in part.hits.of("series", "series_weak", start=reading.start, end=reading.end):
            named = hit.value, Spot(part=part, start=hit.start, end=hit.end)
            if _is_margin(parts, part, hit, reading):
                parent = parent or named
            elif own is None and _may_be_own(hit.value, reading) and not _is_another(part, hit, reading):
                own = named
    same = own and parent and own[0] is parent[0]
    return own, None if same else parent


def _may_be_own(series: Series, reading: Reading) -> bool:
    """A small series that other countries form is mentioned, not held, in a sentence about two sides."""
    countries = meeting_countries(reading.sides)
    if not is_pair(reading) or len(countries) < 2 or series.kind is Kind.MULTILATERAL:
        return True
    return set(countries) <= set(series.participants) and len(countries) >= len(series.participants) - 1


def _is_another(part: Part, hit: Hit, reading: Reading) -> bool:
    """ "Trilateral Defence Ministers' Meeting" is one series' name, and that of any three others who meet."""
    series: Series = hit.value
    text = part.folded.text[hit.start : hit.end]
    if series.kind is Kind.MULTILATERAL or " " not in text or part.hits.any("country", start=hit.start, end=hit.end):
        return False
    named = {one.value for one in part.hits.of("country", start=reading.start, end=reading.end)}
    return len(named) >= 2 and not named <= set(series.participants)


def _is_margin(parts: Parts, part: Part, hit: Hit, reading: Reading) -> bool:
    series: Series = hit.value
    margin = _says_margin(part, hit, reading)
    if series.forum and any(signal.rule != "forum" and signal.weight > FORUM for signal in reading.signals):
        return True
    if not any(is_pair(one) for one in parts[0].readings):
        return margin and is_pair(reading)
    if part.where == "title" and not margin:
        at = series.kind is Kind.MULTILATERAL and _is_place_of(part, hit)
        return (series.forum or at) and is_pair(reading)
    return not _is_the_titles(parts, series)


def _says_margin(part: Part, hit: Hit, reading: Reading) -> bool:
    first, last = max(reading.start, hit.start - _BEFORE), min(reading.end, hit.end + _AFTER)
    return part.hits.any("form.margin", start=first, end=last)


def _is_place_of(part: Part, hit: Hit) -> bool:
    """ "… meets counterpart at ADMM-Plus": where two met, not what they held."""
    text = part.folded.text
    return text[: hit.start].endswith(_AT_BEFORE) or text.startswith(_AT_AFTER, hit.end)


def _is_the_titles(parts: Parts, series: Series) -> bool:
    """Whether a series met in the text may be the very meeting of a title that names two or three sides."""
    named = next(filter(None, (meeting_countries(reading.sides) for reading in parts[0].readings)), ())
    return not series.forum and bool(named) and set(named) == set(series.participants)
