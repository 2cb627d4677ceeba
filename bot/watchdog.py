"""Watches whether the parts of the service still move, from a thread of its own, and starts the process anew if not.

    each part counts what it does ─► every few seconds: has each count moved? ─► yes: tell systemd that we live
                                                    └─► not for `limit_s`: /healthz turns red, the log gets all stacks
                                                            └─► nor for `grace_s` more: note why, start anew in place

A part that fails is not hung: an error is a sign of life, and told elsewhere. Against what stops even threads, such as
a loop in C code that keeps the interpreter's lock, there is a timer of the interpreter's own that ends the process, and
systemd or Docker starts it again.

A machine that slept is given time: its clock (CLOCK_MONOTONIC on Linux) stood still as well. A process that was stopped
alone (SIGSTOP, `docker pause`) for longer than both limits is ended by that timer when it goes on, if it has one.
"""

import contextlib
import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from bot import systemd

log = structlog.get_logger("watchdog")

LIMIT_S = 45.0
GRACE_S = 10.0
LOOK_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """Why the last process started itself anew."""

    at: datetime
    hung: str
    seconds: float  #: for which it had not moved


@dataclass(kw_only=True)
class Watchdog:
    """`signs`: by the name of a part, something that changes whenever the part did something. Asked from a thread."""

    signs: Mapping[str, Callable[[], object]]
    journal: Path  #: where the reason of a restart is noted, for the next process to tell
    restart: Callable[[], None]
    limit_s: float = LIMIT_S
    grace_s: float = GRACE_S
    look_s: float = LOOK_S
    last_resort: bool = False  #: whether the interpreter's own timer may end the process
    clock: Callable[[], float] = time.monotonic
    hung: str | None = None  #: the part that does not move, while it does not
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict)
    _looked_at: float | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more: the parts are being ended."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(self.look_s + 1)
        if self.last_resort:
            faulthandler.cancel_dump_traceback_later()

    def _run(self) -> None:
        pause = min(self.look_s, (systemd.patience_s() or 1e9) / 3)
        while not self._over.wait(pause):
            if self.last_resort:
                faulthandler.dump_traceback_later(self.limit_s + self.grace_s, exit=True)
            self.look()

    def look(self) -> None:
        """Look once at every part."""
        now = self.clock()
        if self._looked_at is not None and now - self._looked_at > 4 * self.look_s:
            self._seen.clear()  # we stood still as well
        self._looked_at = now
        still = {name: now - self._moved_at(name, sign(), now) for name, sign in self.signs.items()}
        part = max(still, key=lambda name: still[name])
        if still[part] < self.limit_s:
            self._well()
        else:
            self._is_hung(part, still[part])

    def _moved_at(self, name: str, sign: object, now: float) -> float:
        before = self._seen.get(name)
        if before is None or before[0] != sign:
            self._seen[name] = (sign, now)
            return now
        return before[1]

    def _well(self) -> None:
        if self.hung is not None:
            log.warning("it moves again", part=self.hung)
            self.hung = None
        systemd.tell("WATCHDOG=1")

    def _is_hung(self, part: str, seconds: float) -> None:
        if self.hung is None:
            self.hung = part
            log.critical("a part of the service does not move", part=part, seconds=round(seconds))
            with contextlib.suppress(OSError, ValueError, AttributeError):
                faulthandler.dump_traceback(all_threads=True)
        if seconds >= self.limit_s + self.grace_s:
            log.critical("starting anew", part=part)
            note(self.journal, Restart(at=datetime.now(UTC), hung=part, seconds=seconds))
            self._over.set()
            self.restart()


def note(journal: Path, why: Restart) -> None:
    """Keep the reason for the next process. That it cannot be kept must not keep us from starting anew."""
    words = {"at": why.at.isoformat(), "hung": why.hung, "seconds": round(why.seconds)}
    with contextlib.suppress(OSError):
        journal.write_text(json.dumps(words), encoding="utf-8")


def noted(journal: Path) -> Restart | None:
    """Why the process before this one started anew, if it did."""
    try:
        words: dict[str, Any] = json.loads(journal.read_text(encoding="utf-8"))
        return Restart(at=datetime.fromisoformat(words["at"]), hung=str(words["hung"]), seconds=float(words["seconds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def start_anew() -> None:
    """Put a new process in the place of this one, with the same number, words and environment.

    Files, locks and sockets close with the old one; its parsers are ended here, since nobody would wait for them.
    """
    for child in _children():
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  that is the purpose


def _children() -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found
