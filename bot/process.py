"""What every process of the service is made of beside its work: a name, its port, its tasks, its end."""

import asyncio
import contextlib
import errno
import os
import secrets
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Self

import structlog
import uvicorn
from starlette.types import ASGIApp

from bot.parts import ServiceError, utc_now
from bot.watchdog import noted
from storage import notices
from storage.changes import NoticePost
from storage.database import Database
from storage.model import NoticeKind

log = structlog.get_logger("kaigi")

JOURNAL = "watchdog.last"  #: why a process started itself anew, until the next one has told it


def new_worker_id() -> str:
    """A name that no other process has or had."""
    return f"{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(4)}"


def bind(host: str, port: int) -> socket.socket:
    """Take the port, or say who to blame. Raises `ServiceError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        advice = {
            errno.EADDRINUSE: "Stop the program that uses the port, or set KAIGI_WEB__PORT (web.port) to another one.",
            errno.EACCES: "Ports below 1024 need rights of their own; set KAIGI_WEB__PORT (web.port) to a higher one.",
        }.get(error.errno or 0, "Set KAIGI_WEB__HOST (web.host) to an address of this machine, or 0.0.0.0 for all.")
        raise ServiceError(f"Cannot serve on {host}:{port}: {error.strerror}. {advice}") from error
    listener.setblocking(False)
    return listener


def state_folder(database: Database) -> Path:
    """Where small files of this installation live: beside the SQLite file; with PostgreSQL in `data` below the current
    folder, or, where that cannot be written, with what does not outlast the machine."""
    place = database.url.database if database.is_sqlite else None
    if place and place != ":memory:":
        return Path(place).parent
    folder = Path("data")
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder


def tell_restart(database: Database) -> None:
    """Tell the admins that the process before this one started itself anew. The reason goes when it is kept."""
    journal = state_folder(database) / JOURNAL
    why = noted(journal)
    if why is None:
        return
    log.warning("the last process started itself anew", part=why.hung, seconds=why.seconds)
    post = NoticePost(kind=NoticeKind.RESTARTED, message=why.hung, once=f"restarted {why.at.isoformat()}")
    database.write(partial(notices.post, news=post, now=utc_now()))
    with contextlib.suppress(OSError):  # it is kept once, however often it is found
        journal.unlink(missing_ok=True)


def web_server(app: ASGIApp) -> uvicorn.Server:
    """The web server of an application, to be run as a task."""
    return _WebServer(uvicorn.Config(app, log_config=None, lifespan="off", access_log=False))


class _WebServer(uvicorn.Server):
    """Uvicorn without its own signal handlers: the service stops all its parts in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Tasks:
    """The long-running tasks. One that ends by itself is a mistake, which stops the service and is then raised."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    def start(self, work: Awaitable[None], name: str) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        self._tasks[name] = task

    def _ended(self, task: "asyncio.Future[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._stop.set()

    async def finished(self, name: str, patience_s: float) -> None:
        """Wait for one to end by itself, if it was started."""
        if name in self._tasks:
            await asyncio.wait([self._tasks[name]], timeout=patience_s)

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks.values():
            task.cancel()
        results = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


@contextlib.contextmanager
def on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
