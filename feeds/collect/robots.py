"""Asks robots.txt before a page is read (RFC 9309). Feeds are published for programs and are not asked about.

`Crawl-delay`, which is not in the RFC but in many files, becomes the time between two requests to the host, up to ten
seconds.

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
from storage.model import SourceDefinition

NAME = "Kaigi"  #: the name by which robots.txt calls us
KEEP_S = 86_400.0
KEEP_FAILURE_S = 600.0
HOSTS = 1_000  #: remembered at the most; the one asked about longest ago is forgotten first
MAX_DELAY_S = 10.0  #: thirty articles then take five minutes, half of what one poll may take
_READ = 512 * 1024  # the RFC wants at least 500 KiB read

_ABSENT = {
    FailureKind.NOT_FOUND, FailureKind.GONE, FailureKind.CLIENT_ERROR, FailureKind.FORBIDDEN, FailureKind.BOT_WALL,
    FailureKind.EMPTY, FailureKind.REDIRECT, FailureKind.TOO_LARGE,
}  # fmt: skip


class Robots:
    """The rules of the hosts that were asked about lately."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives monotonic seconds."""
        self._fetcher = fetcher
        self._clock = clock
        self._known: OrderedDict[tuple[str, bool], tuple[float, Protego | None]] = OrderedDict()

    async def refusal(self, url: str, source: SourceDefinition | None = None) -> Failure | None:
        """Why the page at `url` must not be read; None when it may. `source` says how its own host is asked."""
        parts = urlsplit(url)
        rules = await self._rules(f"{parts.scheme}://{parts.netloc}", source)
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

    async def _rules(self, origin: str, source: SourceDefinition | None) -> Protego | None:
        key = (origin, source is None or source.fetch.verify)
        until, rules = self._known.get(key, (0.0, None))
        if self._clock() >= until:
            url = f"{origin}/robots.txt"
            rules = _read(await self._fetcher.fetch(url, accept="text/plain, */*;q=0.1", source=source))
            until = self._clock() + (KEEP_S if rules is not None else KEEP_FAILURE_S)
            self._known[key] = (until, rules)
            self._fetcher.space_out(url, _delay(rules))
            while len(self._known) > HOSTS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return rules


def _delay(rules: Protego | None) -> float:
    """The seconds that the host wants between two requests; 0 when it does not say."""
    asked = rules.crawl_delay(NAME) if rules is not None else None
    return min(max(asked or 0.0, 0.0), MAX_DELAY_S)


def _read(answer: FetchResult) -> Protego | None:
    """The rules; an empty set allows everything. None: unreachable."""
    if isinstance(answer, Fetched):
        return Protego.parse(answer.body[:_READ].decode("utf-8", "replace"))
    if isinstance(answer, Failure) and answer.kind in _ABSENT:
        return Protego.parse("")
    return None
