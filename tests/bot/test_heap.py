"""Memory that nobody uses goes back to the system."""

import asyncio
import contextlib
import os
import platform
from pathlib import Path

import pytest

from bot import heap

MB = 1_000_000

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what was freed")


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def a_heap_full_of_holes() -> list[bytes]:
    """Sixty megabytes were needed, of which a few that lie in between still are."""
    blocks = [bytes(2_000) for _ in range(30_000)]
    return blocks[::60]


async def test_a_busy_hour_leaves_no_memory_behind() -> None:
    kept = a_heap_full_of_holes()
    full = resident()
    task = asyncio.create_task(heap.give_back_now_and_then(every_s=0.001))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while full - resident() < 30 * MB:
                await asyncio.sleep(0.01)
    task.cancel()
    assert full - resident() >= 30 * MB
    assert len(kept) == 500


def test_without_it_the_memory_stays() -> None:
    """What the test above sees is the work of what it tests."""
    kept = a_heap_full_of_holes()
    full = resident()
    kept.sort()
    assert full - resident() < 30 * MB
    heap.give_back()
    assert full - resident() >= 30 * MB
