"""Whose turn it is to be asked. Moments are taken from a clock that the test moves."""

import asyncio

import pytest

from feeds.collect import turns
from feeds.collect.turns import PER_HOST, Turns


class Clock:
    """Sleeping moves it at once, and says for how long."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waiting(clock: Clock) -> Turns:
    return Turns(10, clock=clock.monotonic, sleep=clock.sleep)


async def _take(waiting: Turns, host: str, pause_s: float = 1.0) -> None:
    async with waiting.turn(host, pause_s):
        pass


async def test_two_starts_on_one_host_are_a_pause_apart(waiting: Turns, clock: Clock) -> None:
    for _ in range(3):
        await _take(waiting, "a.example")
    assert clock.slept == [1.0, 1.0]


async def test_other_hosts_do_not_wait_and_time_that_passed_counts(waiting: Turns, clock: Clock) -> None:
    await _take(waiting, "a.example")
    await _take(waiting, "b.example")
    clock.now += 0.75
    await _take(waiting, "a.example")
    clock.now += 5
    await _take(waiting, "a.example")
    assert clock.slept == [0.25]


async def test_without_a_pause_nobody_waits(waiting: Turns, clock: Clock) -> None:
    for _ in range(3):
        await _take(waiting, "a.example", 0)
    assert clock.slept == []


async def test_a_host_that_asked_for_a_longer_pause_gets_it_until_it_asks_no_more(waiting: Turns, clock: Clock) -> None:
    waiting.space_out("a.example", 5)
    await _take(waiting, "a.example")
    await _take(waiting, "a.example", 0.1)
    waiting.space_out("a.example", 0)
    await _take(waiting, "a.example", 0.1)
    assert clock.slept == [5.0, 0.1]


async def test_who_waits_for_a_host_holds_no_place_in_the_whole() -> None:
    waiting, asked = Turns(PER_HOST + 1), asyncio.Event()

    async def hold() -> None:
        async with waiting.turn("slow.example", 0):
            await asked.wait()

    held = [asyncio.create_task(hold()) for _ in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await _take(waiting, "quick.example", 0)
    asked.set()
    await asyncio.gather(*held)


async def test_hosts_of_long_ago_are_forgotten(waiting: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "REMEMBERED", 3)
    for number in range(10):
        await _take(waiting, f"{number}.example")
        waiting.space_out(f"{number}.example", 1)
    assert len(waiting._last) == len(waiting._pauses) == 3
