"""What the documents of a source taught about it: when it asks for rest, and how its list page last looked."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select, update

from storage.changes import Lesson
from storage.model import PageSnapshot
from storage.records import insert_for
from storage.tables import page_snapshots, sources


def learn(connection: Connection, source_id: int, lesson: Lesson) -> None:
    """Keep a lesson, in the transaction of the poll that brought it."""
    skips = asdict(lesson.skips) if lesson.skips else None
    connection.execute(update(sources).where(sources.c.id == source_id).values(skips=skips))
    if lesson.page is not None:
        _keep(connection, source_id, lesson.page)


def _keep(connection: Connection, source_id: int, page: PageSnapshot) -> None:
    words = {
        "taken_at": page.taken_at,
        "found": page.found,
        "articles": [list(item) for item in page.items],
        "body": page.body,
    }
    statement = insert_for(connection, page_snapshots).values(source_id=source_id, **words)
    connection.execute(statement.on_conflict_do_update(index_elements=["source_id"], set_=words))


def snapshot(connection: Connection, source_id: int) -> PageSnapshot | None:
    """How the list page of a source last looked when its rules found something, with the document."""
    row = connection.execute(select(page_snapshots).where(page_snapshots.c.source_id == source_id)).first()
    return None if row is None else _snapshot(row, row.body)


def snapshots(connection: Connection) -> dict[int, PageSnapshot]:
    """The same for all sources, by source id, without the documents."""
    columns = [column for column in page_snapshots.c if column.name != "body"]
    return {row.source_id: _snapshot(row) for row in connection.execute(select(*columns))}


def _snapshot(row: Any, body: bytes = b"") -> PageSnapshot:
    items = tuple((title, url) for title, url in row.articles)
    return PageSnapshot(taken_at=row.taken_at, found=row.found, items=items, body=body)
