"""How strongly one sentence says that defence ministers meet. Weights are stated here; words come from the lexicon.

Each rule needs an office, a forum or a 2+2 word: names alone never suffice. A sentence that looks back, captions a
picture or tells of a refusal is no evidence. The weights are chosen so that one clear rule passes the threshold of
`meetings` and a vague one stays below it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.understand.lexicon import Series
from feeds.understand.people import Reader, Side
from feeds.understand.scan import Hit, Hits

#: What each rule adds at most. Order of evidence: who and how together > a named series > a forum > one side alone.
COMPOUND = 0.95  # 日米防衛相会談
TWO_SIDES = 0.92  # two ministers of two countries and a word of meeting
COUNTERPART = 0.9
SERIES = 0.9
TWO_PLUS_TWO = 0.9
PLURAL = 0.85  # "defence ministers from … met"
NOUN = 0.85  # 国防相会談 beside the names of countries
FORUM = 0.78
SHORT_NAME = 0.55  # ADMMプラス without 会議 and without a minister: the framework, not the meeting
ORGANISATION = 0.75  # with the head of NATO
VICE = 0.76  # 次官級会合 in a headline; the same words in the text stay below the threshold
WEAK_FORM = 0.08  # taken off where only a weak word (agree, 一致) tells that they met
READOUT = 0.85  # "Readout of … Call With …": ministries publish it of talks alone
ONE_SIDE = 0.48  # uncertain by itself
NAMES_ONLY = 0.5  # never enough by itself

_ADJACENT_TALK = re.compile(
    r"^(?:が|の|らが|、|,)?[^。]{0,30}?(?:会談|会合|会議|協議|通話|一致|合意|共同声明|共同発表|共同文書|電話|"
    r"テレビ|オンライン|懇談|面会|署名|確認)"
)
_WORKING_LEVEL = re.compile(
    r"高級事務レベル|adsom|ewg|専門家会合|事務レベル|局長級|課長級|実務者(?:会合|協議)|working group|expert|"
    r"joint working|track 1\.5|chod|参謀|ジョイントワーキング|exercise|maritime security jca|共同訓練"
)
_MEETING_NOUN = re.compile(r"級?(?:電話|テレビ|オンライン|ビデオ)?(?:会談|会合|会議|協議)")
_LOOSE_COMPOUND = re.compile(r"[日米豪英仏独伊加韓中露印比尼越]{2,7}(?=の|、|が|・|\d|両|共)")
_SPEECH = re.compile(r"演説|講演|スピーチ|speech|address|remarks|tells|told|speaks? at|spoke at")
_SUB_FORM = re.compile(r"2\s?\+\s?2(?:年|=|\d)|2プラス2(?:年)")
_CHIEFS = re.compile(r"(?:defen[cs]e|military) chiefs?")
_MILITARY_CLUE = re.compile(
    r"chod|chairman|joint chiefs|general staff|chiefs? of (?:general |defen[cs]e )?staff|chief of defen[cs]e|"
    r"top military|military officers|milley|jcs"
)
_GROUPS = re.compile(
    r"各国|諸国|島嶼|島しょ|か国|カ国|ヶ国|ケ国|加盟国|参加国|nordic|baltic|european|western|asian|pacific|gulf|arab|allied|allies|"
    r"quad|squad|trilateral|multilateral|countries|nations|regional|\bbloc\b"
)
_HEAD_TALKS = re.compile(r"首脳会談|首脳会合|(?:大統領|首相|総理)[^。]{0,8}と会談|外相会談|外相会議")
_ATTEND_ONLY = {"held", "chair", "chaired", "scheduled", "概要", "participate", "joint statement", "communique"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """A rule that spoke for a meeting in one sentence."""

    rule: str
    weight: float
    start: int
    end: int
    level: str = "minister"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one sentence says."""

    start: int
    end: int
    sides: tuple[Side, ...]
    signals: tuple[Signal, ...]

    @property
    def strength(self) -> float:
        """The best rule's weight; further rules do not add up."""
        return max((signal.weight for signal in self.signals), default=0.0)

    @property
    def level(self) -> str:
        """The level of the best signal."""
        return max(self.signals, key=lambda signal: signal.weight).level if self.signals else "minister"


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words of form in one sentence."""

    strong: list[Hit]
    weak: list[Hit]
    attend: list[Hit]
    remote: list[Hit]
    two_plus_two: list[Hit]

    @property
    def talk(self) -> list[Hit]:
        """Words that only talkers cause."""
        return self.strong + self.remote


def read_sentence(reader: Reader, hits: Hits, text: str, start: int, end: int) -> Reading:
    """Sides and signals between two offsets of a folded text."""
    sides = tuple(reader.sides(start, end))
    words = _words(hits, start, end)
    ministers = [side for side in sides if side.rank == "minister" and not _is_military_chief(side, text)]
    signals = [
        *_pairs(ministers, words, text),
        *_counterparts(ministers, sides, words),
        *_two_plus_two(ministers, sides, words, hits, text, start, end),
        *_ministerial_nouns(ministers, hits, text, start, end),
        *_plurals(ministers, words, hits, text, start, end),
        *_series(hits, ministers, words, text, start, end),
        *_organisations(sides, ministers, words),
        *_vice_ministers(sides, words, hits, text, start, end),
        *_names(sides, ministers, words),
        *_one_side(sides, ministers, words, text, start),
    ]
    return Reading(start=start, end=end, sides=sides, signals=tuple(signals))


def _words(hits: Hits, start: int, end: int) -> Words:
    return Words(
        strong=hits.of("meeting.strong", start=start, end=end),
        weak=hits.of("meeting.weak", start=start, end=end),
        attend=hits.of("meeting.attend", start=start, end=end),
        remote=hits.of("meeting.call", "meeting.video", start=start, end=end),
        two_plus_two=hits.of("meeting.two_plus_two", start=start, end=end),
    )


def _is_military_chief(side: Side, text: str) -> bool:
    """Agencies call ministers "defense chiefs"; beside a chairman or general staff the words mean the military."""
    if not side.office or not _CHIEFS.match(text[side.start : side.end]):
        return False
    return bool(_MILITARY_CLUE.search(text[:600]))


def _countries(sides: list[Side]) -> set[str]:
    return {country for side in sides for country in side.countries}


def _pairs(ministers: list[Side], words: Words, text: str) -> Iterator[Signal]:
    for side in ministers:
        if side.how == "compound" and _ADJACENT_TALK.match(_after_office(text, side.end)):
            yield Signal(rule="compound", weight=COMPOUND, start=side.start, end=side.end)
    offices = [side for side in ministers if side.how == "office"]
    distinct = _countries(offices)
    anonymous = sum(1 for side in offices if not side.countries and not side.plural)
    if len(distinct) + min(anonymous, 1) < 2 or not distinct:
        return
    first, last = offices[0], offices[-1]
    if words.talk:
        yield Signal(rule="two_sides", weight=TWO_SIDES, start=first.start, end=last.end)
    elif words.weak:
        yield Signal(rule="two_sides", weight=TWO_SIDES - WEAK_FORM, start=first.start, end=last.end)


def _after_office(text: str, start: int) -> str:
    return text[start : start + 60]


def _counterparts(ministers: list[Side], sides: tuple[Side, ...], words: Words) -> Iterator[Signal]:
    others = [side for side in ministers if side.how == "counterpart"]
    own = [side for side in sides if side.rank == "minister" and side.how in {"office", "person"}]
    if not others or not own:
        return
    office_known = any(side.how == "office" for side in own) or any(side.countries for side in others)
    if not office_known:
        return
    weight = COUNTERPART if words.talk else COUNTERPART - WEAK_FORM if words.weak or words.attend else 0.0
    if weight:
        yield Signal(rule="counterpart", weight=weight, start=others[0].start, end=others[0].end)


def _two_plus_two(
    ministers: list[Side], sides: tuple[Side, ...], words: Words, hits: Hits, text: str, start: int, end: int
) -> Iterator[Signal]:
    yield from _foreign_too(ministers, sides, words)
    forms = [hit for hit in words.two_plus_two if not _SUB_FORM.match(text[hit.start : hit.end + 2])]
    if not forms:
        return
    if _WORKING_LEVEL.search(text, start, end) or any(side.rank == "vice_minister" for side in sides):
        return
    countries = _countries(ministers) | {hit.value for hit in hits.of("country", start=start, end=end)}
    heads = any(side.rank == "head" for side in sides)
    if heads and not any(side.how == "office" and side.rank == "minister" for side in sides):
        return
    if len(countries) >= 2 or any(side.how == "compound" for side in ministers):
        yield Signal(rule="two_plus_two", weight=TWO_PLUS_TWO, start=forms[0].start, end=forms[0].end)
    elif countries and (words.talk or words.attend):
        yield Signal(rule="two_plus_two", weight=0.62, start=forms[0].start, end=forms[0].end)


def _foreign_too(ministers: list[Side], sides: tuple[Side, ...], words: Words) -> Iterator[Signal]:
    """Both ministers of one country and "their counterparts": a 2+2 that is not called so."""
    others = [side for side in ministers if side.how == "counterpart" and side.plural]
    own = _countries([side for side in ministers if side.how == "office"])
    foreign = _countries([side for side in sides if side.rank == "foreign"])
    if others and own & foreign and words.talk:
        yield Signal(rule="two_plus_two", weight=TWO_PLUS_TWO, start=others[0].start, end=others[0].end)


def _ministerial_nouns(ministers: list[Side], hits: Hits, text: str, start: int, end: int) -> Iterator[Signal]:
    """国防相会談: the office and the talk in one word, with at least one country beside it."""
    for side in ministers:
        if side.how != "office" or not _MEETING_NOUN.match(text, side.end, end):
            continue
        loose = _LOOSE_COMPOUND.search(text, start, end)
        countries = _countries(ministers) | {hit.value for hit in hits.of("country", start=start, end=end)}
        weight = NOUN if loose or len(countries) >= 2 else 0.6
        yield Signal(rule="ministerial_noun", weight=weight, start=side.start, end=side.end)
        return


def _plurals(ministers: list[Side], words: Words, hits: Hits, text: str, start: int, end: int) -> Iterator[Signal]:
    several = [side for side in ministers if side.plural and side.how == "office"]
    if not several or not (words.talk or words.attend or words.weak):
        return
    countries = _countries(ministers) | {hit.value for hit in hits.of("country", start=start, end=end)}
    grouped = len(countries) >= 2 or countries & {"NATO", "EU", "ASEAN"} or _GROUPS.search(text, start, end)
    weight = PLURAL if grouped else 0.6
    if not (words.talk or (grouped and words.attend)):
        weight -= WEAK_FORM
    yield Signal(rule="plural", weight=weight, start=several[0].start, end=several[0].end)


def _series(hits: Hits, ministers: list[Side], words: Words, text: str, start: int, end: int) -> Iterator[Signal]:
    for hit in hits.of("series", "series_weak", start=start, end=end):
        series: Series = hit.value
        if _WORKING_LEVEL.search(text, max(start, hit.start - 25), min(end, hit.end + 25)):
            continue
        ministerial = not series.forum and hit.group == "series"
        if ministerial:
            named_meeting = re.search(
                r"会議|会合|会談|協議|国防|防衛|meeting|dialogue|minister|consultation|council",
                text[hit.start : hit.end],
            )
            shown = words.talk or words.attend or words.weak
            # A short name such as ADMM-Plus also stands for exercises and expert groups of the same framework.
            beside = bool(named_meeting or ministers)
            weight = (SERIES if shown else 0.78) if beside else SHORT_NAME
            yield Signal(rule="series", weight=weight, start=hit.start, end=hit.end)
        elif ministers and (words.attend or words.talk):
            speech = _SPEECH.search(text, start, end)
            yield Signal(rule="forum", weight=0.5 if speech else FORUM, start=hit.start, end=hit.end)


def _organisations(sides: tuple[Side, ...], ministers: list[Side], words: Words) -> Iterator[Signal]:
    heads = [side for side in sides if side.rank == "organisation" and side.how == "office"]
    if heads and any(side.how == "office" for side in ministers) and words.talk:
        yield Signal(rule="organisation", weight=ORGANISATION, start=heads[0].start, end=heads[0].end)


def _vice_ministers(
    sides: tuple[Side, ...], words: Words, hits: Hits, text: str, start: int, end: int
) -> Iterator[Signal]:
    deputies = [side for side in sides if side.rank == "vice_minister"]
    if not deputies or not (words.talk or words.attend):
        return
    countries = _countries([side for side in sides if side.rank in {"vice_minister", "minister"}])
    countries |= {hit.value for hit in hits.of("country", start=start, end=end)}
    dialogue = re.search(
        r"防衛政策対話|次官級(?:会合|協議)|次官会合|defen[cs]e policy dialogue|vice.ministerial|deputy ministerial",
        text[start:end],
    )
    weight = 0.4 if len(countries) < 2 else VICE if dialogue else VICE - 0.1
    yield Signal(
        rule="vice_ministers", weight=weight, start=deputies[0].start, end=deputies[0].end, level="vice_minister"
    )


def _one_side(sides: tuple[Side, ...], ministers: list[Side], words: Words, text: str, start: int) -> Iterator[Signal]:
    """One minister and a word of talking: for admins to look at, unless it is a ministry's readout."""
    offices = [side for side in ministers if side.how == "office" and side.countries]
    others = {side.rank for side in sides} - {"minister"}
    if len(_countries(offices)) != 1 or others or not words.talk:
        return
    weight = READOUT if text.startswith("readout of", start) and words.talk else ONE_SIDE
    yield Signal(rule="one_side", weight=weight, start=offices[0].start, end=offices[0].end)


def _names(sides: tuple[Side, ...], ministers: list[Side], words: Words) -> Iterator[Signal]:
    named = [side for side in sides if side.how == "person" and side.rank == "minister"]
    offices = [side for side in ministers if side.how == "office"]
    countries = _countries([*named, *offices])
    if not named or len(countries) < 2 or not (words.talk or words.weak):
        return
    weight = (COUNTERPART - (0 if words.talk else WEAK_FORM)) if offices else NAMES_ONLY
    yield Signal(
        rule="office_and_name" if offices else "names_only", weight=weight, start=named[0].start, end=named[0].end
    )
