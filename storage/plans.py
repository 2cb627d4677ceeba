"""What SQL can narrow a query by. A plan lets through all that the query matches, and more: the matcher decides.

Made by feeds/decide/narrow.py, carried out by storage/search.py. Frozen records, standard library only.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from storage.words import Wanted, comparable


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold."""

    parts: tuple["Match", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of the parts holds."""

    parts: tuple["Match", ...]


Match = Wanted | AllOf | AnyOf


def all_of(matches: Iterable[Match]) -> Match | None:
    """All of these hold; None: nothing is asked for."""
    parts = tuple(matches)
    return None if not parts else parts[0] if len(parts) == 1 else AllOf(parts)


@dataclass(frozen=True, slots=True)
class Only:
    """A column has one of these values: `language`, `trust` or `verdict` of the item, `source` (as `names_source`
    understands it), `level`, `kind`, `format`, `phase` or `series` of the meeting."""

    column: str
    values: frozenset[str]


OF_MEETING = ("level", "kind", "format", "phase", "series")  #: the columns that are the meeting's, not the item's


@dataclass(frozen=True, slots=True)
class Days:
    """The days of the meeting touch this span, both ends included; None: open."""

    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Told:
    """The item was published (or first seen) at or after `since` and before `until`; None: open."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All of its parts hold."""

    match: Match | None = None  #: None: no word narrows it
    only: tuple[Only, ...] = ()
    days: tuple[Days, ...] = ()
    told: tuple[Told, ...] = ()
    meetings: bool = False  #: only items whose story is a meeting

    def without_facts(self) -> "Plan":
        """The plan for somebody who knows already which meetings have the facts that are asked for."""
        return replace(self, only=tuple(one for one in self.only if one.column not in OF_MEETING), days=())


def names_source(value: str, key: str, name: str) -> bool:
    """Whether a folded value means this source: its key, or a part of its name."""
    return value == key or value in comparable(name)
