"""One sentence as the rules of detection see it: who is named, which words of form, how strongly each rule speaks."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from feeds.understand.people import Side
from feeds.understand.scan import Hit, Hits

#: What each rule adds at most. Order of evidence: who and how together > a named series > a forum > one side alone.
COMPOUND = 0.95  # 日米防衛相会談
TWO_SIDES = 0.92  # two ministers of two countries and a word of meeting
COUNTERPART = 0.9
NOBODYS = 0.75  # "the defence minister met counterparts": enough in a headline, not in the text
SERIES = 0.9
TWO_PLUS_TWO = 0.9
PLURAL = 0.85  # "defence ministers from … met"
NOUN = 0.85  # 国防相会談 beside the names of countries
TOGETHER = 0.78  # ministers of two countries named in one word act together
NAMED_ALONE = 0.75  # a series by name and no word of form: enough in a headline, not in the text
FORUM = 0.78
SHORT_NAME = 0.55  # ADMMプラス without 会議 and without a minister: the framework, not the meeting
ORGANISATION = 0.75  # with the head of NATO
VICE = 0.76  # 次官級会合 in a headline; the same words in the text stay below the threshold
UNGROUPED = 0.72  # "defence ministers gather" without a word on whose: enough in a headline, not in the text
WEAK_FORM = 0.08  # taken off where only a weak word (agree, 一致) tells that they met
READOUT = 0.85  # "Readout of … Call With …": ministries publish it of talks alone
ONE_SIDE = 0.48  # uncertain by itself
NAMES_ONLY = 0.72  # two ministers by name alone: enough in a headline, not in the text
NAMES_AGREE = 0.5  # the same with a weak word: never enough
OTHER_LEVEL = 0.8  # leaders or officials by the name of their talk


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
    strength: float = field(init=False)  #: the best rule's weight; further rules do not add up

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", max((signal.weight for signal in self.signals), default=0.0))

    @property
    def level(self) -> str:
        """The level of the best signal."""
        return max(self.signals, key=lambda signal: signal.weight).level if self.signals else "minister"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A sentence with its sides and words, as every rule needs them."""

    text: str  #: the whole folded text; the sentence is [start, end)
    cased: str  #: the same with the writer's capitals
    hits: Hits
    start: int
    end: int
    sides: tuple[Side, ...]
    ministers: list[Side]
    strong: list[Hit] = field(default_factory=list)  #: words that only talkers cause
    weak: list[Hit] = field(default_factory=list)
    attend: list[Hit] = field(default_factory=list)
    two_plus_two: list[Hit] = field(default_factory=list)

    @property
    def shown(self) -> bool:
        """Whether any word of form stands in the sentence."""
        return bool(self.strong or self.weak or self.attend)

    def find(self, *groups: str) -> list[Hit]:
        """Hits of these groups in the sentence."""
        return self.hits.of(*groups, start=self.start, end=self.end)

    def near(self, hit: Hit, reach: int, *groups: str) -> bool:
        """Whether one of these groups stands within `reach` characters of a hit."""
        first, last = max(self.start, hit.start - reach), min(self.end, hit.end + reach)
        return self.hits.any(*groups, start=first, end=last)

    def has_rank(self, *ranks: str) -> bool:
        """Whether someone of one of these ranks is named."""
        return any(side.rank in ranks for side in self.sides)

    def countries(self) -> set[str]:
        """The ministers' countries, and all others that the sentence names."""
        return countries_of(self.ministers) | {hit.value for hit in self.find("country")}


def countries_of(sides: list[Side]) -> set[str]:
    """The countries that these sides belong to."""
    return {country for side in sides for country in side.countries}


#: "Hegseth calls Israeli counterpart": a call by the verb alone. "Calls on" and "calls for" ask for something.
_CALLS = re.compile(
    r"\b(?:calls|called|phones|phoned|telephones|telephoned|rings|rang)\s(?!on\b|for\b|off\b|out\b)(?:up\s)?"
    r"(?:(?:his|her|its|the)\s)?(?:[\w'-]+\s){0,2}$"
)
_CALLS_REACH = 60
#: "calls Hegseth a friend" and "calls Hegseth's remarks rash" are opinions.
_CALL_ENDS = re.compile(r"\s?(?:$|[,.;])|\s(?:on|over|about|after|again|amid|from|to discuss|as|in)\b")


def calls_to(sides: Iterable[Side], text: str, start: int) -> Iterator[re.Match[str]]:
    """Verbs of calling directly before a minister who is somebody's counterpart or known by name."""
    for side in sides:
        if side.how in {"counterpart", "person"} and side.rank == "minister":
            called = _CALLS.search(text, max(start, side.start - _CALLS_REACH), side.start)
            if called and _CALL_ENDS.match(text, side.end):
                yield called
