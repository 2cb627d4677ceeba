"""The limits and faults of the Bot API server: what it refuses, loses or delays.

Limits as core.telegram.org/bots/faq tells them: 30 messages a second in all, one a second to one chat with short
bursts, 20 a minute to one group. Time is the server's own monotonic clock.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.support.bot_texts import ApiError, Json

LIMITED = frozenset({"sendMessage", "editMessageText"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What happens to one request instead of, before or after the real work."""

    error: Json | None = None
    drop_before: bool = False
    drop_after: bool = False
    delay_s: float = 0.0


#: Decides about a call before it is done: method and parameters to what goes wrong, None for nothing.
Fate = Callable[[str, Mapping[str, str]], Fault | None]


@dataclass(kw_only=True, slots=True)
class Limits:
    """Counts messages and answers 429 where Telegram would."""

    overall: int = 30  #: in any second
    burst: int = 3  #: to one chat at once, then one a second
    group_minute: int = 20  #: to one group in any minute
    refused: int = 0
    _all: deque[float] = field(default_factory=deque)
    _chats: dict[str, tuple[float, float]] = field(default_factory=dict)  #: what is left, and when
    _groups: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def check(self, chat: str, now: float) -> None:
        """Count a message to a chat. Raises `ApiError` 429 when it is too many."""
        wait = max(self._wait_overall(now), self._wait_chat(chat, now), self._wait_group(chat, now))
        if wait > 0:
            self.refused += 1
            seconds = max(math.ceil(wait), 1)
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
        self._all.append(now)
        left, at = self._chats.get(chat, (float(self.burst), now))
        self._chats[chat] = (min(left + now - at, self.burst) - 1, now)
        if chat.startswith("-"):
            self._groups[chat].append(now)

    def _wait_overall(self, now: float) -> float:
        while self._all and self._all[0] <= now - 1:
            self._all.popleft()
        return self._all[0] + 1 - now if len(self._all) >= self.overall else 0.0

    def _wait_chat(self, chat: str, now: float) -> float:
        left, at = self._chats.get(chat, (float(self.burst), now))
        return max(1 - min(left + now - at, self.burst), 0.0)

    def _wait_group(self, chat: str, now: float) -> float:
        minute = self._groups[chat]
        while minute and minute[0] <= now - 60:
            minute.popleft()
        return minute[0] + 60 - now if len(minute) >= self.group_minute else 0.0


@dataclass(kw_only=True)
class Faulty:
    """Takes orders of what goes wrong with the next calls of a method."""

    _faults: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque), init=False)

    def fail_next(
        self, method: str, error_code: int, description: str, parameters: Json | None = None, times: int = 1
    ) -> None:
        """Answer the next calls with an error instead of doing them."""
        error = ApiError(error_code, description, parameters).body
        self._faults[method].extend([Fault(error=error)] * times)

    def drop_before(self, method: str, times: int = 1) -> None:
        """Close the connection of the next calls without doing them."""
        self._faults[method].extend([Fault(drop_before=True)] * times)

    def drop_after(self, method: str, times: int = 1) -> None:
        """Do the next calls, then close the connection without an answer."""
        self._faults[method].extend([Fault(drop_after=True)] * times)

    def slow(self, method: str, delay_s: float, times: int = 1) -> None:
        """Do the next calls at once, and answer late."""
        self._faults[method].extend([Fault(delay_s=delay_s)] * times)
