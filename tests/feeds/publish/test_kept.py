"""What block rules hide on the pages is what they hide now, whatever happened to the reports in the meantime."""

from functools import partial
from typing import Any

import pytest

from feeds.correcting import Desk
from feeds.decide.routing import AlertPolicy
from feeds.publish.cache import FeedCache
from feeds.publish.kept import Keeper
from feeds.publish.web import Library
from storage import filters, ingest, sources
from storage.changes import Changes, ItemUpdate, MeetingWrite, NewStory
from storage.database import Connection, Database
from storage.model import FilterAction, Trust
from tests.support.build import NOW, after, definition, facts, item, polled

TOLD = {"verdict": "meeting", "facts": facts()}


@pytest.fixture
def keeper(library: Library) -> Keeper:
    return Keeper(library, FeedCache(library))


async def shown(keeper: Keeper) -> set[int]:
    return {line.story_id for line in (await keeper.now()).lines}


@pytest.fixture
def story(database: Database) -> int:
    """A meeting with one report, which a rule blocks."""

    def fill(connection: Connection) -> int:
        filters.add(
            connection, key="drills", title="Drills", query="drill", alerts=False, action=FilterAction.BLOCK,
            who="cli:me", now=NOW,
        )  # fmt: skip
        source_id = sources.add(connection, definition("wire"), NOW)
        new = NewStory(0)
        inserts = (item(new, "g:first", source_id=source_id, text="About the drill.", **TOLD),)
        record = MeetingWrite(story=new, facts=facts(), trust=Trust.PRESS, revision=1)
        changes = Changes(source=polled(source_id), new_stories=(new,), inserts=inserts, meetings=(record,))
        return ingest.apply(connection, changes, NOW)[new]

    return database.write(fill)


def reported(connection: Connection, story: int, key: str, **words: Any) -> int:
    """One more report of a story, by a source of its own. Returns the source."""
    source_id = sources.add(connection, definition(key), NOW)
    inserts = (item(story, f"g:{key}", source_id=source_id, **{**TOLD, **words}),)
    ingest.apply(connection, Changes(source=polled(source_id), inserts=inserts), after(minutes=5))
    return source_id


def number_of(connection: Connection, identity: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT id FROM items WHERE identity = '{identity}'").scalar_one())


def edited(
    connection: Connection, story: int, identity: str, source_id: int, into: Any = None, at: int = 10, **words: Any
) -> None:
    """A report whose words (or story) changed."""
    new = (into,) if isinstance(into, NewStory) else ()
    insert = item(into or story, identity, source_id=source_id, **{**TOLD, **words})
    update = ItemUpdate(item_id=number_of(connection, identity), old_story_id=story, insert=insert)
    changes = Changes(source=polled(source_id), new_stories=new, updates=(update,))
    ingest.apply(connection, changes, after(minutes=at))


async def holds(keeper: Keeper, library: Library, story: int, *, hidden: bool) -> None:
    """What is kept is what somebody who knew nothing before would find."""
    assert (story not in await shown(keeper)) is hidden
    assert await shown(keeper) == await shown(Keeper(library, FeedCache(library)))


async def test_a_report_whose_words_change_is_asked_again(
    keeper: Keeper, library: Library, database: Database, story: int
) -> None:
    await holds(keeper, library, story, hidden=True)
    wire = database.read(partial(sources.find, key_or_url="wire")).id
    database.write(lambda c: edited(c, story, "g:first", wire, text="About the talks."))
    await holds(keeper, library, story, hidden=False)
    database.write(lambda c: edited(c, story, "g:first", wire, at=20, text="About the drill."))
    await holds(keeper, library, story, hidden=True)


async def test_a_meeting_is_hidden_when_its_last_report_without_the_word_goes_to_another_story(
    keeper: Keeper, library: Library, database: Database, story: int
) -> None:
    other = database.write(lambda c: reported(c, story, "other"))
    await holds(keeper, library, story, hidden=False)
    database.write(lambda c: edited(c, story, "g:other", other, NewStory(0), verdict="other", facts=None))
    await holds(keeper, library, story, hidden=True)


async def test_a_meeting_is_hidden_when_the_source_of_its_last_report_without_the_word_is_removed(
    keeper: Keeper, library: Library, database: Database, story: int
) -> None:
    other = database.write(lambda c: reported(c, story, "other"))
    await holds(keeper, library, story, hidden=False)
    database.write(lambda c: sources.remove(c, other, after(minutes=10)))
    await holds(keeper, library, story, hidden=True)


async def test_a_meeting_is_hidden_when_an_admin_takes_the_last_report_without_the_word_out_and_comes_back_with_it(
    keeper: Keeper, library: Library, database: Database, story: int
) -> None:
    database.write(lambda c: reported(c, story, "other", verdict="uncertain"))
    await holds(keeper, library, story, hidden=False)
    desk = Desk(database=database, policy=AlertPolicy(), by="cli:me", now=after(minutes=10))
    said = desk.split(f"item/{database.read(partial(number_of, identity='g:other'))}")
    await holds(keeper, library, story, hidden=True)
    desk.undo(said.id)
    await holds(keeper, library, story, hidden=False)
