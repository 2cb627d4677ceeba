"""Whose turn it is: few requests to one host at a time, with a pause between their starts, and few in all.

    waits for its host (two places, then the pause) ─► waits for a place in the whole ─► asks

Whoever waits for a host holds no place in the whole, so a slow or much-asked host delays only itself.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from types import TracebackType

PER_HOST = 2
REMEMBERED = 2_000  #: hosts whose last start or own pause is known; the one asked longest ago is forgotten first


class Turns:
    """Belongs to one event loop."""

    def __init__(
        self,
        concurrency: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`concurrency`: requests at the same time, over all hosts. `clock` gives monotonic seconds."""
        self._clock = clock
        self._sleep = sleep
        self._places = asyncio.Semaphore(concurrency)
        self._hosts: dict[str, _Host] = {}  #: those that somebody asks, or waits to ask
        self._last: OrderedDict[str, float] = OrderedDict()
        self._pauses: OrderedDict[str, float] = OrderedDict()

    def space_out(self, host: str, pause_s: float) -> None:
        """From now on leave at least `pause_s` seconds between two starts on a host, whoever asks; 0: as usual."""
        self._pauses.pop(host, None)
        if pause_s > 0:
            _remember(self._pauses, host, pause_s)

    def turn(self, host: str, pause_s: float) -> "_Turn":
        """`async with` holds a place for one request; it starts at least `pause_s` seconds after the one before it on
        this host."""
        return _Turn(self, host, pause_s)

    async def take(self, host: str, pause_s: float) -> None:
        """Wait for a place, and for the pause."""
        places = self._hosts.get(host)
        if places is None:
            places = self._hosts[host] = _Host()
        places.guests += 1
        try:
            await places.acquire()
            try:
                await self._pause(host, max(pause_s, self._pauses.get(host, 0.0)))
                await self._places.acquire()
            except BaseException:
                places.release()
                raise
        except BaseException:
            self._leave(host, places)
            raise

    def give_back(self, host: str) -> None:
        """Free the place that `take` took."""
        self._places.release()
        places = self._hosts[host]
        places.release()
        self._leave(host, places)

    def _leave(self, host: str, places: "_Host") -> None:
        places.guests -= 1
        if not places.guests:
            del self._hosts[host]

    async def _pause(self, host: str, pause_s: float) -> None:
        """Wait until the host may be asked again. The moment is taken before waiting: the next one comes after it."""
        if pause_s <= 0:
            return
        now = self._clock()
        start = max(now, self._last.get(host, now - pause_s) + pause_s)
        self._last.pop(host, None)
        _remember(self._last, host, start)
        if start > now:
            await self._sleep(start - now)


class _Host(asyncio.Semaphore):
    """The places of one host."""

    def __init__(self) -> None:
        super().__init__(PER_HOST)
        self.guests = 0  #: who have a place or wait for one


class _Turn:
    """A class and not a generator: every poll has one."""

    __slots__ = ("_host", "_pause_s", "_turns")

    def __init__(self, turns: Turns, host: str, pause_s: float) -> None:
        self._turns, self._host, self._pause_s = turns, host, pause_s

    async def __aenter__(self) -> None:
        await self._turns.take(self._host, self._pause_s)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.give_back(self._host)


def _remember(known: OrderedDict[str, float], host: str, value: float) -> None:
    known[host] = value
    while len(known) > REMEMBERED:
        known.popitem(last=False)
