"""How the process keeps its memory: what Python looks through for garbage, and what the C library gives back.

All of it is for glibc. Other C libraries lack these calls, and are left as they are.
"""

import asyncio
import contextlib
import ctypes
import gc

#: Of the garbage collector: Python's own. A pace of 5,000 takes a twentieth off a poll that finds nothing new; memory
#: rose and fell by more with it in a simulated day, so much that its slope missed the goal.
PACE = (700, 10, 10)
GIVE_BACK_S = 600.0  #: between two times; each takes some milliseconds of a thread, and none of the event loop

_M_ARENA_MAX = -8  # of malloc.h


def share_heaps() -> None:
    """Let all threads share two heaps. glibc gives each thread its own, and none returns what a document took."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library, or another system
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def spare_what_stays() -> None:
    """Keep what is loaded by now, and stays as long as the program runs, out of every later garbage collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*PACE)


def give_back() -> None:
    """Return to the system what is free in the heaps (malloc_trim(3)).

    By itself glibc returns only what lies at the end of a heap. A busy hour therefore left five megabytes that nobody
    used, and so did the next one.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


async def give_back_now_and_then(every_s: float = GIVE_BACK_S) -> None:
    """Do so until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(give_back)
