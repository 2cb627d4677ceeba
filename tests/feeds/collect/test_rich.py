"""Markup and media of entries: kept when they say more than the text, safe, and small."""

import json
from datetime import UTC, datetime

import pytest

from feeds.collect.document import read_document
from feeds.collect.rich import MAX_MARKUP, MAX_MEDIA, markup, media_of
from feeds.observed import Fetched, ParsedEntry, ParsedFeed
from storage.model import Media, SourceDefinition

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
BASE = "https://news.example/feed.xml"
SOURCE = SourceDefinition(key="s", url=BASE, name="s")


def only(body: str) -> ParsedEntry:
    parsed = read_document(Fetched(url=BASE, body=body.encode()), SOURCE, NOON)
    assert isinstance(parsed, ParsedFeed)
    (entry,) = parsed.entries
    return entry


def test_links_lists_and_emphasis_are_kept_and_scripts_are_not() -> None:
    html = markup(['<p>The <b>ministers</b> met<script>x()</script> <a href="/r" onclick="x()">here</a>.</p>'], BASE)
    assert html is not None
    assert "<b>ministers</b>" in html
    assert 'href="https://news.example/r"' in html
    assert "script" not in html
    assert "onclick" not in html


@pytest.mark.parametrize("html", ["", "Plain words.", "<p>Two</p><p>paragraphs.<br>And a line.</p>", "<div>One</div>"])
def test_what_is_only_paragraphs_is_not_kept_twice(html: str) -> None:
    assert markup([html], BASE) is None


def test_only_the_beginning_of_long_markup_is_kept() -> None:
    html = markup(["<p><b>x</b> " + "word " * 50_000], BASE)
    assert html is not None
    assert len(html) < MAX_MARKUP + 100


def test_a_feed_s_entry_brings_its_markup_and_its_media() -> None:
    entry = only(
        """<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><item><title>t</title>
        <description>&lt;p&gt;They &lt;em&gt;met&lt;/em&gt;.&lt;/p&gt;</description>
        <enclosure url="/talk.mp3" type="audio/mpeg" length="1200"/>
        <media:content url="https://cdn.example/a.jpg" type="image/jpeg" fileSize="55"/>
        <media:thumbnail url="https://cdn.example/a-small.jpg"/>
        <media:thumbnail url="javascript:alert(1)"/></item></channel></rss>"""
    )
    assert entry.text == "They met."
    assert entry.html == "<p>They <em>met</em>.</p>"
    assert entry.media == (
        Media(url="https://news.example/talk.mp3", type="audio/mpeg", length=1200),
        Media(url="https://cdn.example/a.jpg", type="image/jpeg", length=55),
        Media(url="https://cdn.example/a-small.jpg"),
    )


def test_a_json_feed_s_item_brings_both_as_well() -> None:
    item = {
        "id": "1",
        "content_html": "<p>They <strong>met</strong>.</p>",
        "image": "/a.jpg",
        "attachments": [{"url": "/a.pdf", "mime_type": "application/pdf", "size_in_bytes": 9}, "nonsense"],
    }
    entry = only(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [item]}))
    assert entry.html == "<p>They <strong>met</strong>.</p>"
    assert entry.media == (
        Media(url="https://news.example/a.pdf", type="application/pdf", length=9),
        Media(url="https://news.example/a.jpg"),
    )


def test_each_address_is_named_once_and_only_the_first_ten() -> None:
    named = [{"url": f"/{n % 30}.jpg", "length": "many", "type": "an image"} for n in range(10_000)]
    found = media_of(named, BASE)
    assert len(found) == MAX_MEDIA
    assert found[0] == Media(url="https://news.example/0.jpg")
