"""`kaigi demo`: the whole service against the local newsroom, without network or token.

The newsroom's clock stands still until every source has been polled once, because a first poll is silent; then its
articles begin to appear. The demo begins anew each time it is started, except after a crash: then it goes on with the
same world and the same database, to show that no alert is lost or repeated.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import config
from bot.app import Service
from bot.parts import ServiceError
from feeds.newsroom import Newsroom
from storage import sources
from storage.database import Connection, Database
from storage.lock import hold

FOLDER = Path("data/demo")
NEWSROOM_PORT = 8931  #: fixed, so that a resumed demo finds its articles under the same addresses
RESUME_WITHIN = timedelta(minutes=3)
TICK = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class _World:
    """What a resumed demo must know; kept in a file while the demo runs."""

    started_at: datetime
    released_at: datetime | None = None  #: when articles began to appear

    @property
    def elapsed_s(self) -> float:
        return 0.0 if self.released_at is None else (datetime.now(UTC) - self.released_at).total_seconds()


class _Clock:
    """Seconds that stand still until they are released."""

    def __init__(self, running: bool) -> None:
        self._since = time.monotonic() if running else None

    def __call__(self) -> float:
        return 0.0 if self._since is None else time.monotonic() - self._since

    def release(self) -> None:
        self._since = time.monotonic()


async def run(
    settings: config.Settings, say: Callable[[str], None], folder: Path = FOLDER, newsroom_port: int = NEWSROOM_PORT
) -> None:
    """Run the demo until it is stopped. Raises a `KaigiError` when it cannot start."""
    async with AsyncExitStack() as stack:
        _take(folder, stack)  # before any file is touched: another demo may be running
        await _run(settings, say, folder, newsroom_port, stack)


def _take(folder: Path, stack: AsyncExitStack) -> None:
    """Make the folder ours while the demo runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stack.enter_context(hold(folder / "demo.lock", f"Another demo uses {folder}. Stop it, or choose --folder."))
    except OSError as error:
        raise ServiceError(f"The demo cannot write its folder {folder}: {error.strerror}. Use --folder.") from error


async def _run(
    settings: config.Settings, say: Callable[[str], None], folder: Path, newsroom_port: int, stack: AsyncExitStack
) -> None:
    marker = folder / "running.json"
    interrupted = _interrupted(marker)
    world = interrupted or _World(started_at=datetime.now(UTC).replace(microsecond=0))
    clock = _Clock(running=world.released_at is not None)
    newsroom = Newsroom(port=newsroom_port, clock=clock, started_at=world.started_at, elapsed_s=world.elapsed_s)
    await _open(newsroom, newsroom_port, stack)
    if interrupted is None:
        _clear(folder)
    _keep(marker, world)
    stack.callback(marker.unlink, missing_ok=True)  # not reached by kill -9, and that is how it is told
    say(_banner(newsroom, settings, resumed=interrupted is not None))
    release = _Release(marker=marker, world=world, clock=clock)
    service = Service(settings=settings, definitions=newsroom.definitions(), tick=TICK, on_start=release)
    await service.run()


async def _open(newsroom: Newsroom, port: int, stack: AsyncExitStack) -> None:
    try:
        await stack.enter_async_context(newsroom)
    except OSError as error:
        raise ServiceError(
            f"The demo's newsroom cannot serve on port {port}: {error.strerror}. "
            "Is another demo running? Stop it, or choose another port with --newsroom-port."
        ) from error


def settings_for_demo(folder: Path = FOLDER) -> config.Settings:
    """The operator's settings, but with a database of the demo's own, no bot, and the local newsroom allowed."""
    settings = config.load()
    return settings.model_copy(
        update={
            "database_url": f"sqlite:///{folder / 'kaigi.db'}",
            "telegram": config.Telegram(),
            "fetch": settings.fetch.model_copy(update={"allow_private_networks": True}),
            "poll": settings.poll.model_copy(update={"min_interval": timedelta(seconds=1)}),
        }
    )


@dataclass(frozen=True, kw_only=True)
class _Release:
    """Lets the world's time run once every source has been polled."""

    marker: Path
    world: _World
    clock: _Clock

    async def __call__(self, database: Database) -> None:
        if self.world.released_at is not None:
            return
        while not await asyncio.to_thread(database.read, _all_polled):  # noqa: ASYNC110  the event is in the database
            await asyncio.sleep(0.1)
        # First on disk: after a crash in between, time has run a moment longer; the other way round it would go back.
        _keep(self.marker, replace(self.world, released_at=datetime.now(UTC)))
        self.clock.release()


def _all_polled(connection: Connection) -> bool:
    return all(s.first_success_at is not None for s in sources.every(connection) if s.definition.enabled)


def _interrupted(marker: Path) -> _World | None:
    """The world of a demo that was killed not long ago."""
    world = _kept(marker)
    recent = world is not None and datetime.now(UTC) - world.started_at <= RESUME_WITHIN
    return world if recent else None


def _clear(folder: Path) -> None:
    for name in ("kaigi.db", "kaigi.db-wal", "kaigi.db-shm", "terminal.last"):
        (folder / name).unlink(missing_ok=True)


def _kept(marker: Path) -> _World | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        data = json.loads(marker.read_text(encoding="utf-8"))
        released = data["released_at"]
        return _World(
            started_at=datetime.fromisoformat(data["started_at"]),
            released_at=datetime.fromisoformat(released) if released else None,
        )
    return None


def _keep(marker: Path, world: _World) -> None:
    """Whole or not at all: a crash must not leave half a file."""
    data = {
        "started_at": world.started_at.isoformat(),
        "released_at": world.released_at.isoformat() if world.released_at else None,
    }
    fresh = marker.with_suffix(".new")
    fresh.write_text(json.dumps(data), encoding="utf-8")
    fresh.replace(marker)


def _banner(newsroom: Newsroom, settings: config.Settings, *, resumed: bool) -> str:
    begun = "The demo that was interrupted goes on." if resumed else "A small world of news begins."
    return "\n".join(
        [
            f"{begun} Newsrooms: {newsroom.base_url}",
            f"Page:  {settings.address}/",
            f"Feeds: {settings.address}/feeds/ministerial-meetings.atom",
            f"       {settings.address}/feeds/everything.atom",
            "Within 15 seconds one meeting, told by three newsrooms in two languages, raises one alert here.",
            "Personnel orders, press conferences, rankings and other look-alikes stay silent. Ctrl-C ends it.",
            "",
        ]
    )
