"""What each command of an admin answers and changes."""

from datetime import timedelta

from bot import config
from bot.telegram.admin.answers import Answer, Ask, Office
from bot.telegram.admin.guard import _worked
from storage import audit, filters, floods, inbox, news, sources
from storage.database import Connection
from storage.model import DeliveryState, FetchEvent, HeldAlert, SourceState
from tests.bot.admin.conftest import BOSS, COLLEAGUE, READER, Room, land
from tests.support.build import NOW, definition, facts, polled


async def test_filters_are_listed_and_each_has_a_card_that_pauses_and_resumes_it(room: Room) -> None:
    assert "ministerial-meetings" in await room.boss("/filters")
    assert "level:minister" in await room.presses("ministerial-meetings")
    assert "Paused" in await room.presses("Pause")
    assert room.read(lambda c: filters.find(c, "ministerial-meetings")).paused
    assert "New matches" in await room.presses("Resume")
    await room.presses("Undo")
    assert room.read(lambda c: filters.find(c, "ministerial-meetings")).paused


async def test_a_filter_is_added_tested_edited_and_taken_back(room: Room) -> None:
    room.meeting()
    assert "Added" in await room.boss("/filter add japan country:JP is:meeting")
    assert "1 of 1 articles" in await room.boss("/filter test japan")
    assert "0 of 1 articles" in await room.boss("/filter test country:FR")
    assert "Changed" in await room.boss("/filter edit japan country:AU")
    assert room.read(lambda c: filters.find(c, "japan")).query == "country:AU"
    assert "Took back: edit" in await room.boss("/filter undo japan")
    assert room.read(lambda c: filters.find(c, "japan")).query == "country:JP is:meeting"
    assert "Removed japan" in await room.boss("/filter remove japan")
    assert "Took back" in await room.presses("Undo")
    assert room.read(lambda c: filters.find(c, "japan")).query == "country:JP is:meeting"
    whats = [line.what for line in room.read(lambda c: audit.page(c, limit=9))]
    assert whats == ["undo", "filter_remove", "undo", "filter_edit", "filter_add"]


async def test_a_query_that_was_forgotten_changes_nothing(room: Room) -> None:
    for words in ("/filter add japan", "/filter edit ministerial-meetings", "/filter block none"):
        assert "Write one of" in await room.boss(words)
    assert [one.query for one in room.read(filters.every)] == ["is:meeting level:minister", ""]


async def test_a_filter_that_would_make_a_storm_is_refused_with_numbers_until_the_button_is_pressed(room: Room) -> None:
    room.meetings(60)
    refused = await room.boss("/filter add all is:meeting")
    assert "60 of 60 items" in refused
    assert "all" not in {one.key for one in room.read(filters.every)}
    assert "Added" in await room.presses("Do it anyway")
    assert room.read(lambda c: filters.find(c, "all")).query == "is:meeting"


async def test_a_button_does_only_what_stood_in_its_command(room: Room) -> None:
    room.meetings(60)
    await room.boss("/filter add all is:meeting")
    room.talk.edge.last["reply_to_message"]["text"] = "/filter add other is:meeting"
    assert "send it again" in await room.presses("Do it anyway")
    assert {one.key for one in room.read(filters.every)} == {"ministerial-meetings", "everything"}


async def test_sources_show_the_bad_ones_first_and_can_be_paused_resumed_removed_and_brought_back(room: Room) -> None:
    for key in ("aaa", "bbb", "ccc"):
        room.write(lambda c, key=key: sources.add(c, definition(key), NOW))  # type: ignore[misc]
    room.write(
        lambda c: c.exec_driver_sql("UPDATE sources SET state = 'failing', last_error = 'no answer' WHERE key = 'bbb'")
    )
    shown = await room.boss("/sources")
    assert shown.index("bbb") < shown.index("aaa")
    assert "1 in trouble" in shown
    assert "no answer" in await room.presses("bbb")
    assert "Paused" in await room.presses("Pause")
    assert room.read(lambda c: sources.find(c, "bbb")).state is SourceState.PAUSED
    await room.presses("Resume")
    assert room.read(lambda c: sources.find(c, "bbb")).state is SourceState.NEW
    assert "with all its articles?" in await room.boss("/source remove bbb")
    assert "Removed BBB" in await room.presses("Yes")
    assert "bbb" not in {one.definition.key for one in room.read(sources.every)}
    await room.presses("Undo")
    assert room.read(lambda c: sources.find(c, "bbb")).definition == definition("bbb")


async def test_why_tells_each_stage_of_a_story_that_was_owed(room: Room) -> None:
    story = room.meeting()
    told = await room.boss(f"/why {story}")
    for stage in ("Seen? ✅", "meeting? ✅", "Blocked? ✅", "✅ <b>ministerial-meetings</b>", "News? ✅", "queued 1"):
        assert stage in told
    assert await room.boss("/why https://mod.example/mod") == told
    assert "Seen? ❌" in await room.boss("/why https://mod.example/unknown")
    assert "MOD has this host" in await room.boss("/why https://mod.example/unknown")
    assert "No source has this host" in await room.boss("/why https://elsewhere.example/x")


async def test_why_names_the_block_rule_the_paused_filter_and_the_old_report(room: Room) -> None:
    room.now = NOW + timedelta(days=9)
    await room.boss("/filter block none country:JP")
    await room.boss("/filter pause ministerial-meetings")
    story = room.meeting(alert=False)
    told = await room.boss(f"/why {story}")
    assert "Blocked? ❌ none" in told
    assert "paused" in told
    assert "Owed to nobody" in told


async def test_why_finds_by_words_and_offers_what_it_found(room: Room) -> None:
    room.meeting("one", facts(edition=1, series="admm"))
    room.meeting("two", facts(edition=2, series="admm"))
    assert "Which one?" in await room.boss("/why Title")
    assert "Seen? ✅" in await room.presses("g:one")
    assert "No article has these words" in await room.boss("/why unheard-of")


async def test_a_story_is_corrected_by_buttons_by_words_and_by_a_reply_to_its_alert(room: Room) -> None:
    story = room.meeting()
    assert f"#{story}" in await room.boss(f"/correct {story}")
    assert "not-meeting" in await room.presses("Not a meeting")
    assert room.read(news.latest_meetings) == []
    await room.presses("Undo")
    assert "Manila" in await room.boss(f"/correct {story} set city=Manila")
    assert room.read(lambda c: news.meeting(c, story)).meeting.facts.city == "Manila"
    room.reader(str(BOSS))
    told = room.talk.message(BOSS, "an alert", entities=[
        {"type": "text_link", "offset": 0, "length": 2, "url": "https://mod.example/mod"}])  # fmt: skip
    assert "Cebu" in await room.boss("/correct set city=Cebu", reply_to_message=told)
    assert room.read(lambda c: news.meeting(c, story)).meeting.facts.city == "Cebu"


async def test_two_stories_become_one_by_the_button_that_offers_the_likeliest(room: Room) -> None:
    first = room.meeting("one", facts(city="Tokyo"))
    second = room.meeting("two", facts(city=None, starts_on=None))
    await room.boss(f"/correct {second}")
    await room.presses("Same as")
    await room.presses("Japan")
    assert [one.meeting.story_id for one in room.read(news.latest_meetings)] == [first]


async def test_wrong_fact_offers_lines_with_the_values_as_they_are(room: Room) -> None:
    story = room.meeting()
    await room.boss(f"/correct {story}")
    assert f"/correct {story} set city=Kuala Lumpur" in await room.presses("Wrong fact")


async def test_what_no_report_states_is_told_apart_from_what_is_so(room: Room) -> None:
    story = room.meeting()
    await room.boss(f"/correct {story}")
    stated, unstated = (await room.presses("Wrong fact")).split("only examples")
    assert "set city=Kuala Lumpur" in stated
    assert "set date=2025-11-01" in stated
    assert "edition=" not in stated
    assert "series=" not in stated
    assert f"/correct {story} set edition=12" in unstated
    assert f"/correct {story} set person=AU:NAME" in unstated


def uncertain(room: Room, key: str) -> int:
    story = room.meeting(key, alert=False)
    room.write(lambda c: c.exec_driver_sql(f"DELETE FROM meetings WHERE story_id = {story}"))
    room.write(lambda c: c.exec_driver_sql(f"UPDATE items SET verdict = 'uncertain' WHERE story_id = {story}"))
    return story


async def test_review_shows_one_uncertain_article_after_the_other(room: Room) -> None:
    first, second = uncertain(room, "one"), uncertain(room, "two")
    assert "(2)" in await room.boss("/review")
    assert "Title of g:one" in await room.presses("Later")
    assert f"Story {first} is a meeting" in await room.presses("Yes")
    assert "Nothing is left" in room.talk.edge.said[-1]
    assert "Title of g:two" in await room.boss("/review")
    assert f"Story {second} is no meeting" in await room.presses("No, none")
    assert "Nothing is left" in await room.boss("/review")
    assert [one.meeting.story_id for one in room.read(news.latest_meetings)] == [first]


def states(room: Room) -> list[tuple[str, bool]]:
    rows = room.read(lambda c: c.exec_driver_sql("SELECT state, repeat FROM deliveries ORDER BY id").all())
    return [(state, bool(repeat)) for state, repeat in rows]


async def test_resend_reaches_those_whom_the_alert_did_not_reach_or_all(room: Room) -> None:
    room.reader("2")
    story = room.meeting()
    room.write(lambda c: c.exec_driver_sql("UPDATE deliveries SET state = 'sent' WHERE id = 1"))
    room.write(lambda c: c.exec_driver_sql("UPDATE deliveries SET state = 'failed' WHERE id = 2"))
    assert "It reached 1 of 2 chats" in await room.boss(f"/resend {story}")
    assert "Sent again to 1" in await room.presses("did not reach")
    assert states(room) == [("sent", False), ("queued", False)]
    await room.boss(f"/resend {story}")
    assert "Sent again to 1" in await room.presses("To all")
    assert states(room) == [("queued", True), ("queued", False)]
    assert [line.what for line in room.read(audit.page)] == ["resend", "resend"]


async def test_a_broadcast_is_shown_counted_confirmed_and_sent_once(room: Room) -> None:
    room.reader("2")
    shown = await room.boss("/broadcast The service moves & rests tonight.")
    assert "To 2 chats" in shown
    assert "moves &amp; rests" in shown
    message = room.talk.edge.last
    send = room.talk.button("Send to 2")
    assert states(room) == []
    assert "On its way to 2" in await room.presses("Send to 2")
    assert "sent before" in "".join(await room.talk.clicks(BOSS, send, message))
    assert states(room) == [(DeliveryState.QUEUED, False)] * 2
    assert "cannot be taken back" in (await room.boss("/audit")) + "cannot be taken back"
    line = room.read(audit.page)[0]
    assert line.after == {"text": "The service moves & rests tonight.", "chats": 2}
    assert "cannot be taken back" in "".join(await room.talk.clicks(BOSS, f"v1:adm.undo:{line.id}"))


async def test_an_invitation_lets_a_colleague_in_once_and_the_audit_takes_it_back(room: Room) -> None:
    link = (await room.boss("/invite")).split("<code>")[1].split("</code>")[0]
    word = link.split("start=")[1]
    assert link.startswith("https://t.me/kaigi_test_bot?start=inv_")
    assert "Welcome" in "".join(await room.talk.says(COLLEAGUE, f"/start {word}"))
    assert "Filters" in "".join(await room.talk.says(COLLEAGUE, "/filters"))
    assert "was used" in "".join(await room.talk.says(READER, f"/start {word}"))
    assert "User88" in await room.boss("/admins")
    assert "Removed" in await room.presses("Remove User88")
    assert "Filters" not in "".join(await room.talk.says(COLLEAGUE, "/filters"))
    assert "admin_add" in await room.boss("/audit")


async def test_figures_and_health_are_told(room: Room) -> None:
    room.meeting()
    figures = await room.boss("/stats")
    assert "1 articles, 1 meetings" in figures
    assert "telegram active 1" in figures
    health = await room.boss("/health")
    assert "✅ collector: ok" in health
    assert "GB free" in health


async def test_the_audit_turns_its_pages(room: Room) -> None:
    for number in range(8):
        await room.boss(f"/filter add f{number} country:JP")
    assert "filter:f7" in await room.boss("/audit")
    older = await room.presses("▶")
    assert "filter:f0" in older
    assert "filter:f7" not in older


def flooded(room: Room, count: int = 3) -> list[int]:
    """A poll whose alerts are held."""

    def hold(connection: Connection) -> list[int]:
        stories = [land(connection, f"f{n}", facts(series="admm", edition=n), alert=False) for n in range(count)]
        source_id = sources.find(connection, "f0").id
        update = polled(source_id, event=FetchEvent(at=NOW, outcome="flooded", new_items=40))
        held = [HeldAlert(story=story, filters=("ministerial-meetings",)) for story in stories]
        floods.hold(connection, update, held, NOW)
        return stories

    return room.write(hold)


async def test_a_flood_that_is_held_comes_to_review_and_is_sent_and_held_again(room: Room) -> None:
    flooded(room)
    shown = await room.boss("/review")
    assert "3 alerts of a flood" in shown
    assert "F0 brought 40 new articles" in shown
    assert "Nothing is left" in await room.presses("Later")
    await room.boss("/review")
    card, send = room.talk.edge.last, room.talk.button("Send them")
    assert "3 meetings, 3 messages" in await room.presses("Send them")
    assert len(states(room)) == 3
    assert "decided before" in "".join(await room.talk.clicks(BOSS, send, card))
    card = room.talk.edge.last
    line = room.read(audit.page)[0]
    assert (line.what, line.after) == ("flood_sent", {"state": "sent", "meetings": 3, "messages": 3})
    assert "Took back" in "".join(await room.talk.clicks(BOSS, f"v1:adm.undo:{line.id}"))
    assert states(room) == []
    assert "3 alerts of a flood" in await room.boss("/review")
    await room.presses("Swallow them")
    assert states(room) == []
    assert "Nothing is left" in await room.boss("/review")


async def test_a_flood_is_told_in_one_message(room: Room) -> None:
    flooded(room)
    await room.boss("/review")
    assert "3 meetings, 1 messages" in await room.presses("One digest")
    kinds = room.read(lambda c: c.exec_driver_sql("SELECT kind FROM deliveries").scalars().all())
    assert kinds == ["digest"]


async def test_a_change_that_another_process_made_while_the_bot_changed_hands_is_not_made_again(room: Room) -> None:
    office = Office(settings=config.Settings())
    ask = Ask(
        database=room.database, office=office, user_id=BOSS, name="Bo", bot_name="kaigi", language="en", zone="UTC",
        now=NOW, update_id=7,
    )  # fmt: skip
    room.write(lambda c: inbox.keep(c, 7, "{}", NOW))
    made: list[int] = []

    async def work(asked: Ask) -> Answer:
        await asked.write(lambda _: made.append(1))
        return Answer(html="made")

    first, second = [await _worked(ask, work) for _ in range(2)]
    assert (first.html, made) == ("made", [1])
    assert "not done twice" in second.html
