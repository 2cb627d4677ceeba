"""Countries named in one breath: "Turkey, Syria", 日本と豪州, "the United States and Japan"."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feeds.understand.scan import Hit

_CHAIN_GAP = re.compile(
    r"^(?:'s)?\s?(?:,|、|・|と|や|及び|-|/|&|–)?\s?(?:and|or|with|und|et|y|e|och|और)?\s?"
    r"(?:the|its|his|her|der|des|von|de la|de l'|du)?\s?$"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """Countries named in one breath."""

    start: int
    end: int
    codes: tuple[str, ...]


def chains_of(countries: Iterable[Hit], text: str) -> Iterator[Chain]:
    """Chains of countries, in order."""
    current: Chain | None = None
    for hit in countries:
        if current and _CHAIN_GAP.match(text[current.end : hit.start]) and hit.start - current.end <= 10:
            current = Chain(current.start, hit.end, (*current.codes, hit.value))
            continue
        if current:
            yield current
        current = Chain(hit.start, hit.end, (hit.value,))
    if current:
        yield current
