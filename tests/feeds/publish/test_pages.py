"""Every page over an archive of strangers' words: what it shows, how large it is, and what it refuses."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from feeds.decide.query import parse
from feeds.publish.highlight import hits
from feeds.publish.in_words import in_words
from feeds.publish.moments import moment_name, span_name, zone_named
from feeds.publish.web import Library, create_app
from storage import filters, ingest, revision, sources
from storage.database import Connection, Database
from storage.model import FilterAction, Kind, Phase, Principal
from tests.feeds.publish.conftest import asking
from tests.support.admin_page import Clock
from tests.support.build import NOW, facts, meeting_changes

Ask = Callable[..., Any]
HOSTILE = '<script>alert(1)</script>"onload="x'

PAGES = (
    "/", "/?country=JP&country=AU&kind=bilateral&period=2025", "/meetings/1", "/countries", "/countries/JP", "/people",
    "/series", "/series/admm-plus", "/search", "/search?q=country:JP", "/search?q=alert", "/top", "/top?since=30d",
    "/feeds", "/sources",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_is_whole_small_and_harmless(ask: Ask, path: str, language: str) -> None:
    answer = await ask(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert answer.text.rstrip().endswith("</html>")
    assert "<script>" not in answer.text
    assert 'style="' not in answer.text
    assert len(gzip.compress(answer.content)) < 60_000
    policy = answer.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "script-src 'self'" in policy


@pytest.fixture
def hostile(database: Database) -> Database:
    """A meeting all whose words come from strangers."""
    minister = Principal(country="JP", name=HOSTILE, name_ja=HOSTILE, office=HOSTILE)
    told = facts(
        city=HOSTILE, venue=HOSTILE, outcomes=(HOSTILE,), principals=(minister,), series=HOSTILE[:60],
        parent=HOSTILE[:60],
    )  # fmt: skip
    database.write(lambda c: ingest.apply(c, meeting_changes(told, identity="g:hostile"), NOW))
    return database


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    "path", ["/", "/meetings/3", "/countries/JP", "/people", "/series", "/search?q=country:JP", "/top"]
)
async def test_facts_that_a_stranger_made_up_do_not_run(ask: Ask, path: str) -> None:
    page = (await ask(path)).text
    assert "<script>alert" not in page
    assert '"onload="' not in page


@pytest.mark.usefixtures("hostile")
async def test_a_person_with_a_wild_name_has_a_page(ask: Ask) -> None:
    page = (await ask("/people/script-alert-1-script-onload-x")).text
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert (await ask("/people/script-alert-1-script-onload-x.json")).json()["country"] == "JP"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/meetings/999", 404, "No meeting has this number"),
        ("/countries/Atlantis", 404, "No country goes by"),
        ("/people/nobody", 404, "No meeting with this person"),
        ("/series/none", 404, "No series has this key"),
        ("/feeds/none.atom", 404, "There is no such feed"),
        ("/?page=99", 404, "There is no such page"),
        ("/?minister=nobody", 404, "No meeting with this person"),
        ("/?minister=%22", 404, "No meeting with this person"),
        ("/?page=zero", 400, "page is a number"),
        ("/?country=Atlantis", 400, "country is a code"),
        ("/?period=now", 400, "period is a year"),
        ("/countries?period=soon", 400, "period is a year"),
        ("/top?since=1y", 400, "since is one of"),
        ("/search?q=level:king", 400, "level: knows no"),
    ],
)
async def test_refusals_say_what_would_be_right(ask: Ask, path: str, status: int, said: str) -> None:
    answer = await ask(path, accept_language="en-GB,en;q=0.9,ja;q=0.1")
    assert (answer.status_code, said in answer.text) == (status, True)
    assert '<html lang="en">' in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/meetings/1", "/countries", "/countries/JP.json", "/people", "/series", "/search"]
)
async def test_pages_are_only_read(ask: Ask, path: str) -> None:
    assert (await ask(path, "POST")).status_code == 405
    assert (await ask(path, "DELETE")).status_code == 405
    head = await ask(path, "HEAD")
    assert (head.status_code, head.content) == (200, b"")


async def test_what_is_refused_as_data_is_data(ask: Ask) -> None:
    for path in ("/countries/Atlantis.json", "/people/nobody.json", "/series/none.json", "/countries.json?period=x"):
        answer = await ask(path)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_country_by_its_name_leads_to_its_code(ask: Ask) -> None:
    answer = await ask("/countries/japan?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (308, "/countries/JP?lang=en")


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "ja"), ("en-US,en;q=0.9", "en"), ("fr;q=0.9,en;q=0.5,ja;q=0.4", "en"), ("ja,en;q=0.5", "ja"), ("fr", "ja"),
     ("en;q=nonsense", "ja")],
)  # fmt: skip
async def test_the_language_is_what_the_browser_prefers(ask: Ask, header: str, language: str) -> None:
    answer = await ask("/sources", accept_language=header)
    assert f'<html lang="{language}">' in answer.text
    assert "Accept-Language" in answer.headers["vary"]


async def test_moments_are_told_by_the_clock_that_was_chosen(ask: Ask) -> None:
    chosen = await ask("/meetings/1?lang=en&zone=America/New_York")
    assert "1 Nov 2025, 08:00" in chosen.text
    assert chosen.headers["set-cookie"].startswith('kaigi_zone="America/New_York";')
    kept = await ask("/meetings/1?lang=en", cookie="kaigi_zone=Europe/Paris")
    assert "1 Nov 2025, 13:00" in kept.text
    assert "set-cookie" not in kept.headers
    usual = await ask("/meetings/1?lang=en&zone=../../etc/passwd")
    assert "1 Nov 2025, 21:00" in usual.text


async def test_days_of_meetings_are_the_same_in_every_zone(ask: Ask) -> None:
    for zone in ("Pacific/Honolulu", "Pacific/Auckland"):
        assert "Saturday 1 November 2025" in (await ask(f"/meetings/1?lang=en&zone={zone}")).text


async def test_pages_are_packed_for_those_who_take_it(ask: Ask) -> None:
    packed = await ask("/", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in (await ask("/", accept_encoding="identity")).headers


async def test_a_view_is_followed_by_feed_calendar_and_data(ask: Ask) -> None:
    page = (await ask("/?country=JP&country=US&lang=en")).text
    address = (
        "https://kaigi.example/feeds/search.{}?q=is%3Ameeting+level%3Aminister+country%3AJP+country%3AUS&amp;lang=en"
    )
    for extension in ("atom", "json", "ics"):
        assert address.format(extension) in page
    assert "https://kaigi.example/feeds/ministerial-meetings.atom" in (await ask("/?lang=en")).text


async def test_every_link_of_a_view_leads_to_a_feed_that_holds_the_same(ask: Ask) -> None:
    feed = await ask("/feeds/search.json?q=is:meeting+level:minister+country:JP+country:US")
    assert [entry["_kaigi"]["story"] for entry in feed.json()["items"]] == [2]
    page = (await ask("/?country=JP&country=US")).text
    assert 'href="/meetings/2?lang=ja"' in page
    assert 'href="/meetings/1?lang=ja"' not in page


async def test_the_bot_is_offered_for_filters_once_its_name_is_known(library: Any) -> None:
    from dataclasses import replace

    from feeds.publish.web import create_app

    app = create_app(replace(library, bot_name=lambda: "kaigi_bot"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://kaigi.example") as client:
        link = "https://t.me/kaigi_bot?start=f_ministerial-meetings"
        assert link in (await client.get("/")).text
        assert link in (await client.get("/feeds")).text
        assert "t.me" not in (await client.get("/?country=JP")).text


async def test_what_a_block_rule_hides_is_in_no_list_and_no_picture(ask: Ask, database: Database) -> None:
    assert 'href="/meetings/2?' in (await ask("/")).text
    database.write(
        lambda c: filters.add(
            c, key="none", title="n", query="country:US", alerts=False, who="t", now=NOW, action=FilterAction.BLOCK
        )
    )
    assert 'href="/meetings/2?' not in (await ask("/")).text
    assert (await ask("/countries/US.json")).json()["meetings"] == []
    database.write(lambda c: filters.remove(c, "none", who="t", now=NOW))
    assert 'href="/meetings/2?' in (await ask("/")).text


async def test_rules_about_age_and_newsrooms_hide_what_they_say_now_and_no_longer_than_that(
    library: Library, database: Database
) -> None:
    """Meetings, filters and items stay as they are: only the clock goes on, and a newsroom is called otherwise."""
    clock = Clock()
    ask = asking(create_app(replace(library, clock=clock)))

    def rule(connection: Connection, query: str) -> None:
        filters.add(
            connection, key=f"r{len(query)}", title="n", query=query, alerts=False, who="t", now=NOW,
            action=FilterAction.BLOCK,
        )  # fmt: skip

    database.write(partial(rule, query="country:US age:<3d"))
    clock.now = NOW + timedelta(days=3, minutes=-4)
    assert 'href="/meetings/2?' not in (await ask("/")).text
    clock.now += timedelta(minutes=3)  # news in between does not put off when the rule is asked again
    database.write(lambda c: ingest.apply(c, meeting_changes(facts(countries=("JP", "PH")), identity="g:more"), NOW))
    assert 'href="/meetings/2?' not in (await ask("/")).text
    clock.now += timedelta(minutes=2, seconds=30)
    assert 'href="/meetings/2?' in (await ask("/")).text

    database.write(partial(rule, query="source:tabloid"))
    assert 'href="/meetings/2?' in (await ask("/")).text
    known = database.read(partial(sources.find, key_or_url="s2"))

    def rename(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE sources SET name = 'The Tabloid' WHERE id = ?", (known.id,))
        revision.bump(connection)

    database.write(rename)
    assert 'href="/meetings/2?' not in (await ask("/")).text


async def test_a_meeting_without_a_day_stands_under_the_reader_s_day_on_which_it_was_first_told(
    ask: Ask, database: Database
) -> None:
    told = facts(starts_on=None, countries=("JP", "PH"))
    late = datetime(2025, 11, 1, 20, tzinfo=UTC)
    database.write(lambda c: ingest.apply(c, meeting_changes(told, identity="g:undated"), late))
    shown = (await ask("/?lang=en&country=PH&zone=Asia/Tokyo")).text
    assert '<time datetime="2025-11-02">' in shown
    assert '<time datetime="2025-11-01">' in (await ask("/?lang=en&country=PH&zone=America/New_York")).text


async def test_a_new_report_and_a_new_meeting_are_seen_at_once(ask: Ask, database: Database) -> None:
    assert (await ask("/series/scm")).status_code == 200
    told = facts(series="scm", edition=57, countries=("KR", "US"), starts_on=date(2025, 11, 1))
    database.write(lambda c: ingest.apply(c, meeting_changes(told, identity="g:scm"), NOW))
    assert [one["edition"] for one in (await ask("/series/scm.json")).json()["meetings"]] == [57]
    assert "第57回" in (await ask("/series/scm")).text


async def test_long_lists_have_pages(ask: Ask, database: Database) -> None:
    for number in range(40):
        told = facts(starts_on=date(2025, 1 + number % 10, 1 + number % 28), countries=("FR", "DE"))
        changes = meeting_changes(told, identity=f"g:{number + 50}")
        database.write(partial(ingest.apply, changes=changes, now=NOW))
    first, second = (await ask("/?country=FR")).text, (await ask("/?country=FR&page=2")).text
    assert (first.count("<article"), second.count("<article")) == (20, 20)
    assert 'rel="next"' in first
    assert 'rel="prev"' in second


async def test_a_search_says_how_many_and_marks_the_words(ask: Ask, database: Database) -> None:
    changes = meeting_changes(facts(kind=Kind.BILATERAL), identity="g:frigate")
    database.write(lambda c: ingest.apply(c, changes, NOW))
    page = (await ask("/search?q=title&lang=en")).text
    assert "1 meeting" in page
    assert "<mark>Title</mark> of g:frigate" in page


def test_a_query_is_told_in_words() -> None:
    query = parse('is:meeting country:JP,AU "joint statement" -format:phone date:2025 age:<7d')
    assert in_words(query, "en") == (
        "a meeting, Australia or Japan, “joint statement”, not by phone, held in 2025, published within 7 d"
    )
    assert in_words(query, "ja").startswith(
        "会談、オーストラリアまたは日本、「joint statement」、電話以外、会談日 2025"
    )
    assert in_words(parse(""), "ja") == "すべての記事"
    assert in_words(parse("city:東京 edition:12"), "en") == "in Tokyo, edition 12"
    assert (
        in_words(parse('date:2025-11..2025-12 minister:"Ada"'), "en") == "held in 2025-11-01 – 2025-12-31, minister Ada"
    )
    assert in_words(parse("edition:..5"), "ja") == "回  – 5"
    both = parse("(日米 OR 日豪) series:admm-plus")
    assert in_words(both, "ja") == "(「日米」または「日豪」)、拡大ASEAN国防相会議"


class Row:
    """A row as storage/search.py gives it."""

    def __init__(self, title: str, text: str = "") -> None:
        self.id, self.title, self.text, self.source_name, self.language = 1, title, text, "MOD", "en"
        self.url = "https://a.example/"


def marked(query: str, title: str, text: str = "") -> list[str]:
    return [piece for hit in hits(parse(query), [Row(title, text)]) for piece, found in hit.pieces if found]


def test_found_words_are_marked_as_the_matcher_finds_them() -> None:
    assert marked("防衛", "日豪防衛相会談、防衛省で") == ["防衛", "防衛"]
    assert marked("minister", "The ministers met the Minister") == ["Minister"]
    assert marked("minister*", "The ministers met") == ["minister"]
    assert marked("minister", "They administer it") == []
    assert marked("防衛 衛相", "日豪防衛相会談") == ["防衛相"]
    assert marked("-phone call", "A phone call") == ["call"]
    assert marked("ＡＢＣ", "The abc of it") == ["abc"]
    assert marked("country:JP", "Japan") == []


def test_a_word_deep_in_the_text_is_shown_with_what_is_around_it() -> None:
    row = Row("News", "x " * 200 + "a frigate sails " + "y " * 200)
    (hit,) = hits(parse("frigate"), [row])
    assert (hit.pieces[0], hit.pieces[-1]) == (("…", False), ("…", False))
    assert ("frigate", True) in hit.pieces
    assert hit.url == "https://a.example/"


def test_moments_and_spans_are_told_in_both_languages() -> None:
    assert moment_name(NOW, "Asia/Tokyo", "ja") == "2025年11月1日 21:00"
    assert moment_name(NOW, "UTC", "en") == "1 Nov 2025, 12:00"
    told = [span_name(seconds, "en") for seconds in (0, 59, 90, 7200, 200_000)]
    assert told == ["0 s", "59 s", "2 min", "2 h", "2 d"]
    assert span_name(3600, "ja") == "1時間"
    assert zone_named("Asia/Tokyo") == "Asia/Tokyo"
    assert zone_named("../Tokyo") is None
    assert zone_named("Mars/Olympus") is None


async def test_announced_meetings_stand_on_top_until_their_day_has_passed(ask: Ask, database: Database) -> None:
    soon = facts(phase=Phase.ANNOUNCED, starts_on=date(2025, 12, 24), countries=("FR", "GB"))
    database.write(lambda c: ingest.apply(c, meeting_changes(soon, identity="g:soon"), NOW))
    page = (await ask("/?lang=en")).text
    assert page.index(">Announced<") < page.index('href="/meetings/3?lang=en"') < page.index(">Latest<")
    assert page.index(">Latest<") < page.index('href="/meetings/2?lang=en"')  # announced for a day that has passed
