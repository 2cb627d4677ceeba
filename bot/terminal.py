"""The terminal as a channel: while no Telegram token is set, alerts are printed by the same delivery loop.

An alert is printed with one system call, and the number of the last one printed is kept in a small file right after.
So a start after a crash can tell whether the message that was in flight has been seen, and prints it or does not.
"""

import asyncio
import io
import os
import shutil
import sys
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.outcomes import NotSent, Outcome, Sent
from bot.screen import plain
from feeds.publish.card import Card, card
from feeds.publish.words import Language, label
from storage.contents import Content
from storage.model import Delivery, DeliveryKind, Report

ADDRESS = "terminal"


class TerminalSender:
    """Prints alerts to standard output."""

    def __init__(self, journal: Path) -> None:
        """`journal`: the file that holds the number of the last delivery that was printed."""
        self._journal = journal

    async def send(self, delivery: Delivery, content: Content) -> Outcome:
        """Print the message. What is on the screen already is not rewritten."""
        if delivery.kind is DeliveryKind.EDIT:
            return Sent()
        language: Language = "ja" if delivery.chat.language == "ja" else "en"
        stories = content.stories if content.story is None else (content.story,)
        panels = (render(card(story, language), repeat=delivery.repeat) for story in stories)
        words = ("".join(panels) or plain(content.text, keep_lines=True) + "\n").encode("utf-8", "replace")
        try:
            await asyncio.to_thread(self._print, words, delivery.id)
        except OSError as error:  # nobody reads the other end of a pipe
            return NotSent(f"the terminal cannot be written: {error.strerror}")
        return Sent()

    async def tell(self, address: str, words: str) -> Outcome:  # noqa: ARG002  there is one terminal
        """Print plain words."""
        try:
            await asyncio.to_thread(_show, words)
        except OSError as error:
            return NotSent(f"the terminal cannot be written: {error.strerror}")
        return Sent()

    def _print(self, words: bytes, number: int) -> None:
        file = os.open(self._journal, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            sys.stdout.flush()
            _write_all(sys.stdout.fileno(), words)
            os.pwrite(file, f"{number:020d}\n".encode(), 0)
        finally:
            os.close(file)

    def was_sent(self, delivery: Delivery) -> bool | None:
        """Whether this delivery was the last one printed."""
        try:
            return int(self._journal.read_text(encoding="ascii")) == delivery.id
        except (OSError, ValueError):
            return False


def _show(words: str) -> None:
    sys.stdout.flush()
    _write_all(sys.stdout.fileno(), (plain(words, keep_lines=True) + "\n").encode("utf-8", "replace"))


def _write_all(descriptor: int, words: bytes) -> None:
    while words:
        words = words[os.write(descriptor, words) :]


def render(shown: Card, *, repeat: bool, width: int | None = None) -> str:
    """An alert as it is printed, `width` columns wide (as wide as the terminal, but at most 110)."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for row in shown.rows:
        facts.add_row(plain(row.label), plain(row.value))
    sources = [_source(report) for report in shown.sources]
    heading = Text(plain(label(shown.language, "sources")), style="dim")
    mark = ("再送 " if shown.language == "ja" else "repeated ") if repeat else ""
    title = Text(f"🔔 {mark}{shown.flags} {plain(shown.headline)}", style="bold")
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width or min(shutil.get_terminal_size((100, 24)).columns, 110),
        force_terminal=sys.stdout.isatty(),
        color_system="auto" if sys.stdout.isatty() else None,
    )
    console.print(Panel(Group(facts, heading, *sources), title=title, title_align="left", border_style="cyan"))
    return buffer.getvalue()


def _source(report: Report) -> Text:
    address = f"\n  {report.url}" if report.url else ""
    return Text.assemble("• ", (plain(report.source_name), "bold"), f"  {plain(report.title)}", (address, "dim"))
