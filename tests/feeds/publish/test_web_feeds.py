"""Feeds over HTTP: formats, views, languages, archive pages, conditions, refusals, and what a cached feed costs."""

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import feedparser
import pytest
from icalendar import Calendar
from lxml import etree
from sqlalchemy import text

from feeds.correcting import Desk
from feeds.decide.routing import AlertPolicy
from feeds.publish import shelf
from feeds.publish.asking import Wanted
from feeds.publish.cache import FeedCache
from feeds.publish.web import Library
from storage import filters, ingest, sources
from storage.changes import Changes
from storage.database import Connection, Database
from storage.model import FilterAction
from tests.support.build import NOW, after, facts, meeting_changes, polled
from tests.support.strict import ATOM, atom_faults, rss_faults

MEETINGS = "/feeds/ministerial-meetings"
Ask = Callable[..., Any]


def land(database: Database, *identities: str, at: timedelta = timedelta(hours=1), **told: Any) -> None:
    """A poll brings new meetings, one an identity."""

    def fill(connection: Connection) -> None:
        for identity in identities:
            ingest.apply(connection, meeting_changes(facts(**told), identity=f"g:{identity}"), NOW + at)

    database.write(fill)


def make_filter(database: Database, **words: Any) -> None:
    chosen: dict[str, Any] = {"alerts": False, "action": FilterAction.KEEP, "who": "test", "now": NOW} | words
    database.write(lambda c: filters.add(c, **chosen))


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [
        ("atom", "application/atom+xml; charset=utf-8"),
        ("rss", "application/rss+xml; charset=utf-8"),
        ("json", "application/feed+json; charset=utf-8"),
        ("ics", "text/calendar; charset=utf-8"),
    ],
)
async def test_a_filter_is_a_feed_in_four_formats(ask: Ask, extension: str, media_type: str) -> None:
    answer = await ask(f"{MEETINGS}.{extension}", accept_encoding="identity")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "日本・オーストラリア" in answer.text
    assert answer.headers["content-length"] == str(len(answer.content))


async def test_all_formats_tell_of_the_same_entries(ask: Ask) -> None:
    read = feedparser.parse((await ask(f"{MEETINGS}.atom")).content)
    ids = [entry.id for entry in read.entries]
    assert ids == ["tag:kaigi.example,2025-11-01:meeting/2", "tag:kaigi.example,2025-11-01:meeting/1"]
    assert [entry.id for entry in feedparser.parse((await ask(f"{MEETINGS}.rss")).content).entries] == ids
    assert [one["id"] for one in (await ask(f"{MEETINGS}.json")).json()["items"]] == ids
    assert len(Calendar.from_ical((await ask(f"{MEETINGS}.ics")).content).walk("VEVENT")) == 2


@pytest.mark.parametrize(
    "path", ["/feeds/everything.atom?view=meetings", f"{MEETINGS}.atom?view=items", f"{MEETINGS}.atom?lang=en"]
)
async def test_views_and_languages_are_feeds_of_their_own(ask: Ask, path: str) -> None:
    answer = await ask(path)
    assert atom_faults(answer.content) == []
    root = etree.fromstring(answer.content)
    assert [link.get("href") for link in root.findall(f"{ATOM}link[@rel='self']")] == [f"https://kaigi.example{path}"]
    usual = etree.fromstring((await ask(path.partition("?")[0])).content)
    assert root.findtext(f"{ATOM}id") != usual.findtext(f"{ATOM}id")


async def test_any_search_is_a_feed(ask: Ask) -> None:
    answer = await ask("/feeds/search.atom?q=country:AU&lang=en")
    assert "Australia–Japan" in answer.text
    assert "United States" not in answer.text
    assert atom_faults(answer.content) == rss_faults((await ask("/feeds/search.rss?q=country:AU")).content) == []
    assert len((await ask("/feeds/search.json?q=alert&view=items")).json()["items"]) == 2
    assert len(Calendar.from_ical((await ask("/feeds/search.ics?q=country:AU")).content).walk("VEVENT")) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/feeds/unknown.atom", 404),
        ("/feeds/everything.exe", 404),
        ("/feeds/everything", 404),
        ("/feeds/.atom", 404),
        ("/feeds/..%2f..%2fetc%2fpasswd.atom", 404),
        (f"/feeds/{'x' * 5000}.atom", 404),
        ("/feeds/%00.atom", 404),
        ("/feeds/%ED%A0%80.atom", 404),
        (f"{MEETINGS}.atom?page=0", 400),
        (f"{MEETINGS}.atom?page=-1", 400),
        (f"{MEETINGS}.atom?page=1e3", 400),
        (f"{MEETINGS}.atom?page=²", 400),
        (f"{MEETINGS}.atom?page=", 400),
        (f"{MEETINGS}.atom?page={'9' * 4000}", 400),
        (f"{MEETINGS}.atom?page=99", 404),
        (f"{MEETINGS}.atom?view=all", 400),
        (f"{MEETINGS}.atom?lang=tlh", 400),
        (f"{MEETINGS}.ics?page=1", 400),
        (f"{MEETINGS}.ics?view=items", 400),
        (f"{MEETINGS}.atom?" + "&".join(f"p{n}=1" for n in range(200)), 400),
        ("/feeds/search.atom", 400),
        ("/feeds/search.atom?q=", 400),
        ("/feeds/search.atom?q=%20", 400),
        ("/feeds/search.atom?q=foo:bar", 400),
        ('/feeds/search.atom?q="open', 400),
        ("/feeds/search.atom?q=(((", 400),
        ("/feeds/search.atom?q=/(a%2B)%2B$(/", 400),
        (f"/feeds/search.atom?q={'x' * 10_000}", 400),
        ("/feeds/search.atom?q=%ED%A0%80%00<script>alert(1)</script>", 400),
        (f"{MEETINGS}.atom?unknown=1&utm_source=x", 200),
    ],
)
async def test_what_cannot_be_is_refused_clearly_and_never_breaks(ask: Ask, path: str, status: int) -> None:
    answer = await ask(path)
    assert answer.status_code == status
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", [f"{MEETINGS}.atom", "/feeds", "/feeds.opml", "/api/meetings", "/search", "/top"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_written_over_http(ask: Ask, path: str, method: str) -> None:
    assert (await ask(path, method)).status_code == 405


async def test_a_filter_whose_query_cannot_be_read_says_so_without_breaking(ask: Ask, database: Database) -> None:
    broken = (
        "INSERT INTO filters (key, title, query, alerts, action, paused, position) VALUES ('b','b','foo:',0,'keep',0,9)"
    )
    database.write(lambda c: c.execute(text(broken)))
    assert (await ask("/feeds/b.atom")).status_code == 503
    assert (await ask("/feeds")).status_code == 200


async def test_a_block_rule_is_no_feed(ask: Ask, database: Database) -> None:
    make_filter(database, key="hidden", title="Hidden", query="alert", action=FilterAction.BLOCK)
    assert (await ask("/feeds/hidden.atom")).status_code == 404
    assert "/feeds/hidden" not in (await ask("/feeds")).text


async def test_head_sends_the_same_headers_and_no_body(ask: Ask) -> None:
    whole, head = await ask(f"{MEETINGS}.atom"), await ask(f"{MEETINGS}.atom", "HEAD")
    assert head.content == b""
    assert head.headers.multi_items() == whole.headers.multi_items()


async def test_a_feed_comes_packed_to_whoever_takes_it(ask: Ask) -> None:
    plain = await ask(f"{MEETINGS}.atom", accept_encoding="identity")
    packed = await ask(f"{MEETINGS}.atom", accept_encoding="br, gzip;q=0.5")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content  # the client has unpacked it
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert (await ask(f"{MEETINGS}.atom", accept_encoding="gzip;q=0, *")).headers.get("content-encoding") is None
    for etag in (plain.headers["etag"], packed.headers["etag"]):
        assert (await ask(f"{MEETINGS}.atom", if_none_match=etag, accept_encoding="gzip")).status_code == 304


async def test_packing_is_the_same_every_time(library: Library) -> None:
    one, other = [await FeedCache(library).get(Wanted(key="everything", extension="json")) for _ in range(2)]
    assert one.packed.body == other.packed.body
    assert json.loads(gzip.decompress(one.packed.body))["items"]


async def test_a_kept_feed_costs_no_database_work(
    ask: Ask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.publish.cache.LOOK_AGAIN", 3600.0)  # however slow the machine is
    first = await ask(f"{MEETINGS}.atom")

    def forbidden(_fn: object) -> None:
        raise AssertionError("the database was read")

    monkeypatch.setattr(database, "read", forbidden)
    answers = [await ask(f"{MEETINGS}.atom") for _ in range(3)]
    assert [answer.content for answer in answers] == [first.content] * 3
    assert (await ask(f"{MEETINGS}.atom", if_none_match=first.headers["etag"])).status_code == 304


async def test_what_another_process_wrote_is_seen_within_a_second(library: Library) -> None:
    moment = 100.0
    cache = FeedCache(library, clock=lambda: moment)
    wanted = Wanted(key="ministerial-meetings", extension="atom")
    before = await cache.get(wanted)
    other = Database(library.database.url.render_as_string(hide_password=False))
    land(other, "9", series="scm")
    other.close()
    assert cache.at_hand(wanted) is before
    moment += 1.0
    assert cache.at_hand(wanted) is None
    assert (await cache.get(wanted)).plain.etag != before.plain.etag


async def test_a_poll_that_brings_nothing_leaves_feeds_as_they_are(library: Library) -> None:
    cache = FeedCache(library, clock=lambda: 0.0)
    wanted = Wanted(key="everything", extension="atom")
    before = await cache.get(wanted)
    library.database.write(lambda c: ingest.apply(c, Changes(source=polled(1)), NOW))
    assert await cache.get(wanted) is before


async def test_many_who_ask_at_once_have_it_written_once(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    document = shelf.document

    def count(*words: Any) -> shelf.Document:
        written.append(words)
        return document(*words)

    monkeypatch.setattr("feeds.publish.cache.document", count)
    cache = FeedCache(library)
    await asyncio.gather(*(cache.get(Wanted(key="everything", extension="atom")) for _ in range(20)))
    assert len(written) == 1


async def test_the_cache_is_bounded_and_drops_what_was_longest_unasked(library: Library) -> None:
    cache = FeedCache(library, most_bytes=30_000, clock=lambda: 0.0)
    searches = [Wanted(key="search", extension="atom", words=f"alert OR word{n}") for n in range(30)]
    for wanted in searches:
        await cache.get(wanted)
    at_hand = [cache.at_hand(wanted) is not None for wanted in searches]
    assert at_hand[-1]
    assert not at_hand[0]
    assert sum(found.size for wanted in searches if (found := cache.at_hand(wanted))) <= 30_000


async def test_a_feed_that_asks_for_ages_is_written_anew_though_nothing_came(library: Library) -> None:
    moment = 0.0
    cache = FeedCache(library, clock=lambda: moment)
    wanted = Wanted(key="search", extension="atom", words="age:<7d")
    first = await cache.get(wanted)
    moment = 61.0
    assert await cache.get(wanted) is not first


async def test_a_changed_filter_changes_its_feed_and_its_date(ask: Ask, database: Database) -> None:
    first = await ask(f"{MEETINGS}.atom")
    database.write(
        lambda c: filters.change(c, "ministerial-meetings", "edit", who="test", now=NOW, query="is:meeting country:AU")
    )
    since = first.headers["last-modified"]
    again = await ask(f"{MEETINGS}.atom", if_modified_since=since)
    assert again.status_code == 200
    assert "米国" not in again.text


async def test_the_archive_is_complete_and_its_full_pages_never_change(
    ask: Ask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shelf.SPAN, "meetings", 5)
    monkeypatch.setattr(shelf, "NEWEST", 3)
    monkeypatch.setattr(shelf, "MOVED", 1)
    land(database, *(str(number) for number in range(10, 31)))  # stories 3 to 23
    pages: dict[str, bytes] = {}
    url: str | None = f"{MEETINGS}.atom"
    while url is not None:
        answer = await ask(url)
        assert atom_faults(answer.content) == []
        pages[url] = answer.content
        root = etree.fromstring(answer.content)
        older = root.find(f"{ATOM}link[@rel='prev-archive']")
        url = None if older is None else str(older.get("href")).removeprefix("https://kaigi.example")
    assert list(pages) == [f"{MEETINGS}.atom", *(f"{MEETINGS}.atom?page={number}" for number in (4, 3, 2, 1))]
    found = {entry.id for body in pages.values() for entry in feedparser.parse(body).entries}
    assert len(found) == 23
    land(database, *(str(number) for number in range(50, 55)), at=timedelta(hours=2))
    for path in (f"{MEETINGS}.atom?page={number}" for number in (1, 2, 3)):
        assert (await ask(path)).content == pages[path]
    middle = etree.fromstring(pages[f"{MEETINGS}.atom?page=2"])
    rels = {link.get("rel"): link.get("href") for link in middle.findall(f"{ATOM}link")}
    assert rels["current"] == "https://kaigi.example/feeds/ministerial-meetings.atom"
    assert rels["next-archive"] == "https://kaigi.example/feeds/ministerial-meetings.atom?page=3"
    assert middle.find("{http://purl.org/syndication/history/1.0}archive") is not None


async def test_an_old_article_that_becomes_a_meeting_comes_into_the_feed_itself(
    ask: Ask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shelf.SPAN, "meetings", 2)
    monkeypatch.setattr(shelf, "NEWEST", 1)
    monkeypatch.setattr(shelf, "MOVED", 1)
    land(database, "8", "9")
    told = Changes(source=polled(1), meetings=meeting_changes(facts(city="Perth")).meetings)
    late = replace(told, meetings=(replace(told.meetings[0], story=1, revision=2),))
    database.write(lambda c: ingest.apply(c, late, after(hours=5)))
    assert "meeting/1<" in (await ask(f"{MEETINGS}.atom")).text


async def test_a_meeting_whose_sources_are_removed_is_taken_back(ask: Ask, database: Database) -> None:
    first = await ask(f"{MEETINGS}.atom")
    database.write(lambda c: sources.remove(c, 1, after(hours=2)))
    again = await ask(f"{MEETINGS}.atom", if_none_match=first.headers["etag"])
    assert 'ref="tag:kaigi.example,2025-11-01:meeting/1" when="2025-11-01T14:00:00+00:00"' in again.text
    assert "meeting/1<" not in again.text
    assert atom_faults(again.content) == []


async def test_a_meeting_that_an_admin_says_is_none_is_taken_back_until_that_is_undone(
    ask: Ask, database: Database
) -> None:
    desk = Desk(database=database, policy=AlertPolicy(), by="tester", now=after(hours=2))
    said = desk.not_a_meeting("1")
    told = (await ask(f"{MEETINGS}.atom")).text
    assert ('ref="tag:kaigi.example,2025-11-01:meeting/1"' in told, "meeting/1</id>" in told) == (True, False)
    desk.undo(said.id)
    again = (await ask(f"{MEETINGS}.atom")).text
    assert ("deleted-entry" in again, "meeting/1</id>" in again) == (False, True)


async def test_a_meeting_that_was_merged_into_another_is_taken_back(ask: Ask, database: Database) -> None:
    Desk(database=database, policy=AlertPolicy(), by="tester", now=after(hours=2)).same_as("2", "1")
    told = (await ask(f"{MEETINGS}.atom")).text
    assert ('ref="tag:kaigi.example,2025-11-01:meeting/2"' in told, "meeting/1</id>" in told) == (True, True)


async def test_a_person_in_a_browser_sees_a_page_with_the_address_to_copy(ask: Ask) -> None:
    browser = {"accept": "text/html,application/xml;q=0.9", "sec_fetch_dest": "document"}
    for extension in ("atom", "rss"):
        page = await ask(f"{MEETINGS}.{extension}", **browser)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert f'value="https://kaigi.example{MEETINGS}.{extension}"' in page.text
        assert "<script" not in page.text
        assert "Sec-Fetch-Dest" in page.headers["vary"]
        # One that does not say so gets the feed, as XML that its sheets can dress.
        styled = await ask(f"{MEETINGS}.{extension}", accept=browser["accept"])
        assert styled.headers["content-type"] == "application/xml; charset=utf-8"
        assert b'<?xml-stylesheet type="text/xsl" href="/static/feed.xsl"?>' in styled.content
        assert "script-src 'self'" in styled.headers["content-security-policy"]
    assert (await ask(f"{MEETINGS}.json", **browser)).headers["content-type"].startswith("application/feed+json")
    assert (await ask("/static/feed.xsl")).status_code == (await ask("/static/feed.css")).status_code == 200


async def test_the_list_of_feeds_shows_every_filter_with_its_addresses(ask: Ask, database: Database) -> None:
    make_filter(database, key="quad", title="Quad <b>", query="country:AU country:JP")
    page = (await ask("/feeds?lang=en")).text
    assert "Quad &lt;b&gt;" in page
    assert "country:AU country:JP" in page
    for extension in ("atom", "rss", "json", "ics"):
        assert f'value="https://kaigi.example/feeds/quad.{extension}' in page
    assert 'type="application/atom+xml" title="Kaigi: Quad &lt;b&gt;"' in page
    outlines = etree.fromstring((await ask("/feeds.opml")).content).findall(".//outline")
    home = "https://kaigi.example/search?q=country%3AAU+country%3AJP"
    assert home in [one.get("htmlUrl") for one in outlines]
    assert "https://kaigi.example/feeds/quad.atom" in [one.get("xmlUrl") for one in outlines]


async def test_the_list_as_opml_is_conditional_too(ask: Ask) -> None:
    first = await ask("/feeds.opml")
    assert (await ask("/feeds.opml", if_none_match=first.headers["etag"])).status_code == 304
