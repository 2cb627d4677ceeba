"""What the fact finders look at: the title and the text of one item, with what was read in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from feeds.understand.folding import Folded
from feeds.understand.scan import Hits
from feeds.understand.scene import Reading

#: Rules that show who meets whom, one against one or a handful.
PAIR_RULES = frozenset({"compound", "two_sides", "counterpart", "office_and_name"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The title or the text."""

    where: str  #: `title` or `text`
    folded: Folded
    hits: Hits
    readings: tuple[Reading, ...]  #: the sentences that count as evidence
    end_of_article: int  #: where the page's furniture begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """A stretch of a part's folded text."""

    part: Part
    start: int
    end: int


def readings_of(parts: tuple[Part, Part]) -> Iterator[tuple[Part, Reading]]:
    """The sentences of title and text, in order."""
    for part in parts:
        for reading in part.readings:
            yield part, reading


def is_pair(reading: Reading) -> bool:
    """Whether a sentence shows who meets whom."""
    return any(signal.rule in PAIR_RULES for signal in reading.signals)
