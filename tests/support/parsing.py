"""The real parsers in this process: starting others for each test would take most of its time.

That they run well in processes of their own is shown by tests/feeds/collect/test_worker.py, and by every test that runs
the command or the demo.
"""

from collections.abc import Callable
from typing import TypeVar

import pytest

from feeds.collect.worker import ParserPool
from feeds.observed import Failure

T = TypeVar("T")


class Parsers(ParserPool):
    """Runs what it is given at once."""

    async def run(self, func: Callable[..., T], *args: object, timeout_s: float = 10) -> T | Failure:
        """Run `func(*args)` here."""
        return func(*args)


def parse_here(patch: pytest.MonkeyPatch) -> None:
    """Let commands, pages and services of this process parse in it."""
    for module in ("checking", "collecting"):
        patch.setattr(f"bot.{module}.parser_pool", lambda processes=0: Parsers())
