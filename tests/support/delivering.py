"""A deliverer at work over a channel that does what the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.deliver import Deliverer
from bot.outcomes import Outcome, Sent
from bot.pacing import Pace
from storage import ingest, sources, subscriptions
from storage.changes import NewStory
from storage.contents import Content
from storage.database import Connection, Database
from storage.model import Channel, Delivery
from storage.tables import deliveries
from tests.support.build import NOW, definition, facts, meeting_changes

FAST = {Channel.TELEGRAM: Pace(rest=timedelta(0))}


class Post:
    """A channel that does what the test says and remembers what it was given."""

    def __init__(self, *outcomes: Outcome, arrived: bool | None = None) -> None:
        self.outcomes = list(outcomes)
        self.arrived = arrived
        self.taken: list[Delivery] = []
        self.listed: list[int] = []
        self.in_flight = self.most_in_flight = 0

    async def send(self, delivery: Delivery, content: Content) -> Outcome:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0.002)
        self.in_flight -= 1
        self.taken.append(delivery)
        self.listed = [story.meeting.story_id for story in content.stories]
        return self.outcomes.pop(0) if self.outcomes else Sent(str(len(self.taken)))

    def was_sent(self, delivery: Delivery) -> bool | None:
        return self.arrived


def subscribe(database: Database, *addresses: str) -> None:
    def make(connection: Connection) -> None:
        for address in addresses:
            chat = subscriptions.open_chat(
                connection, Channel.TELEGRAM, address, language="ja", time_zone="UTC", now=NOW
            )
            subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)

    database.write(make)


def meet(database: Database, edition: int = 1) -> int:
    def land(connection: Connection) -> int:
        source_id = sources.add(connection, definition(f"s{edition}"), NOW)
        told = facts(series="admm", edition=edition)
        changes = meeting_changes(told, source_id=source_id, identity=f"g:{edition}")
        return ingest.apply(connection, changes, NOW)[NewStory(0)]

    return database.write(land)


def states(database: Database) -> list[str]:
    return list(
        database.read(lambda c: c.execute(select(deliveries.c.state).order_by(deliveries.c.id)).scalars().all())
    )


@asynccontextmanager
async def delivering(database: Database, post: Post, worker: str = "w1", **options: object) -> AsyncIterator[Deliverer]:
    deliverer = Deliverer(
        database=database,
        senders={Channel.TELEGRAM: post},
        worker=worker,
        per_second=options.pop("per_second", 1000),  # type: ignore[arg-type]
        clock=options.pop("clock", lambda: datetime.now(UTC)),  # type: ignore[arg-type]
        paces=options.pop("paces", FAST),  # type: ignore[arg-type]
        **options,  # type: ignore[arg-type]
    )
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        await deliverer.stop(patience_s=2)
        await asyncio.wait_for(task, 5)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)
