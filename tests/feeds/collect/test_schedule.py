"""When a source is polled next."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.collect import schedule
from feeds.collect.schedule import DAY, Rhythm
from feeds.observed import Failure, FailureKind
from storage.model import SourceState
from tests.support.build import NOW, source

RHYTHM = Rhythm(default_interval=timedelta(minutes=10), min_interval=timedelta(minutes=1))
DOWN = Failure(kind=FailureKind.SERVER_ERROR, message="500")


def _wait_after_success(**fields: object) -> timedelta:
    polled = schedule.after_no_change(source(**fields), RHYTHM, NOW)  # type: ignore[arg-type]
    return polled.next_poll_at - NOW


def test_a_source_is_polled_again_after_its_interval_give_or_take_a_twentieth() -> None:
    assert timedelta(minutes=9.5) <= _wait_after_success() <= timedelta(minutes=10.5)


def test_a_source_may_have_its_own_interval() -> None:
    assert timedelta(minutes=57) <= _wait_after_success(interval_s=3600) <= timedelta(minutes=63)


def test_no_source_is_polled_more_often_than_the_operator_allows() -> None:
    assert _wait_after_success(interval_s=1) >= timedelta(seconds=57)


def test_sources_added_together_drift_apart() -> None:
    assert len({_wait_after_success(key=f"s{number}") for number in range(20)}) == 20


@pytest.mark.parametrize(("failures", "minutes"), [(0, 10), (1, 20), (2, 40), (3, 80)])
def test_each_failure_in_a_row_doubles_the_wait(failures: int, minutes: int) -> None:
    failed = schedule.after_failure(replace(source(), failures=failures), DOWN, RHYTHM, NOW)
    wait = failed.next_poll_at - NOW
    assert timedelta(minutes=minutes * 0.95) <= wait <= timedelta(minutes=minutes * 1.05)
    assert (failed.state, failed.failures) == (SourceState.FAILING, failures + 1)


def test_a_source_that_fails_for_years_is_still_asked_about_once_a_day() -> None:
    failed = schedule.after_failure(replace(source(), failures=10_000), DOWN, RHYTHM, NOW)
    assert failed.next_poll_at - NOW <= DAY * 1.05


def test_a_server_that_asks_for_patience_gets_it_up_to_a_day() -> None:
    hour = replace(DOWN, retry_after_s=3600.0)
    year = replace(DOWN, retry_after_s=3.2e7)
    assert schedule.after_failure(source(), hour, RHYTHM, NOW).next_poll_at - NOW == timedelta(hours=1)
    assert schedule.after_failure(source(), year, RHYTHM, NOW).next_poll_at - NOW == DAY


def test_success_wipes_the_slate() -> None:
    polled = schedule.after_no_change(replace(source(), failures=7, last_error="500"), RHYTHM, NOW)
    assert (polled.failures, polled.last_error, polled.state) == (0, None, SourceState.OK)
