"""How long one poll waits for the articles of a list page, and how many polls.

A poll waits until the first of them takes too long, or the site asks for fewer requests: one that drips would otherwise
hold its source's poll for minutes, two articles and eight seconds at a time. An article is tried again by later polls
for some hours; then its headline has to do, because a page that never answers would keep its news for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from feeds.observed import Failure, FailureKind, FetchResult

T = TypeVar("T")
R = TypeVar("R")

LONGEST_WAIT = timedelta(hours=2)  #: for an article; news of a meeting are worth little a day later
_ENOUGH = frozenset({FailureKind.TIMEOUT, FailureKind.RATE_LIMITED})


class Unread:
    """Since when articles have been waited for. Forgotten with the process: the next one waits anew."""

    def __init__(self) -> None:
        """Begin with nothing to wait for."""
        self._since: dict[int, dict[str, datetime]] = {}

    def overdue(
        self, source_id: int, waiting: Collection[str], failed: Collection[str], now: datetime
    ) -> frozenset[str]:
        """Return which entries of a source are waited for no longer, and remember the others for its next poll.

        `waiting` are the identities of those without their article, `failed` those of them for which it was asked for
        in vain: what was only not reached in this poll begins to wait when it is.
        """
        before = self._since.pop(source_id, {})
        since = {one: min(before.get(one, now), now) for one in waiting if one in before or one in failed}
        overdue = frozenset(one for one, moment in since.items() if one in failed and now - moment >= LONGEST_WAIT)
        if rest := {one: moment for one, moment in since.items() if one not in overdue}:
            self._since[source_id] = rest
        return overdue


class Patience:
    """For the pages of one poll. Belongs to one event loop."""

    def __init__(self) -> None:
        """Begin patiently."""
        self._lost = asyncio.Event()

    async def wait_for(self, asking: Awaitable[FetchResult]) -> FetchResult | None:
        """Return the answer; None when another page of this poll ended our patience before it was there."""
        page, lost = asyncio.ensure_future(asking), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait([page, lost], return_when=asyncio.FIRST_COMPLETED)
            if not page.done():
                return None
            answer = page.result()
        finally:
            page.cancel()
            lost.cancel()
        if isinstance(answer, Failure) and answer.kind in _ENOUGH:
            self._lost.set()
        return answer


async def rotated(work: Callable[[T], Awaitable[R]], pieces: Sequence[T], turn: int) -> list[R]:
    """Do the work for all pieces at once and return the results in their order.

    Each turn begins with another piece, so that two dead links cannot hold up the rest at every poll.
    """
    start = turn % max(len(pieces), 1)
    results = await asyncio.gather(*(work(piece) for piece in (*pieces[start:], *pieces[:start])))
    back = len(pieces) - start
    return [*results[back:], *results[:back]]
