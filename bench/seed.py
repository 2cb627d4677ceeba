"""A database as it is after a long time: validators for every source, and as many stored items as wanted.

Rows are made inside SQLite, so that a million of them take seconds; nothing is parsed or understood for them.
"""

from datetime import datetime, timedelta

from sqlalchemy import update

from storage.database import Connection, Database
from storage.model import SourceState
from storage.tables import sources

_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
_STORIES = _COUNT + "INSERT INTO stories (id, created_at) SELECT i, ? FROM n"
_ITEMS = (
    _COUNT
    + """INSERT INTO items (
    source_id, story_id, identity, guid, url, title, text, language, categories, published_at, first_seen_at,
    updated_at, content_hash, verdict, score, evidence, flags
) SELECT
    1 + i % ?, i, 'g:seed-' || i, 'seed-' || i, 'https://n.example/seed/' || i, 'Release ' || i,
    'Text of release ' || i, 'en', '[]', ?, ?, ?, 'seed-' || i, 'other', 0.0, '[]', '[]'
FROM n"""
)


def fill(database: Database, *, items: int, now: datetime) -> None:
    """Give every source the validators that `bench.server` knows, and spread `items` old items over the sources."""
    database.write(lambda connection: _validators(connection, now))
    if items:
        database.write(lambda connection: _archive(connection, items, now - timedelta(days=60)))


def _validators(connection: Connection, now: datetime) -> None:
    connection.execute(
        update(sources).values(
            # The key of source number 7 is n7, and its server's tag "n7-0".
            etag='"' + sources.c.key + '-0"',
            last_modified="Sat, 01 Nov 2025 00:00:00 GMT",
            state=SourceState.OK,
            first_success_at=now,
            last_success_at=now,
        )
    )


def _archive(connection: Connection, items: int, then: datetime) -> None:
    moment = f"{then:%Y-%m-%d %H:%M:%S.%f}"
    (count,) = connection.exec_driver_sql("SELECT count(*) FROM sources").one()
    connection.exec_driver_sql(_STORIES, (items, moment))
    connection.exec_driver_sql(_ITEMS, (items, count, moment, moment, moment))
