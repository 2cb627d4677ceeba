"""Runs parsers in processes that can be killed: a hostile document costs its source a poll and nobody else anything.

    run(func, …) → a free process (at most two) → answer in time | killed and replaced → value or Failure

The processes are our own and not those of anyio or concurrent.futures. Those import the program's main module again in
each process (for the installed command that is the whole service), share the terminal's Ctrl-C, hand on the environment
with its secrets, and have no place for a memory limit before the first byte is parsed.
"""

import asyncio
import os
import pickle
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple

from feeds.collect import child
from feeds.observed import Failure, FailureKind

START_TIMEOUT_S = 20.0  # a busy small machine; the parser's own limit begins when it is ready
PARSE_TIMEOUT_S = 8.0  # with the poll around it under ten seconds, also where the machine is busy
RECYCLE_AFTER = 1_000  # documents; C libraries and caches grow, and a new process takes half a second

_ENVIRONMENT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")

FirstCall = tuple[Callable[..., object], tuple[object, ...]]
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _Died(Exception):
    """The process ended without an answer."""


class ParserPool:
    """A few processes that run one function call each at a time. Belongs to one event loop."""

    def __init__(self, processes: int = 2, at_start: FirstCall | None = None) -> None:
        """`processes`: how many documents are parsed at the same time.

        `at_start`: a function and its arguments, called in each process before its first document.
        """
        self._at_start = child.pack((*at_start, START_TIMEOUT_S)) if at_start else None
        self._slots = asyncio.Semaphore(processes)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._closed = False

    async def run(self, func: Callable[[*Ts], T], *args: *Ts, timeout_s: float = PARSE_TIMEOUT_S) -> T | Failure:
        """Call `func(*args)` in a process and return its value.

        The function must be importable by name and take and return what can be pickled. If it does not answer within
        `timeout_s`, raises, needs too much memory or takes its process down, the answer is a Failure. Cancelling the
        call kills the process.
        """
        request = child.pack((func, args, timeout_s))
        async with self._slots:
            try:
                async with asyncio.timeout(START_TIMEOUT_S):
                    worker = await self._ready()
            except (TimeoutError, OSError, _Died) as error:
                return _failure("The parser's process cannot be started. Check memory and logs.", repr(error))
            try:
                async with asyncio.timeout(timeout_s):
                    answer = await worker.ask(request)
            except TimeoutError:
                return _failure(f"The document keeps the parser busy for more than {timeout_s:g} s.", "killed")
            except (_Died, OSError) as error:
                return _failure("The document made the parser's process end.", str(error))
            else:
                self._keep(worker)
                result: T | Failure = _value(answer)
                return result
            finally:
                if worker not in self._idle:
                    await self._end(worker)

    async def close(self) -> None:
        """End all processes, busy ones too. The pool cannot be used again."""
        self._closed = True
        await asyncio.gather(*(self._end(worker) for worker in list(self._all)))

    async def _ready(self) -> "_Worker":
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            await self._end(worker)
        if self._closed:
            raise _Died("the pool is closed")
        worker = _Worker(await _spawn())
        self._all.add(worker)
        try:
            await worker.receive()
            if self._at_start:
                await worker.prepare(self._at_start)
        except BaseException:
            await self._end(worker)
            raise
        return worker

    def _keep(self, worker: "_Worker") -> None:
        if not self._closed and worker.served < RECYCLE_AFTER:
            self._idle.append(worker)

    async def _end(self, worker: "_Worker") -> None:
        if worker in self._idle:
            self._idle.remove(worker)
        self._all.discard(worker)
        await worker.kill()


class _Worker:
    """One process and its two pipes."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self.served = 0

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, request: bytes) -> Any:
        self.served += 1
        self._stdin.write(request)
        with suppress(ConnectionError):  # it died: reading tells us how
            await self._stdin.drain()
        return await self.receive()

    async def prepare(self, request: bytes) -> None:
        answer = await self.ask(request)
        if answer[0] != "ok":
            raise _Died(f"it cannot be prepared: {answer[1:]}")

    async def receive(self) -> Any:
        try:
            header = await self._stdout.readexactly(child.LENGTH.size)
            (length,) = child.LENGTH.unpack(header)
            return pickle.loads(await self._stdout.readexactly(length))  # noqa: S301  written by our own code
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Died(await self._epitaph()) from None

    async def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._stdin.close()
        # Not to be left behind as a zombie, even while we are being cancelled.
        await asyncio.shield(asyncio.ensure_future(self._process.wait()))

    async def _epitaph(self) -> str:
        code = await self._process.wait()
        if code >= 0:
            return f"exit code {code}"
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
        return f"killed by signal {-code}"


async def _spawn() -> Process:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109  as sys.path
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "feeds.collect.child",
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=environment,
        limit=2**20,
    )


def _value(answer: Any) -> Any:
    match answer:
        case ("ok", value):
            return value
        case ("error", "MemoryError", trace):
            return _failure("The document needs more memory than a parser may take.", trace)
        case (_, name, trace):
            return _failure(f"The parser fails on this document ({name}). Please report it with the log.", trace)


def _failure(message: str, detail: str) -> Failure:
    return Failure(kind=FailureKind.PARSER, message=message, detail=detail)
