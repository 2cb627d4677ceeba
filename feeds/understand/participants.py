"""Who meets: the countries that a sentence settles, and the persons in office who take part."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from feeds.understand.folding import fold
from feeds.understand.lexicon import Place, Series
from feeds.understand.parts import Part, Spot, is_pair, readings_of
from feeds.understand.people import Side
from feeds.understand.places import AT_COUNTRY_EN, AT_COUNTRY_JA
from feeds.understand.scan import Hits
from feeds.understand.scene import PLURAL, UNGROUPED, WEAK_FORM, Reading
from storage.model import Kind, Level, Principal

_NAME_REACH = 30  # characters between an office and the name that stands beside it
_THOSE_COUNTRIES = re.compile(
    r"\b(?:the two|both|the three) (?:countries|nations|sides|states|allies)\b|両国|3(?:か|カ)国"
)
_HOSTS = re.compile(r"\s(?:to )?hosts?\b")
_SETTLES = PLURAL - WEAK_FORM  # strength of a sentence that says who meets
_ORGANISATIONS = {"ASEAN", "EU", "NATO", "UN"}
_SEVERAL_RULES = {"plural", "two_plus_two", "ministerial_noun"}
_LEVELS = {
    "minister": Level.MINISTER, "vice_minister": Level.VICE_MINISTER, "organisation": Level.MINISTER,
    "foreign": Level.MINISTER,
}  # fmt: skip


def meeting_countries(sides: Iterable[Side]) -> tuple[str, ...]:
    """Countries of those who meet: ministers where there are such, else deputies, leaders or officials."""
    sides = list(sides)
    ranks = [side for side in sides if side.rank in {"minister", "organisation"}] or [
        side for side in sides if side.rank == "vice_minister"
    ]
    ranks = ranks or [side for side in sides if side.rank in {"head", "official"} and side.how == "compound"]
    return tuple(sorted({country for side in ranks for country in side.countries}))


def sides_of(parts: tuple[Part, Part], series: Series | None) -> tuple[str, ...]:
    """The countries that meet, as far as a sentence settles them: the title's, or a small series' own. Sorted."""
    if series and series.kind is not Kind.MULTILATERAL:
        return series.participants
    chosen: set[str] = set()
    for part, reading in readings_of(parts):
        if part is parts[1] and not chosen and _are_the_titles(parts, reading):
            chosen = {hit.value for hit in parts[0].hits.of("country")} | _by_name(parts[0])
        if not reading.signals or reading.strength < _SETTLES:
            continue
        named = set(meeting_countries(reading.sides))
        several = bool({signal.rule for signal in reading.signals} & _SEVERAL_RULES)
        if several:
            named |= _named_with(part, reading, hosts_only=len(named) >= 2)
        more = chosen < named and (several or not is_pair(reading))
        if not chosen or (len(chosen) == 1 and chosen < named) or more:
            chosen = named
    return tuple(sorted(chosen)) if len(chosen) >= 2 else ()


_FORMS = ("meeting.strong", "meeting.weak", "meeting.call", "meeting.video")


def names_whose_meeting(headline: Hits) -> bool:
    """Whether "the defence ministers met" of a text can be those of the headline's countries: it names two of them and
    speaks of a meeting itself. "Russia strikes Ukraine" names two that did not meet."""
    return len({hit.value for hit in headline.of("country")}) >= 2 and headline.any(*_FORMS)


def _says_only_ministers(reading: Reading) -> bool:
    """ "The defence ministers met": those of the countries that the headline names."""
    rules = {signal.rule for signal in reading.signals}
    alone = any(signal.rule == "plural" and signal.weight == UNGROUPED for signal in reading.signals)
    return alone and rules <= {"plural", "forum"}


def _are_the_titles(parts: tuple[Part, Part], reading: Reading) -> bool:
    """Whether the ministers of a text's sentence are those of the countries that the headline names."""
    title, text = parts
    if _says_only_ministers(reading):
        return names_whose_meeting(title.hits) or len(_by_name(title)) >= 2
    those = _THOSE_COUNTRIES.search(text.folded.text, reading.start, reading.end)
    named = {hit.value for hit in title.hits.of("country")}
    return bool(those) and not meeting_countries(reading.sides) and len(named) in {2, 3}


def _by_name(title: Part) -> set[str]:
    """Countries of ministers whom the headline names without an office: "the two defence chiefs" are they."""
    rules = {signal.rule for reading in title.readings for signal in reading.signals}
    if rules != {"names_only"}:
        return set()
    return set(meeting_countries(side for reading in title.readings for side in reading.sides))


def _named_with(part: Part, reading: Reading, *, hosts_only: bool) -> set[str]:
    """Countries of a sentence about several ministers, unless they are only the place; or the host alone."""
    text = part.folded.text
    named = {
        hit.value
        for hit in part.hits.of("country", start=reading.start, end=reading.end)
        if not AT_COUNTRY_EN.search(text[max(0, hit.start - 20) : hit.start])
        and not AT_COUNTRY_JA.match(text[hit.end : hit.end + 6])
        and (not hosts_only or _HOSTS.match(text, hit.end))
    }
    return named | _hosting_capitals(part, reading)


def _hosting_capitals(part: Part, reading: Reading) -> set[str]:
    """ "Moscow hosts Iranian, Syrian defense chiefs": a capital that hosts stands for its minister."""
    hosts: set[str] = set()
    for hit in part.hits.of("place", start=reading.start, end=reading.end):
        place: Place = hit.value
        if _HOSTS.match(part.folded.text, hit.end) and not place.venue:
            hosts.add(place.country)
    return hosts


def principals_of(parts: tuple[Part, Part], sides: tuple[str, ...], level: Level) -> dict[Principal, Spot]:
    """Who takes part, with the words that name them. Where the sides are settled, others are only mentioned."""
    found: dict[tuple[str, str], tuple[Principal, Spot]] = {}
    for part, reading in readings_of(parts):
        for side in reading.sides:
            for principal in _as_principals(side):
                if not sides or principal.country in sides:
                    _keep(found, _as_substitute(principal, level), _words(part, side))
    ordered = sorted(found.values(), key=lambda one: (one[0].country, one[0].name or "", one[0].name_ja or ""))
    return dict(ordered)


def _words(part: Part, side: Side) -> Spot:
    """The office and, where the text gives one, the name beside it."""
    text = part.folded.text
    start, end = side.start, side.end
    if side.name_ja:
        named = text.rfind(side.name_ja, max(0, start - _NAME_REACH), start)
        start = named if named >= 0 else start
    if side.name:
        name = fold(side.name).text
        named = text.find(name, end, end + _NAME_REACH + len(name))
        end = named + len(name) if named >= 0 else end
    return Spot(part=part, start=start, end=end)


def _as_substitute(principal: Principal, level: Level) -> Principal:
    """A deputy among ministers sits in the minister's place."""
    sent = level is Level.MINISTER and principal.level is Level.VICE_MINISTER
    return replace(principal, substitute=True) if sent else principal


def _keep(found: dict[tuple[str, str], tuple[Principal, Spot]], principal: Principal, spot: Spot) -> None:
    name = principal.name or principal.name_ja or ""
    known = [key for key in found if key[0] == principal.country]
    if (not name and known) or (principal.substitute and known):
        return
    if name:
        found.pop((principal.country, ""), None)
    found.setdefault((principal.country, name), (principal, spot))


def _as_principals(side: Side) -> Iterator[Principal]:
    if side.rank not in _LEVELS or (side.rank == "foreign" and not side.person):
        return
    person = side.person
    if person:
        yield Principal(
            country=person.country, name=person.name, name_ja=person.ja, office=side.office, level=_LEVELS[side.rank]
        )
        return
    for country in side.countries:
        if country in _ORGANISATIONS and side.rank == "minister":
            continue
        single = len(side.countries) == 1 and not side.plural
        yield Principal(
            country=country,
            name=side.name if single else None,
            name_ja=side.name_ja if single else None,
            office=side.office if side.how == "office" else None,
            level=_LEVELS[side.rank],
        )
