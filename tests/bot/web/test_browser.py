"""Admins at work in a real Chromium: on a phone and on a desk, in both languages, with and without scripts."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.web import Area
from storage import audit, filters, floods, news, sessions, sources
from storage.database import Database
from storage.model import FloodState, PageRules, SourceKind
from tests.bot.web.test_door import PAGES
from tests.support.admin_page import BOSS, PASSWORD, Clock, application, furnish, number_of, settings
from tests.support.archives import new_archive
from tests.support.browser import served
from tests.support.build import NOW, definition

pytestmark = pytest.mark.long  # starts a browser, which one worker should do for all of them

UNNAMED = """[...document.querySelectorAll('main a, main button, main input, main select, main textarea')].filter(e =>
  e.type !== 'hidden' && !e.hidden && !e.textContent.trim() && !e.getAttribute('aria-label') && !(e.labels || []).length
  ).map(e => e.outerHTML.slice(0, 90))"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db", filled_by=furnish)
    yield database
    database.close()


@pytest.fixture
def address(database: Database) -> Iterator[str]:
    """The page with its admin area, served."""
    area = Area(database=database, settings=settings(), health=lambda: {"ready": True}, clock=Clock())
    with served(application(area)) as where:
        yield where


def _sign_in(page: Any, address: str, language: str) -> None:
    page.goto(f"{address}/admin/filters?lang={language}")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/admin/filters?**")


def _look(page: Any, where: str, width: int, problems: list[str]) -> None:
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        problems.append(f"{where}: scrolls sideways ({wide} in {width})")
    problems += [f"{where}: has no name: {one}" for one in page.evaluate(UNNAMED)]
    if page.locator("h1").count() != 1:
        problems.append(f"{where}: not one h1")


def test_admins_trip_over_nothing(address: str, database: Database, browser: Any) -> None:
    problems: list[str] = []
    stories = (number_of(database, "SELECT max(story_id) FROM items"), number_of(database, "SELECT 1"))
    pages = (*PAGES, "/admin/sources/2", *(f"/admin/stories/{number}" for number in stories), "/admin/nothing")
    for width, scheme, language in ((360, "dark", "ja"), (1280, "light", "en")):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        page.on("console", lambda one: problems.append(f"{one.type} {one.text}") if "404" not in one.text else None)
        page.on("dialog", lambda one: problems.append(f"a stranger's script ran: {one.message}"))
        _sign_in(page, address, language)
        for path in pages:
            page.goto(f"{address}{path}?lang={language}")
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
            _look(page, f"{path} {width} {language}", width, problems)
        context.close()
    assert problems == []


def test_an_admin_tests_and_saves_a_filter_decides_and_takes_back(
    address: str, database: Database, browser: Any
) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP").new_page()
    _sign_in(page, address, "ja")
    page.fill("#query", "country:AU")
    page.fill("#key", "australia")
    page.click("button[value=test]")
    assert "最新の記事6件のうち4件に一致" in page.locator("#tested").inner_text()
    page.fill("#title", "豪州の会談")
    page.click("button[value=add]")
    page.wait_for_url("**/admin/filters/australia?**")
    assert "フィルターを追加しました" in page.locator(".done").inner_text()
    assert database.read(partial(filters.find, key="australia")).title == "豪州の会談"

    page.click("nav.menu a[href*='/admin/review']")
    assert page.locator("section[aria-labelledby=uncertain] .card").count() == 1
    page.click("button[value=yes]")
    page.wait_for_url("**done=**")
    assert page.locator("section[aria-labelledby=uncertain]").count() == 0
    doubted = number_of(database, "SELECT story_id FROM items WHERE verdict = 'uncertain'")
    assert database.read(partial(news.meeting, story_id=doubted))
    page.click(".done button")
    page.goto(f"{address}/admin/review?lang=ja")
    assert page.locator("section[aria-labelledby=uncertain] .card").count() == 1

    page.click("text=ログアウト")
    page.wait_for_url("**/admin/login?**")
    page.go_back()
    assert "ログイン" in page.locator("h1").inner_text()


@pytest.fixture
def list_page() -> Iterator[str]:
    """A newsroom without a feed, served."""
    headline = "防衛大臣が記者会見を開き、今後の予定を説明しました"
    news = "".join(
        f'<li><span class="day">2025-10-{day}</span> <a href="/news/{day}.html">{headline}({day}日)</a></li>'
        for day in (10, 11, 12)
    )
    html = f"<html lang=ja><title>お知らせ</title><main><h1>お知らせ</h1><ul>{news}</ul></main></html>"

    async def answer(_request: Request) -> HTMLResponse:
        return HTMLResponse(html)

    with served(Starlette(routes=[Route("/{path:path}", answer)])) as where:
        yield where


@pytest.mark.usefixtures("parsed_here")
def test_page_rules_are_tried_saved_and_taken_back_on_a_phone_without_scripts(
    address: str, list_page: str, database: Database, browser: Any
) -> None:
    problems: list[str] = []
    about = definition("notices", url=f"{list_page}/news/", kind=SourceKind.PAGE, rules=PageRules(item="li.old"))
    number = database.write(partial(sources.add, definition=about, now=NOW))
    context = browser.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    _sign_in(page, address, "ja")
    page.goto(f"{address}/admin/sources/{number}?lang=ja")
    page.fill("#rule-item", "main li")
    page.click(".form button[value=rules]")
    assert page.url.endswith("#rules")
    assert "記事3件" in page.locator("section[aria-labelledby=rules] #checked").inner_text()
    _look(page, "what other rules read", 360, problems)
    page.click("button[value=save]")
    page.wait_for_url("**done=**")
    assert "ページの読み方を変更しました" in page.locator(".done").inner_text()
    assert database.read(partial(sources.get, source_id=number)).definition.rules == PageRules(item="main li")
    page.click(".done button")
    assert "取り消しました" in page.locator(".done").inner_text()
    assert database.read(partial(sources.get, source_id=number)).definition == about
    context.close()
    assert problems == []


def test_a_link_a_phone_and_no_scripts_are_enough(address: str, database: Database, browser: Any) -> None:
    word = database.write(partial(sessions.offer, user_id=BOSS, now=Clock().now))
    context = browser.new_context(viewport={"width": 360, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/admin/login/{word}?lang=en")
    page.click("main button")
    assert "Overview" in page.locator("h1").inner_text()
    page.click("nav.menu a[href*='/admin/review']")
    page.click("button[value=swallowed]")
    assert "Held alerts swallowed" in page.locator(".done").inner_text()
    assert database.read(floods.every)[0].state is FloodState.SWALLOWED
    page.click(".done button")
    assert "Taken back" in page.locator(".done").inner_text()
    assert database.read(floods.every)[0].state is FloodState.HELD
    assert {line.who for line in database.read(audit.page)} == {f"tg:{BOSS}"}
    context.close()
