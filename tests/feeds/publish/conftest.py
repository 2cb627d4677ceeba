"""The application over a real archive, asked in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from feeds.publish.web import Library, create_app
from storage import filters, ingest, instance, sources
from storage.changes import Changes
from storage.database import Connection, Database
from storage.model import Phase
from tests.support.archives import new_archive
from tests.support.build import NOW, after, definition, facts, item, meeting_changes

HOSTILE = '<script>alert(1)</script>"onload="x'


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A held meeting and an announced one, told in a stranger's words."""
    database = new_archive(tmp_path / "kaigi.db", filled_by=_two_meetings)
    yield database
    database.close()


def _two_meetings(database: Database) -> None:
    def fill(connection: Connection) -> None:
        filters.ensure_built_in(connection)
        for number, told in enumerate((facts(), facts(phase=Phase.ANNOUNCED, countries=("JP", "US"))), 1):
            source_id = sources.add(connection, definition(f"s{number}", name=HOSTILE), NOW)
            changes = meeting_changes(told, source_id=source_id, identity=f"g:{number}")
            story = changes.new_stories[0]
            hostile = item(story, f"g:{number}", source_id=source_id, title=HOSTILE, text=HOSTILE)
            ingest.apply(
                connection,
                Changes(source=changes.source, new_stories=(story,), inserts=(hostile,), meetings=changes.meetings),
                NOW,
            )

    database.write(fill)


@pytest.fixture
def library(database: Database) -> Library:
    """What the application is made of."""
    authority, began_at = database.write(lambda c: instance.born(c, "kaigi.example", NOW))
    return Library(
        database=database,
        authority=authority,
        began_at=began_at,
        address="https://kaigi.example",
        language="ja",
        health=lambda: {"ready": True, "telegram": "off"},
        clock=lambda: after(days=1),
    )


@pytest.fixture
def ask(library: Library) -> Callable[..., Any]:
    """Asks the application in this process: `await ask("/path", header=value)`."""
    return asking(create_app(library))


def asking(app: Starlette) -> Callable[..., Any]:
    """Asks an application in this process."""

    async def ask(path: str, method: str = "GET", **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://kaigi.example") as client:
            return await client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return ask
