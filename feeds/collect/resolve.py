"""Name look-ups that cannot hold up anything else.

The system's resolver blocks a thread, for half a minute when a name server is silent. In asyncio's shared thread pool a
few dead newsrooms would stop the database and the other sources, and delay the end of the program. Here every look-up
has a daemon thread of its own, at most 32 at a time, and a time limit.
"""

import asyncio
import contextlib
import socket
import threading
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

MAX_LOOKUPS = 32

_Answers = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]]


class Resolver(AbstractResolver):
    """`getaddrinfo` for aiohttp. Raises OSError when a name is unknown or no answer comes in time."""

    def __init__(self, timeout_s: float) -> None:
        """`timeout_s`: seconds that one look-up may take."""
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(MAX_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return every address of the host, as aiohttp wants them."""
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout_s):
                    answers = await _look_up(host, port, family)
            except TimeoutError:
                raise OSError(None, f"no answer from the name server within {self._timeout_s:g} s") from None
        return [_result(host, answer) for answer in answers]

    async def close(self) -> None:
        """Nothing to close: threads that still wait for a name server die with the program."""


def _result(host: str, answer: tuple[Any, ...]) -> ResolveResult:
    family, _, proto, _, sockaddr = answer
    address, port = sockaddr[0], sockaddr[1]
    if family == socket.AF_INET6 and len(sockaddr) > 3 and sockaddr[3]:
        address = f"{address}%{sockaddr[3]}"  # a link-local address keeps its interface; the guard refuses it
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=proto, flags=socket.AI_NUMERICHOST
    )


async def _look_up(host: str, port: int, family: socket.AddressFamily) -> _Answers:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Answers] = loop.create_future()

    def deliver(answers: _Answers | None, error: OSError | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(answers or [])

    def work() -> None:
        answers: Any = None
        error: OSError | None = None
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        except OSError as reason:
            error = reason
        except UnicodeError:  # a label that is empty or longer than 63 characters
            error = OSError(None, "not a valid host name")
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
            loop.call_soon_threadsafe(deliver, answers, error)

    threading.Thread(target=work, name=f"resolve {host[:60]}", daemon=True).start()
    return await future
