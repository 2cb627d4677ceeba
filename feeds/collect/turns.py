"""Whose turn it is: few requests to one host at a time, with a pause between their starts, and few in all.

    waits for its host (two places, then the pause) ─► waits for a place in the whole ─► asks

Whoever waits for a host holds no place in the whole, so a slow or much-asked host delays only itself.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from weakref import WeakValueDictionary

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
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._last: OrderedDict[str, float] = OrderedDict()
        self._pauses: OrderedDict[str, float] = OrderedDict()

    def space_out(self, host: str, pause_s: float) -> None:
        """From now on leave at least `pause_s` seconds between two starts on a host, whoever asks; 0: as usual."""
        self._pauses.pop(host, None)
        if pause_s > 0:
            _remember(self._pauses, host, pause_s)

    @contextlib.asynccontextmanager
    async def turn(self, host: str, pause_s: float) -> AsyncIterator[None]:
        """Hold a place for one request; it starts at least `pause_s` seconds after the one before it on this host."""
        places = self._hosts.setdefault(host, asyncio.Semaphore(PER_HOST))
        async with places:
            await self._pause(host, max(pause_s, self._pauses.get(host, 0.0)))
            async with self._places:
                yield

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


def _remember(known: OrderedDict[str, float], host: str, value: float) -> None:
    known[host] = value
    while len(known) > REMEMBERED:
        known.popitem(last=False)
