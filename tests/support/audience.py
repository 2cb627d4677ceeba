"""Chats with wishes, meetings that change, and what is owed about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from feeds.decide.audience import tags
from feeds.decide.retelling import material
from storage import ingest, outbox, queue, sources, subscriptions
from storage.changes import Alert, Changes, MeetingWrite, NewStory, Retelling
from storage.database import Connection, Database
from storage.model import Channel, Chat, Delivery, MeetingFacts, Trust
from storage.retelling import retell
from storage.tables import deliveries, follows, meetings, mutes
from tests.support.build import NOW, definition, facts, item, polled

MEETINGS = "ministerial-meetings"


def chat(database: Database, address: str = "1", *, subscribed: bool = True, **wishes: Any) -> Chat:
    def make(connection: Connection) -> Chat:
        made = subscriptions.open_chat(connection, Channel.TELEGRAM, address, language="ja", time_zone="UTC", now=NOW)
        if subscribed:
            subscriptions.subscribe(connection, made.id, MEETINGS, NOW)
        return subscriptions.change(connection, made.id, NOW, **wishes) if wishes else made

    return database.write(make)


def follow(database: Database, who: Chat, tag: str) -> None:
    row = {"chat_id": who.id, "tag": tag, "created_at": NOW}
    database.write(lambda c: c.execute(insert(follows).values(**row)))


def mute(database: Database, who: Chat, tag: str, until: datetime | None = None) -> None:
    row = {"chat_id": who.id, "tag": tag, "until": until, "created_at": NOW}
    database.write(lambda c: c.execute(insert(mutes).values(**row)))


def meet(database: Database, number: int = 1, told: MeetingFacts | None = None, *, now: datetime = NOW) -> int:
    told = told or facts(series="admm", edition=number)

    def land(connection: Connection) -> int:
        source_id = sources.add(connection, definition(f"s{number}"), NOW)
        story = NewStory(0)
        changes = Changes(
            source=polled(source_id),
            new_stories=(story,),
            inserts=(item(story, f"g:{number}", source_id=source_id, verdict="meeting", facts=told),),
            meetings=(MeetingWrite(story=story, facts=told, trust=Trust.PRESS, revision=1),),
            alerts=(Alert(story=story, filters=(MEETINGS,), tags=tags(told)),),
        )
        return ingest.apply(connection, changes, now)[story]

    return database.write(land)


def change(database: Database, story_id: int, before: MeetingFacts, now_is: MeetingFacts, now: datetime = NOW) -> None:
    """A later report: the record changes, and what is owed about it."""

    def work(connection: Connection) -> None:
        revision = connection.execute(select(meetings.c.revision).where(meetings.c.story_id == story_id)).scalar_one()
        told = MeetingWrite(story=story_id, facts=now_is, trust=Trust.PRESS, revision=revision + 1)
        ingest._write_meeting(connection, told, story_id, now)
        changes = material(before, now_is)
        retell(
            connection,
            Retelling(story=story_id, revision=revision + 1, changes=changes, tags=tags(now_is)),
            story_id,
            now,
        )

    database.write(work)


def owed(database: Database, *columns: str) -> list[tuple[Any, ...]]:
    chosen = [deliveries.c[name] for name in columns or ("chat_id", "kind", "state", "held")]
    return [tuple(row) for row in database.read(lambda c: c.execute(select(*chosen).order_by(deliveries.c.id)).all())]


def claim(database: Database, now: datetime = NOW) -> list[Delivery]:
    return database.write(
        lambda c: queue.claim(c, worker="w", channels={Channel.TELEGRAM}, busy=set(), now=now, limit=99)
    )


def send(database: Database, now: datetime = NOW) -> list[Delivery]:
    """Deliver all that is due, as if it had arrived."""
    gone: list[Delivery] = []
    while batch := claim(database, now):
        for each in batch:
            number = each.message_id or str(100 + each.id)
            database.write(lambda c, d=each, n=number: outbox.mark_sent(c, d, "w", n, now))  # type: ignore[misc]
        gone += batch
    return gone
