"""Who is told about a meeting, and whether at all. Pure.

An alert is news, so three things hold it back: the first poll of a source (its backlog is not news), an old report,
and an old meeting. A meeting that was held back is not forgotten: the next fresh report of it raises the alert, unless
its first report is older than `alerts.max_age` by then and its phase has not changed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feeds.decide.filters import matches, parse_query
from storage.changes import Changes
from storage.model import Filter, MeetingFacts, Source

# A joint statement may come two weeks after the meeting (the 57th SCM met on 4 November 2025, its communiqué came on
# the 14th); an article about last year's meeting is history.
OLD_MEETING = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertPolicy:
    """The settings `alerts.*`."""

    max_age: timedelta = timedelta(hours=48)
    first_poll: bool = False  #: whether the first poll of a source may raise alerts
    flood_brake: int = 10  #: a flood that would raise more alerts raises none


def is_fresh(source: Source, reported_at: datetime, policy: AlertPolicy, now: datetime) -> bool:
    """Whether a report may raise an alert at all."""
    silent = source.first_success_at is None and not policy.first_poll
    return not silent and now - reported_at <= policy.max_age


def braked(changes: Changes, policy: AlertPolicy, *, flood: bool) -> Changes:
    """Hold the alerts of a flood back when they are more than the brake allows: a source that prints its archive anew
    is no news. Their meetings are stored without the mark that their filter had one, so a fresh report raises them."""
    return replace(changes, alerts=()) if flood and len(changes.alerts) > policy.flood_brake else changes


def is_old_meeting(facts: MeetingFacts, now: datetime) -> bool:
    """Whether the meeting lies so far back that an alert about it would only puzzle."""
    day = facts.ends_on or facts.starts_on
    return day is not None and now.date() - day > OLD_MEETING


def alert_filters(filters: tuple[Filter, ...], facts: MeetingFacts, had: frozenset[str]) -> tuple[str, ...]:
    """The keys of the filters whose subscribers must be told and have not been."""
    return tuple(f.key for f in filters if f.alerts and f.key not in had and matches(parse_query(f.query), facts))
