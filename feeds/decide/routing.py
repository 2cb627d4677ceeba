"""Who is told about a meeting, and whether at all. Pure.

An alert is news, so three things hold it back: the first poll of a source (its backlog is not news), an old report,
and an old meeting. A meeting that was held back is not forgotten: the next fresh report of it raises the alert, unless
its first report is older than `alerts.max_age` by then and its phase has not changed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from feeds.decide.filters import matches, matches_any
from feeds.decide.query import Query, QueryError, parse
from feeds.decide.subject import Subject
from storage.changes import Changes
from storage.model import Filter, FilterAction, MeetingFacts, Source

# A joint statement may come two weeks after the meeting (the 57th SCM met on 4 November 2025, its communiqué came on
# the 14th); an article about last year's meeting is history.
OLD_MEETING = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertPolicy:
    """The settings `alerts.*`."""

    max_age: timedelta = timedelta(hours=48)
    first_poll: bool = False  #: whether the first poll of a source may raise alerts
    flood_brake: int = 10  #: a flood that would raise more alerts raises none until an admin decides


def is_fresh(source: Source, reported_at: datetime, policy: AlertPolicy, now: datetime) -> bool:
    """Whether a report may raise an alert at all."""
    return not is_silent(source, policy) and now - reported_at <= policy.max_age


def is_silent(source: Source, policy: AlertPolicy) -> bool:
    """Whether this is the first poll of a source, whose backlog is no news."""
    return source.first_success_at is None and not policy.first_poll


def braked(changes: Changes, policy: AlertPolicy, *, flood: bool) -> Changes:
    """Hold the alerts of a flood back when they are more than the brake allows: a source that prints its archive anew
    is no news. Admins decide about them (feeds/floods.py). Until then their meetings are stored without the mark that
    their filter had one, so a fresh report raises them. Of as many known meetings, no message is rewritten or followed
    up either."""
    if not flood:
        return changes
    if len(changes.retellings) > policy.flood_brake:
        changes = replace(changes, retellings=())
    if len(changes.alerts) <= policy.flood_brake:
        return changes
    return replace(changes, alerts=(), held=changes.alerts)


class Silence(StrEnum):
    """Why a meeting that a poll reported raises no alert."""

    FIRST_POLL = "first_poll"
    OLD_REPORT = "old_report"
    OLD_MEETING = "old_meeting"
    BLOCKED = "blocked"
    NO_FILTER = "no_filter"
    TOLD_BEFORE = "told_before"


def why_silent(filters: Iterable[Filter], reports: Sequence[Subject], had: frozenset[str]) -> Silence:
    """Why no filter tells of a meeting that is news."""
    if is_blocked(filters, reports):
        return Silence.BLOCKED
    return Silence.TOLD_BEFORE if had else Silence.NO_FILTER


def is_blocked(filters: Iterable[Filter], reports: Sequence[Subject]) -> bool:
    """Whether each of the reports is hidden by a block rule, be it by one rule or by several."""
    rules = block_rules(filters)
    return bool(reports) and all(any(matches(rule, subject) for rule in rules) for subject in reports)


def block_rules(filters: Iterable[Filter]) -> list[Query]:
    """The queries of all block rules that are not paused."""
    rules = [each for each in filters if each.action is FilterAction.BLOCK and not each.paused]
    return [query for rule in rules if (query := readable(rule.query)) is not None]


def is_old_meeting(facts: MeetingFacts, now: datetime) -> bool:
    """Whether the meeting lies so far back that an alert about it would only puzzle."""
    day = facts.ends_on or facts.starts_on
    return day is not None and now.date() - day > OLD_MEETING


def alert_filters(
    filters: Iterable[Filter],
    reports: Sequence[Subject],
    earlier: Sequence[Subject],
    had: frozenset[str],
    known_since: datetime | None,
) -> tuple[str, ...]:
    """The keys of the filters whose subscribers must be told and have not been.

    `reports` of this poll and `earlier` ones are seen with the meeting's facts as they are now. What a block rule
    matches counts for nothing; when all `reports` are such, nobody is told. `known_since` is when the meeting was
    first known (None: now); a filter that is newer than that stays silent.
    """
    active = [each for each in filters if not each.paused]
    blocked = block_rules(active)

    def counts(subject: Subject) -> bool:
        return not any(matches(query, subject) for query in blocked)

    if not any(map(counts, reports)):
        return ()
    heard = [subject for subject in (*reports, *earlier) if counts(subject)]
    return tuple(
        each.key
        for each in active
        if each.alerts
        and each.action is FilterAction.KEEP
        and each.key not in had
        and not (each.since and known_since and known_since < each.since)
        and (query := readable(each.query)) is not None
        and matches_any(query, heard)
    )


def looks_at_items(filters: Iterable[Filter]) -> bool:
    """Whether what any of them matches depends on more than a meeting's facts: on words, sources or times."""
    queries = (readable(each.query) for each in filters if not each.paused)
    return any(not query.is_about_facts for query in queries if query is not None)


def readable(text: str) -> Query | None:
    """A stored query; None when this version cannot read it any more, because a value has left the lexicon."""
    try:
        return parse(text)
    except QueryError:
        return None
