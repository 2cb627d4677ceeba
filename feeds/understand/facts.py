"""Takes the facts of a meeting out of the sentences that tell of it. A fact that is not stated stays empty."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from feeds.understand.days import meeting_day
from feeds.understand.detect import FORUM, Reading
from feeds.understand.lexicon import Lexicon, Series
from feeds.understand.numbering import documents_of, edition_of, parent_edition_of
from feeds.understand.parts import Part, Spot, is_pair, readings_of
from feeds.understand.people import Side
from feeds.understand.places import AT_COUNTRY_EN, AT_COUNTRY_JA, Where, meeting_place
from feeds.understand.scan import Hit
from storage.model import Evidence, Format, Kind, Level, MeetingFacts, Phase, Principal

_MARGIN = re.compile(
    r"sidelines?|margins?|during the|on the side|sa gilid|attending the|"
    r"の機会に|に合わせ|に際し|出席のため|出席している|出席する?ため|訪れている|訪問中|の場で|の合間"
)


class Extractor:
    """Facts and evidence of one item that tells of a meeting."""

    def __init__(self, title: Part, text: Part, lexicon: Lexicon, published: date | None) -> None:
        self._parts = (title, text)
        self._title, self._text = title, text
        self._lexicon = lexicon
        self._published = published
        self._evidence: list[Evidence] = []

    def extract(self, phase_hint: Phase | None, confidence: float) -> tuple[MeetingFacts, tuple[Evidence, ...]]:
        """The facts of the meeting, and the words they came from."""
        series, parent = self._series()
        sides = self._sides(series)
        kind = self._kind(series, sides)
        format_ = self._format()
        future = self._future()
        first, last = self._days(future=future)
        phase = phase_hint or self._phase(first, future=future)
        where = self._place(series or parent, format_)
        principals = self._principals(sides if kind is not Kind.MULTILATERAL else ())
        return (
            MeetingFacts(
                level=self._level(),
                kind=kind,
                format=format_,
                phase=phase,
                countries=self._countries(principals, sides),
                principals=principals,
                series=series.key if series else None,
                edition=self._edition(series, parent, kind),
                name_ja=series.ja if series else None,
                name_en=series.en if series else None,
                starts_on=first,
                ends_on=last,
                city=where.city,
                country=where.country,
                venue=where.venue,
                parent=parent.key if parent else None,
                outcomes=self._outcomes(),
                confidence=round(confidence, 3),
            ),
            tuple(self._evidence),
        )

    def _note(self, fact: str, part: Part, start: int, end: int, confidence: float = 1.0) -> None:
        first, stop = part.folded.span(start, end)
        self._evidence.append(
            Evidence(
                fact=fact, where=part.where, start=first, end=stop,
                quote=part.folded.original[first:stop], confidence=confidence,
            )
        )  # fmt: skip

    def _note_spot(self, fact: str, spot: Spot | None) -> None:
        if spot:
            self._note(fact, spot.part, spot.start, spot.end)

    def _readings(self) -> Iterator[tuple[Part, Reading]]:
        return readings_of(self._parts)

    def _best(self) -> Reading | None:
        strongest = [reading for _, reading in self._readings() if reading.signals]
        return max(strongest, key=lambda reading: reading.strength, default=None)

    def _level(self) -> Level:
        best = self._best()
        return Level.VICE_MINISTER if best and best.level == "vice_minister" else Level.MINISTER

    def _series(self) -> tuple[Series | None, Series | None]:
        """The meeting's own series, and the conference on whose margins it is held."""
        own: Series | None = None
        parent: Series | None = None
        for part, reading in self._readings():
            for hit in part.hits.of("series", "series_weak", start=reading.start, end=reading.end):
                series: Series = hit.value
                if self._is_margin(part, hit, series, reading):
                    if parent is None:
                        parent = series
                        self._note("parent", part, hit.start, hit.end)
                elif own is None and self._may_be_own(series, reading):
                    own = series
                    self._note("series", part, hit.start, hit.end)
        return own, parent if parent is not own else None

    def _may_be_own(self, series: Series, reading: Reading) -> bool:
        """A small series that other countries form is mentioned, not held, in a sentence about two sides."""
        countries = _meeting_countries(reading.sides)
        if not is_pair(reading) or len(countries) < 2 or series.kind is Kind.MULTILATERAL:
            return True
        return set(countries) <= set(series.participants) and len(countries) >= len(series.participants) - 1

    def _is_margin(self, part: Part, hit: Hit, series: Series, reading: Reading) -> bool:
        text = part.folded.text
        around = text[max(reading.start, hit.start - 40) : min(reading.end, hit.end + 16)]
        if series.forum and any(signal.rule != "forum" and signal.weight > FORUM for signal in reading.signals):
            return True
        if not self._pair_in_title():
            return bool(_MARGIN.search(around)) and is_pair(reading)
        if part.where == "title" and not _MARGIN.search(around):
            return series.forum and is_pair(reading)
        return not self._fits(series)

    def _fits(self, series: Series) -> bool:
        """Whether a series met in the text may be the very meeting of a title that names two or three sides."""
        named = set(self._title_countries())
        return not series.forum and bool(named) and named == set(series.participants)

    def _title_countries(self) -> tuple[str, ...]:
        for reading in self._title.readings:
            found = _meeting_countries(reading.sides)
            if found:
                return found
        return ()

    def _pair_in_title(self) -> bool:
        return any(is_pair(reading) for reading in self._title.readings)

    def _kind(self, series: Series | None, sides: tuple[str, ...]) -> Kind:
        for part, reading in self._readings():
            for signal in reading.signals:
                if signal.rule == "two_plus_two" and signal.weight >= reading.strength - 0.1:
                    self._note("kind", part, signal.start, signal.end)
                    return Kind.TWO_PLUS_TWO
        return series.kind if series else self._kind_by_sides(sides)

    def _kind_by_sides(self, sides: tuple[str, ...]) -> Kind:
        for part, reading in self._readings():
            rules = {signal.rule for signal in reading.signals}
            if not rules:
                continue
            count = max(len(sides), len(_meeting_countries(reading.sides)) if not sides else 0)
            many = bool(_MANY.search(part.folded.text, reading.start, reading.end))
            many = many or bool(set(sides) & {"ASEAN", "EU", "UN"})
            if rules == {"forum"} or many or (rules & {"plural", "series"} and count < 2 and not is_pair(reading)):
                return Kind.MULTILATERAL
            return _SIZES.get(count, Kind.MINILATERAL if count < 7 else Kind.MULTILATERAL)
        return Kind.BILATERAL

    def _format(self) -> Format:
        for part, reading in self._readings():
            if not reading.signals:
                continue
            for group, value in (("meeting.video", Format.VIDEO), ("meeting.call", Format.PHONE)):
                for hit in part.hits.of(group, start=reading.start, end=reading.end):
                    self._note("format", part, hit.start, hit.end)
                    return value
        return Format.IN_PERSON

    def _future(self) -> bool:
        for part, reading in self._readings():
            if not reading.signals:
                continue
            ahead = part.hits.of("phase.future", start=reading.start, end=reading.end)
            back = part.hits.of("phase.past", start=reading.start, end=reading.end)
            if ahead and not (part.where == "text" and back and back[-1].start > ahead[-1].start):
                self._note("phase", part, ahead[0].start, ahead[0].end)
                return True
            if back or part.where == "title":
                if part.where == "title" and not back and self._text.readings:
                    continue
                return False
        return False

    def _phase(self, first: date | None, *, future: bool) -> Phase:
        if first and self._published:
            if first > self._published:
                return Phase.ANNOUNCED
            if first < self._published:
                return Phase.HELD
        return Phase.ANNOUNCED if future else Phase.HELD

    def _days(self, *, future: bool) -> tuple[date | None, date | None]:
        chosen = meeting_day(self._title, self._text, self._published, future=future)
        if chosen is None:
            return None, None
        part, span = chosen
        self._note("starts_on", part, span.start, span.end)
        return span.first, span.last

    def _place(self, series: Series | None, format_: Format) -> Where:
        """Calls have no place: the city in their reports is where one side sits."""
        if format_ is not Format.IN_PERSON:
            return Where()
        where = meeting_place(self._parts, self._lexicon, series)
        self._note_spot(where.fact, where.spot)
        return where

    def _principals(self, sides: tuple[str, ...]) -> tuple[Principal, ...]:
        """Who takes part. Where the sides are settled, ministers of others are only mentioned."""
        found: dict[tuple[str, str], Principal] = {}
        for part, reading in self._readings():
            for side in reading.sides:
                for principal in _as_principals(side):
                    if not sides or principal.country in sides:
                        self._keep(found, principal, part, side)
        return tuple(sorted(found.values(), key=lambda one: (one.country, one.name or "", one.name_ja or "")))

    def _keep(self, found: dict[tuple[str, str], Principal], principal: Principal, part: Part, side: Side) -> None:
        name = principal.name or principal.name_ja or ""
        known = [key for key in found if key[0] == principal.country]
        if not name and known:
            return
        nameless = (principal.country, "")
        if name and nameless in found:
            del found[nameless]
        if (principal.country, name) not in found:
            found[principal.country, name] = principal
            self._note("principals", part, side.start, side.end)

    def _sides(self, series: Series | None) -> tuple[str, ...]:
        """The countries that meet, as far as a sentence settles them: the title's, or a small series' own."""
        if series and series.kind is not Kind.MULTILATERAL:
            return series.participants
        chosen: set[str] = set()
        for part, reading in self._readings():
            if not reading.signals or reading.strength < FORUM:
                continue
            named = set(_meeting_countries(reading.sides))
            rules = {signal.rule for signal in reading.signals}
            if rules & {"plural", "two_plus_two", "ministerial_noun"}:
                named |= self._named_with(part, reading, hosts_only=len(named) >= 2)
            if not chosen or (len(chosen) == 1 and chosen < named) or (chosen < named and not is_pair(reading)):
                chosen = named
        return tuple(sorted(chosen)) if len(chosen) >= 2 else ()

    def _named_with(self, part: Part, reading: Reading, *, hosts_only: bool) -> set[str]:
        """Countries of a sentence about several ministers, unless they are only the place; or the host alone."""
        text = part.folded.text
        return {
            hit.value
            for hit in part.hits.of("country", start=reading.start, end=reading.end)
            if not AT_COUNTRY_EN.search(text[max(0, hit.start - 20) : hit.start])
            and not AT_COUNTRY_JA.match(text[hit.end : hit.end + 6])
            and (not hosts_only or _HOSTS.match(text, hit.end))
        }

    def _countries(self, principals: Iterable[Principal], sides: tuple[str, ...]) -> tuple[str, ...]:
        return sides or tuple(sorted({principal.country for principal in principals}))

    def _edition(self, series: Series | None, parent: Series | None, kind: Kind) -> int | None:
        own = edition_of(self._parts, series, kind)
        if own:
            self._note_spot("edition", own[1])
            return own[0]
        # The conference's number is not the side meeting's; it is kept as evidence of the parent.
        outer = parent_edition_of(self._parts, parent) if parent else None
        if outer:
            self._note_spot("parent_edition", outer[1])
        return None

    def _outcomes(self) -> tuple[str, ...]:
        documents = documents_of(self._parts)
        for spot in documents.values():
            self._note_spot("outcomes", spot)
        return tuple(documents)


_MANY = re.compile(
    r"各国|諸国|島嶼国|島しょ国|加盟国|参加国|\d{2}か国|\d{2}カ国|防衛相会談等|"
    r"(?:some|about) \d{2} (?:countries|nations)|member (?:states|nations)"
)
_SIZES = {0: Kind.BILATERAL, 1: Kind.BILATERAL, 2: Kind.BILATERAL, 3: Kind.TRILATERAL}
_HOSTS = re.compile(r"\s(?:to )?hosts?\b")


def _meeting_countries(sides: Iterable[Side]) -> tuple[str, ...]:
    """Countries of those who meet: of ministers' level if there are such, of deputies otherwise."""
    ranks = [side for side in sides if side.rank in {"minister", "organisation"}] or [
        side for side in sides if side.rank == "vice_minister"
    ]
    return tuple(sorted({country for side in ranks for country in side.countries}))


_ORGANISATIONS = {"ASEAN", "EU", "NATO", "UN"}
_LEVELS = {
    "minister": Level.MINISTER, "vice_minister": Level.VICE_MINISTER, "organisation": Level.MINISTER,
    "foreign": Level.MINISTER,
}  # fmt: skip


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
