"""In which order tests run."""

from collections.abc import Sequence
from itertools import chain, groupby

import pytest


def long_ones_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests with the mark `long` at the beginning of what each worker is given, which is an equal piece of the list
    (pytest-xdist's `worksteal`), those of a file together; the others stay in their order.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    files = [list(tests) for _, tests in groupby(long, key=lambda item: item.path)]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        piece = list(chain.from_iterable(files[worker::workers]))
        size = (len(items) - len(ordered)) // (workers - worker)
        rest = max(0, size - len(piece))
        ordered += piece + others[:rest]
        del others[:rest]
    return ordered + others
