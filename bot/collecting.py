"""All that polling needs, made from the settings, opened and closed together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from bot.config import Settings
from bot.heap import share_heaps, spare_what_stays
from bot.parts import parser_pool, utc_now
from feeds.collect.fetch import Fetcher
from feeds.collect.robots import Robots
from feeds.collect.schedule import Rhythm
from feeds.collect.websub import callback_base
from feeds.decide.routing import AlertPolicy
from feeds.ingest import Ingest, PollPolicy
from storage.database import Database

THREADS = 12  #: for database work; writers that wait together commit together


def callbacks(settings: Settings) -> str | None:
    """The public address under which hubs can call; None: they cannot, and are not asked."""
    public = str(settings.public_url) if settings.public_url else None
    return callback_base(public, settings.fetch.allow_private_networks)


@contextlib.asynccontextmanager
async def collecting(settings: Settings, database: Database) -> AsyncIterator[Ingest]:
    """All that polling needs, opened and closed together."""
    share_heaps()
    spare_what_stays()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "kaigi"))
    fetcher = Fetcher(
        user_agent=settings.fetch.user_agent,
        allow_private_networks=settings.fetch.allow_private_networks,
        max_body_bytes=settings.fetch.max_body_mb * 2**20,
        concurrency=settings.fetch.concurrency,
    )
    parsers = parser_pool()
    policy = PollPolicy(
        rhythm=Rhythm(default_interval=settings.poll.default_interval, min_interval=settings.poll.min_interval),
        alerts=AlertPolicy(
            max_age=settings.alerts.max_age,
            first_poll=settings.alerts.first_poll,
            flood_brake=settings.alerts.flood_brake,
        ),
        callbacks=callbacks(settings),
    )
    async with fetcher:
        try:
            yield Ingest(
                database=database,
                fetcher=fetcher,
                parsers=parsers,
                policy=policy,
                clock=utc_now,
                robots=Robots(fetcher),
            )
        finally:
            await parsers.close()
