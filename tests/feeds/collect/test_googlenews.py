"""Google News: the address inside a link, and titles as the publisher wrote them."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.document import read_document
from feeds.collect.googlenews import target, without_publisher
from feeds.observed import Fetched, ParsedEntry, ParsedFeed
from storage.model import SourceDefinition

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
ARTICLE = "https://news.example.jp/docs/日豪/1.html?id=2"


def code(address: str) -> str:
    raw = address.encode()
    length = bytes([len(raw)]) if len(raw) < 128 else bytes([len(raw) & 0x7F | 0x80, len(raw) >> 7])
    return base64.urlsafe_b64encode(b"\x08\x13\x22" + length + raw + b"\xd2\x01\x00").decode().rstrip("=")


def entry(link: str, title: str, source: str = "") -> ParsedEntry:
    named = f'<source url="https://x.example">{source}</source>' if source else ""
    body = f"""<rss version="2.0"><channel><title>g</title><item><title>{title}</title><link>{link}</link>{named}
<guid isPermaLink="false">CB-1</guid></item></channel></rss>"""
    site = SourceDefinition(key="g", url="https://news.google.com/rss/search?q=x", name="g")
    parsed = read_document(Fetched(url=site.url, body=body.encode()), site, NOON)
    assert isinstance(parsed, ParsedFeed)
    return parsed.entries[0]


def test_the_older_form_carries_the_article_s_address() -> None:
    one = entry(f"https://news.google.com/rss/articles/{code(ARTICLE)}?oc=5", "日豪防衛相会談 - 防衛日報", "防衛日報")
    assert one.url == "https://news.example.jp/docs/%E6%97%A5%E8%B1%AA/1.html?id=2"
    assert (one.title, one.author, one.guid) == ("日豪防衛相会談", "防衛日報", "CB-1")


def test_a_long_address_has_a_length_of_two_bytes() -> None:
    long = "https://news.example/" + "a" * 300
    assert target(code(long)) == long


def test_the_newer_form_is_kept() -> None:
    link = f"https://news.google.com/rss/articles/{code('AU_yqLOabcdefghijklmnop')}"
    assert entry(link, "Talks").url == link


@pytest.mark.parametrize(
    ("title", "source", "expected"),
    [
        ("Talks in Tokyo - The Wire", "", ("Talks in Tokyo", "The Wire")),
        ("Talks - and more - The Wire", "The Wire", ("Talks - and more", "The Wire")),
        ("US-Japan 2-plus-2 talks", "", ("US-Japan 2-plus-2 talks", "")),
        ("- The Wire", "The Wire", ("- The Wire", "The Wire")),
        ("Talks - and no publisher", "The Wire", ("Talks - and no publisher", "The Wire")),
        ("", "", ("", "")),
    ],
)
def test_the_publisher_is_taken_off_the_title(title: str, source: str, expected: tuple[str, str]) -> None:
    assert without_publisher(title, source) == expected


def test_other_feeds_keep_their_titles() -> None:
    one = entry("https://a.example/1", "Talks in Tokyo - The Wire", "The Wire")
    assert (one.title, one.author) == ("Talks in Tokyo - The Wire", None)


@given(st.text(alphabet="ABCabcIM_-09", max_size=60))
def test_no_link_makes_it_raise(words: str) -> None:
    target(words)
    target("CBMi" + words)
