"""The parsers' processes: whatever a document does to one, its source gets an answer and the next a fresh one."""

import asyncio
import importlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feeds.collect import child, worker
from feeds.collect.document import read_document
from feeds.collect.worker import ParserPool
from feeds.observed import Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from feeds.understand.lexicon import bundled_files, load_lexicon
from feeds.work import prepare, understand_entries
from storage.model import SourceDefinition

ROOT = Path(worker.__file__).parents[2]
RSS = "<rss version='2.0'><channel><title>x</title><item><title>防衛相会談</title></item></channel></rss>"


@pytest.fixture
async def pool() -> AsyncIterator[ParserPool]:
    """A pool that is closed with the test."""
    pool = ParserPool()
    yield pool
    await pool.close()


def _failed(result: object) -> Failure:
    assert isinstance(result, Failure), result
    assert result.kind is FailureKind.PARSER
    return result


async def test_a_document_is_read_in_another_process(
    pool: ParserPool, ministry: SourceDefinition, now: datetime
) -> None:
    feed = await pool.run(read_document, Fetched(url=ministry.url, body=RSS.encode()), ministry, now)
    assert isinstance(feed, ParsedFeed)
    assert feed.entries[0].title == "防衛相会談"
    assert await pool.run(os.getpid) != os.getpid()


async def test_a_process_understands_with_the_lexicon_that_it_was_prepared_with(
    tmp_path: Path, ministry: SourceDefinition
) -> None:
    (tmp_path / "series.toml").write_text(
        '[[series]]\nkey = "tea-dmm"\nja = "茶会国防相会合"\nen = "Tea Ministers"\nkind = "multilateral"\n',
        encoding="utf-8",
    )
    lexicon = load_lexicon(bundled_files(), tmp_path)
    pool = ParserPool(processes=1, at_start=(prepare, (lexicon,)))
    entry = ParsedEntry(title="第3回茶会国防相会合に防衛大臣が出席", text="")
    try:
        readings = await pool.run(understand_entries, (entry,), ministry, datetime.now(UTC))
    finally:
        await pool.close()
    assert not isinstance(readings, Failure)
    mention = readings[0][0].mention
    assert mention is not None
    assert mention.facts.series == "tea-dmm"


async def test_a_process_that_cannot_be_prepared_is_told_and_not_used() -> None:
    pool = ParserPool(at_start=(int, ("no number",)))
    try:
        failure = _failed(await pool.run(os.getpid))
    finally:
        await pool.close()
    assert "cannot be started" in failure.message
    assert "no number" in (failure.detail or "")


async def test_a_process_is_used_again(pool: ParserPool) -> None:
    assert await pool.run(os.getpid) == await pool.run(os.getpid)


async def test_a_process_is_replaced_after_many_documents(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "RECYCLE_AFTER", 1)
    assert await pool.run(os.getpid) != await pool.run(os.getpid)


async def test_a_parser_that_does_not_come_back_is_killed(pool: ParserPool) -> None:
    process = await pool.run(os.getpid)
    async with asyncio.timeout(8):
        failure = _failed(await pool.run(time.sleep, 30, timeout_s=0.2))
    assert "0.2 s" in failure.message
    assert isinstance(process, int)
    assert not _is_alive(process)
    assert await pool.run(abs, -1) == 1


async def test_a_parser_that_takes_its_process_down_is_answered_for(pool: ParserPool) -> None:
    assert "SIGABRT" in _failed(await pool.run(os.abort)).detail
    assert "3" in _failed(await pool.run(os._exit, 3)).detail
    assert await pool.run(abs, -1) == 1


async def test_a_parser_that_wants_all_memory_gets_none(pool: ParserPool) -> None:
    assert "memory" in _failed(await pool.run(bytearray, 2**31)).message
    assert await pool.run(abs, -1) == 1


async def test_an_exception_becomes_a_failure_with_its_traceback(pool: ParserPool) -> None:
    failure = _failed(await pool.run(int, "x"))
    assert "ValueError" in failure.message
    assert "invalid literal" in failure.detail
    assert "SystemExit" in _failed(await pool.run(sys.exit, 1)).message
    assert "cannot pickle" in _failed(await pool.run(memoryview, b"x")).detail


async def test_a_function_that_the_process_cannot_import_is_named(pool: ParserPool) -> None:
    def nowhere() -> None: ...

    nowhere.__module__, nowhere.__qualname__ = "feeds.collect.child", "main"
    with pytest.raises(pickle.PicklingError):
        await pool.run(nowhere)
    assert "no_such_module" in _failed(await pool.run(_Strange())).detail


class _Strange:
    """Unpickles to something that does not exist."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return importlib.import_module, ("no_such_module",)

    def __call__(self) -> None: ...


async def test_what_a_parser_prints_does_not_get_between_the_answers(pool: ParserPool) -> None:
    assert await pool.run(print, "noise") is None
    assert await pool.run(os.write, 1, b"noise") == 5
    assert await pool.run(abs, -1) == 1


async def test_secrets_in_the_environment_stay_with_the_parent(
    pool: ParserPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAIGI_TELEGRAM__TOKEN", "123:secret")
    assert await pool.run(os.getenv, "KAIGI_TELEGRAM__TOKEN") is None


async def test_parsers_give_way_to_the_service_and_hear_no_ctrl_c(pool: ParserPool) -> None:
    assert await pool.run(os.nice, 0) == min(os.nice(0) + child.NICER, 19)
    assert await pool.run(os.getpgid, 0) != os.getpgid(0)
    # Linux shares the processor out between sessions before it looks at priorities.
    assert await pool.run(os.getsid, 0) == os.getsid(0)


async def test_at_most_two_run_at_a_time(pool: ParserPool) -> None:
    results = await asyncio.gather(*(pool.run(os.getpid) for _ in range(10)))
    assert len(set(results)) <= 2


async def test_cancelling_a_call_kills_its_process(pool: ParserPool) -> None:
    process = await pool.run(os.getpid)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await pool.run(time.sleep, 30, timeout_s=60)
    assert isinstance(process, int)
    assert not _is_alive(process)
    assert await pool.run(abs, -1) == 1


async def test_a_closed_pool_ends_what_is_running_and_starts_nothing(pool: ParserPool) -> None:
    running = asyncio.create_task(pool.run(time.sleep, 30, timeout_s=60))
    await asyncio.sleep(0.5)
    await pool.close()
    _failed(await running)
    _failed(await pool.run(abs, -1))


# --- what happens to the processes when the program ends ---

PROGRAM = """
import asyncio, os, sys, time
print("main module runs", flush=True)
from feeds.collect.worker import ParserPool

async def main():
    pool = ParserPool()
    try:
        print(await pool.run(os.getpid), flush=True)
        await pool.run({work}, timeout_s=60)
    finally:
        await pool.close()

if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("bye", flush=True)
"""


def _start(tmp_path: Path, work: str) -> tuple[subprocess.Popen[str], int]:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM.format(work=work))
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "main module runs\n"
    return process, int(process.stdout.readline())


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A zombie whose new parent has not collected it yet is dead enough.
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def _ends_soon(process: int) -> bool:
    deadline = time.monotonic() + 60
    while _is_alive(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _is_alive(process)


def test_ctrl_c_ends_everything_without_a_traceback(tmp_path: Path) -> None:
    program, parser = _start(tmp_path, "time.sleep, 30")
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the whole group
    output, errors = program.communicate(timeout=60)
    assert output == "bye\n"
    assert errors == ""
    assert _ends_soon(parser)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_program_that_is_killed_leaves_no_parser_behind(tmp_path: Path, how: signal.Signals) -> None:
    program, parser = _start(tmp_path, "time.sleep, 1")
    program.send_signal(how)
    _, errors = program.communicate(timeout=60)
    assert errors == ""
    assert _ends_soon(parser)
