"""What a query is held against: one item, seen with the facts of the meeting that its story is about. Pure."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from storage.changes import EarlierReport
from storage.model import MeetingFacts, Trust
from storage.words import comparable, fold, plain


@dataclass(frozen=True, kw_only=True)
class Subject:
    """An item as queries see it. The forms in which its words are compared are made once, when first asked for."""

    title: str
    text: str = ""
    language: str = ""
    source_key: str = ""
    source_name: str = ""
    trust: Trust = Trust.PRESS
    categories: tuple[str, ...] = ()
    verdict: str = "other"  #: what was understood of the item itself: `meeting`, `uncertain` or `other`
    reported_at: datetime  #: when it was published, or first seen; aware
    facts: MeetingFacts | None = None  #: of its story's meeting; None: the story is none
    now: datetime  #: the moment for which ages are told; aware

    @cached_property
    def answers(self) -> dict[int, bool]:
        """What the matcher found out about this item already, by condition."""
        return {}

    @cached_property
    def plain_title(self) -> str:
        """The title in one form, with its capitals."""
        return plain(self.title)

    @cached_property
    def plain_text(self) -> str:
        """The text in one form, with its capitals."""
        return plain(self.text)

    @cached_property
    def folded_title(self) -> str:
        """The title as words are compared."""
        return fold(self.plain_title)

    @cached_property
    def folded_text(self) -> str:
        """The text as words are compared."""
        return fold(self.plain_text)

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The publisher's categories as words are compared."""
        return tuple(map(comparable, self.categories))


def stored_subject(report: EarlierReport, facts: MeetingFacts | None, now: datetime) -> Subject:
    """A stored report, seen with these facts of its meeting."""
    words = {name: getattr(report, name) for name in EarlierReport.__slots__ if name != "item_id"}
    return Subject(**words, facts=facts, now=now)
