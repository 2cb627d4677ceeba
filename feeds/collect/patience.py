"""How long one poll waits for the articles of a list page: until the first of them takes too long.

A site that drips would otherwise hold its source's poll for minutes, two articles and eight seconds at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from feeds.observed import Failure, FailureKind, FetchResult

T = TypeVar("T")
R = TypeVar("R")


class Patience:
    """For the pages of one poll. Belongs to one event loop."""

    def __init__(self) -> None:
        """Begin patiently."""
        self._lost = asyncio.Event()

    async def wait_for(self, asking: Awaitable[FetchResult]) -> FetchResult | None:
        """Return the answer; None when another page of this poll took too long before it was there."""
        page, lost = asyncio.ensure_future(asking), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait([page, lost], return_when=asyncio.FIRST_COMPLETED)
            if not page.done():
                return None
            answer = page.result()
        finally:
            page.cancel()
            lost.cancel()
        if isinstance(answer, Failure) and answer.kind is FailureKind.TIMEOUT:
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
