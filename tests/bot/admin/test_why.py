"""/why names what hid a story, what held its alert, and takes nothing for a match that did not count."""

from storage import ingest, sources
from storage.changes import Changes
from storage.database import Connection
from tests.bot.admin.conftest import Room
from tests.bot.admin.test_admin_commands import flooded
from tests.support.build import NOW, definition, facts, item, polled


def join(connection: Connection, story: int) -> None:
    """A second source reports the same."""
    source_id = sources.add(connection, definition("two"), NOW)
    told = item(story, "g:two", source_id=source_id, title="Another title", verdict="meeting", facts=facts())
    ingest.apply(connection, Changes(source=polled(source_id), inserts=(told,)), NOW)


async def test_why_names_each_block_rule_when_only_together_they_hide_a_story(room: Room) -> None:
    story = room.meeting("one", alert=False)
    room.write(lambda c: join(c, story))
    await room.boss("/filter block first source:one")
    told = await room.boss(f"/why {story}")
    assert "Blocked? ✅ 1 articles count for nothing" in told
    assert "⛔ first" in told
    await room.boss("/filter pause ministerial-meetings")
    await room.boss("/filter block second source:two")
    assert "Blocked? ❌ first, second" in await room.boss(f"/why {story}")


async def test_why_takes_no_filter_for_matching_by_an_article_that_is_hidden(room: Room) -> None:
    story = room.meeting("one", alert=False)
    room.write(lambda c: join(c, story))
    await room.boss("/filter add only source:one")
    assert "✅ <b>only</b>" in await room.boss(f"/why {story}")
    await room.boss("/filter block first source:one")
    assert "❌ <b>only</b>" in await room.boss(f"/why {story}")


async def test_why_tells_of_the_flood_with_which_an_alert_is_held(room: Room) -> None:
    stories = flooded(room)
    assert "Held with a flood of F0" in await room.boss(f"/why {stories[1]}")
    assert "/review decides" in await room.boss(f"/why {stories[1]}")
    await room.boss("/review")
    await room.presses("Swallow")
    assert "Swallowed by tg:77" in await room.boss(f"/why {stories[1]}")
