"""JSON Feed as the specification has it, as publishers really write it, and as an attacker would."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.document import read_document
from feeds.collect.normalise import MAX_TEXT
from feeds.observed import MAX_ENTRIES, Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from storage.model import SourceDefinition

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
SITE = SourceDefinition(key="site", url="https://news.example/feed.json", name="Site", time_zone="Asia/Tokyo")
VERSION = "https://jsonfeed.org/version/1.1"


def read(document: Any, content_type: str = "application/feed+json") -> ParsedFeed | Failure:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_document(Fetched(url=SITE.url, body=body, content_type=content_type), SITE, NOON)


def feed(*items: Any, **fields: Any) -> ParsedFeed:
    result = read({"version": VERSION, "title": "Newsroom", "items": list(items), **fields})
    assert isinstance(result, ParsedFeed), result
    return result


def entry(item: Any, **fields: Any) -> ParsedEntry:
    (one,) = feed(item, **fields).entries
    return one


def failure(document: Any, content_type: str = "application/feed+json") -> FailureKind:
    result = read(document, content_type)
    assert isinstance(result, Failure), result
    return result.kind


def test_an_item_gives_all_that_it_says() -> None:
    found = feed(
        {
            "id": "n-7",
            "url": "/n/7?utm_source=feed",
            "title": "日豪防衛相会談 &amp; 共同声明",
            "content_html": "<p>両大臣は会談した。</p><script>x()</script><p>次回は来年。</p>",
            "summary": "会談した。",
            "date_published": "2025-11-19T18:20:00+09:00",
            "authors": [{"name": "広報室"}, {"name": "編集部"}],
            "language": "ja",
            "tags": ["防衛", "外交", "防衛", 5],
        },
        language="en-GB",
    )
    (one,) = found.entries
    assert (found.title, found.language) == ("Newsroom", "en-GB")
    assert (one.guid, one.url) == ("n-7", "https://news.example/n/7")
    assert one.title == "日豪防衛相会談 & 共同声明"
    assert one.text == "両大臣は会談した。\n次回は来年。"
    assert (one.author, one.language, one.categories) == ("広報室, 編集部", "ja", ("防衛", "外交", "5"))
    assert one.published_at == datetime(2025, 11, 19, 9, 20, tzinfo=UTC)
    assert one.identity.startswith("1g:")


@pytest.mark.parametrize(
    ("written", "guid"),
    [(12, "12"), (1.50, "1.5"), (True, "true"), (" a  b ", "a b"), (None, None), ([1], None), ({}, None), ("", None)],
)
def test_an_id_of_any_scalar_type_is_text(written: Any, guid: str | None) -> None:
    assert entry({"id": written, "title": "t"}).guid == guid


def test_a_number_of_ten_thousand_digits_is_an_id_and_costs_nothing() -> None:
    number = "9" * 10_000
    result = read(f'{{"version": "{VERSION}", "items": [{{"id": {number}, "title": "t"}}]}}'.encode())
    assert isinstance(result, ParsedFeed)
    guid = result.entries[0].guid
    assert guid is not None
    assert len(guid) < 200


def test_version_1_0_has_one_author_and_an_item_without_one_has_the_feed_s() -> None:
    with_own = entry({"id": 1, "author": {"name": "Reporter"}}, author={"name": "Newsroom"})
    assert with_own.author == "Reporter"
    assert entry({"id": 1}, author={"name": "Newsroom"}).author == "Newsroom"
    assert entry({"id": 1, "authors": "nobody"}, authors=[1, {"name": 3}]).author == "3"


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ({"url": "/a", "external_url": "https://other.example/b"}, "https://news.example/a"),
        ({"external_url": "https://other.example/b"}, "https://other.example/b"),
        ({"id": "https://news.example/c", "external_url": "https://other.example/b"}, "https://news.example/c"),
        ({"url": "javascript:alert(1)"}, None),
    ],
    ids=["its own", "only an external one", "an id that is an address", "no address"],
)
def test_the_address_is_the_entry_s_own_where_it_has_one(item: dict[str, Any], url: str | None) -> None:
    assert entry({"title": "t", **item}).url == url


def test_plain_text_keeps_its_paragraphs_and_its_angle_brackets() -> None:
    assert entry({"id": 1, "content_text": "F<35 & R&D\n\nSecond"}).text == "F<35 & R&D\nSecond"


def test_dates_are_judged_as_in_other_formats() -> None:
    assert entry({"id": 1, "date_published": "2027-01-01T00:00:00Z"}).flags == ("date_in_future",)
    assert entry({"id": 1, "date_published": "soon"}).flags == ("date_unreadable",)
    assert entry({"id": 1, "date_published": "2025-11-19T18:20:00"}).published_at == datetime(
        2025, 11, 19, 9, 20, tzinfo=UTC
    )
    assert entry({"id": 1}).published_at is None


def test_a_feed_without_items_is_a_feed() -> None:
    assert feed().entries == ()


def test_items_that_are_no_objects_cost_only_themselves() -> None:
    found = feed(1, None, "x", [], {"id": 1, "title": "t"})
    assert len(found.entries) == 1
    assert found.problems == ("items that are no objects were left out: 4",)


@pytest.mark.parametrize("content_type", ["application/feed+json", "application/json", "text/plain", "text/xml"])
def test_json_is_told_by_its_type_or_its_first_character(content_type: str) -> None:
    assert isinstance(read({"version": VERSION, "items": []}, content_type), ParsedFeed)


def test_xml_that_is_called_json_is_read_as_xml() -> None:
    rss = b"<rss version='2.0'><channel><title>x</title><item><title>t</title></item></channel></rss>"
    result = read(rss, "application/json")
    assert isinstance(result, ParsedFeed)
    assert len(result.entries) == 1


@pytest.mark.parametrize(
    ("document", "content_type", "kind"),
    [
        ({"items": []}, "application/json", FailureKind.NOT_A_FEED),
        ({"version": "2.0", "items": [{"id": 1}]}, "application/json", FailureKind.NOT_A_FEED),
        (b"[]", "application/json", FailureKind.NOT_A_FEED),
        ({"version": VERSION}, "application/feed+json", FailureKind.BROKEN),
        ({"version": VERSION, "items": {"a": 1}}, "application/feed+json", FailureKind.BROKEN),
        ({"version": VERSION, "items": [1, 2]}, "application/feed+json", FailureKind.BROKEN),
        (b'{"version": "', "application/feed+json", FailureKind.BROKEN),
        (b'{"a":' * 100_000, "application/feed+json", FailureKind.BROKEN),
        (b'{"items":' + b"[" * 200_000, "application/feed+json", FailureKind.BROKEN),
    ],
    ids=["an API", "no version", "a list", "no items", "items of a wrong type", "no objects", "cut", "deep", "deeper"],
)
def test_what_is_no_feed_or_broken_is_a_failure(document: Any, content_type: str, kind: FailureKind) -> None:
    assert failure(document, content_type) is kind


def test_halves_of_a_character_and_controls_do_not_get_through() -> None:
    one = entry(
        {"id": "a\ud800b", "title": "x\ud800\u0000y", "content_text": "\udc00z", "date_published": "\ud800soon\u0000"}
    )
    assert one.published_text == "soon"
    "".join((one.guid or "", one.title, one.text)).encode()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
_NAMES = (
    "id",
    "url",
    "title",
    "content_html",
    "content_text",
    "summary",
    "date_published",
    "authors",
    "author",
    "tags",
)


@given(st.dictionaries(st.sampled_from(_NAMES), _json), st.dictionaries(st.sampled_from(_NAMES), _json))
def test_values_of_wrong_types_never_raise(item: dict[str, Any], fields: dict[str, Any]) -> None:
    read({**fields, "version": VERSION, "items": [item]})


def test_of_too_many_items_the_first_are_read_and_a_long_text_is_cut() -> None:
    read = feed({"id": "0", "content_text": "x" * (MAX_TEXT + 1)}, *({"id": str(n)} for n in range(1, MAX_ENTRIES + 1)))
    assert len(read.entries) == MAX_ENTRIES
    assert f"only the first {MAX_ENTRIES} of {MAX_ENTRIES + 1} entries were read" in read.problems
    assert (len(read.entries[0].text), "text_cut" in read.entries[0].flags) == (MAX_TEXT, True)
