"""What admins do on the page: each change is made, told, audited under their name, and taken back."""

import html
from functools import partial

import pytest

from storage import audit, corrections, filters, floods, news
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.model import FloodState
from tests.bot.web.test_door import PAGES
from tests.support.admin_page import BOSS, HOSTILE, Clock, Visitor, newest, number_of, uncertain, undo
from tests.support.floods import MEETINGS

# ------------------------------------------------------------------------------------------------ filters


async def test_a_filter_is_tried_saved_and_taken_back(admin: Visitor, database: Database) -> None:
    tried = await admin.send("/admin/filters", act="test", query="country:AU", key="australia")
    assert "It would have matched 4 of 6 articles, 4 meetings" in tried.text
    assert "country:AU (AU, JP)" in tried.text
    assert 'value="australia"' in tried.text
    assert not [one for one in database.read(filters.every) if one.key == "australia"]

    made = await admin.send("/admin/filters", act="add", query="country:AU", key="Australia", title="豪州", alerts="on")
    assert made.status_code == 200
    assert "Filter added" in made.text
    assert "web password" in made.text
    found = database.read(partial(filters.find, key="australia"))
    assert (found.query, found.title, found.alerts) == ("country:AU", "豪州", True)
    assert newest(database).who == "web:password"

    await undo(admin, database)
    with pytest.raises(NotFound):
        database.read(partial(filters.find, key="australia"))


async def test_a_filter_s_query_name_and_alerts_are_changed_and_its_last_change_is_taken_back(
    admin: Visitor, database: Database
) -> None:
    await admin.send("/admin/filters", act="add", query="country:AU", key="mine")
    before = database.read(partial(filters.find, key="mine"))
    page = await admin.send("/admin/filters/mine", act="save", query="country:JP", title="Japan", alerts="on")
    assert "Filter changed" in page.text
    after_it = database.read(partial(filters.find, key="mine"))
    assert (after_it.query, after_it.title, after_it.alerts) == ("country:JP", "Japan", True)
    page = await admin.send("/admin/filters/mine", act="undo")
    assert database.read(partial(filters.find, key="mine")).query == before.query
    assert "query: country:AU → country:JP" in page.text


@pytest.mark.parametrize("action", ["keep", "block"])
async def test_a_filter_s_query_cannot_be_emptied_by_saving_it(admin: Visitor, database: Database, action: str) -> None:
    await admin.send("/admin/filters", act="add", query="country:AU", key="mine", action=action)
    refused = await admin.send("/admin/filters/mine", act="save", query=" ", title="Mine")
    assert refused.status_code == 400
    assert "Write a query" in refused.text
    assert database.read(partial(filters.find, key="mine")).query == "country:AU"


async def test_the_filter_that_means_every_article_can_be_renamed(admin: Visitor, database: Database) -> None:
    assert not database.read(partial(filters.find, key="everything")).query
    page = await admin.send("/admin/filters/everything", act="save", query="", title="All of it")
    assert page.status_code == 200
    assert database.read(partial(filters.find, key="everything")).title == "All of it"


async def test_a_filter_is_paused_resumed_and_removed_but_not_one_that_is_built_in(
    admin: Visitor, database: Database
) -> None:
    assert "Resume" in (await admin.send(f"/admin/filters/{MEETINGS}", act="pause")).text
    assert database.read(partial(filters.find, key=MEETINGS)).paused
    await admin.send(f"/admin/filters/{MEETINGS}", act="resume")
    assert not database.read(partial(filters.find, key=MEETINGS)).paused
    refused = await admin.send(f"/admin/filters/{MEETINGS}", act="remove")
    assert refused.status_code == 400
    assert "is built in" in refused.text
    await admin.send("/admin/filters", act="add", query="country:AU", key="mine")
    page = await admin.send("/admin/filters/mine", act="remove")
    assert "Filter removed" in page.text
    assert (await admin.get("/admin/filters/mine")).status_code == 404
    await undo(admin, database)
    assert (await admin.get("/admin/filters/mine")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"query": "level:king", "key": "a"}, "king"),
        ({"query": "(((", "key": "a"}, "column"),
        ({"query": "x", "key": "UPPER CASE"}, "cannot be a key"),
        ({"query": "x", "key": "everything"}, "already"),
        ({"query": " ", "key": "a"}, "Write a query"),
        ({"query": " ", "key": "a", "action": "block"}, "Write a query"),
    ],
)
async def test_what_cannot_be_a_filter_is_told_beside_the_form_which_keeps_what_was_written(
    admin: Visitor, database: Database, fields: dict[str, str], told: str
) -> None:
    before = database.read(audit.count)
    answer = await admin.send("/admin/filters", act="add", **fields)
    assert answer.status_code == 400
    assert told in html.unescape(answer.text)
    assert f'value="{fields["key"]}"' in answer.text
    assert database.read(audit.count) == before


async def test_a_storm_is_refused_until_it_is_wanted(
    admin: Visitor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.rehearsal.FEW", 2)
    stormy = {"act": "add", "query": "is:meeting OR title", "key": "storm", "alerts": "on"}
    refused = await admin.send("/admin/filters", **stormy)
    assert refused.status_code == 400
    assert "Refused: it matches" in html.unescape(refused.text)
    assert (await admin.send("/admin/filters", **stormy, force="on")).status_code == 200
    assert database.read(partial(filters.find, key="storm")).alerts


# ------------------------------------------------------------------------------------------------- review


async def test_an_uncertain_article_is_decided_and_the_decision_taken_back(admin: Visitor, database: Database) -> None:
    item = uncertain(database)
    story = number_of(database, f"SELECT story_id FROM items WHERE id = {item}")
    page = await admin.send("/admin/review", act="yes", item=str(item))
    assert "Said to be a meeting" in page.text
    assert "Is this a meeting" not in page.text
    assert database.read(partial(news.meeting, story_id=story)).meeting.story_id == story
    await undo(admin, database)
    assert "Is this a meeting" in (await admin.get("/admin/review")).text
    page = await admin.send("/admin/review", act="no", item=str(item))
    assert "Said to be no meeting" in page.text
    assert database.read(corrections.every)[-1].by == "web:password"


@pytest.mark.parametrize("state", [FloodState.SENT, FloodState.DIGEST, FloodState.SWALLOWED])
async def test_a_held_flood_is_settled_once_and_held_again_when_taken_back(
    admin: Visitor, database: Database, state: FloodState
) -> None:
    number = database.read(floods.every)[0].id
    assert "Send them" in (await admin.get("/admin/review")).text
    await admin.send("/admin/review", act="flood", flood=str(number), state=state)
    assert database.read(partial(floods.find, flood_id=number)).state is state
    assert newest(database).what == f"flood_{state}"
    twice = await admin.send("/admin/review", act="flood", flood=str(number), state=state)
    assert twice.status_code == 200
    await undo(admin, database)
    assert database.read(partial(floods.find, flood_id=number)).state is FloodState.HELD


@pytest.mark.parametrize("item", ["", "x", "-1", "99999999", "9" * 30, "1' OR 1=1"])
async def test_what_is_not_there_cannot_be_decided(admin: Visitor, item: str) -> None:
    answer = await admin.send("/admin/review", act="yes", item=item)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text


# -------------------------------------------------------------------------------------------- corrections


async def test_a_fact_is_corrected_cleared_and_taken_back(admin: Visitor, database: Database) -> None:
    story = number_of(database, "SELECT max(story_id) FROM meetings")
    path = f"/admin/stories/{story}"
    page = await admin.send(path, act="set", field="city", value="Darwin")
    assert "Fact corrected" in page.text
    assert database.read(partial(news.meeting, story_id=story)).meeting.facts.city == "Darwin"
    await admin.send(path, act="clear", clears="city")
    assert database.read(partial(news.meeting, story_id=story)).meeting.facts.city is None
    await undo(admin, database)
    assert database.read(partial(news.meeting, story_id=story)).meeting.facts.city == "Darwin"
    wrong = await admin.send(path, act="set", field="country", value="Atlantis")
    assert wrong.status_code == 400
    assert "no country of the lexicon" in html.unescape(wrong.text)


async def test_a_story_is_joined_with_another_and_its_address_leads_on(admin: Visitor, database: Database) -> None:
    ends, goes_on = (number_of(database, f"SELECT {which}(story_id) FROM meetings") for which in ("max", "min"))
    page = await admin.send(f"/admin/stories/{ends}", act="same", other=str(goes_on))
    assert "Two stories joined" in page.text
    assert f"#{goes_on}" in page.text
    assert (await admin.get(f"/admin/stories/{ends}")).status_code == 303
    await undo(admin, database)
    assert (await admin.get(f"/admin/stories/{ends}")).status_code == 200


async def test_an_article_is_taken_out_of_its_story(admin: Visitor, database: Database) -> None:
    item = number_of(database, "SELECT id FROM items WHERE identity = 'g:beside'")
    story = number_of(database, f"SELECT story_id FROM items WHERE id = {item}")
    assert "Take out of this story" in (await admin.get(f"/admin/stories/{story}")).text
    await admin.send(f"/admin/stories/{story}", act="split", item=str(item))
    assert number_of(database, f"SELECT story_id FROM items WHERE id = {item}") != story


async def test_a_story_is_found_by_number_address_and_words(admin: Visitor) -> None:
    assert (await admin.get("/admin/stories?q=1")).headers["location"].startswith("/admin/stories/1?")
    led = await admin.get("/admin/stories?q=https://wire.example/2")
    assert led.status_code == 303
    assert "Meeting 0" in (await admin.get("/admin/stories?q=meeting")).text
    assert "Nothing was found" in (await admin.get("/admin/stories?q=nowhere")).text
    assert (await admin.get("/admin/stories?q=((")).status_code == 200


# -------------------------------------------------------------------------------------------- everywhere


async def test_the_audit_names_people_and_turns_pages(visitor: Visitor, database: Database, clock: Clock) -> None:
    await visitor.open_link(database, BOSS, clock())
    for _ in range(25):
        await visitor.send(f"/admin/filters/{MEETINGS}", act="pause")
        await visitor.send(f"/admin/filters/{MEETINGS}", act="resume")
    page = await visitor.get("/admin/audit")
    assert page.text.count(html.escape(HOSTILE).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")) >= 40
    assert f"tg:{BOSS}" not in page.text
    oldest = database.read(lambda c: audit.page(c, limit=40))[-1].id
    older = await visitor.get(f"/admin/audit?before={oldest}")
    assert "Signed in to the admin area" in older.text
    assert newest(database).who == f"tg:{BOSS}"
    refused = await visitor.send("/admin/audit", act="undo", line="99999")
    assert refused.status_code == 409


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_strangers_words_are_only_words_on_every_page_in_both_languages(
    visitor: Visitor, database: Database, clock: Clock, language: str
) -> None:
    await visitor.open_link(database, BOSS, clock())
    doubted = number_of(database, f"SELECT story_id FROM items WHERE id = {uncertain(database)}")
    wire = number_of(database, "SELECT id FROM sources WHERE key = 'wire'")
    told = number_of(database, "SELECT max(story_id) FROM meetings")
    pages = (
        *PAGES,
        f"/admin/stories/{doubted}",
        f"/admin/stories/{told}",
        f"/admin/sources/{wire}",
        "/admin/stories?q=alert",
    )
    for path in pages:
        answer = await visitor.get(f"{path}{'&' if '?' in path else '?'}lang={language}")
        assert answer.status_code == 200, path
        assert f'<html lang="{language}">' in answer.text
        assert "<script>alert" not in answer.text, path
        assert 'href="javascript:' not in answer.text.lower(), path
        assert "alert(1)" in answer.text, path  # the admin's own name is hostile as well


async def test_words_in_forms_come_back_as_words(admin: Visitor) -> None:
    for path, act in (("/admin/filters", "test"), ("/admin/filters", "add"), (f"/admin/filters/{MEETINGS}", "save")):
        answer = await admin.send(path, act=act, query=HOSTILE, key=HOSTILE, title=HOSTILE)
        assert "<script>alert" not in answer.text
        assert "alert(1)" in answer.text
    for fields in (
        {"act": "look", "url": HOSTILE},
        {"act": "check", "url": HOSTILE, "kind": "page", "rule_item": HOSTILE},
    ):
        assert "<script>alert" not in (await admin.send("/admin/sources", **fields)).text


@pytest.mark.parametrize(
    "path",
    [
        "/admin/filters/nothing", "/admin/sources/99999", "/admin/stories/99999", "/admin/stories/99999999999999999999",
        "/admin/sources/x", "/admin/nothing", "/admin/filters/%00", "/admin/stories/-1", "/admin/sources/" + "9" * 40,
    ],
)  # fmt: skip
async def test_what_is_not_there_is_a_page_that_says_so(admin: Visitor, path: str) -> None:
    answer = await admin.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "このページはありません" in (await admin.get(f"{path}?lang=ja")).text


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 30, "done=x", "done=99999", "q=%00%ff"])
async def test_a_forged_address_is_an_answer_and_no_mistake(admin: Visitor, query: str) -> None:
    for path in ("/admin/audit", "/admin/review", "/admin/stories", "/admin/filters"):
        assert (await admin.get(f"{path}?{query}")).status_code in (200, 303)


async def test_another_s_change_is_not_told_as_one_s_own(admin: Visitor, database: Database, clock: Clock) -> None:
    def pause(connection: Connection) -> int:
        return audit.note(connection, who="tg:77", what="filter_pause", target="filter:x", now=clock())

    line = database.write(pause)
    assert 'class="done"' not in (await admin.get(f"/admin/filters?done={line}")).text
