"""Makes the n-th call of a kind fail: SQL statements, commits, sockets, files. After SQLite's own way of testing.

    with Nth("commits", database, n) as fault: … ; fault.fired, fault.calls

Only calls of the program under test count. The servers that it talks to run in threads of their own, whose names begin
with `server`, and are never hurt; neither are the sockets by which an event loop wakes itself.
"""

import errno
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Self
from unittest import mock

from storage.database import Database

KINDS = ("statements", "commits", "commits that land all the same", "sockets", "files")

_SOCKET_CALLS = ("connect", "send", "sendall", "sendmsg", "recv", "recv_into")
_FILE_CALLS = ("write", "pwrite", "fsync", "rename", "replace", "open", "mkdir", "unlink")


@dataclass(kw_only=True)
class Nth:
    """Counts the calls of one kind while it is entered, and lets number `n` fail; 0 lets none fail."""

    kind: str
    database: Database
    n: int = 0
    calls: int = 0
    where: str = ""  #: the call that failed
    _around: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def fired(self) -> bool:
        """Whether the call came that was to fail."""
        return bool(self.where)

    def __enter__(self) -> Self:
        """Begin to count."""
        self._around.enter_context(_HURT[self.kind](self))
        return self

    def __exit__(self, *_: object) -> None:
        """Let everything work again."""
        self._around.close()

    def is_it(self, where: str) -> bool:
        """Whether this call is the one that fails."""
        if threading.current_thread().name.startswith("server"):
            return False
        with self._lock:
            self.calls += 1
            if self.calls != self.n:
                return False
            self.where = where
            return True


@contextmanager
def _statements(fault: Nth) -> Iterator[None]:
    dialect = fault.database.engine.dialect
    with ExitStack() as around:
        for name in ("do_execute", "do_executemany"):
            inner = getattr(dialect, name)

            def execute(
                cursor: Any, statement: str, *rest: Any, _inner: Callable[..., None] = inner, **more: Any
            ) -> None:
                if fault.is_it(statement[:80]):
                    raise sqlite3.OperationalError("disk I/O error")
                _inner(cursor, statement, *rest, **more)

            around.enter_context(mock.patch.object(dialect, name, execute))
        yield


@contextmanager
def _commits(fault: Nth) -> Iterator[None]:
    """A commit that fails did not happen."""
    dialect = fault.database.engine.dialect
    inner = dialect.do_commit

    def commit(connection: Any) -> None:
        if fault.is_it("commit"):
            raise sqlite3.OperationalError("database or disk is full")
        inner(connection)

    with mock.patch.object(dialect, "do_commit", commit):
        yield


@contextmanager
def _landed(fault: Nth) -> Iterator[None]:
    """A commit that happened, of which the program hears that it failed: a server that went away at that moment."""
    dialect = fault.database.engine.dialect
    inner = dialect.do_commit

    def commit(connection: Any) -> None:
        inner(connection)
        if fault.is_it("commit, after it landed"):
            raise sqlite3.OperationalError("disk I/O error")

    with mock.patch.object(dialect, "do_commit", commit):
        yield


@contextmanager
def _sockets(fault: Nth) -> Iterator[None]:
    with ExitStack() as around:
        for name in _SOCKET_CALLS:
            around.enter_context(mock.patch.object(socket.socket, name, _broken(name, fault), create=True))
        yield


def _broken(name: str, fault: Nth) -> Callable[..., Any]:
    inner = getattr(socket.socket, name)

    @wraps(inner)
    def call(self: socket.socket, *args: Any, **words: Any) -> Any:
        # The others are the pairs by which an event loop wakes itself.
        if self.family in (socket.AF_INET, socket.AF_INET6) and fault.is_it(f"socket.{name}"):
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        return inner(self, *args, **words)

    return call


@contextmanager
def _files(fault: Nth) -> Iterator[None]:
    with ExitStack() as around:
        for name in _FILE_CALLS:
            around.enter_context(mock.patch.object(os, name, _full(name, fault)))
        yield


def _full(name: str, fault: Nth) -> Callable[..., Any]:
    inner: Callable[..., Any] = getattr(os, name)

    @wraps(inner)
    def call(*args: Any, **words: Any) -> Any:
        if fault.is_it(f"os.{name}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
        return inner(*args, **words)

    return call


_HURT: dict[str, Callable[[Nth], Any]] = dict(
    zip(KINDS, (_statements, _commits, _landed, _sockets, _files), strict=True)
)
