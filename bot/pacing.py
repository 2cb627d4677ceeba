"""How fast messages may leave: over all chats, to one room, to one group within a minute.

Telegram allows about 30 messages a second in all, one a second to one chat, and 20 a minute to one group
(core.telegram.org/bots/faq). The true limits move, so these are ceilings that a 429 overrules.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
BURST = 2.0  #: messages that may leave at once


class Allowance:
    """How many messages may leave now, over all chats.

    A bucket of tokens that fills with time keeps them apart; it holds two only, so that nobody begins with a burst.
    What counts is when they reach the server. Nobody here sees that, but it lies between their start and their answer.
    So no message leaves while `ceiling` others are on their way or were answered within the last second: then no second
    of the server's can hold more than the ceiling, however late anything comes.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`per_second` is what to come near to, one more the ceiling; `clock`: seconds that only grow."""
        self._per_second = per_second
        self._ceiling = int(per_second) + 1
        self._clock = clock
        self._tokens = BURST
        self._at = clock()
        self._on_their_way = 0
        self._answered: deque[float] = deque()

    def whole(self) -> int:
        """How many messages may leave now."""
        now = self._clock()
        self._tokens = min(BURST, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        while self._answered and self._answered[0] <= now - 1:
            self._answered.popleft()
        return max(min(int(self._tokens), self._ceiling - self._on_their_way - len(self._answered)), 0)

    def leaves(self) -> None:
        """One leaves."""
        self._tokens -= 1
        self._on_their_way += 1

    def ended(self) -> None:
        """One was answered, or given up."""
        self._on_their_way -= 1
        self._answered.append(self._clock())

    def wait(self) -> float:
        """Seconds until one may leave, as far as time alone decides."""
        waits = [(1 - self._tokens) / self._per_second]
        if self._answered and self._on_their_way + len(self._answered) >= self._ceiling:
            waits.append(self._answered[0] + 1 - self._clock())
        return max(*waits, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast one room may be used."""

    rest: timedelta = timedelta(seconds=1)  #: between two messages
    group_minute: int = 20  #: messages to one group within any minute


@dataclass(slots=True)
class Rooms:
    """Which rooms must rest, and until when."""

    _until: dict[str, datetime] = field(default_factory=dict)
    _minutes: dict[str, deque[datetime]] = field(default_factory=dict)

    def used(self, room: str, pace: Pace, now: datetime) -> None:
        """A message to this room has been on its way until now."""
        until = now + pace.rest
        if room.startswith("-"):  # groups, supergroups and channels have negative numbers
            last = self._minutes.setdefault(room, deque(maxlen=pace.group_minute))
            last.append(now)
            if len(last) == pace.group_minute:
                until = max(until, last[0] + MINUTE)
        self.rest(room, until)

    def rest(self, room: str, until: datetime) -> None:
        """Nothing to this room before `until`."""
        self._until[room] = max(until, self._until.get(room, until))

    def follow_clock(self, back: timedelta) -> None:
        """The clock was set back by so much: nobody rests longer for that."""
        self._until = {room: until - back for room, until in self._until.items()}
        for last in self._minutes.values():
            moved = [moment - back for moment in last]
            last.clear()
            last.extend(moved)

    def resting(self, now: datetime) -> Iterable[str]:
        """The rooms that must rest now."""
        self._until = {room: until for room, until in self._until.items() if until > now}
        self._minutes = {room: last for room, last in self._minutes.items() if last[-1] > now - MINUTE}
        return self._until.keys()

    def moments(self) -> Iterable[datetime]:
        """When the next ones have rested."""
        return self._until.values()
