"""Group commit: threads that want to write to SQLite, which takes one writer at a time, land their work together.

    write(fn) ──► nobody leads: the thread does ───► lands all that waits, in one transaction ──► calls the next to lead
             └──► somebody leads: the thread waits ──► its work has landed, or it is called to lead

Whose work has landed goes on at once, without a lock that others must pass first: they bring their next work while the
next leader is at it, so a busy hour makes few and large transactions. A thousand unchanged sources then cost a few disk
synchronisations, not a thousand.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")

GROUP = 256  #: pieces of work that land in one transaction at the most, so that none waits long


class _Work(Generic[T]):
    """A function that waits to be run in a write transaction, and what became of it."""

    def __init__(self, fn: Callable[[Connection], T]) -> None:
        self.fn = fn
        self.done = False
        self.called = threading.Event()  #: it is done, or it is its thread's turn to lead
        self._result: T | None = None
        self._error: BaseException | None = None

    def succeed(self, result: T) -> None:
        self._result, self.done = result, True
        self.called.set()

    def fail(self, error: BaseException) -> None:
        self._error, self.done = error, True
        self.called.set()

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # a result of T, which may be None itself


class Writers:
    """The queue of one database's writers. Safe to use from several threads."""

    def __init__(
        self,
        together: Callable[[], AbstractContextManager[Connection]],
        alone: Callable[[Callable[[Connection], Any]], Any],
    ) -> None:
        """`together` opens a write transaction; `alone` runs one piece of work in a transaction of its own."""
        self._together = together
        self._alone = alone
        self._waiting: deque[_Work[Any]] = deque()
        self._led = False  #: a thread lands the work of others, or was called to
        self._queue = threading.Lock()  #: over the two above; never held while something is written
        self._writing = threading.Lock()

    def __len__(self) -> int:
        """How many pieces of work wait."""
        return len(self._waiting)

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction, with what else waits. Raises what `fn` raises; then nothing of it has landed."""
        work = _Work(fn)
        with self._queue:
            self._waiting.append(work)
            leads, self._led = not self._led, True
        if not leads:
            self._wait(work)
        if not work.done:
            self._lead()
        return work.outcome()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """While this lasts nobody writes; those who want to wait."""
        with self._writing:
            yield

    def _wait(self, work: "_Work[Any]") -> None:
        try:
            work.called.wait()
        except BaseException:  # Ctrl-C: this thread will never lead, nor want what it brought
            with self._queue:
                if work in self._waiting:
                    self._waiting.remove(work)
            if work.called.is_set() and not work.done:
                self._call_next()
            raise

    def _lead(self) -> None:
        """Land everything that waits, the caller's own work first, and call the next."""
        try:
            with self._writing:
                with self._queue:
                    group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP))]
                self._land(group)
        finally:
            self._call_next()

    def _call_next(self) -> None:
        with self._queue:
            self._led = bool(self._waiting)
            if self._waiting:
                self._waiting[0].called.set()

    def _land(self, group: "list[_Work[Any]]") -> None:
        """In the order in which it came."""
        if len(group) > 1 and self._landed_together(group):
            return
        for work in group:
            try:
                work.succeed(self._alone(work.fn))
            except BaseException as error:  # noqa: BLE001  it belongs to the thread that brought the work
                work.fail(error)

    def _landed_together(self, group: "list[_Work[Any]]") -> bool:
        """One transaction for the group; False, with nothing landed, when one of them failed."""
        try:
            with self._together() as connection:
                results = [work.fn(connection) for work in group]
        except Exception:  # noqa: BLE001  told when each is tried alone
            return False
        except BaseException as error:
            for work in group:  # nobody else would ever come back to them
                work.fail(error)
            raise
        for work, result in zip(group, results, strict=True):
            work.succeed(result)
        return True
