"""Asks robots.txt before a page is read (RFC 9309). Feeds are published for programs and are not asked about.

A robots.txt that does not exist (4xx) allows everything; one that cannot be reached (5xx, no answer) forbids everything
until it can, as the RFC asks in section 2.3.1. What was read is kept for a day, what failed for ten minutes.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from protego import Protego

from feeds.collect.fetch import Fetcher
from feeds.observed import Failure, FailureKind, Fetched, FetchResult

NAME = "Kaigi"  #: the name by which robots.txt calls us
KEEP_S = 86_400.0
KEEP_FAILURE_S = 600.0
HOSTS = 1_000  #: remembered at the most; the one asked about longest ago is forgotten first
_READ = 512 * 1024  # the RFC wants at least 500 KiB read

_ABSENT = {
    FailureKind.NOT_FOUND, FailureKind.GONE, FailureKind.CLIENT_ERROR, FailureKind.FORBIDDEN, FailureKind.EMPTY,
    FailureKind.REDIRECT, FailureKind.TOO_LARGE,
}  # fmt: skip


class Robots:
    """The rules of the hosts that were asked about lately."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives monotonic seconds."""
        self._fetcher = fetcher
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Protego | None]] = OrderedDict()

    async def refusal(self, url: str) -> Failure | None:
        """Why the page at `url` must not be read; None when it may."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        rules = await self._rules(origin)
        if rules is None:
            return Failure(
                kind=FailureKind.NETWORK,
                message=f"robots.txt of {parts.hostname} cannot be reached, so nothing is read there. We try again.",
            )
        if rules.can_fetch(url, NAME):
            return None
        return Failure(
            kind=FailureKind.FORBIDDEN,
            message=f"robots.txt of {parts.hostname} does not allow programs to read this page. Ask the publisher.",
        )

    async def _rules(self, origin: str) -> Protego | None:
        until, rules = self._known.get(origin, (0.0, None))
        if self._clock() >= until:
            rules = _read(await self._fetcher.fetch(f"{origin}/robots.txt", accept="text/plain, */*;q=0.1"))
            until = self._clock() + (KEEP_S if rules is not None else KEEP_FAILURE_S)
            self._known[origin] = (until, rules)
            while len(self._known) > HOSTS:
                self._known.popitem(last=False)
        self._known.move_to_end(origin)
        return rules


def _read(answer: FetchResult) -> Protego | None:
    """The rules; an empty set allows everything. None: unreachable."""
    if isinstance(answer, Fetched):
        return Protego.parse(answer.body[:_READ].decode("utf-8", "replace"))
    if isinstance(answer, Failure) and answer.kind in _ABSENT:
        return Protego.parse("")
    return None
