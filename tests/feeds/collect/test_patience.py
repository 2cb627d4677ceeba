"""A poll waits for its articles until one of them takes too long, and no two links hold up the rest for ever."""

import asyncio

from feeds.collect.patience import LONGEST_WAIT, Patience, Unread, rotated
from feeds.observed import Failure, FailureKind, Fetched, FetchResult
from tests.support.build import NOW

PAGE = Fetched(url="https://a.example/1", body=b"<p>")
TOO_SLOW = Failure(kind=FailureKind.TIMEOUT, message="slow")
FEWER = Failure(kind=FailureKind.RATE_LIMITED, message="fewer")
REFUSED = Failure(kind=FailureKind.FORBIDDEN, message="no")


async def _answer(answer: FetchResult) -> FetchResult:
    return answer


async def _never() -> FetchResult:
    await asyncio.Event().wait()
    raise AssertionError


async def test_after_one_that_took_too_long_the_others_are_given_up() -> None:
    patience = Patience()
    waiting = asyncio.create_task(patience.wait_for(_never()))
    assert await patience.wait_for(_answer(PAGE)) is PAGE
    assert await patience.wait_for(_answer(REFUSED)) is REFUSED
    assert not waiting.done()
    assert await patience.wait_for(_answer(TOO_SLOW)) is TOO_SLOW
    assert await waiting is None
    assert await patience.wait_for(_never()) is None


async def test_after_one_that_asks_for_fewer_requests_no_other_is_asked_for() -> None:
    patience = Patience()
    assert await patience.wait_for(_answer(FEWER)) is FEWER
    assert await patience.wait_for(_never()) is None


def test_an_article_is_waited_for_as_long_as_it_was_asked_for_in_vain() -> None:
    unread = Unread()
    assert unread.overdue(1, ["a", "b"], ["a"], NOW) == frozenset()
    assert unread.overdue(1, ["a", "b"], ["a", "b"], NOW + LONGEST_WAIT) == {"a"}
    assert unread.overdue(1, ["b"], [], NOW + 3 * LONGEST_WAIT) == frozenset()  # not asked for this time
    assert unread.overdue(2, ["b"], ["b"], NOW + 3 * LONGEST_WAIT) == frozenset()
    assert unread.overdue(1, [], [], NOW + 3 * LONGEST_WAIT) == frozenset()  # the list has left it out
    assert unread.overdue(1, ["b"], ["b"], NOW + 4 * LONGEST_WAIT) == frozenset()


async def test_giving_up_a_poll_gives_up_its_pages() -> None:
    cancelled = asyncio.Event()

    async def page() -> FetchResult:
        try:
            return await _never()
        finally:
            cancelled.set()

    waiting = asyncio.create_task(Patience().wait_for(page()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    async with asyncio.timeout(2):
        await cancelled.wait()


async def test_each_turn_begins_with_another_piece_and_results_keep_their_order() -> None:
    begun: list[str] = []

    async def work(piece: str) -> str:
        begun.append(piece)
        return piece.upper()

    for turn, first in ((0, "a"), (1, "b"), (5, "c")):
        begun.clear()
        assert await rotated(work, "abc", turn) == ["A", "B", "C"]
        assert begun[0] == first
    assert await rotated(work, "", 7) == []
