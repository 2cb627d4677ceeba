"""An SQLite archive with a meeting that is owed to a chat, for the tests of backups and restores."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import select

from storage import filters, ingest, schema, sources, subscriptions
from storage.database import Connection, Database
from storage.model import Channel
from storage.tables import items
from tests.support.build import NOW, definition, facts, meeting_changes


@contextmanager
def with_a_meeting(folder: Path) -> Iterator[Database]:
    """An archive with one meeting that is owed to a chat."""
    database = Database(f"sqlite:///{folder / 'data' / 'kaigi.db'}")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    database.write(follow_meetings)
    land_meeting(database, 1)
    with closing(database):
        yield database


def follow_meetings(connection: Connection) -> None:
    """A chat that hears of every meeting."""
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, "100", language="ja", time_zone="UTC", now=NOW)
    subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)


def land_meeting(database: Database, number: int) -> None:
    """A meeting with its article, from a source of its own."""

    def land(connection: Connection) -> None:
        source_id = sources.add(connection, definition(f"s{number}"), NOW)
        changes = meeting_changes(facts(edition=number, series="admm"), source_id=source_id, identity=f"g:{number}")
        ingest.apply(connection, changes, NOW)

    database.write(land)


def identities(database: Database) -> list[str]:
    """Of all articles, in their order."""
    return list(database.read(lambda c: c.execute(select(items.c.identity).order_by(items.c.id)).scalars()))
