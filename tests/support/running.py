"""Runs the real command in a process of its own, as a person would."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120  #: on a machine that has much else to do a start alone takes half a minute


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**settings: str) -> dict[str, str]:
    """The environment of a child without this machine's KAIGI_ variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KAIGI_")}
    return {**clean, "PYTHONPATH": str(ROOT), "COLUMNS": "160", **settings}


def kaigi_process(*words: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *words],
        cwd=folder,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )


class Running:
    """A service in a process of its own. `out` and `err` are files in `folder`."""

    def __init__(self, folder: Path, *words: str, **settings: str) -> None:
        self.out, self.err = folder / "out.txt", folder / "err.txt"
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", *words],
                cwd=folder,
                env=environment(**settings),
                stdout=out,
                stderr=err,
            )

    def wait_for(self, true: Callable[[], bool], what: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until `true()`; fail with the log when the process ends or time runs out first."""
        end = time.monotonic() + timeout_s
        while not true():
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{what} did not happen.\n{self.err.read_text()[-3000:]}")
            time.sleep(0.1)  # what is looked at may be a page, which costs both sides work

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = PATIENCE_S) -> int:
        """Send a signal and return the exit code."""
        self._process.send_signal(number)
        return self._process.wait(timeout_s)

    def wait(self) -> int:
        """Wait until it ends by itself, and return the exit code."""
        return self._process.wait(PATIENCE_S)

    def close(self) -> None:
        """Make sure that nothing is left."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


@contextmanager
def running(folder: Path, *words: str, **settings: str) -> Iterator[Running]:
    """A command that runs until the block ends."""
    service = Running(folder, *words, **settings)
    try:
        yield service
    finally:
        service.close()
