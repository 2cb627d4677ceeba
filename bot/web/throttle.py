"""Slows down whoever guesses. Pure but for what it remembers; takes the moment as an argument.

After a few failures an address waits, each time twice as long. All addresses together have a limit as well, so that
many of them guess no faster; a link from the bot still lets an admin in then. What is remembered is bounded.
"""

from collections import OrderedDict, deque
from datetime import datetime, timedelta

FREE = 4  #: failures of one address that cost nothing
FIRST, LONGEST = timedelta(seconds=2), timedelta(minutes=15)  #: the waits after them
FORGET = timedelta(hours=1)  #: an address that was quiet for so long begins anew
MOST_ADDRESSES = 1024  #: that are remembered; the one that failed longest ago goes first
EVERYBODY, WITHIN = 60, timedelta(minutes=10)  #: failures of all addresses together


class Throttle:
    """What is known of failures, by the address as `limits.reader_of` tells it. Use it from one event loop."""

    def __init__(self) -> None:
        """Nobody has failed yet."""
        self._failed: OrderedDict[str, tuple[int, datetime]] = OrderedDict()
        self._all: deque[datetime] = deque(maxlen=EVERYBODY)

    def wait(self, address: str, now: datetime) -> timedelta:
        """How long this address must wait before it may try; nothing: it may."""
        count, at = self._failed.get(address, (0, now))
        own = _pause(count) - (now - at) if now - at < FORGET else timedelta(0)
        full = len(self._all) == EVERYBODY
        shared = WITHIN - (now - self._all[0]) if full else timedelta(0)
        return max(own, shared, timedelta(0))

    def failed(self, address: str, now: datetime) -> int:
        """Note a failure. Returns how many this address had in a row."""
        count, at = self._failed.pop(address, (0, now))
        self._failed[address] = ((count if now - at < FORGET else 0) + 1, now)
        self._all.append(now)
        while len(self._failed) > MOST_ADDRESSES:
            self._failed.popitem(last=False)
        return self._failed[address][0]

    def succeeded(self, address: str) -> None:
        """An address knew it after all."""
        self._failed.pop(address, None)


def _pause(failures: int) -> timedelta:
    return min(FIRST * 2 ** min(failures - FREE, 20), LONGEST) if failures >= FREE else timedelta(0)
