"""Who takes part: binds offices to countries and persons inside one sentence.

A title alone has a rank; which country it belongs to stands beside it: before it (ヘグセス米国防長官, "Japanese Defense
Minister"), after it ("Defence Minister of Japan") or in a chain of countries ("Turkey, Syria defense chiefs",
日米豪防衛相). A name that the lexicon knows only completes what the words already say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from feeds.understand.chains import Chain, chains_of
from feeds.understand.compounds import short_names
from feeds.understand.folding import Folded
from feeds.understand.gaps import stands_after, stands_before
from feeds.understand.lexicon import Lexicon, Office, Person
from feeds.understand.names import name_after, people_by_name
from feeds.understand.scan import Hit, Hits
from storage.model import Kind

#: What stands before a partner that is written out: 日フィンランド, 英独仏ポーランドの.
_HALF_COMPOUND = re.compile(r"(?:(?<![一-龥])[一-龥]{2,5}|日)[・と]?$")
_NAME_JA = re.compile(r"(?:[ァ-ヺー]{2,12}(?:[・=][ァ-ヺー]{1,12}){0,3}|[一-龥々]{1,5}[ぁ-ん]{0,2})$")
_NOT_A_KANJI_NAME = re.compile(
    r"国|省|庁|両|各|本日|新|前|元|現|歴代|日米|日韓|同|当時|初|年|月|日$|会談|出席|訪問|外務|首相|大臣|代表"
)
#: Norway's defence minister hosts Finland's for talks: the second office is left out.
_LEFT_OUT_BEFORE = re.compile(
    r"(?:\band|\bmeets?|\bmet|\bhosts?|\bhosted|\bwith|\bwelcomes?|\bwelcomed|\bjoins?)\s(?:the\s)?$"
)
_LEFT_OUT_AFTER = re.compile(
    r"'s(?=\s(?:in|for|on|at|to|over|holds?|held|after|amid|as|meet|met|agree|discuss)\b|\s?[.,;]|$)"
)
_BEFORE_RANK = 20  # characters in which "former" or "vice" stands before a title
_PREFIX_OFFICE = re.compile(r"(?:副首相兼|副総理兼|首相兼|副大統領兼|前|元|代行)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One side of a meeting as a sentence names it."""

    start: int
    end: int
    rank: str
    countries: tuple[str, ...] = ()  #: several for a chain or a compound; empty when the words do not say
    plural: bool = False
    how: str = "office"  #: office, compound, counterpart, person
    office: str | None = None  #: as the text writes it
    person: Person | None = None
    name: str | None = None
    name_ja: str | None = None


class Reader:
    """Reads the sides out of sentences of one text."""

    def __init__(self, folded: Folded, hits: Hits, lexicon: Lexicon, day: date | None, own: str | None = None) -> None:
        """`own` is the country of the ministry that publishes the text: its minister needs no country's name."""
        self._own = own
        self._folded = folded
        self._text = folded.text
        self._hits = hits
        self._lexicon = lexicon
        self._day = day
        self._names = people_by_name(lexicon)
        self._short = short_names(lexicon)

    def sides(self, start: int, end: int) -> list[Side]:
        """Offices, counterparts, compounds and known persons between two offsets, in order."""
        chains = list(chains_of(self._hits.of("country", start=start, end=end), self._text))
        found = [*self._compounds(start, end)]
        offices = [hit for hit in self._hits.of("office", start=start, end=end) if not self._in_series(hit)]
        found += [self._office(hit, chains, start, end) for hit in offices]
        if any(side.rank == "minister" for side in found):
            found += self._left_out(start, end)
        others = [
            self._counterpart(hit, chains, end) for hit in self._hits.of("meeting.counterpart", start=start, end=end)
        ]
        found += [side for side in others if not self._is_of_one_cabinet(side)]
        named = {side.person.name for side in found if side.person}
        found += [side for side in self._persons(start, end) if side.person and side.person.name not in named]
        return sorted(found, key=lambda side: side.start)

    def _compounds(self, start: int, end: int) -> Iterator[Side]:
        for one in self._short.compounds(self._text, start, end):
            rank = "vice_minister" if one.deputies else "minister"
            yield _compound(one.start, one.end, one.codes, rank=rank)
        for hit in self._hits.of("country", start=start, end=end):
            # 日フィンランド防衛相会談: the publisher's own kanji before a partner written out.
            before = _HALF_COMPOUND.search(self._text, max(start, hit.start - 7), hit.start)
            states = self._short.read(before.group().rstrip("・と")) if before else ()
            if before and states and self._short.tail_follows(self._text, hit.end, linked=len(states) > 1):
                yield _compound(before.start(), hit.end, (*states, hit.value))

    def _left_out(self, start: int, end: int) -> Iterator[Side]:
        for hit in self._hits.of("country", start=start, end=end):
            before = self._text[max(start, hit.start - 16) : hit.start]
            if _LEFT_OUT_BEFORE.search(before) and _LEFT_OUT_AFTER.match(self._text, hit.end, end):
                yield Side(start=hit.start, end=hit.end, rank="minister", countries=(hit.value,))

    def _in_series(self, hit: Hit) -> bool:
        """The office inside a forum's name (拡大ASEAN国防相会議) is nobody's."""
        return any(
            series.start <= hit.start and hit.end <= series.end and series.value.kind is Kind.MULTILATERAL
            for series in self._hits.of("series", start=hit.start - 40 if hit.start > 40 else 0, end=hit.end + 40)
        )

    def _office(self, hit: Hit, chains: list[Chain], start: int, end: int) -> Side:
        office: Office = hit.value
        begin = self._office_start(hit.start, start)
        countries, name_ja = self._country_before(begin, chains, start)
        several = office.plural or self._several_states(begin, start)
        if several and (not office.plural or self._text[begin] in "各両"):  # 参加各国の国防大臣 is not Canada's
            countries, name_ja = (), None
        if not countries:
            countries = self._country_after(hit.end, chains)
        japanese = not self._text[hit.end - 1].isascii()
        name = None if japanese else name_after(self._folded, hit.end, end)
        person = self._known(name, name_ja, countries, office.rank)
        if not countries and person and office.country not in {person.country, "JP"}:
            countries = (person.country,)
        if not countries and office.country:
            countries = (office.country,)
        if not countries and office.rank != "minister":
            countries = _country_by_words(self._text[begin : hit.end])
        if not countries and not several and not name_ja and not name:
            countries = (self._own,) if self._own and japanese is (self._own == "JP") else ()
        rank = self._rank(office, countries, begin, hit.start, start)
        # NATO国防相: an organisation has no defence minister of its own, so its members' are meant.
        several = several or len(countries) > 1 or self._is_organisation(countries)
        return Side(
            start=begin, end=hit.end, rank=rank, countries=countries, plural=several,
            office=self._folded.quote(begin, hit.end), person=person, name=name, name_ja=name_ja,
        )  # fmt: skip

    def _several_states(self, start: int, floor: int) -> bool:
        """北欧の国防相, 欧州5カ国の国防相: a word for several states stands directly before the office."""
        return any(
            self._text[hit.end : start] in {"", "の", "」", "』"}
            for hit in self._hits.of("group.states", "group.regions", start=max(floor, start - 12), end=start)
        )

    def _is_organisation(self, countries: tuple[str, ...]) -> bool:
        return len(countries) == 1 and self._lexicon.countries[countries[0]].org

    def _rank(self, office: Office, countries: tuple[str, ...], begin: int, start: int, floor: int) -> str:
        """The office's rank, unless "former" or "vice" stands before it or before its country."""
        rank = office.rank_in(countries[0] if len(countries) == 1 else None)
        if rank != "minister":
            return rank
        if any(hit.end >= start - 1 for hit in self._hits.of("rank.deputy", start=begin, end=start)):
            return "vice_minister"
        former = self._hits.of("rank.former", start=max(floor, begin - _BEFORE_RANK), end=start)
        gap = self._text[former[-1].end : start] if former else "none"
        return "other" if former and re.fullmatch(r"[ -]?(?:[\w.]+ ){0,2}", gap) else rank

    def _office_start(self, start: int, floor: int) -> int:
        """Where the title begins with what belongs to it: 副首相兼, "vice"."""
        match = _PREFIX_OFFICE.search(self._text, max(0, start - 6), start)
        if match:
            return match.start()
        if not self._text[start].isascii():
            return start
        for hit in reversed(self._hits.of("rank.deputy", "rank.former", start=max(floor, start - 24), end=start)):
            begin: int = hit.start
            if self._text[hit.end : start] in {"", " ", "-"}:
                return begin
        return start

    def _country_before(self, start: int, chains: list[Chain], floor: int) -> tuple[tuple[str, ...], str | None]:
        text = self._text
        for chain in reversed(chains):
            several = len(chain.codes) > 1 and text[chain.end : start] == "、"  # カンボジアとタイ、国防相が会談
            if several or (chain.end <= start and stands_before(text[chain.end : start])):
                return chain.codes, self._foreign_name(chain.start, floor)
            # 英国防相: the office's own first character belongs to a country's name (英国).
            if chain.start < start < chain.end and chain.end - start <= 1 and len(chain.codes) == 1:
                return chain.codes, self._foreign_name(chain.start, floor)
        code = self._short.before_office(text, start) if start > floor else None
        if code:
            return (code,), self._foreign_name(start - 1, floor)
        named = self._short.before_name(text, start, floor)
        if named:
            return (named[0],), named[1]
        return self._country_then_name(start, chains, floor)

    def _foreign_name(self, start: int, floor: int) -> str | None:
        """A name before a country (ヘグセス米国防長官) is in katakana or known; other kanji are ordinary words."""
        name = self._name_before(start, floor)
        return name if name and (re.match(r"[ァ-ヺ]", name) or self._is_known(name)) else None

    def _is_known(self, name: str) -> bool:
        return name in self._names

    def _country_then_name(self, start: int, chains: list[Chain], floor: int) -> tuple[tuple[str, ...], str | None]:
        name = self._name_before(start, floor)
        if name is None:
            return (), None
        stop = start - len(name)
        for chain in reversed(chains):
            gap = self._text[chain.end : stop] if chain.end <= stop else "far"
            if gap in {"", "の", "・"} and self._text[start - 1 : start]:
                return chain.codes, name
        return (), name

    def _name_before(self, start: int, floor: int) -> str | None:
        window = self._text[max(floor, start - 20) : start].removesuffix("・")
        match = _NAME_JA.search(window)
        if not match:
            return None
        name = match.group()
        known = [
            name[cut:]
            for cut in range(len(name))
            if any(person.held_office_on(self._day) for person in self._names.get(name[cut:], ()))
        ]
        if known:
            return max(known, key=len)
        if re.fullmatch(r"[ァ-ヺー・=]{2,}", name):
            return name
        boundary = len(window) == len(name) or not re.match(r"[一-龥ァ-ヺー]", window[-len(name) - 1])
        known_word = _NOT_A_KANJI_NAME.search(name) or self._short.only_states.fullmatch(name)
        return name if boundary and not known_word and re.fullmatch(r"[一-龥々]{2,5}", name) else None

    def _country_after(self, end: int, chains: list[Chain]) -> tuple[str, ...]:
        for chain in chains:
            if chain.start >= end and stands_after(self._text, end, chain.start):
                return chain.codes
        return ()

    def _known(self, name: str | None, name_ja: str | None, countries: tuple[str, ...], rank: str) -> Person | None:
        keys = [
            key
            for key in (
                name_ja,
                name and name.lower(),
                name and name.lower().split()[-1],
                name and name.lower().split()[0],
            )
            if key
        ]
        candidates = [
            person
            for person in dict.fromkeys(person for key in keys for person in self._names.get(key, ()))
            if person.held_office_on(self._day)
            and (not countries or person.country in countries)
            and _same_rank(person.rank, rank)
        ]
        return candidates[0] if candidates else None

    def _is_of_one_cabinet(self, side: Side) -> bool:
        """ "His colleagues" sit in one cabinet; Finnish or Nordic colleagues are ministers of other states."""
        if side.countries or not self._text.startswith("colleague", side.start):
            return False
        regions = self._hits.of("group.regions", start=max(0, side.start - 24), end=side.start)
        return not any(self._text[hit.end : side.start] == " " for hit in regions)

    def _counterpart(self, hit: Hit, chains: list[Chain], end: int) -> Side:
        countries, _ = self._country_before(hit.start, chains, hit.start - 60)
        countries = countries or self._country_after(hit.end, chains)
        plural = hit.value.endswith("s")
        name = name_after(self._folded, hit.end, end) if hit.value.isascii() and not plural else None
        person = self._known(name, None, countries, "minister") if name else None
        if person and not countries:
            countries = (person.country,)
        return Side(
            start=hit.start, end=hit.end, rank="minister", countries=countries, plural=plural, how="counterpart",
            person=person, name=name,
        )  # fmt: skip

    def _persons(self, start: int, end: int) -> Iterator[Side]:
        reached = start
        # The longest first: the surname inside "Pete Hegseth" names nobody else.
        for hit in sorted(
            self._hits.of("person", "surname", start=start, end=end), key=lambda hit: (hit.start, -hit.end)
        ):
            person: Person = hit.value
            if hit.start < reached or not person.held_office_on(self._day):
                continue
            reached = hit.end
            yield Side(
                start=hit.start, end=hit.end, rank=person.rank, countries=(person.country,), how="person", person=person
            )


def _compound(start: int, end: int, codes: tuple[str, ...], rank: str = "minister") -> Side:
    return Side(start=start, end=end, rank=rank, countries=codes, plural=True, how="compound")


def _country_by_words(office: str) -> tuple[str, ...]:
    """Only Japan calls its ministry 防衛省 (others' are 国防), only the United States have a department of war."""
    if office.startswith("防衛"):
        return ("JP",)
    return ("US",) if office.endswith(" of war") else ()


def _same_rank(held: str, rank: str) -> bool:
    return held == rank or {held, rank} <= {"minister", "organisation"}
