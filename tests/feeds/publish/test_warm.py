"""After a start, the first visitor waits no longer than others; a database that fails then is no reason to stop."""

import pytest
from starlette.applications import Starlette

from feeds.decide import vocabulary
from feeds.publish.warm import warm
from feeds.publish.web import Library, create_app
from storage import almanac as shelves
from storage.database import Database
from storage.errors import DatabaseUnreachable


@pytest.fixture
def app(library: Library) -> Starlette:
    return create_app(library)


async def test_the_almanac_and_the_words_of_queries_are_read_before_anybody_asks(
    app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    await warm(app)
    monkeypatch.setattr(shelves, "records", None)  # is asked for no meeting any more
    assert len((await app.state.keeper.now()).lines) == 2
    assert vocabulary.values.cache_info().currsize > 5


async def test_a_database_that_fails_at_the_start_is_told_to_visitors_later(
    app: Starlette, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_work: object) -> None:
        raise DatabaseUnreachable("Cannot open the database.")

    with monkeypatch.context() as broken:
        broken.setattr(database, "read", fail)
        await warm(app)
    assert len((await app.state.keeper.now()).lines) == 2
