"""What the deaths of a campaign left behind: which message was on its way at each, and which arrived twice for it."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from bench.delivery_side import POINTS, WINDOW, key_of
from bench.delivery_world import Key
from bench.figures import print_table


class Deaths:
    """Notes what the server is asked, and lays each second copy of a message to the death that explains it.

    Good for processes with one message in flight: the last one asked for is the one that a death leaves in doubt.
    """

    def __init__(self) -> None:
        self.kills: Counter[str] = Counter()
        self._asked: Key | None = None
        self._left: defaultdict[Key, list[str]] = defaultdict(list)

    def asked(self, _method: str, parameters: Mapping[str, str]) -> None:
        """The server got a request. Its fate: nothing happens to it."""
        self._asked = key_of(parameters) or self._asked

    def died(self, point: str) -> None:
        """A process was killed at this point."""
        self.kills[point] += 1
        if point in WINDOW and self._asked is not None:
            self._left[self._asked].append(point)
        self._asked = None

    def explain(self, arrived: Mapping[Key, int]) -> Counter[str]:
        """How many second copies each point explains; those that nothing explains are under an empty name."""
        laid: Counter[str] = Counter()
        for key, count in arrived.items():
            points = self._left.get(key, [])
            laid.update(points[: count - 1])
            laid[""] += max(count - 1 - len(points), 0)
        return laid

    def show(self, laid: Mapping[str, int]) -> None:
        """Print it, point by point."""
        rows = [(point, str(self.kills[point]), str(laid.get(point, 0))) for point in POINTS]
        print_table(("killed at", "times", "second copies"), [*rows, ("by no death", "", str(laid.get("", 0)))])
