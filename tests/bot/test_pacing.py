"""How fast messages leave, on a clock that the test moves."""

import random
from collections import deque
from datetime import timedelta

from bot.pacing import MINUTE, Allowance, Pace, Rooms
from tests.support.bot_limits import Limits
from tests.support.build import NOW, after


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def drive(seconds: float, latency: tuple[float, float], jitter: float) -> list[float]:
    """Send as fast as is allowed to a server that is reached at some time between start and answer."""
    clock, dice = Clock(), random.Random(5)
    allowance, arrivals = Allowance(29.0, clock), list[float]()
    answers: deque[float] = deque()
    while clock.now < seconds:
        while answers and answers[0] <= clock.now:
            answers.popleft()
            allowance.ended()
        for _ in range(min(allowance.whole(), 8 - len(answers))):
            allowance.leaves()
            takes = dice.uniform(*latency)
            arrivals.append(clock.now + dice.uniform(0, takes))
            answers.append(clock.now + takes)
            answers = deque(sorted(answers))
        clock.now += 0.001 + dice.uniform(0, jitter)
    return sorted(arrivals)


def test_no_second_of_the_server_holds_more_than_thirty_however_late_anything_comes() -> None:
    for latency, jitter in (((0.01, 0.02), 0.0), ((0.05, 0.4), 0.1), ((0.0, 2.0), 0.3)):
        arrivals = drive(60, latency, jitter)
        limits = Limits(burst=10**6)
        for moment in arrivals:
            limits.check("1", moment)
        assert limits.refused == 0


def test_a_quick_server_is_used_at_twenty_seven_a_second_and_more() -> None:
    arrivals = drive(60, (0.01, 0.05), 0.0)
    assert (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) >= 27


def test_whoever_begins_after_a_pause_does_not_begin_with_a_burst() -> None:
    clock = Clock()
    allowance = Allowance(29.0, clock)
    clock.now = 3600
    assert allowance.whole() == 2
    allowance.leaves()
    allowance.leaves()
    assert allowance.whole() == 0
    assert 0 < allowance.wait() <= 1 / 29


def test_a_chat_rests_a_second_and_a_group_gets_twenty_in_a_minute() -> None:
    rooms, pace = Rooms(), Pace()
    rooms.used("5", pace, NOW)
    assert list(rooms.resting(after(seconds=0.9))) == ["5"]
    assert list(rooms.resting(after(seconds=1))) == []
    for number in range(20):
        rooms.used("-5", pace, NOW + timedelta(seconds=number))
    assert list(rooms.resting(after(seconds=59.9))) == ["-5"]
    assert list(rooms.resting(after(seconds=60))) == []


def test_the_longer_of_two_rests_holds() -> None:
    rooms = Rooms()
    rooms.rest("5", after(minutes=1))
    rooms.used("5", Pace(), NOW)
    assert list(rooms.moments()) == [after(minutes=1)]


def test_a_clock_that_is_set_back_makes_nobody_rest_longer() -> None:
    rooms, pace = Rooms(), Pace(group_minute=2)
    for _ in range(2):
        rooms.used("-1", pace, NOW)
    rooms.used("1", pace, NOW)
    back = NOW - timedelta(hours=3)
    rooms.follow_clock(timedelta(hours=3))
    assert set(rooms.resting(back)) == {"-1", "1"}
    assert set(rooms.resting(back + timedelta(seconds=2))) == {"-1"}
    assert set(rooms.resting(back + MINUTE)) == set()
