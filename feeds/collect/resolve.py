"""Name look-ups that cannot hold up anything else.

The system's resolver blocks a thread, for half a minute when a name server is silent. In asyncio's shared thread pool a
few dead newsrooms would stop the database and the other sources, and delay the end of the program. Here every look-up
has a daemon thread of its own, at most 32 at a time, and a time limit.
"""

import asyncio
import contextlib
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from feeds.collect.guard import AddrInfo
from feeds.collect.wire_errors import NameUnknown

MAX_LOOKUPS = 32
REMEMBERED_S = 10.0  #: how long an answer is used again: for the articles of one page
REMEMBERED = 1_000  #: hosts whose answer is remembered


class Resolver:
    """`getaddrinfo` with a limit and a short memory. Belongs to one event loop."""

    def __init__(self, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`timeout_s`: seconds that one look-up may take. `clock` gives monotonic seconds."""
        self._timeout_s = timeout_s
        self._clock = clock
        self._slots = asyncio.Semaphore(MAX_LOOKUPS)
        self._known: OrderedDict[tuple[str, int], tuple[float, list[AddrInfo]]] = OrderedDict()

    async def resolve(self, host: str, port: int) -> list[AddrInfo]:
        """Return every address of a host, at least one. Raises NameUnknown, also when no answer comes in time."""
        since, known = self._known.get((host, port), (0.0, []))
        if known and self._clock() - since < REMEMBERED_S:
            return known
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout_s):
                    answers = await _look_up(host, port)
            except TimeoutError:
                raise NameUnknown(f"no answer from the name server within {self._timeout_s:g} s") from None
        self._remember((host, port), answers)
        return answers

    def _remember(self, asked: tuple[str, int], answers: list[AddrInfo]) -> None:
        self._known.pop(asked, None)
        self._known[asked] = (self._clock(), answers)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


async def _look_up(host: str, port: int) -> list[AddrInfo]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[AddrInfo]] = loop.create_future()

    def deliver(answers: list[AddrInfo], error: NameUnknown | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(answers)

    def work() -> None:
        answers: list[Any] = []
        error: NameUnknown | None = None
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as reason:
            error = NameUnknown(*reason.args)
        except UnicodeError:  # a label that is empty or longer than 63 characters
            error = NameUnknown("not a valid host name")
        if not answers and error is None:
            error = NameUnknown("no address")
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            loop.call_soon_threadsafe(deliver, answers, error)

    threading.Thread(target=work, name=f"resolve {host[:60]}", daemon=True).start()
    return await future
