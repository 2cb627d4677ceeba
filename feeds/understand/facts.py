"""Takes the facts of a meeting out of the sentences that tell of it. A fact that is not stated stays empty.

Every fact is noted with the words it came from and how sure they are: the title is believed in full, a sentence of the
text a little less, and a day that another sentence contradicts much less.
"""

from datetime import date

from feeds.observed import Reason
from feeds.understand.days import meeting_day
from feeds.understand.forums import Named, forums_of
from feeds.understand.kinds import format_of, is_future, kind_of
from feeds.understand.lexicon import Lexicon, Series
from feeds.understand.numbering import documents_of, edition_of, parent_edition_of
from feeds.understand.participants import principals_of, sides_of
from feeds.understand.parts import Part, Spot, readings_of
from feeds.understand.places import Where, meeting_place
from feeds.understand.topics import topics_of
from storage.model import Evidence, Format, Kind, Level, MeetingFacts, Phase, Principal

#: How sure words are by where they stand.
_SURE = {"title": 1.0, "text": 0.9}
#: How many sides settle a series by themselves.
_SERIES_SIZES = {Kind.TWO_PLUS_TWO: (2,), Kind.TRILATERAL: (3,), Kind.MINILATERAL: (4, 5)}
#: What remains of the confidence in a record whose sentences name different days.
_DOUBT = 0.85


class Extractor:
    """Facts and evidence of one item that tells of a meeting."""

    def __init__(self, title: Part, text: Part, lexicon: Lexicon, published: date | None) -> None:
        self._parts = (title, text)
        self._lexicon = lexicon
        self._published = published
        self._evidence: list[Evidence] = []
        self._rejected: list[Reason] = []

    def extract(self, phase_hint: Phase | None, confidence: float) -> tuple[MeetingFacts, tuple[Evidence, ...]]:
        """The facts of the meeting, and the words they came from."""
        own_named, parent_named = forums_of(self._parts)
        own, parent = self._noted("series", own_named), self._noted("parent", parent_named)
        level = self._level()
        sides = sides_of(self._parts, own)
        kind = self._kind(own, sides)
        own = own or (self._series_of_sides(kind, sides) if level is Level.MINISTER else None)
        format_ = self._format()
        first, last, phase, doubt = self._time(phase_hint)
        where = self._place(own or parent, format_)
        principals = self._principals(sides if kind is not Kind.MULTILATERAL else (), level)
        facts = MeetingFacts(
            level=level, kind=kind, format=format_, phase=phase,
            countries=sides or tuple(sorted({principal.country for principal in principals})),
            principals=principals,
            series=own.key if own else None,
            edition=self._edition(own, parent, kind),
            name_ja=own.ja if own else None,
            name_en=own.en if own else None,
            starts_on=first, ends_on=last,
            city=where.city, country=where.country, venue=where.venue,
            parent=parent.key if parent else None,
            outcomes=self._outcomes(),
            topics=self._topics(sides),
            confidence=round(confidence * doubt, 3),
        )  # fmt: skip
        return facts, tuple(self._evidence)

    @property
    def rejected(self) -> tuple[Reason, ...]:
        """What was read as a possible fact and not taken, and why."""
        return tuple(self._rejected)

    def _noted(self, fact: str, named: Named | None) -> Series | None:
        if named is None:
            return None
        self._note(fact, named[1])
        return named[0]

    def _note(self, fact: str, spot: Spot | None, confidence: float = 1.0) -> None:
        if spot is None:
            return
        start, end = spot.part.folded.span(spot.start, spot.end)
        sure = round(confidence * _SURE[spot.part.where], 2)
        quote = spot.part.folded.original[start:end]
        self._evidence.append(
            Evidence(fact=fact, where=spot.part.where, start=start, end=end, quote=quote, confidence=sure)
        )

    def _level(self) -> Level:
        telling = [(part, reading) for part, reading in readings_of(self._parts) if reading.signals]
        part, best = max(telling, key=lambda entry: entry[1].strength)  # there is one: the item's score is its strength
        signal = max(best.signals, key=lambda one: one.weight)
        self._note("level", Spot(part=part, start=signal.start, end=signal.end))
        return Level(best.level)

    def _series_of_sides(self, kind: Kind, sides: tuple[str, ...]) -> Series | None:
        """Two countries hold one series of 2+2 meetings, three or four one of ministers, however a report calls it."""
        if len(sides) not in _SERIES_SIZES.get(kind, ()):
            return None
        series = self._lexicon.series.values()
        held = [one for one in series if one.kind is kind and tuple(sorted(one.participants)) == sides]
        return held[0] if len(held) == 1 else None

    def _kind(self, series: Series | None, sides: tuple[str, ...]) -> Kind:
        kind, spot = kind_of(self._parts, series, sides)
        self._note("kind", spot)
        return kind

    def _format(self) -> Format:
        format_, spot = format_of(self._parts)
        self._note("format", spot)
        return format_

    def _time(self, phase_hint: Phase | None) -> tuple[date | None, date | None, Phase, float]:
        ahead = is_future(self._parts)
        self._note("phase", ahead)
        chosen = meeting_day(*self._parts, self._published, future=ahead is not None)
        first = chosen.span.first if chosen else None
        if chosen:
            self._note("starts_on", chosen.spot, chosen.confidence)
            self._rejected += [
                Reason(rule="other_day", weight=-0.1, quote=spot.part.folded.quote(spot.start, spot.end), note=why)
                for spot, why in chosen.rejected
            ]
        phase = phase_hint or self._phase(first, future=ahead is not None)
        doubt = _DOUBT if chosen and chosen.contradicted else 1.0
        return first, chosen.span.last if chosen else None, phase, doubt

    def _phase(self, first: date | None, *, future: bool) -> Phase:
        if first and self._published and first != self._published:
            return Phase.ANNOUNCED if first > self._published else Phase.HELD
        return Phase.ANNOUNCED if future else Phase.HELD

    def _place(self, series: Series | None, format_: Format) -> Where:
        """Calls have no place: the city in their reports is where one side sits."""
        if format_ is not Format.IN_PERSON:
            return Where()
        where = meeting_place(self._parts, self._lexicon, series)
        self._note(where.fact, where.spot)
        return where

    def _principals(self, sides: tuple[str, ...], level: Level) -> tuple[Principal, ...]:
        found = principals_of(self._parts, sides, level)
        for spot in found.values():
            self._note("principals", spot)
        return tuple(found)

    def _edition(self, series: Series | None, parent: Series | None, kind: Kind) -> int | None:
        own = edition_of(self._parts, series, kind)
        if own:
            self._note("edition", own[1])
            return own[0]
        # The conference's number is not the side meeting's; it is kept as evidence of the parent.
        outer = parent_edition_of(self._parts, parent) if parent else None
        self._note("parent_edition", outer[1] if outer else None)
        return None

    def _outcomes(self) -> tuple[str, ...]:
        documents = documents_of(self._parts)
        for spot in documents.values():
            self._note("outcomes", spot)
        return tuple(documents)

    def _topics(self, sides: tuple[str, ...]) -> tuple[str, ...]:
        topics = topics_of(self._parts, sides)
        for spot in topics.values():
            self._note("topics", spot)
        return tuple(topics)
