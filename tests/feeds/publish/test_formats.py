"""What feed readers get: valid documents, ids that stay, dates that are true, the same bytes for the same facts."""

import json
from calendar import timegm
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import feedparser
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from lxml import etree

from feeds.publish import atom, calendar, jsonfeed, opml, rss
from feeds.publish.entries import Feed, FeedHead, Place, items_feed, meetings_feed
from feeds.publish.extension import NAMESPACE
from feeds.publish.plain import address, line
from storage.model import ListedItem, Phase, Retraction
from tests.support.build import after, facts, minister, report, story
from tests.support.states import ADDRESSES, state
from tests.support.strict import ATOM, JSON_FEED, address_faults, atom_faults, is_moment, rss_faults

HEAD = FeedHead(
    authority="kaigi.example,2025-11-01",
    key="ministerial-meetings",
    title="Kaigi: Meetings",
    address="https://kaigi.example",
    language="ja",
    began_at=datetime(2025, 10, 1, tzinfo=UTC),
)
TAG = "tag:kaigi.example,2025-11-01"
STATES = range(100)


def entries(body: bytes) -> list[Any]:
    return etree.fromstring(body).findall(f"{ATOM}entry")


def listed(title: str = "A headline", text: str = "Some text.", **fields: Any) -> ListedItem:
    return ListedItem(report=report(title=title, **fields), text=text, author=None, updated_at=after(minutes=3))


@cache  # three tests look at each
def feeds(seed: int) -> list[Feed]:
    """A generated archive as feeds: meetings and items, in both languages, as the feed itself and as a page of it."""
    archive = state(seed)
    head = replace(HEAD, language="ja" if seed % 2 else "en", hub="https://hub.example/" if seed % 3 else None)
    return [
        meetings_feed(head, archive.stories, archive.gone),
        meetings_feed(
            replace(head, title="\x00\ud800"), archive.stories, (), Place(page=2, older=1, newer=3, full=True)
        ),
        items_feed(replace(head, view="items"), archive.items, Place(older=4)),
        items_feed(replace(head, key="search", words="会談 & <x>"), archive.items),
    ]


@cache
def json_feed_rules() -> jsonschema.Draft202012Validator:
    checker = jsonschema.FormatChecker(())
    checker.checks("date-time")(is_moment)
    return jsonschema.Draft202012Validator(JSON_FEED, format_checker=checker)


@pytest.mark.parametrize("seed", STATES)
def test_every_generated_feed_keeps_the_rules_and_parses_back_to_the_same_ids_and_dates(seed: int) -> None:
    for feed in feeds(seed):
        documents = {"atom": atom.write(feed), "rss": rss.write(feed)}
        assert atom_faults(documents["atom"]) == []
        assert rss_faults(documents["rss"]) == []
        for body in documents.values():
            # What it would clean is not looked at here, and what it would make absolute must be so.
            parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
            assert not parsed.bozo
            assert [entry.id for entry in parsed.entries] == [entry.id for entry in feed.entries]
            moments = [(timegm(e.published_parsed), timegm(e.updated_parsed)) for e in parsed.entries]
            assert moments == [(e.published.timestamp(), e.updated.timestamp()) for e in feed.entries]
            for link in (link.href for entry in parsed.entries for link in entry.get("links", ())):
                assert list(address_faults(link)) == []
        assert documents["atom"] == atom.write(feed)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b"</title>", b"</title><nonsense/>"),
        (b"<entry>", b"<entry><published>yesterday</published>"),
        (b"</id>", b"</id><title>twice</title>"),
        (b'rel="self"', b'rel="self" colour="red"'),
        (b'rel="self"', b'rel="self" hreflang="not a tag"'),
        (b"<author>", b"<author><born>1970</born>"),
    ],
)
def test_the_grammar_of_rfc_4287_finds_what_is_wrong(good: bytes, bad: bytes) -> None:
    body = atom.write(meetings_feed(HEAD, [story(facts(), report())], ()))
    assert good in body
    assert atom_faults(body) == []
    assert atom_faults(body.replace(good, bad, 1)) != []


@pytest.mark.parametrize("seed", STATES)
def test_every_generated_json_feed_is_one_and_carries_no_link_that_runs_code(seed: int) -> None:
    rules = json_feed_rules()
    for feed in feeds(seed):
        document = json.loads(jsonfeed.write(feed))
        rules.validate(document)
        assert [item["id"] for item in document["items"]] == [entry.id for entry in feed.entries]
        assert [item["date_modified"] for item in document["items"]] == [e.updated.isoformat() for e in feed.entries]
        assert 'href="javascript' not in jsonfeed.write(feed).decode().lower().replace("\\", "")


@pytest.mark.parametrize("seed", STATES)
def test_every_generated_calendar_reads_back_with_the_meetings_whose_day_is_known(seed: int) -> None:
    feed = feeds(seed)[0]
    body = calendar.write(feed)
    assert all(len(row) <= 75 for row in body.split(b"\r\n"))
    events = {str(event["uid"]): event for event in Calendar.from_ical(body).walk("VEVENT")}
    dated = {e.story.meeting.story_id: e for e in feed.entries if e.story and e.story.meeting.facts.starts_on}
    assert events.keys() == {f"meeting-{number}.20251101@kaigi.example" for number in dated}
    for number, entry in dated.items():
        event = events[f"meeting-{number}.20251101@kaigi.example"]
        assert entry.story is not None
        assert event.decoded("dtstart") == entry.story.meeting.facts.starts_on
        assert event.decoded("dtend") >= event.decoded("dtstart")
        assert event["sequence"] == entry.story.meeting.revision
        assert event.decoded("last-modified") == entry.updated
        assert str(event["summary"]) == entry.title


def test_a_meeting_is_one_entry_with_its_sources_as_links() -> None:
    told = story(
        facts(), report("mod"), report("press", item_id=2), report("mod", item_id=3, url="https://mod.example/2")
    )
    (entry,) = entries(atom.write(meetings_feed(HEAD, [told])))
    links = [(link.get("rel"), link.get("href")) for link in entry.findall(f"{ATOM}link")]
    assert links == [
        ("alternate", "https://kaigi.example/meetings/7"),
        ("via", "https://mod.example/1"),
        ("via", "https://press.example/1"),
    ]
    assert entry.findtext(f"{ATOM}title") == "🇯🇵🇦🇺 日本・オーストラリア防衛相会談"


def test_the_facts_stand_in_elements_of_our_own() -> None:
    told = story(facts(ends_on=date(2025, 11, 2), principals=(minister("JP", name="Ken Mori", name_ja="森健"),)))
    (entry,) = entries(atom.write(meetings_feed(HEAD, [told])))
    meeting = entry.find(f"{{{NAMESPACE}}}meeting")
    assert (meeting.get("kind"), meeting.get("phase"), meeting.get("revision")) == ("bilateral", "held", "1")
    assert dict(meeting.find(f"{{{NAMESPACE}}}days").attrib) == {"start": "2025-11-01", "end": "2025-11-02"}
    assert meeting.find(f"{{{NAMESPACE}}}principal").get("name-ja") == "森健"
    assert [side.get("country") for side in meeting.findall(f"{{{NAMESPACE}}}side")] == ["AU", "JP"]


def test_ids_are_tag_uris_that_do_not_know_the_address() -> None:
    moved = replace(HEAD, address="https://news.example")
    before, now = (etree.fromstring(atom.write(meetings_feed(head, [story()]))) for head in (HEAD, moved))
    ids = [[element.text for element in document.iter(f"{ATOM}id")] for document in (before, now)]
    assert ids[0] == ids[1] == [f"{TAG}:feed/ministerial-meetings", f"{TAG}:meeting/7"]


def test_a_feed_in_another_view_or_language_or_for_other_words_is_another_feed() -> None:
    heads = [
        HEAD,
        replace(HEAD, view="items"),
        replace(HEAD, language="en"),
        replace(HEAD, key="search", words="日米"),
        replace(HEAD, key="search", words="日豪"),
    ]
    assert len({head.id for head in heads}) == len({head.url("atom") for head in heads}) == 5


def test_updated_is_when_the_record_changed() -> None:
    document = etree.fromstring(atom.write(meetings_feed(HEAD, [story()])))
    assert [element.text for element in document.iter(f"{ATOM}updated")] == ["2025-11-01T12:05:00+00:00"] * 2


def test_a_feed_without_entries_is_as_old_as_the_archive() -> None:
    document = etree.fromstring(atom.write(meetings_feed(HEAD, [])))
    assert document.findtext(f"{ATOM}updated") == "2025-10-01T00:00:00+00:00"


def test_a_meeting_that_is_none_any_more_leaves_a_tombstone_and_a_newer_feed() -> None:
    document = etree.fromstring(atom.write(meetings_feed(HEAD, [], [Retraction(story_id=3, at=after(hours=1))])))
    gone = document.find("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert gone is not None
    assert (gone.get("ref"), gone.get("when")) == (f"{TAG}:meeting/3", "2025-11-01T13:00:00+00:00")
    assert document.findtext(f"{ATOM}updated") == "2025-11-01T13:00:00+00:00"


def test_an_items_entry_leads_to_the_article_itself() -> None:
    (entry,) = entries(atom.write(items_feed(HEAD, [listed()])))
    (link,) = entry.findall(f"{ATOM}link")
    assert (link.get("rel"), link.get("href")) == ("alternate", "https://mod.example/1")
    assert entry.findtext(f"{ATOM}published") == "2025-11-01T12:00:00+00:00"


def test_an_item_without_title_text_or_address_is_still_an_entry() -> None:
    parsed = feedparser.parse(atom.write(items_feed(HEAD, [listed("", "", url=None)])))
    assert not parsed.bozo
    assert parsed.entries[0].title == "MOD"


@given(st.text(), st.text(), st.text())
def test_any_words_at_all_make_documents_that_keep_the_rules(title: str, text: str, name: str) -> None:
    told = story(facts(name_ja=name, city=name or None), report(title=title, source_name=text))
    for feed in (meetings_feed(HEAD, [told]), items_feed(HEAD, [listed(title, text)])):
        assert atom_faults(atom.write(feed)) == []
        assert rss_faults(rss.write(feed)) == []
        assert not feedparser.parse(atom.write(feed)).bozo


@given(st.one_of(st.sampled_from([a for a in ADDRESSES if a]), st.text(), st.from_regex(r"\Ahttps?://.*\Z")))
def test_whatever_is_let_through_as_an_address_is_one(url: str) -> None:
    found = address(url)
    assert found is None or list(address_faults(found)) == []
    assert found is None or address(found) == found


def test_a_title_is_one_line_without_marks_that_turn_the_words_around() -> None:
    assert line("a\u202eb\u202c \r\n c\x00\ud800\u2028d 👩‍✈️") == "ab c d 👩‍✈️"


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        (Phase.ANNOUNCED, "TENTATIVE"),
        (Phase.HELD, "CONFIRMED"),
        (Phase.CANCELLED, "CANCELLED"),
        (Phase.POSTPONED, "TENTATIVE"),
    ],
)
def test_a_calendar_says_how_certain_a_meeting_is(phase: Phase, status: str) -> None:
    told = story(facts(phase=phase, ends_on=date(2025, 11, 3)))
    (event,) = Calendar.from_ical(calendar.write(meetings_feed(HEAD, [told]))).walk("VEVENT")
    assert event["status"] == status
    assert event["dtstart"].params["VALUE"] == "DATE"
    assert event.decoded("dtend") == date(2025, 11, 4)
    assert event["summary"].params["LANGUAGE"] == "ja"
    assert str(event["location"]) == "マレーシア(クアラルンプール)"


def test_a_calendar_asks_to_be_read_again_every_hour() -> None:
    whole = Calendar.from_ical(calendar.write(meetings_feed(HEAD, [])))
    assert whole.decoded("refresh-interval") == timedelta(hours=1)
    assert str(whole["x-wr-calname"]) == "Kaigi: Meetings"
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in calendar.write(meetings_feed(HEAD, []))


def test_a_json_feed_carries_the_facts() -> None:
    document = json.loads(jsonfeed.write(meetings_feed(replace(HEAD, hub="https://hub.example/"), [story()])))
    (item,) = document["items"]
    assert (item["_kaigi"]["starts_on"], item["_kaigi"]["place"]["city"]) == ("2025-11-01", "Kuala Lumpur")
    assert document["hubs"] == [{"type": "WebSub", "url": "https://hub.example/"}]
    assert document["_kaigi"]["about"] == "https://kaigi.example/feeds"


def test_our_own_feeds_are_an_opml_that_we_can_read_ourselves() -> None:
    from feeds.collect.opml import read_opml

    heads = [HEAD, replace(HEAD, key="everything", title='<"&>')]
    outlines = etree.fromstring(opml.write("Kaigi", heads)).findall(".//outline")
    assert [one.get("xmlUrl") for one in outlines] == [head.url("atom") for head in heads]
    assert len(read_opml(opml.write("Kaigi", heads))) == 2


def test_without_feeds_the_opml_is_empty_and_has_no_age() -> None:
    document = etree.fromstring(opml.write("Kaigi", []))
    assert (document.findtext("head/title"), document.find(".//dateCreated"), document.findall(".//outline")) == (
        "Kaigi", None, [],
    )  # fmt: skip


def test_an_event_without_a_page_has_no_address() -> None:
    feed = meetings_feed(HEAD, [story(facts())])
    feed = replace(feed, entries=tuple(replace(one, url=None) for one in feed.entries))
    (event,) = Calendar.from_ical(calendar.write(feed)).walk("VEVENT")
    assert "url" not in event
