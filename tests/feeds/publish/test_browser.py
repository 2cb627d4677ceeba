"""The pages in a real Chromium: no errors, no sideways scrolling on phones, links that lead somewhere, keys that work.

One test goes through everything, because starting a context costs more than all it looks at.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from feeds.publish.web import Library, create_app
from storage import filters, ingest, instance, schema, sources
from storage.database import Connection, Database
from storage.model import Kind, Phase, Principal
from tests.support.browser import served
from tests.support.build import NOW, after, definition, facts, meeting_changes

LONG = "ドナシアノ・ド・ロザリオ・ダ・コスタ・ゴメス・フォン・ウント・ツー・リヒテンシュタイン"
PAGES = (
    "/", "/?country=JP&kind=bilateral", "/meetings/1", "/countries", "/countries/JP", "/people",
    "/people/shinjiro-koizumi", "/series", "/series/admm-plus", "/search", "/search?q=country:JP", "/top?since=30d",
    "/feeds", "/sources",
)  # fmt: skip

pytestmark = pytest.mark.long  # starts a browser, which one worker should do for all of them

UNNAMED = """[...document.querySelectorAll('a,button')].filter(e => !e.textContent.trim() && !e.hidden
  && !e.getAttribute('aria-label')).length"""
LINKS = "[...document.querySelectorAll('[href],[src]')].map(e => e.getAttribute('href') || e.getAttribute('src'))"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application over an archive with some of everything, served."""
    folder: Path = tmp_path_factory.mktemp("pages")
    database = Database(f"sqlite:///{folder / 'kaigi.db'}")
    schema.upgrade(database)
    database.write(_fill)
    authority, began_at = database.write(lambda c: instance.born(c, "kaigi.example", NOW))
    library = Library(
        database=database, authority=authority, began_at=began_at, address="https://kaigi.example", language="ja",
        health=lambda: {"ready": True}, clock=lambda: after(days=1), bot_name=lambda: "kaigi_bot",
    )  # fmt: skip
    with served(create_app(library)) as where:
        yield where
    database.close()


def _fill(connection: Connection) -> None:
    filters.ensure_built_in(connection)
    sources.add(connection, definition("mod", name="防衛省"), NOW)
    koizumi = Principal(country="JP", name="Shinjiro Koizumi", name_ja="小泉進次郎", office="防衛大臣")
    other = Principal(country="TL", name="Donaciano do Rosario da Costa Gomes", name_ja=LONG, office="国防相")
    for number, told in enumerate(
        (
            facts(principals=(koizumi,), outcomes=("共同声明",)),
            facts(countries=("JP", "TL"), principals=(koizumi, other), starts_on=date(2025, 10, 3), parent="admm-plus"),
            facts(series="admm-plus", edition=12, kind=Kind.MULTILATERAL, countries=("AU", "JP", "MY", "US", "VN")),
            facts(phase=Phase.ANNOUNCED, countries=("JP", "US"), starts_on=date(2025, 12, 24)),
            facts(kind=Kind.TRILATERAL, countries=("AU", "JP", "US"), starts_on=date(2025, 9, 9)),
        ),
        1,
    ):
        ingest.apply(connection, meeting_changes(told, identity=f"g:{number}"), NOW)


def _problems(page: Any, where: str, width: int) -> list[str]:
    """What a visitor would trip over."""
    found = []
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        found.append(f"{where}: scrolls sideways ({wide} in {width})")
    if unnamed := page.evaluate(UNNAMED):
        found.append(f"{where}: {unnamed} links or buttons without a name")
    parts = ("main", "nav", "header", "footer", "h1")
    found += [f"{where}: no {part}" for part in parts if not page.query_selector(part)]
    if page.locator("h1").count() != 1:
        found.append(f"{where}: not one h1")
    return found


def _listen(page: Any, problems: list[str]) -> None:
    """Whatever the browser complains about, a breach of the content policy among it."""
    page.on("console", lambda message: problems.append(f"{page.url}: {message.type} {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))


def _links(page: Any, address: str) -> set[str]:
    hrefs = page.evaluate(LINKS)
    every = {urljoin(page.url, href) for href in hrefs}
    ours = {url.replace("https://kaigi.example", address) for url in every}
    return {url.partition("#")[0] for url in ours if url.startswith(address)}


def test_a_visitor_trips_over_nothing(address: str, browser: Any) -> None:
    """In both languages and schemes, on a phone and on a desk."""
    problems: list[str] = []
    links: set[str] = set()
    for width, scheme, language in ((360, "dark", "ja"), (1280, "light", "en")):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        _listen(page, problems)
        for path in PAGES:
            page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
            problems += _problems(page, f"{path} {width} {language}", width)
            links |= _links(page, address)
        context.close()
    asked = browser.new_context()
    one_of_a_kind = {(urlsplit(url).path, len(urlsplit(url).query.split("&"))): url for url in sorted(links)}
    for url in one_of_a_kind.values():
        if asked.request.get(url, max_redirects=1).status != 200:
            problems.append(f"{url} leads nowhere")
    assert problems == []


def test_a_visitor_gets_along_with_keys_alone_and_without_scripts(address: str, browser: Any) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page()
    page.goto(f"{address}/?lang=en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    page.goto(f"{address}/search?lang=en")
    page.keyboard.type("country:TL")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?*country*")
    assert page.locator("article.entry").count() == 1
    page.locator("article.entry h2 a").click()
    assert "Timor-Leste" in page.locator("h1").inner_text()

    page.select_option("#zone", "America/New_York")
    page.wait_for_url("**zone=America*")
    assert "America/New_York" in page.locator("main").inner_text()

    plain = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800}).new_page()
    plain.goto(f"{address}/?lang=en")
    plain.locator("details.filters summary").click()
    plain.locator(".facet a", has_text="trilateral").click()
    assert "kind=trilateral" in plain.url
    assert plain.locator("article.entry").count() == 1
