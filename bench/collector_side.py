"""A collector under measurement: the service's own `collect` part, with a clock on its claims.

Started as `python -m bench.collector_side DATABASE_URL`. It works until SIGTERM, and then prints one line of JSON: how
many claims brought sources, and how long they took, from the first statement to the last, in milliseconds.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bot import loop
from bot.config import Fetch, Poll, Settings
from bot.jobs import Collector
from bot.roles import Part
from feeds.ingest import Ingest
from storage.database import Connection, Database
from storage.model import Role, Source


@dataclass(kw_only=True)
class Timed(Collector):
    """Claims as ever, and notes how long it took."""

    claims_ms: list[float] = field(default_factory=list)

    def _claim(
        self, connection: Connection, now: datetime, room: int, lane: int, polled: tuple[int, ...] | None
    ) -> tuple[list[Source], list[Source]]:
        began = time.perf_counter()
        calm, troubled = super()._claim(connection, now, room, lane, polled)
        if calm or troubled:
            self.claims_ms.append((time.perf_counter() - began) * 1000)
        return calm, troubled


@dataclass(kw_only=True)
class Measured(Part):
    """The part, with that collector."""

    timed: list[Timed] = field(default_factory=list)

    def _collector(self, database: Database, ingest: Ingest, worker: str, on_alerts: Callable[[], None]) -> Collector:
        plain = super()._collector(database, ingest, worker, on_alerts)
        made = Timed(
            database=plain.database, ingest=plain.ingest, worker=plain.worker, clock=plain.clock,
            concurrency=plain.concurrency, on_alerts=plain.on_alerts,
        )  # fmt: skip
        self.timed.append(made)
        return made


def settings(url: str) -> Settings:
    """The defaults, but for the newsrooms on loopback, and for polls an hour apart: within a run none is due twice."""
    poll = Poll(min_interval="1h", default_interval="1h")  # type: ignore[arg-type]
    return Settings(database_url=url, fetch=Fetch(allow_private_networks=True), poll=poll)


def main() -> None:
    """Collect, then tell."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    part = Measured(settings=settings(sys.argv[1]), definitions=(), role=Role.COLLECT)
    loop.run(part.run())
    taken = sorted(part.timed[0].claims_ms)
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    told = {
        name: taken[min(len(taken) - 1, int(len(taken) * share))] if taken else 0.0 for name, share in shares.items()
    }
    print(json.dumps({"claims": len(taken), **told}), flush=True)


if __name__ == "__main__":
    main()
