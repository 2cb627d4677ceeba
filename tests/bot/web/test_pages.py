"""What admins do on the page: each change is made, told, audited under their name, and taken back."""

import html
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from functools import partial

import pytest

from feeds.newsroom import Newsroom
from storage import audit, corrections, filters, floods, news, sources
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.model import AuditLine, FloodState, PageRules, Source, SourceDefinition, SourceState
from tests.bot.web.test_door import PAGES
from tests.support.admin_page import BOSS, HOSTILE, Clock, Visitor, number_of
from tests.support.build import NOW
from tests.support.floods import MEETINGS


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    """The newsrooms of the demo, with everything published."""
    async with Newsroom() as newsroom:
        newsroom.publish_all()
        yield newsroom


def newest(database: Database) -> AuditLine:
    return database.read(lambda c: audit.page(c, limit=1))[0]


def uncertain(database: Database) -> int:
    return number_of(database, "SELECT id FROM items WHERE verdict = 'uncertain'")


async def undo(admin: Visitor, database: Database) -> str:
    """Press the button that stands beside what was just done."""
    answer = await admin.send("/admin/audit", act="undo", line=str(newest(database).id))
    assert answer.status_code == 200, answer.text
    return answer.text


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


# ------------------------------------------------------------------------------------------------ sources


async def test_a_source_is_looked_at_added_paused_and_removed(
    admin: Visitor, database: Database, newsroom: Newsroom
) -> None:
    url = newsroom.definitions()[0].url
    looked = await admin.send("/admin/sources", act="look", url=url)
    assert looked.status_code == 200, looked.text
    assert "What would be read" in looked.text
    assert "[[source]]" in looked.text
    before = len(database.read(sources.every))
    added = await admin.send("/admin/sources", act="add", url=url, key="new", name="新しい", kind="feed", trust="press")
    assert "Source added" in added.text
    assert len(database.read(sources.every)) == before + 1
    found = database.read(partial(sources.find, key_or_url="new"))
    path = f"/admin/sources/{found.id}"
    checked = await admin.send(path, act="check")
    assert "What would be read" in checked.text
    await admin.send(path, act="pause")
    assert database.read(partial(sources.get, source_id=found.id)).state is SourceState.PAUSED
    again = await admin.send(path, act="pause")
    assert again.status_code == 409
    assert "paused already" in again.text
    await admin.send(path, act="resume")
    page = await admin.send(path, act="remove")
    assert "Source removed" in page.text
    assert (await admin.get(path)).status_code == 404
    await undo(admin, database)
    assert database.read(partial(sources.find, key_or_url="new")).definition.name == "新しい"


@pytest.mark.usefixtures("parsed_here")
async def test_page_rules_are_tried_before_anybody_relies_on_them(
    admin: Visitor, database: Database, newsroom: Newsroom
) -> None:
    about = next(one for one in newsroom.definitions() if one.rules is not None)
    assert about.rules is not None
    words = {
        f"rule_{name}": getattr(about.rules, name) for name in ("item", "link", "title", "date", "include", "article")
    }
    fields = {"url": about.url, "key": "list", "name": "一覧", "kind": "page", "trust": "press", **words}
    tried = await admin.send("/admin/sources", act="check", **fields)
    assert "What would be read" in tried.text
    await admin.send("/admin/sources", act="add", **fields)
    found = database.read(partial(sources.find, key_or_url="list"))
    assert found.definition.rules is not None
    assert found.definition.rules.item == about.rules.item
    path = f"/admin/sources/{found.id}"
    none = await admin.send(path, act="rules", **{**words, "rule_item": "#nothing-is-called-so"})
    assert 'role="alert"' in none.text
    assert 'value="#nothing-is-called-so"' in none.text
    assert "What changed on the page" in none.text
    wrong = await admin.send(path, act="rules", rule_item="][")
    assert wrong.status_code == 400
    assert "is not a CSS selector" in html.unescape(wrong.text)


@pytest.fixture
def listed(database: Database, newsroom: Newsroom) -> Source:
    """A list page of sources_file, whose rules find nothing since the site was made anew."""
    about = replace(list_page(newsroom), key="list", rules=PageRules(item="ul.of-old li"))
    database.write(partial(sources.follow_file, definitions=[about], now=NOW))
    return database.read(partial(sources.find, key_or_url="list"))


def list_page(newsroom: Newsroom) -> SourceDefinition:
    return next(one for one in newsroom.definitions() if one.rules is not None)


def as_fields(rules: PageRules | None) -> dict[str, str]:
    """Rules as the form sends them."""
    given = asdict(rules or PageRules())
    return {f"rule_{name}": "\n".join(value) if name == "cut" else value for name, value in given.items()}


def rules_of(database: Database, key: str = "list") -> PageRules | None:
    return database.read(partial(sources.find, key_or_url=key)).definition.rules


@pytest.mark.usefixtures("parsed_here")
async def test_page_rules_are_saved_go_before_sources_file_and_are_taken_back(
    admin: Visitor, database: Database, newsroom: Newsroom, listed: Source, clock: Clock
) -> None:
    path, good = f"/admin/sources/{listed.id}", list_page(newsroom).rules
    assert "the file no longer changes it" in (await admin.get(path)).text
    tried = await admin.send(path, act="rules", **as_fields(good))
    assert "What would be read" in tried.text
    assert rules_of(database) == listed.definition.rules  # looking saves nothing
    saved = await admin.send(path, act="save", **as_fields(good))
    assert saved.status_code == 200, saved.text
    assert "Page rules changed" in saved.text
    assert rules_of(database) == good
    assert database.read(partial(sources.get, source_id=listed.id)).next_poll_at == clock.now
    line = newest(database)
    assert (line.who, line.what, line.target) == ("web:password", "source_rules", "source:list")
    assert (line.before or {})["item"] == "ul.of-old li"
    assert (line.after or {})["item"] == good.item  # type: ignore[union-attr]

    follow = partial(sources.follow_file, definitions=[listed.definition], now=NOW)
    database.write(follow)  # with the next start
    assert rules_of(database) == good
    assert "Taken back" in await undo(admin, database)
    assert rules_of(database) == listed.definition.rules
    database.write(partial(sources.follow_file, definitions=[replace(listed.definition, name="New")], now=NOW))
    assert database.read(partial(sources.get, source_id=listed.id)).definition.name == "New"


@pytest.mark.usefixtures("parsed_here")
async def test_rules_that_read_nothing_are_saved_only_when_that_is_wanted(
    admin: Visitor, database: Database, newsroom: Newsroom, listed: Source
) -> None:
    path, before = f"/admin/sources/{listed.id}", database.read(audit.count)
    words = as_fields(PageRules(item="#not-yet", cut=("aside",)))
    refused = await admin.send(path, act="save", **words)
    assert refused.status_code == 400
    assert "The rules find nothing on this page" in refused.text
    assert 'value="#not-yet"' in refused.text
    assert "Try these rules" in refused.text  # those that are proposed for the page as it is
    assert database.read(audit.count) == before
    await admin.send(path, act="save", force="on", **words)
    assert rules_of(database) == PageRules(item="#not-yet", cut=("aside",))


async def test_what_cannot_be_a_rule_is_told_beside_the_form_which_keeps_what_was_written(
    admin: Visitor, database: Database, listed: Source
) -> None:
    for act in ("rules", "save"):
        refused = await admin.send(f"/admin/sources/{listed.id}", act=act, rule_item="][", rule_title="h2", force="on")
        assert refused.status_code == 400
        assert "is not a CSS selector" in html.unescape(refused.text)
        assert 'value="]["' in refused.text
        assert 'value="h2"' in refused.text
    assert rules_of(database) == listed.definition.rules


@pytest.mark.usefixtures("parsed_here")
async def test_rules_are_saved_for_pages_alone_and_only_when_they_differ(
    admin: Visitor, database: Database, listed: Source
) -> None:
    before = database.read(audit.count)
    same = as_fields(listed.definition.rules)
    again = await admin.send(f"/admin/sources/{listed.id}", act="save", force="on", **same)
    assert again.status_code == 409
    assert "is read by these rules already" in again.text
    assert database.read(partial(sources.follows, source_id=listed.id))
    feed = await admin.send("/admin/sources/1", act="save", force="on", **same)
    assert feed.status_code == 409
    assert "only list pages are read by rules" in feed.text
    gone = await admin.client.post(f"/admin/sources/{listed.id}", data={"act": "save", "force": "on", "rule_item": "p"})
    assert gone.status_code == 403  # no token
    assert database.read(audit.count) == before
    assert rules_of(database) == listed.definition.rules


async def test_what_the_core_refuses_is_said_in_the_admin_s_language(admin: Visitor, listed: Source) -> None:
    path = f"/admin/sources/{listed.id}?lang=ja"
    same = await admin.send(path, act="save", force="on", **as_fields(listed.definition.rules))
    assert "list はすでにこの規則で読み取っています。" in same.text
    assert 'role="alert" lang="ja"' in same.text
    wrong = await admin.send("/admin/filters?lang=ja", act="test", query="level:king")
    assert 'role="alert" lang="ja"' in wrong.text


@pytest.mark.usefixtures("parsed_here")
async def test_rules_that_were_changed_again_since_are_not_taken_back(
    admin: Visitor, database: Database, listed: Source
) -> None:
    path = f"/admin/sources/{listed.id}"
    await admin.send(path, act="save", force="on", **as_fields(PageRules(item="p")))
    first = newest(database).id
    await admin.send(path, act="save", force="on", **as_fields(PageRules(item="dd")))
    refused = await admin.send("/admin/audit", act="undo", line=str(first))
    assert refused.status_code == 409
    assert "was given other rules since" in refused.text
    await undo(admin, database)
    assert rules_of(database) == PageRules(item="p")


@pytest.mark.usefixtures("parsed_here")
async def test_an_address_with_nothing_to_read_is_added_only_when_that_is_wanted(
    admin: Visitor, database: Database, newsroom: Newsroom
) -> None:
    url = list_page(newsroom).url
    fields = {"url": url, "key": "list", "name": "List", "trust": "press", "kind": "feed"}
    refused = await admin.send("/admin/sources", act="add", **fields)
    assert refused.status_code == 400
    assert "not a feed" in refused.text
    assert 'name="force"' in refused.text
    with pytest.raises(NotFound):
        rules_of(database)
    page = {**fields, "kind": "page", "rule_item": "#nothing"}
    assert (await admin.send("/admin/sources", act="add", **page)).status_code == 400
    added = await admin.send("/admin/sources", act="add", force="on", **page)
    assert "Source added" in added.text
    assert rules_of(database) == PageRules(item="#nothing")
    down = {**fields, "url": "http://127.0.0.1:9/feed.xml", "key": "down"}
    assert "Source added" in (await admin.send("/admin/sources", act="add", **down)).text  # it may answer another day


@pytest.mark.parametrize(
    ("act", "fields", "told"),
    [
        ("look", {"url": "not an address"}, "web address"),
        ("look", {"url": "javascript:alert(1)"}, "begins with https://"),
        ("look", {"url": ""}, "url"),
        ("look", {"url": "https://mod.example/feed.xml"}, "There is a source already"),
        ("add", {"url": "https://new.example/", "key": "new", "name": "x", "kind": "king"}, "kind"),
        ("add", {"url": "https://new.example/", "key": "!", "name": "x", "kind": "feed"}, "key"),
        ("add", {"url": "https://mod.example/feed.xml", "key": "mod", "name": "x", "kind": "feed"}, "already"),
    ],
)
async def test_what_cannot_be_a_source_is_told_beside_the_form(
    admin: Visitor, database: Database, act: str, fields: dict[str, str], told: str
) -> None:
    before = database.read(audit.count)
    answer = await admin.send("/admin/sources", act=act, **fields)
    assert answer.status_code == 400
    assert told in html.unescape(answer.text)
    assert database.read(audit.count) == before


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
