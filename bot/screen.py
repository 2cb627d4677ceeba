"""What commands print with: the console, and words made fit for it."""

import sys

from rich.console import Console


def console() -> Console:
    """For what commands print: as wide as the terminal; where none is, wide enough for every line."""
    return Console() if sys.stdout.isatty() else Console(width=240)


def plain(words: str, *, keep_lines: bool = False) -> str:
    """Without control characters: a headline must not move the cursor or set the window's title."""
    return "".join(c for c in words if c.isprintable() or (keep_lines and c == "\n"))
