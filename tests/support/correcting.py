"""An archive in which an admin corrects: reports come in, words are said, and one can see what is stored and owed."""

from datetime import date, timedelta
from functools import partial

from sqlalchemy import Table, select, update

from feeds.correcting import Desk
from feeds.decide.decide import decide
from feeds.decide.routing import AlertPolicy
from feeds.ingest import _lookup
from feeds.observed import Understood
from storage import filters, ingest, news, snapshot, sources, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, DeliveryState, MeetingFacts, MeetingStory
from storage.tables import deliveries, items, meetings
from tests.support.build import NOW, after, definition, entry, facts, polled, understood

WASHINGTON = facts(countries=("JP", "US"), city="Washington", country="US")


TOKYO = facts(city="Tokyo", country="JP", starts_on=date(2025, 11, 5))


def furnish(database: Database) -> None:
    """Two newsrooms, a subscriber and the built-in filters."""
    database.write(filters.ensure_built_in)
    for key in ("mod", "wire"):
        database.write(partial(_polled_source, key=key))
    database.write(_subscriber)


class Room:
    """A service with two newsrooms and one subscriber, driven by hand."""

    def __init__(self, database: Database) -> None:
        """In a database that `furnish` filled."""
        self.database = database
        self.source_ids = {one.definition.key: one.id for one in database.read(sources.every)}
        self.now = after(minutes=1)

    def poll(self, *pieces: Understood, source: str = "mod") -> None:
        """What one poll of a source brings."""

        def land(connection: Connection) -> None:
            about = sources.get(connection, self.source_ids[source])
            seen = snapshot.load_snapshot(connection, about, _lookup([p.entry for p in pieces], pieces), self.now)
            changes = decide(seen, pieces, polled(about.id), AlertPolicy(), self.now)
            ingest.apply(connection, changes, self.now)

        self.now += timedelta(minutes=1)
        self.database.write(land)

    def report(self, title: str, told: MeetingFacts | None, *, source: str = "mod", **fields: object) -> int:
        """One article; returns its story."""
        piece = entry(title, url=f"https://{source}.example/{title}", **fields)
        self.poll(understood(piece, told), source=source)
        return self.story_of(title)

    def story_of(self, title: str) -> int:
        query = select(items.c.story_id).where(items.c.title == title).order_by(items.c.id.desc()).limit(1)
        return int(self.database.read(lambda c: c.execute(query).scalar_one()))

    def item(self, title: str) -> str:
        query = select(items.c.id).where(items.c.title == title)
        return f"item/{self.database.read(lambda c: c.execute(query).scalar_one())}"

    @property
    def desk(self) -> Desk:
        self.now += timedelta(minutes=1)
        return Desk(database=self.database, policy=AlertPolicy(), by="tester", now=self.now)

    def meetings(self) -> dict[int, MeetingFacts]:
        return {one.meeting.story_id: one.meeting.facts for one in self.database.read(news.latest_meetings)}

    def meeting(self, story_id: int) -> MeetingStory:
        return self.database.read(lambda c: news.meeting(c, story_id))

    def owed(self) -> list[tuple[int, str]]:
        """Story and state of every first message, in the order in which they were decided."""
        query = (
            select(deliveries.c.story_id, deliveries.c.state)
            .where(deliveries.c.kind == "alert")
            .order_by(deliveries.c.id)
        )
        return [(row.story_id, row.state) for row in self.database.read(lambda c: c.execute(query).all())]

    def send_all(self) -> None:
        self.database.write(lambda c: c.execute(update(deliveries).values(state=DeliveryState.SENT, message_id="7")))

    def rows(self) -> tuple[list[tuple[object, ...]], ...]:
        """Records, messages (without the moment of their last change) and the story of each item."""
        records, owed = (self.database.read(partial(_rows, table=table)) for table in (meetings, deliveries))
        places = self.database.read(lambda c: c.execute(select(items.c.id, items.c.story_id)).all())
        return records, [row[:-1] for row in owed], [tuple(row) for row in places]


def _polled_source(connection: Connection, key: str) -> None:
    """A source that has been polled: the first poll is silent."""
    ingest.update_source(connection, polled(sources.add(connection, definition(key), NOW)))


def _rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(table))]


def _subscriber(connection: Connection) -> None:
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, "1", language="ja", time_zone="Asia/Tokyo", now=NOW)
    subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)
