"""The life of one service in the campaign of crashes: the whole of it, made to die at one named point.

Forked from a process that has imported everything, so that a start takes a fraction of a second. The service, its
parsers, its web server and its bot are the real ones; all that is added is a hook before and after what is named here.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from bench.delivery_side import QUICK
from bot import app, assembly, collecting, deliver, jobs, logs, parts
from bot.config import Alerts, Backup, Fetch, Log, Poll, Settings, Telegram, Web
from feeds import ingest
from feeds.collect.fetch import Fetcher
from feeds.collect.worker import ParserPool
from storage import audience, backup, polls, schema
from storage import ingest as store
from storage.database import Database
from storage.model import SourceDefinition
from tests.support.bot_api import TOKEN

#: Where the service can die.
POLL = ("poll: claimed", "poll: before request", "poll: answered", "poll: parsed", "poll: quiet polls written")
DECIDE = ("decide: before", "decide: after")
COMMIT = ("commit: items written", "commit: messages owed", "commit: before", "commit: after")
SEND = ("send: before claim", "send: claimed", "send: before request", "send: request written", "send: request done",
        "send: answer read")  # fmt: skip
MARK = ("mark: before commit", "mark: marked")
BACKUP = ("backup: copied", "backup: proved", "backup: before its sum", "backup: named")
MIGRATE = ("migrate: statement", "migrate: before commit", "migrate: after commit")
POINTS = (*POLL, *DECIDE, *COMMIT, *SEND, *MARK, *BACKUP)

_DELIVERER = {
    "before claim": "send: before claim", "claimed": "send: claimed", "before request": "send: before request",
    "answer read": "send: answer read", "before mark commit": "mark: before commit", "marked": "mark: marked",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """How one service lives: where, and where it dies, if it does."""

    folder: Path
    port: int
    api_url: str
    definitions: tuple[SourceDefinition, ...]
    dies_at: str = ""
    after: int = 1  #: how often it passes that point


def settings_of(life: Life) -> Settings:
    """The defaults, but for what makes hours into seconds."""
    return Settings(
        database_url=f"sqlite:///{life.folder / 'kaigi.db'}",
        web=Web(port=life.port),
        telegram=Telegram(token=TOKEN, api_url=life.api_url),  # type: ignore[arg-type]
        fetch=Fetch(allow_private_networks=True),
        poll=Poll(min_interval=timedelta(seconds=1)),
        alerts=Alerts(flood_brake=10**6),  # after a row of deaths, much is new at once
        backup=Backup(every=timedelta(hours=1), keep=2),
        time_zone="Asia/Tokyo",
        language="en",
        log=Log(format="json"),
    )


def live(life: Life) -> None:
    """Run the service until it dies, or until SIGTERM."""
    with (life.folder / "log.jsonl").open("ab") as log:
        os.dup2(log.fileno(), 2)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    logs.set_up("json", [TOKEN])
    _hurry()
    _arm(life)
    service = app.Service(settings=settings_of(life), definitions=life.definitions, tick=0.1)
    asyncio.run(service.run())


def _hurry() -> None:
    """Waits that spare other people's servers, made short: here all of them are ours."""
    deliver.Pace = lambda: QUICK  # type: ignore[misc,assignment,attr-defined]
    deliver.RETRY_UNCERTAIN = timedelta(seconds=0.05)
    collecting.parser_pool = partial(parts.parser_pool, processes=1)  # type: ignore[attr-defined]


def _arm(life: Life) -> None:
    passed = 0

    def at(point: str) -> None:
        nonlocal passed
        if point == life.dies_at:
            passed += 1
            if passed >= life.after:
                os.kill(os.getpid(), signal.SIGKILL)

    if life.dies_at:
        arm(at)


def arm(at: Callable[[str], None]) -> None:
    """Call `at` with the name of each point that the service passes from now on, in this process."""
    assembly.Deliverer = _Marked.at_points(at)  # type: ignore[attr-defined,assignment]
    _hook(jobs.Collector, "_start", at, before="poll: claimed")
    _hook_async(Fetcher, "fetch", at, before="poll: before request", after="poll: answered")
    _hook_async(ParserPool, "run", at, after="poll: parsed")
    _hook(polls, "update_sources", at, after="poll: quiet polls written")
    _hook(ingest, "decide", at, before="decide: before", after="decide: after")
    _hook(store, "insert_rows", at, after="commit: items written")
    _hook(audience, "tell", at, after="commit: messages owed")
    _hook(backup, "_copy", at, after="backup: copied")
    _hook(backup, "_proved", at, after="backup: proved")
    _hook(backup, "_sum_file", at, after="backup: before its sum")
    _hook(backup, "rotate", at, before="backup: named")
    _writes(at)
    _migrations(at)


class _Marked:
    """Makes deliverers that tell the points that they pass."""

    @staticmethod
    def at_points(at: Callable[[str], None]) -> Callable[..., deliver.Deliverer]:
        def make(**words: Any) -> deliver.Deliverer:
            return deliver.Deliverer(**words, at=lambda point: at(_DELIVERER.get(point, point)))

        return make


def _hook(owner: Any, name: str, at: Callable[[str], None], before: str = "", after: str = "") -> None:
    inner = getattr(owner, name)

    @wraps(inner)
    def hooked(*args: Any, **words: Any) -> Any:
        at(before)
        done = inner(*args, **words)
        at(after)
        return done

    setattr(owner, name, hooked)


def _hook_async(owner: Any, name: str, at: Callable[[str], None], before: str = "", after: str = "") -> None:
    inner = getattr(owner, name)

    @wraps(inner)
    async def hooked(*args: Any, **words: Any) -> Any:
        at(before)
        done = await inner(*args, **words)
        at(after)
        return done

    setattr(owner, name, hooked)


def _writes(at: Callable[[str], None]) -> None:
    """Around each commit of the service, whatever it writes."""
    inner = Database._writing

    @contextlib.contextmanager
    def writing(self: Database) -> Iterator[Any]:
        with inner(self) as connection:
            yield connection
            at("commit: before")
        at("commit: after")

    Database._writing = writing  # type: ignore[method-assign]


def _migrations(at: Callable[[str], None]) -> None:
    inner = schema._upgrade

    def upgrade(connection: Any, target: str = "head") -> None:
        def told(*_: Any) -> None:
            at("migrate: statement")

        event.listen(Engine, "before_cursor_execute", told)
        try:
            inner(connection, target)
        finally:
            event.remove(Engine, "before_cursor_execute", told)
        at("migrate: before commit")

    schema._upgrade = upgrade
    _hook(schema, "upgrade", at, after="migrate: after commit")
