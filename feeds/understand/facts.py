"""Takes the facts of a meeting out of the sentences that tell of it. A fact that is not stated stays empty."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from feeds.understand.calendar_words import number
from feeds.understand.dates import DateSpan, find_dates
from feeds.understand.detect import FORUM, Reading
from feeds.understand.folding import Folded
from feeds.understand.lexicon import Lexicon, Place, Series
from feeds.understand.people import Side
from feeds.understand.scan import Hit, Hits
from storage.model import Evidence, Format, Kind, Level, MeetingFacts, Phase, Principal

_LEAD = 1_500  # facts beyond this are the speech, not the meeting

_ORDINALS = {
    word: value
    for value, word in enumerate(
        (
            "zeroth second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
            "sixteenth seventeenth eighteenth nineteenth twentieth"
        ).split(),
        start=1,
    )  # "first" is left out: it says "first ever", "first virtual", "first in years" far more often than "1st"
}
_EDITION_JA = re.compile(r"第(?P<n>\d{1,3}|[一二三四五六七八九十]{1,3})回(?:目の)?\s?[「『]?(?P<gap>[^。第]{0,16})$")
_EDITION_EN = re.compile(rf"\b(?P<n>\d{{1,3}}(?:st|nd|rd|th)|{'|'.join(_ORDINALS)})\b(?P<gap>[^.;]{{0,40}})$")
_EDITION_AFTER = re.compile(r"(?:^|、|で|は|が|。|として)(?P<n>\d{1,2})回目(?!の会合)|\b(?:its|the) (?P<e>\d{1,2})(?:st|nd|rd|th) (?:iteration|edition|meeting|round)")
_NOT_EDITION = re.compile(r"年|virtual|in-person|face|time|day|month|week|century|anniversary|周年|straight|consecutive|\d{4}")
_MARGIN = re.compile(r"sidelines?|margins?|の機会に|に合わせ|に際し|出席のため|出席している|出席する?ため|訪れている|訪問中|の場で|の合間|during the|on the side|sa gilid|attending the")
_ANNOUNCEMENT = re.compile(r"^[^。、開会行出]{0,4}(?:、[^。、開会行出]{0,12})?(?:発表|公表|明らかに|会見|述べ|語|報じ|伝え(?:られ|る)|付け|更新|掲載|に開かれる見通しと|までに)")
_TELLER = re.compile(r"(?:省|府|官|軍|紙|報道官|氏|大臣|政府|相|長)は(?:\d{1,2}月)?$|\b(?:said|says|announced|told|posted|reported|stated|wrote|sources said|statement)(?: on| late| in a statement)?,?\s$")
_TELLING = re.compile(r"発表|明らかに|公表|述べ|表明|語っ|方針|とした|会見")
_HELD_AFTER = re.compile(r"^[^。]{0,40}?(?:会談|会合|協議|会議|開|出席|懇談|行|実施|met|hold|held|meet|talks|spoke|attend)")
_TITLE_DAY = re.compile(r"\((?P<day>[^()]*日[^()]*)\)\s*$")
_AT_JA = re.compile(r"^(?:市|内|都|で|に|にて|において|における|の|\)|入り|近郊|郊外|・|を訪|で開|を訪問)")
_AT_EN = re.compile(r"(?:\bin|\bat|\bvisit(?:s|ed)? to|\bvisited|\bto|\bhosts?|\bnear|,)\s(?:the\s)?$")
_DATELINE = re.compile(r"【[^】]{0,20}$")
_AT_COUNTRY_JA = re.compile(r"^(?:\(|で|にて|において|における|を訪問|訪問|入り|に到着|を訪れ)")
_AT_COUNTRY_EN = re.compile(r"(?:\bin|\bvisit(?:s|ed)? to|\bvisits?|\bvisited|\btravel(?:s|led|ed)? to|\bhead(?:s|ed)? to)\s(?:the\s)?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The title or the text, with what was found in it."""

    where: str
    folded: Folded
    hits: Hits
    readings: tuple[Reading, ...]  #: the sentences that count as evidence


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
        first, last = self._days(future)
        phase = phase_hint or self._phase(future, first)
        city, venue, country = self._place(series or parent, format_)
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
                city=city,
                country=country,
                venue=venue,
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

    def _readings(self) -> Iterator[tuple[Part, Reading]]:
        for part in self._parts:
            for reading in part.readings:
                yield part, reading

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
        if not self._pair(reading) or len(countries) < 2 or series.kind is Kind.MULTILATERAL:
            return True
        return set(countries) <= set(series.participants) and len(countries) >= len(series.participants) - 1

    def _is_margin(self, part: Part, hit: Hit, series: Series, reading: Reading) -> bool:
        text = part.folded.text
        around = text[max(reading.start, hit.start - 40) : min(reading.end, hit.end + 16)]
        if series.forum and any(signal.rule != "forum" and signal.weight > FORUM for signal in reading.signals):
            return True
        if not self._pair_in_title():
            return bool(_MARGIN.search(around)) and self._pair(reading)
        if part.where == "title" and not _MARGIN.search(around):
            return series.forum and self._pair(reading)
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
        return any(self._pair(reading) for reading in self._title.readings)

    @staticmethod
    def _pair(reading: Reading) -> bool:
        return any(signal.rule in {"compound", "two_sides", "counterpart", "office_and_name"} for signal in reading.signals)

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
            many = _MANY.search(part.folded.text, reading.start, reading.end)
            if rules == {"forum"} or many or (rules & {"plural", "series"} and count < 2 and not self._pair(reading)):
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

    def _phase(self, future: bool, first: date | None) -> Phase:
        if first and self._published:
            if first > self._published:
                return Phase.ANNOUNCED
            if first < self._published:
                return Phase.HELD
        return Phase.ANNOUNCED if future else Phase.HELD

    def _days(self, future: bool) -> tuple[date | None, date | None]:
        chosen = self._title_day(future) or self._sentence_day(future)
        if chosen is None:
            return None, None
        part, span = chosen
        self._note("starts_on", part, span.start, span.end)
        return span.first, span.last

    def _title_day(self, future: bool) -> tuple[Part, DateSpan] | None:
        """The bracket that ends a headline of Japanese newsrooms holds the day of the event."""
        match = _TITLE_DAY.search(self._title.folded.text)
        spans = find_dates(self._title.folded.text, self._published, future=future)
        for span in spans:
            if match and span.start >= match.start("day"):
                return self._title, span
        return None

    def _sentence_day(self, future: bool) -> tuple[Part, DateSpan] | None:
        ranked: list[tuple[float, Part, DateSpan]] = []
        for part in self._parts:
            text = part.folded.text
            readings = [reading for reading in part.readings if reading.start < _LEAD]
            for order, reading in enumerate(readings, start=int(part is self._text)):
                spans = find_dates(text[reading.start : reading.end], self._published, future=future)
                for index, span in enumerate(spans):
                    moved = DateSpan(span.start + reading.start, span.end + reading.start, span.first, span.last, span.form)
                    ranked.append((self._day_rank(part, reading, moved, order, index), part, moved))
        best = max(ranked, key=lambda entry: entry[0], default=None)
        return (best[1], best[2]) if best and best[0] > -0.05 else None

    @staticmethod
    def _day_rank(part: Part, reading: Reading, span: DateSpan, order: int, index: int) -> float:
        text = part.folded.text
        after = text[span.end : min(reading.end, span.end + 80)]
        rank = 1.0 + reading.strength - 0.3 * order - 0.05 * index
        before = text[max(reading.start, span.start - 24) : span.start]
        told = text[span.end : reading.end]
        if _ANNOUNCEMENT.match(after) or (_TELLER.search(before) and (_TELLING.search(told) or before.isascii())):
            rank -= 1.2
        if _HELD_AFTER.match(after):
            rank += 0.3
        if part.hits.any("meeting.strong", "meeting.call", "meeting.video", "meeting.attend", start=reading.start, end=span.start):
            rank += 0.05
        if span.form == "relative":
            rank -= 0.1
        return rank if reading.signals else rank - 0.6

    def _place(self, series: Series | None, format_: Format) -> tuple[str | None, str | None, str | None]:
        if format_ is not Format.IN_PERSON:
            return None, None, None
        found = self._city()
        if found:
            part, hit = found
            place: Place = hit.value
            self._note("venue" if place.venue else "city", part, hit.start, hit.end)
            return place.city, place.name if place.venue else None, place.country
        forum = series if series and series.city else self._forum()
        if forum:
            return forum.city, None, forum.country
        return None, None, self._country()

    def _forum(self) -> Series | None:
        """A forum with a fixed place that a telling sentence names, though the meeting is another one."""
        for part, reading in self._readings():
            for hit in part.hits.of("series", start=reading.start, end=reading.end):
                if reading.signals and hit.value.city:
                    found: Series = hit.value
                    return found
        return None

    def _city(self) -> tuple[Part, Hit] | None:
        ranked: list[tuple[float, Part, Hit]] = []
        for part in self._parts:
            for order, reading in enumerate(reading for reading in part.readings if reading.start < _LEAD):
                for hit in part.hits.of("place", start=reading.start, end=reading.end):
                    rank = self._city_rank(part, reading, hit) - 0.2 * order
                    ranked.append((rank, part, hit))
        best = max(ranked, key=lambda entry: entry[0], default=None)
        return (best[1], best[2]) if best and best[0] > 0 else None

    @staticmethod
    def _city_rank(part: Part, reading: Reading, hit: Hit) -> float:
        place: Place = hit.value
        text = part.folded.text
        before, after = text[max(0, hit.start - 24) : hit.start], text[hit.end : hit.end + 8]
        if _DATELINE.search(before) or after.startswith(("共同】", ":", "発】", "時事】")):
            return -1.0
        at = bool(_AT_EN.search(before)) or bool(_AT_JA.match(after)) or before.endswith("(")
        if place.venue:
            return 1.1 if reading.signals else 0.7
        hosting = re.match(r" (?:to )?hosts?\b", text[hit.end : hit.end + 10])
        if place.state and not (re.search(r"\bin\s$", before) or _AT_COUNTRY_JA.match(after) or hosting):
            return -1.0
        if not at and not hosting and text[hit.start].isascii():
            return 0.05 if part.where == "title" else -1.0
        return (0.9 if at or hosting else 0.25) + (0.1 if reading.signals else 0.0)

    def _country(self) -> str | None:
        for part, reading in self._readings():
            text = part.folded.text
            for hit in part.hits.of("country", start=reading.start, end=reading.end):
                if self._lexicon.countries[hit.value].org:
                    continue
                before, after = text[max(0, hit.start - 20) : hit.start], text[hit.end : hit.end + 6]
                if _AT_COUNTRY_EN.search(before) or _AT_COUNTRY_JA.match(after):
                    self._note("country", part, hit.start, hit.end)
                    return str(hit.value)
            if re.search(r"来日|訪日", text[reading.start : reading.end]):
                return "JP"
        return None

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
        """The countries that meet, as far as a sentence settles them: the title's two or three, or a small series' own."""
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
            if not chosen or (len(chosen) == 1 and chosen < named) or (chosen < named and not self._pair(reading)):
                chosen = named
        return tuple(sorted(chosen)) if len(chosen) >= 2 else ()

    def _named_with(self, part: Part, reading: Reading, *, hosts_only: bool) -> set[str]:
        """Countries of a sentence about several ministers, unless they are only the place; or the host alone."""
        text = part.folded.text
        return {
            hit.value
            for hit in part.hits.of("country", start=reading.start, end=reading.end)
            if not _AT_COUNTRY_EN.search(text[max(0, hit.start - 20) : hit.start])
            and not _AT_COUNTRY_JA.match(text[hit.end : hit.end + 6])
            and (not hosts_only or _HOSTS.match(text, hit.end))
        }

    def _countries(self, principals: Iterable[Principal], sides: tuple[str, ...]) -> tuple[str, ...]:
        named = {principal.country for principal in principals} | set(sides)
        return tuple(sorted(named))

    def _edition(self, series: Series | None, parent: Series | None, kind: Kind) -> int | None:
        for part, reading in self._readings():
            found = self._ordinal_before(part, reading, self._edition_anchors(part, reading, series, kind))
            if found:
                self._note("edition", part, *found[1:])
                return found[0]
            after = _EDITION_AFTER.search(part.folded.text[: reading.end], reading.start)
            if after and (series or kind is Kind.TWO_PLUS_TWO):
                self._note("edition", part, after.start(), after.end())
                return int(after["n"] or after["e"])
        self._note_parent_edition(parent)
        return None

    def _note_parent_edition(self, parent: Series | None) -> None:
        """The conference's number is not the side meeting's; it is kept as evidence of the parent."""
        for part, reading in self._readings():
            hits = part.hits.of("series", start=reading.start, end=reading.end)
            found = self._ordinal_before(part, reading, [hit for hit in hits if hit.value is parent])
            if found:
                self._note("parent_edition", part, *found[1:])
                return

    @staticmethod
    def _ordinal_before(part: Part, reading: Reading, anchors: list[Hit]) -> tuple[int, int, int] | None:
        """The ordinal before one of the anchors: its value, and the span from it to the anchor's end."""
        for hit in anchors:
            begin = max(reading.start, hit.start - 48)
            before = part.folded.text[begin : hit.start]
            for pattern in (_EDITION_JA, _EDITION_EN):
                match = pattern.search(before)
                if match and not _NOT_EDITION.search(match["gap"]):
                    return ordinal_value(match["n"]), begin + match.start(), hit.end
        return None

    @staticmethod
    def _edition_anchors(part: Part, reading: Reading, series: Series | None, kind: Kind) -> list[Hit]:
        hits = part.hits.of("series", "series_weak", start=reading.start, end=reading.end)
        hits = [hit for hit in hits if series and hit.value.key == series.key]
        if kind is Kind.TWO_PLUS_TWO:
            hits = hits + part.hits.of("meeting.two_plus_two", start=reading.start, end=reading.end)
        offices = [
            hit
            for hit in part.hits.of("office", start=reading.start, end=reading.end)
            if hit.value.plural or hit.value.rank == "vice_minister" or _MEETING_NEXT.match(part.folded.text, hit.end)
        ]
        return hits or offices

    def _outcomes(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for part in self._parts:
            end = len(part.folded.text)
            for hit in part.hits.of("outcome.documents", end=end):
                if self._is_outcome(part, hit):
                    begin, stop = _document(part.folded.text, hit)
                    found.setdefault(part.folded.quote(begin, stop), None)
                    self._note("outcomes", part, begin, stop)
        longest = [one for one in found if not any(one != other and one in other for other in found)]
        return tuple(longest[:4])

    def _is_outcome(self, part: Part, hit: Hit) -> bool:
        if part.where == "title":
            return True
        text = part.folded.text
        around = (max(0, hit.start - 60), min(len(text), hit.end + 30))
        return part.hits.any("outcome.adopted", start=around[0], end=around[1])


_MANY = re.compile(r"各国|諸国|島嶼国|島しょ国|加盟国|参加国|\d{2}か国|\d{2}カ国|防衛相会談等|some \d{2} (?:countries|nations)|about \d{2} countries|member (?:states|nations)")
_SIZES = {0: Kind.BILATERAL, 1: Kind.BILATERAL, 2: Kind.BILATERAL, 3: Kind.TRILATERAL}
_HOSTS = re.compile(r"\s(?:to )?hosts?\b")
_MEETING_NEXT = re.compile(r"'?s?'?\s?(?:dialogue|meeting|talks|会談|会合|会議|対話|級)")


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


def ordinal_value(text: str) -> int:
    """The number of `12th`, `twelfth`, `12` or `十二`. Raises ValueError on anything else."""
    if text in _ORDINALS:
        return _ORDINALS[text]
    return number(re.sub(r"(?:st|nd|rd|th)$", "", text))


def _document(text: str, hit: Hit) -> tuple[int, int]:
    """A document's title in brackets as a whole, or only its kind."""
    opening = max(text.rfind(mark, max(0, hit.start - 60), hit.start) for mark in "「『")
    if opening >= 0 and not re.search(r"[」』。]", text[opening : hit.start]):
        closing = re.compile(r"[」』]").search(text, hit.end, hit.end + 20)
        if closing:
            return opening + 1, closing.start()
    return hit.start, hit.end
