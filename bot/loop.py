"""The event loop that the program runs on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end and return what it returns.

    On uvloop where there is one (not on Windows): a poll that finds nothing new then costs two thirds of the CPU.
    """
    try:
        import uvloop  # noqa: PLC0415  where there is one
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
