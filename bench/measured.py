"""A program under measurement: its process with all that it starts, driven by lines over a pipe.

    Program(command) ─► ready ─► ask("poll") ─► Reading: the seconds it tells, CPU and memory as the kernel counts them

CPU seconds are those of the whole tree, ended children included. Memory is the resident size: of the main process its
own peak, of the workers the largest sum that was seen, looked at fifty times a second. Shared pages count in each
process. Works on Linux, from /proc.
"""

import json
import os
import selectors
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOOK_S = 0.02


class TookTooLong(Exception):
    """The program did not answer within its hard limit; it was killed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one scenario cost one program."""

    seconds: float
    cpu_s: float
    outcomes: dict[str, int]


class Program:
    """A running program. Use it as a context manager; it is ended with the block."""

    def __init__(self, command: Sequence[str], *, cwd: Path, first_line: str = "") -> None:
        """Start it. `first_line` is given to it at once."""
        self._process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.main_peak = 0.0  #: MB
        self.workers_peak = 0.0  #: MB, all workers together
        self.total_peak = 0.0  #: MB, main and workers at the same moment
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        if first_line:
            self._say(first_line)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its input, which ends it, and wait a moment; then kill it."""
        self._ended.set()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def line(self, limit_s: float) -> str:
        """The next line that it prints. Raises `TookTooLong`."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(limit_s):
                self._process.kill()
                raise TookTooLong(f"no answer within {limit_s:g} s")
        line = self._process.stdout.readline().strip()
        if not line:
            raise TookTooLong(f"it ended with status {self._process.wait()}")
        return line

    def order(self, words: str, limit_s: float = 30) -> str:
        """Say something that is answered with a line, which is returned."""
        self._say(words)
        return self.line(limit_s)

    def ask(self, words: str, limit_s: float) -> Reading:
        """Run one scenario. Raises `TookTooLong`."""
        before = self.cpu_s()
        self._say(words)
        answer: dict[str, Any] = json.loads(self.line(limit_s))
        return Reading(seconds=answer["seconds"], cpu_s=self.cpu_s() - before, outcomes=answer["outcomes"])

    def _say(self, words: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # reading tells us that it ended
            self._process.stdin.write(words + "\n")
            self._process.stdin.flush()

    def cpu_s(self) -> float:
        """CPU seconds so far, with all that it started."""
        return cpu_seconds(self._process.pid)

    def _watch(self) -> None:
        while not self._ended.is_set() and self._process.poll() is None:
            main, *workers = [_resident(pid) for pid in processes(self._process.pid) if not self._is_forking(pid)]
            self.main_peak = max(self.main_peak, main, _highest(self._process.pid))
            self.workers_peak = max(self.workers_peak, sum(workers))
            self.total_peak = max(self.total_peak, main + sum(workers))
            time.sleep(_LOOK_S)

    def _is_forking(self, pid: int) -> bool:
        """Whether it is a copy of the main process that does not run its own program yet: its pages are the main's."""
        return pid != self._process.pid and _command(pid) == _command(self._process.pid)


def processes(pid: int) -> Iterator[int]:
    """The process and all that descend from it; those that end meanwhile are left out."""
    yield pid
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield from processes(int(child))


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of all that descend from it, so far."""
    return sum(_cpu_seconds(one) for one in processes(pid))


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return False


def _cpu_seconds(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / _TICKS
    return 0.0


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _resident(pid: int) -> float:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE / 1e6
    return 0.0


def _highest(pid: int) -> float:
    with suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024 / 1e6
    return 0.0


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Run for at most so long by the clock; the hard end of a part that should end by itself."""
    timer = threading.Timer(seconds, lambda: os._exit(3))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
