"""Alerts on the terminal: whole, harmless, and remembered, so that a crash neither loses nor repeats one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.outcomes import NotSent, Sent
from bot.terminal import TerminalSender
from storage.contents import Content
from storage.model import Channel, Chat, Delivery, DeliveryKind, DeliveryState
from tests.support.build import NOW, facts, report, story
from tests.support.running import environment

CHAT = Chat(id=1, channel=Channel.TERMINAL, address="terminal", language="ja", time_zone="Asia/Tokyo")


def owed(number: int, *, repeat: bool = False) -> Delivery:
    return Delivery(
        id=number,
        chat=CHAT,
        story_id=7,
        kind=DeliveryKind.ALERT,
        version=1,
        state=DeliveryState.SENDING,
        not_before=NOW,
        repeat=repeat,
        created_at=NOW,
    )


async def test_an_alert_is_printed_whole_and_remembered(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    sender = TerminalSender(tmp_path / "last")
    assert sender.was_sent(owed(41)) is False
    assert (
        await sender.send(owed(41), Content(story=story(facts(), report("mod"), report("press", item_id=2)))) == Sent()
    )
    told = capfd.readouterr().out
    assert "日本・オーストラリア防衛相会談" in told
    assert all(url in told for url in ("https://mod.example/1", "https://press.example/1"))
    assert TerminalSender(tmp_path / "last").was_sent(owed(41)) is True
    assert sender.was_sent(owed(42)) is False


async def test_a_repeat_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    await TerminalSender(tmp_path / "last").send(owed(1, repeat=True), Content(story=story()))
    assert "再送" in capfd.readouterr().out


async def test_a_headline_cannot_move_the_cursor_or_ring_the_bell(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J title \x9b31m"
    await TerminalSender(tmp_path / "last").send(
        owed(1), Content(story=story(facts(name_ja=hostile), report(title=hostile)))
    )
    told = capfd.readouterr().out
    assert "title" in told
    assert not {"\x1b", "\x07", "\x9b"} & set(told)


async def test_a_damaged_memory_means_that_nothing_is_known_to_be_printed(tmp_path: Path) -> None:
    (tmp_path / "last").write_text("nonsense")
    assert TerminalSender(tmp_path / "last").was_sent(owed(1)) is False


async def test_a_journal_that_cannot_be_written_keeps_the_alert_in_the_outbox(tmp_path: Path) -> None:
    outcome = await TerminalSender(tmp_path / "no folder" / "last").send(owed(1), Content(story=story()))
    assert isinstance(outcome, NotSent)


def test_a_closed_pipe_keeps_the_alert_in_the_outbox(tmp_path: Path) -> None:
    """`kaigi run | head` must not lose what comes after the head has gone."""
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from bot.terminal import TerminalSender\n"
        "from tests.bot.test_terminal import owed\n"
        "from storage.contents import Content\n"
        "from tests.support.build import story\n"
        "sys.stdin.readline()\n"
        "outcome = asyncio.run(TerminalSender(Path('last')).send(owed(1), Content(story=story())))\n"
        "sys.stderr.write(repr(outcome))\n"
        "sys.stderr.flush()\n"
        "import os; os._exit(0)\n"
    )
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    os.close(reading)
    _, told = process.communicate(b"\n", timeout=30)
    assert b"NotSent" in told
    assert not (tmp_path / "last").read_bytes()
