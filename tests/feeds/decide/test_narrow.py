"""What SQL is asked to look for on behalf of a query."""

from datetime import timedelta

from feeds.decide.narrow import narrow
from feeds.decide.query import parse
from storage.plans import Told
from tests.support.build import NOW


def test_whoever_knows_the_meetings_already_is_not_asked_for_their_facts_again() -> None:
    plan = narrow(parse("kind:bilateral lang:ja radar date:2025"), NOW)
    left = plan.without_facts()
    assert {one.column for one in plan.only} > {one.column for one in left.only} == {"language"}
    assert (bool(plan.days), left.days, left.match) == (True, (), plan.match)


def test_the_longest_age_that_can_be_asked_for_is_a_moment_of_the_calendar() -> None:
    assert narrow(parse("age:<7d"), NOW).told == (Told(NOW - timedelta(days=7), None),)
    assert narrow(parse("age:<99999w"), NOW).told == (Told(NOW - timedelta(weeks=99_999), None),)
