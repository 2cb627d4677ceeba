"""Guessing gets slower, for one address and for all together, and what is remembered stays small."""

from datetime import timedelta

from bot.web.throttle import EVERYBODY, FORGET, FREE, LONGEST, MOST_ADDRESSES, WITHIN, Throttle
from tests.support.build import NOW

NOTHING = timedelta(0)


def test_the_first_failures_cost_nothing_and_then_the_wait_doubles_up_to_its_limit() -> None:
    throttle, now, waits = Throttle(), NOW, []
    for _ in range(FREE + 12):
        throttle.failed("192.0.2.1", now)
        waits.append(throttle.wait("192.0.2.1", now))
        now += waits[-1]
        assert throttle.wait("192.0.2.1", now) == NOTHING
    assert [wait.total_seconds() for wait in waits[: FREE + 3]] == [0, 0, 0, 2, 4, 8, 16]
    assert max(waits) == LONGEST


def test_an_address_that_was_quiet_begins_anew_and_a_success_forgives() -> None:
    throttle = Throttle()
    for _ in range(9):
        throttle.failed("192.0.2.1", NOW)
    assert throttle.wait("192.0.2.1", NOW) > NOTHING
    assert throttle.failed("192.0.2.1", NOW + FORGET) == 1
    for _ in range(9):
        throttle.failed("192.0.2.2", NOW)
    throttle.succeeded("192.0.2.2")
    assert throttle.wait("192.0.2.2", NOW) == NOTHING


def test_many_addresses_together_guess_no_faster_and_take_no_more_memory() -> None:
    throttle = Throttle()
    for number in range(MOST_ADDRESSES * 2):
        throttle.failed(f"10.0.{number // 256}.{number % 256}", NOW)
    assert throttle.wait("192.0.2.9", NOW) == WITHIN
    assert throttle.wait("192.0.2.9", NOW + WITHIN) == NOTHING
    assert len(throttle._failed) == MOST_ADDRESSES
    assert len(throttle._all) == EVERYBODY
