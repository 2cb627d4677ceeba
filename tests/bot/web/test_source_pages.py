"""What admins do with sources on the page, and with the rules by which list pages are read."""

import html
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from functools import partial

import pytest

from feeds.newsroom import Newsroom
from storage import audit, sources
from storage.database import Database
from storage.errors import NotFound
from storage.model import PageRules, Source, SourceDefinition, SourceState
from tests.support.admin_page import Clock, Visitor, newest, undo
from tests.support.build import NOW


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    """The newsrooms of the demo, with everything published."""
    async with Newsroom() as newsroom:
        newsroom.publish_all()
        yield newsroom


# ------------------------------------------------------------------------------------------------ sources


@pytest.mark.usefixtures("parsed_here")
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
