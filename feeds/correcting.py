"""The shell of a correction: find what is meant, decide, write, all in one transaction.

`kaigi correct` and the bot's admins call the same functions. Raises `NotFound` for what is not there, `CannotCorrect`
and `WrongFact` for what does not fit; then nothing is changed.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from feeds.archive import find_items
from feeds.collect.normalise import canonical_url
from feeds.decide import corrections as judge
from feeds.decide import taking_back
from feeds.decide.corrections import CannotCorrect
from feeds.decide.pins import read_pin
from feeds.decide.query import QueryError, parse
from feeds.decide.routing import AlertPolicy
from storage import audit, filters, news, tracing
from storage import corrections as store
from storage.cases import CorrectionPlan, StoryRecord
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.model import Correction, CorrectionKind, ListedItem, MeetingStory

_STORY = re.compile(r"(?:(?:https?://[^/]+)?/?(?:meetings|stor(?:y|ies))/)?(\d{1,18})")
_ITEM = re.compile(r"items?/(\d{1,18})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What an admin points at."""

    story_id: int  #: the one that goes on
    item_id: int | None = None  #: where an article was named


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Where corrections are made: by whom, when, and under which rules for alerts."""

    database: Database
    policy: AlertPolicy
    by: str
    now: datetime
    first: Callable[[Connection], object] = lambda _connection: None  #: done first in the transaction of a change

    def not_a_meeting(self, what: str, note: str = "") -> Correction:
        """The story is no meeting, and never becomes one."""
        return self._keep(what, note, lambda connection, target: judge.reject(store.load(connection, target.story_id)))

    def meeting(self, what: str, note: str = "") -> Correction:
        """The story is a meeting."""

        def decide(connection: Connection, target: Target) -> CorrectionPlan:
            story = store.load(connection, target.story_id)
            return judge.confirm(story, filters.every(connection), self.policy, self.now)

        return self._keep(what, note, decide)

    def fact(self, what: str, field: str, value: str | None, note: str = "") -> Correction:
        """Fix a fact; `value` None clears it."""
        fixed = read_pin(field, value)

        def decide(connection: Connection, target: Target) -> CorrectionPlan:
            story = store.load(connection, target.story_id)
            return judge.pin(story, fixed, filters.every(connection), self.policy, self.now)

        return self._keep(what, note, decide)

    def same_as(self, what: str, other: str, note: str = "") -> Correction:
        """Two stories are one. The second goes on, unless only the first is a meeting."""

        def decide(connection: Connection, target: Target) -> CorrectionPlan:
            ends = store.load(connection, target.story_id)
            goes_on = store.load(connection, find(connection, other).story_id)
            if goes_on.meeting is None and ends.meeting is not None:
                ends, goes_on = goes_on, ends
            return judge.join(goes_on, ends, store.ended_in(connection, ends.id), self.now)

        return self._keep(what, note, decide)

    def split(self, what: str, note: str = "") -> Correction:
        """The article does not belong to its story."""

        def decide(connection: Connection, target: Target) -> CorrectionPlan:
            story = store.load(connection, target.story_id)
            if target.item_id is None:
                known = ", ".join(f"item/{one.item_id}" for one in story.reports)
                raise CannotCorrect(f"Say which article of story {story.id} is meant: its address, or one of {known}.")
            return judge.split(story, target.item_id, self.now)

        return self._keep(what, note, decide)

    def undo(self, correction_id: int) -> Correction:
        """Take a correction back."""

        def work(connection: Connection) -> Correction:
            self.first(connection)
            return self.take_back(correction_id, connection)

        return self.database.write(work)

    def take_back(self, correction_id: int, connection: Connection) -> Correction:
        """As `undo`, in a transaction of the caller's."""
        said, journal = store.get(connection, correction_id)
        story = store.load(connection, store.resolve(connection, said.story_id))
        other = _split_off(connection, said)
        plan = taking_back.undo(said, journal, story, other, self.now)
        undone = store.undo(connection, said, plan, self.by, self.now)
        self._note_undone(connection, undone)
        return undone

    def _note_undone(self, connection: Connection, said: Correction) -> None:
        target = f"story:{said.story_id}"
        about = {"correction": said.id, "value": said.before}
        undo = audit.note(
            connection, who=self.by, what=audit.UNDO, target=target, before={"value": said.after}, after=about,
            now=self.now,
        )  # fmt: skip
        line = audit.of_correction(connection, target, said.id)
        if line is not None:
            audit.mark_undone(connection, line.id, undo)

    def _keep(self, what: str, note: str, decide: Callable[[Connection, Target], CorrectionPlan]) -> Correction:
        def work(connection: Connection) -> Correction:
            self.first(connection)
            plan = decide(connection, find(connection, what))
            said = store.keep(connection, plan, self.by, note, self.now)
            self._note(connection, said)
            return said

        return self.database.write(work)

    def _note(self, connection: Connection, said: Correction) -> None:
        about = {"correction": said.id, "field": said.field, "value": said.after, "note": said.note}
        audit.note(
            connection, who=self.by, what=f"correct_{said.kind}", target=f"story:{said.story_id}",
            before={"value": said.before}, after=about, now=self.now,
        )  # fmt: skip


def find(connection: Connection, what: str) -> Target:
    """The story or article that an admin names: `12` or `/meetings/12`, `item/34`, or an article's address."""
    words = what.strip()
    item, story = _ITEM.fullmatch(words), _STORY.fullmatch(words)
    if item:
        return Target(story_id=store.story_of(connection, int(item[1])), item_id=int(item[1]))
    if story and not _is_article(connection, words):
        return Target(story_id=store.resolve(connection, int(story[1])))
    if "://" not in words:
        raise NotFound(f"{what!r} is no story, item or address. Write 12, item/34, or the address of an article.")
    found = store.items_at(connection, [words, canonical_url(words) or words])
    if not found:
        raise NotFound(f"No article with the address {words} is known.")
    if len({story_id for _, story_id in found}) > 1:
        known = ", ".join(f"item/{item_id} (story {story_id})" for item_id, story_id in found)
        raise NotFound(f"Several articles have this address. Name one: {known}.")
    return Target(story_id=found[0][1], item_id=found[0][0])


def nearest(connection: Connection, story_id: int, most: int) -> list[MeetingStory]:
    """Other meetings that may be the same: those of the same sides or series first, else the newest."""
    mine = next((one.facts for one in tracing.items_of(connection, story_id) if one.facts), None)
    others = [one for one in news.latest_meetings(connection, limit=60) if one.meeting.story_id != story_id]

    def alike(one: MeetingStory) -> int:
        facts = one.meeting.facts
        if mine is None:
            return 0
        sides = len(set(facts.countries) & set(mine.countries))
        return (
            sides + 3 * (facts.series is not None and facts.series == mine.series) + (facts.starts_on == mine.starts_on)
        )

    return sorted(others, key=alike, reverse=True)[:most]


def look_up(connection: Connection, words: str, now: datetime, most: int) -> tuple[ListedItem, ...]:
    """The newest articles that match a query; words that are no query are looked for as they stand."""
    for asked in (words, '"' + words.replace('"', " ") + '"'):
        with suppress(QueryError):
            return find_items(connection, parse(asked), now=now, limit=most).items
    return ()  # nothing in it can be looked for


def _is_article(connection: Connection, words: str) -> bool:
    """A newsroom may have addresses that look like ours."""
    return "://" in words and bool(store.items_at(connection, [words, canonical_url(words) or words]))


def _split_off(connection: Connection, said: Correction) -> StoryRecord | None:
    """The story that a split made; None for other corrections, and when it went with the source of its articles."""
    if said.kind is not CorrectionKind.SPLIT or said.other_id is None:
        return None
    try:
        return store.load(connection, store.resolve(connection, said.other_id))
    except NotFound:
        return None
