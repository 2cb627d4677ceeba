"""Where a meeting takes place: a city or venue that a telling sentence names as the place, or else a country."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.understand.lexicon import Lexicon, Place, Series
from feeds.understand.parts import Part, Spot, readings_of
from feeds.understand.scan import Hit
from feeds.understand.scene import Reading

_LEAD = 1_500
_AT_JA = re.compile(r"^(?:市|内|都|で|に|にて|において|における|の|\)|入り|近郊|郊外|・|を訪|で開|を訪問)")
_AT_EN = re.compile(r"(?:\bin|\bat|\bvisit(?:s|ed)? to|\bvisited|\bto|\bhosts?|\bnear|,)\s(?:the\s)?$")
_IN_EN = re.compile(r"\bin\s$")
_HOSTS = re.compile(r"\s(?:to )?hosts?\b")
#: "Ramstein format", ミュンヘン安全保障会議: the city is part of another name.
_NAMES_SOMETHING = re.compile(
    r"[- ](?:format|group|process|accords?|declaration|treaty|agreement|dialogue|protocol|times|post|straits?|"
    r"channel)\b|海峡"
)
_DATELINE_BEFORE = re.compile(r"【[^】]{0,20}$")
_DATELINE_AFTER = ("共同】", "発】", "時事】")
AT_COUNTRY_JA = re.compile(r"^(?:\(|で|にて|において|における|を訪問|訪問|入り|に到着|を訪れ)")
AT_COUNTRY_EN = re.compile(
    r"(?:\bin|\bvisit(?:s|ed)? to|\bvisits?|\bvisited|\btravel(?:s|led|ed)? to|\bhead(?:s|ed)? to)\s(?:the\s)?$"
)
_TO_JAPAN = re.compile(r"来日|訪日")


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """What is known of the place, and the words that say so."""

    city: str | None = None
    venue: str | None = None
    country: str | None = None
    fact: str = "city"
    spot: Spot | None = None


def meeting_place(parts: tuple[Part, Part], lexicon: Lexicon, series: Series | None) -> Where:
    """City, venue and country of a meeting in person; empty where nothing says so."""
    best = max(_ranked_cities(parts), key=lambda entry: entry[0], default=None)
    if best and best[0] > 0:
        return _at_city(best[1], best[2])
    forum = series if series and series.city else _forum(parts)
    if forum:
        return Where(city=forum.city, country=forum.country)
    return _country(parts, lexicon)


def _at_city(part: Part, hit: Hit) -> Where:
    place: Place = hit.value
    return Where(
        city=place.city,
        venue=place.name if place.venue else None,
        country=place.country,
        fact="venue" if place.venue else "city",
        spot=Spot(part=part, start=hit.start, end=hit.end),
    )


def _ranked_cities(parts: tuple[Part, Part]) -> Iterator[tuple[float, Part, Hit]]:
    for part in parts:
        readings = [reading for reading in part.readings if reading.start < _LEAD]
        for order, reading in enumerate(readings):
            for hit in part.hits.of("place", start=reading.start, end=reading.end):
                yield _rank(part, reading, hit) - 0.2 * order, part, hit


def _rank(part: Part, reading: Reading, hit: Hit) -> float:
    place: Place = hit.value
    text = part.folded.text
    before, after = text[max(0, hit.start - 24) : hit.start], text[hit.end : hit.end + 10]
    opens = not text[reading.start : hit.start].strip()  # "JAKARTA: …", not "Rajnath in Rome: …"
    if _DATELINE_BEFORE.search(before) or after.startswith(_DATELINE_AFTER) or (opens and after.startswith(":")):
        return -1.0  # where the reporter sits
    if _NAMES_SOMETHING.match(text, hit.end):
        return -1.0
    if place.venue:
        return 1.1 if reading.signals else 0.7
    hosting = bool(_HOSTS.match(after)) or _ends_headline(part, reading, hit)
    if place.state and not (_IN_EN.search(before) or AT_COUNTRY_JA.match(after) or hosting):
        return -1.0  # Singapore the state, as one of the sides
    at = hosting or bool(_AT_EN.search(before)) or bool(_AT_JA.match(after)) or before.endswith("(")
    if not at and text[hit.start].isascii():
        return 0.05 if part.where == "title" else -1.0
    return (0.9 if at else 0.25) + (0.1 if reading.signals else 0.0)


def _ends_headline(part: Part, reading: Reading, hit: Hit) -> bool:
    """日米韓防衛相会談 シンガポール: newsrooms set the place behind the headline."""
    text = part.folded.text
    behind = text[hit.start - 1 : hit.start] == " " and not text[hit.start].isascii()
    return part.where == "title" and behind and not text[hit.end : reading.end].strip()


def _forum(parts: tuple[Part, Part]) -> Series | None:
    """A forum with a fixed place that a telling sentence names, though the meeting is another one."""
    for part, reading in readings_of(parts):
        for hit in part.hits.of("series", start=reading.start, end=reading.end):
            if reading.signals and hit.value.city:
                found: Series = hit.value
                return found
    return None


def _country(parts: tuple[Part, Part], lexicon: Lexicon) -> Where:
    for part, reading in readings_of(parts):
        text = part.folded.text
        for hit in part.hits.of("country", start=reading.start, end=reading.end):
            before, after = text[max(0, hit.start - 20) : hit.start], text[hit.end : hit.end + 6]
            stated = AT_COUNTRY_EN.search(before) or AT_COUNTRY_JA.match(after)
            if stated and not lexicon.countries[hit.value].org:
                spot = Spot(part=part, start=hit.start, end=hit.end)
                return Where(country=hit.value, fact="country", spot=spot)
        visit = _TO_JAPAN.search(text, reading.start, reading.end)
        if visit:
            spot = Spot(part=part, start=visit.start(), end=visit.end())
            return Where(country="JP", fact="country", spot=spot)
    return Where()
