"""In which order tests run."""

from collections.abc import Sequence

import pytest


def long_ones_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests with the mark `long` at the beginning of what each worker is given, which is an equal piece of the list
    (pytest-xdist's `worksteal`); the others stay in their order.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        piece = long[worker::workers]
        size = (len(items) - len(ordered)) // (workers - worker)
        rest = max(0, size - len(piece))
        ordered += piece + others[:rest]
        del others[:rest]
    return ordered + others
