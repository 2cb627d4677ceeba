"""The admin area over a real archive."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.web import Area
from storage.database import Database
from tests.support.admin_page import Clock, Visitor, application, furnish, settings
from tests.support.archives import new_archive


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db", filled_by=furnish)
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def area(database: Database, clock: Clock) -> Area:
    return Area(database=database, settings=settings(), health=lambda: {"ready": True, "collector": "ok"}, clock=clock)


@pytest.fixture
async def visitor(area: Area) -> AsyncIterator[Visitor]:
    """Somebody who is not signed in."""
    visitor = Visitor(application(area))
    async with visitor.client:
        yield visitor


@pytest.fixture
async def admin(visitor: Visitor) -> Visitor:
    """Somebody who is."""
    await visitor.sign_in()
    return visitor
