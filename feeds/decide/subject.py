"""What a query is held against: one item, seen with the facts of the meeting that its story is about. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar, overload

from storage.changes import EarlierReport
from storage.model import MeetingFacts, Trust
from storage.words import comparable, fold, plain

T = TypeVar("T")


class _Once(Generic[T]):
    """A property that is worked out when first asked for. As `functools.cached_property`, without its lock: a subject
    belongs to one thread, and a search makes ten thousands of them."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self._name = work.__name__
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, subject: None, owner: type) -> "_Once[T]": ...
    @overload
    def __get__(self, subject: object, owner: type) -> T: ...
    def __get__(self, subject: object | None, owner: type) -> "T | _Once[T]":
        if subject is None:
            return self
        value = subject.__dict__[self._name] = self._work(subject)
        return value


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

    @_Once
    def answers(self) -> dict[int, bool]:
        """What the matcher found out about this item already, by condition."""
        return {}

    @_Once
    def plain_title(self) -> str:
        """The title in one form, with its capitals."""
        return plain(self.title)

    @_Once
    def plain_text(self) -> str:
        """The text in one form, with its capitals."""
        return plain(self.text)

    @_Once
    def folded_title(self) -> str:
        """The title as words are compared."""
        return fold(self.plain_title)

    @_Once
    def folded_text(self) -> str:
        """The text as words are compared."""
        return fold(self.plain_text)

    @_Once
    def topics(self) -> tuple[str, ...]:
        """The publisher's categories as words are compared."""
        return tuple(map(comparable, self.categories))


def stored_subject(report: EarlierReport, facts: MeetingFacts | None, now: datetime) -> Subject:
    """A stored report, seen with these facts of its meeting."""
    words = {name: getattr(report, name) for name in EarlierReport.__slots__ if name != "item_id"}
    return Subject(**words, facts=facts, now=now)
