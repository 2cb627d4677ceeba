"""What feed readers get: valid documents, ids that stay, dates that are true, the same bytes for the same facts."""

from datetime import UTC, datetime
from typing import Any

import feedparser
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feeds.publish.atom import FeedHead, items_feed, meetings_feed
from storage.model import ListedItem, MeetingStory
from tests.support.build import after, facts, report, story

ATOM = "{http://www.w3.org/2005/Atom}"
HEAD = FeedHead(
    authority="kaigi.example,2025-11-01",
    key="ministerial-meetings",
    title="Kaigi: Meetings",
    address="https://kaigi.example",
    language="ja",
    began_at=datetime(2025, 10, 1, tzinfo=UTC),
)


def entries(body: bytes) -> list[Any]:
    return etree.fromstring(body).findall(f"{ATOM}entry")


def listed(title: str = "A headline", text: str = "Some text.", **fields: Any) -> ListedItem:
    return ListedItem(report=report(title=title, **fields), text=text, author=None, updated_at=after(minutes=3))


def test_a_meeting_is_one_entry_with_its_sources_as_links() -> None:
    told = story(
        facts(), report("mod"), report("press", item_id=2), report("mod", item_id=3, url="https://mod.example/2")
    )
    (entry,) = entries(meetings_feed(HEAD, [told]))
    links = [(link.get("rel"), link.get("href")) for link in entry.findall(f"{ATOM}link")]
    assert links == [
        ("alternate", "https://kaigi.example/meetings/7"),
        ("via", "https://mod.example/1"),
        ("via", "https://press.example/1"),
    ]
    assert entry.findtext(f"{ATOM}title") == "🇯🇵🇦🇺 日本・オーストラリア防衛相会談"


def test_ids_are_tag_uris_that_do_not_know_the_address() -> None:
    moved = FeedHead(**{**{n: getattr(HEAD, n) for n in HEAD.__slots__}, "address": "https://news.example"})
    before, now = (etree.fromstring(meetings_feed(head, [story()])) for head in (HEAD, moved))
    ids = [[element.text for element in document.iter(f"{ATOM}id")] for document in (before, now)]
    assert (
        ids[0]
        == ids[1]
        == ["tag:kaigi.example,2025-11-01:feed/ministerial-meetings", "tag:kaigi.example,2025-11-01:meeting/7"]
    )


def test_the_same_facts_give_the_same_bytes() -> None:
    assert meetings_feed(HEAD, [story()]) == meetings_feed(HEAD, [story()])
    assert items_feed(HEAD, [listed()]) == items_feed(HEAD, [listed()])


def test_updated_is_when_the_record_changed() -> None:
    document = etree.fromstring(meetings_feed(HEAD, [story()]))
    assert [element.text for element in document.iter(f"{ATOM}updated")] == ["2025-11-01T12:05:00+00:00"] * 2


def test_a_feed_without_entries_is_as_old_as_the_archive() -> None:
    document = etree.fromstring(meetings_feed(HEAD, []))
    assert document.findtext(f"{ATOM}updated") == "2025-10-01T00:00:00+00:00"


def test_an_items_entry_leads_to_the_article_itself() -> None:
    (entry,) = entries(items_feed(HEAD, [listed()]))
    (link,) = entry.findall(f"{ATOM}link")
    assert (link.get("rel"), link.get("href")) == ("alternate", "https://mod.example/1")
    assert entry.findtext(f"{ATOM}published") == "2025-11-01T12:00:00+00:00"


def test_what_strangers_wrote_stays_text() -> None:
    hostile = "<script>alert(1)</script> & \x00\x0b \ud800 ]]>"
    parsed = feedparser.parse(meetings_feed(HEAD, [story(facts(), report(title=hostile, source_name=hostile))]))
    assert "<script>" not in parsed.entries[0].content[0].value.replace("&lt;script&gt;", "")
    items = etree.fromstring(items_feed(HEAD, [listed(hostile, hostile)]))
    assert items.find(f"{ATOM}entry/{ATOM}title").text == "<script>alert(1)</script> &   ]]>"  # type: ignore[union-attr]


def test_an_item_without_title_text_or_address_is_still_a_valid_entry() -> None:
    parsed = feedparser.parse(items_feed(HEAD, [listed("", "", url=None)]))
    assert not parsed.bozo
    assert parsed.entries[0].title == "MOD"


@given(st.text(), st.text(), st.text())
def test_any_words_at_all_make_a_document_that_parses_back_to_the_same_ids(title: str, text: str, name: str) -> None:
    told: list[MeetingStory] = [story(facts(name_ja=name, city=name or None), report(title=title, source_name=text))]
    for body in (meetings_feed(HEAD, told), items_feed(HEAD, [listed(title, text)])):
        parsed = feedparser.parse(body)
        assert not parsed.bozo
        assert parsed.entries[0].id.startswith("tag:kaigi.example,2025-11-01:")
