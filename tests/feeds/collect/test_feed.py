"""Feeds of every dialect become the same kind of entries, and hostile ones become failures."""

import io
import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.collect.feed import parse_feed
from feeds.observed import MAX_ENTRIES, Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from storage.model import SourceDefinition

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
SOURCE = SourceDefinition(key="m", url="https://news.example.jp/rss.xml", name="広報室", time_zone="Asia/Tokyo")

RSS_2 = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:ns2="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>広報室 新着情報</title><link>https://news.example.jp/</link><language>ja</language>
<item><title>日豪尼防衛相電話会談について</title><link>/j/press/2025/11/19b.html</link>
<guid isPermaLink="true">/j/press/2025/11/19b.html</guid><description/>
<category>行政</category><pubDate>Wed, 19 Nov 2025 18:00:00 +0900</pubDate></item>
<item><title>人事発令（１佐）</title><link>https://news.example.jp/j/2?utm_source=rss</link>
<guid isPermaLink="false">p-2</guid>
<description>短い要約</description><ns2:encoded><![CDATA[<p>本文の一段落目。</p><p>二段落目。</p>]]></ns2:encoded>
<dc:creator>人事課</dc:creator><pubDate>2025年11月18日 10:31</pubDate></item>
</channel></rss>"""

RSS_1 = """<?xml version="1.0" encoding="EUC-JP"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xml:lang="ja">
<channel rdf:about="https://news.example.jp/"><title>見出し</title><link>https://news.example.jp/</link></channel>
<item rdf:about="https://news.example.jp/a1"><title>防衛相、比国防相と会談へ</title><link>https://news.example.jp/a1</link>
<dc:date>2025-11-19T09:30+09:00</dc:date></item></rdf:RDF>"""

RSS_091 = """<rss version="0.91"><channel><title>Releases</title><link>https://news.example.jp/</link>
<language>en-us</language>
<item><title>Readout of Call</title><link>https://news.example.jp/r1</link>
<description>The Secretary &amp; the Minister spoke.
</description></item></channel></rss>"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="https://gov.example/">
<title>Ministry</title><id>tag:gov.example,2025:feed</id><updated>2025-11-19T09:00:00Z</updated>
<entry><title type="html">Talks with &lt;b&gt;Poland&lt;/b&gt;</title><id>tag:gov.example,2025:1</id>
<link href="news/1"/>
<published>2025-11-18T23:30:00+09:00</published><updated>2025-11-19T09:00:00Z</updated>
<summary>Short.</summary>
<content type="html">&lt;p&gt;The two ministers met.&lt;/p&gt;&lt;p&gt;They agreed.&lt;/p&gt;</content>
<author><name>Press Office</name></author></entry>
<entry xml:lang="fr"><title>Entretien</title><id>tag:gov.example,2025:2</id><link href="https://gov.example/2"/>
<updated>2025-11-17T08:00:00Z</updated></entry></feed>"""


def _parse(
    document: str | bytes, content_type: str | None = None, source: SourceDefinition = SOURCE
) -> ParsedFeed | Failure:
    body = document.encode("utf-8", "surrogatepass") if isinstance(document, str) else document
    return parse_feed(Fetched(url=source.url, body=body, content_type=content_type), source, NOON)


def _read(document: str | bytes, content_type: str | None = None, source: SourceDefinition = SOURCE) -> ParsedFeed:
    result = _parse(document, content_type, source)
    assert isinstance(result, ParsedFeed), result
    return result


def _failed(document: str | bytes) -> Failure:
    result = _parse(document)
    assert isinstance(result, Failure), result
    return result


def _rss(items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'


def _item(content: str) -> ParsedEntry:
    (entry,) = _read(_rss(f"<item><title>会談</title>{content}</item>")).entries
    return entry


def test_rss_2_with_relative_links_and_unusual_prefixes() -> None:
    feed = _read(RSS_2)
    assert (feed.title, feed.language, feed.problems) == ("広報室 新着情報", "ja", ())
    call, staff = feed.entries
    assert call.title == "日豪尼防衛相電話会談について"
    assert call.url == "https://news.example.jp/j/press/2025/11/19b.html"
    assert call.text == ""
    assert call.categories == ("行政",)
    assert call.published_at == datetime(2025, 11, 19, 9, tzinfo=UTC)
    assert staff.guid == "p-2"
    assert staff.url == "https://news.example.jp/j/2"
    assert staff.text == "本文の一段落目。\n二段落目。"
    assert staff.author == "人事課"
    assert staff.published_at == datetime(2025, 11, 18, 1, 31, tzinfo=UTC)
    assert staff.published_text == "2025年11月18日 10:31"


def test_rss_1_in_euc_jp_with_dublin_core_dates() -> None:
    (entry,) = _read(RSS_1.encode("euc_jp"), "application/rdf+xml").entries
    assert entry.title == "防衛相、比国防相と会談へ"
    assert entry.published_at == datetime(2025, 11, 19, 0, 30, tzinfo=UTC)
    assert entry.language == "ja"


def test_rss_0_91_without_dates_or_guids() -> None:
    (entry,) = _read(RSS_091).entries
    assert entry.text == "The Secretary & the Minister spoke."
    assert (entry.published_at, entry.published_text, entry.flags) == (None, None, ())
    assert entry.identity.startswith("1")


def test_atom_with_base_language_and_two_dates() -> None:
    talks, entretien = _read(ATOM).entries
    assert talks.title == "Talks with Poland"
    assert talks.url == "https://gov.example/news/1"
    assert talks.text == "The two ministers met.\nThey agreed."
    assert talks.author == "Press Office"
    assert talks.published_at == datetime(2025, 11, 18, 14, 30, tzinfo=UTC)
    assert (talks.language, entretien.language) == ("en", "fr")
    assert entretien.published_at == datetime(2025, 11, 17, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Thu, 06 Nov 2025 10:31:00 +0900", datetime(2025, 11, 6, 1, 31, tzinfo=UTC)),
        ("Thu, 06 Nov 2025 10:31:00 JST", datetime(2025, 11, 6, 1, 31, tzinfo=UTC)),
        ("Thu, 06 Nov 2025 10:31:00 GMT", datetime(2025, 11, 6, 10, 31, tzinfo=UTC)),
        ("2025-11-06T10:31:00Z", datetime(2025, 11, 6, 10, 31, tzinfo=UTC)),
        ("2025-11-6 10:31", datetime(2025, 11, 6, 1, 31, tzinfo=UTC)),
        ("2025年11月6日 10:31", datetime(2025, 11, 6, 1, 31, tzinfo=UTC)),
        ("令和7年11月6日 10時31分", datetime(2025, 11, 6, 1, 31, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_the_newsroom_s_own_zone(written: str, moment: datetime) -> None:
    entry = _item(f"<pubDate>{written}</pubDate>")
    assert entry.published_at == moment
    assert entry.published_text == written
    assert entry.flags == ()


def test_a_date_in_the_future_or_one_that_nobody_can_read_is_flagged_and_kept_as_text() -> None:
    future = (NOON + timedelta(hours=40)).isoformat()
    assert _item(f"<pubDate>{future}</pubDate>").flags == ("date_in_future",)
    assert _item(f"<pubDate>{future}</pubDate>").published_at is None
    assert _item("<pubDate>近日中</pubDate>").flags == ("date_unreadable",)
    assert _item("<pubDate>近日中</pubDate>").published_text == "近日中"
    soon = (NOON + timedelta(hours=30)).isoformat()
    assert _item(f"<pubDate>{soon}</pubDate>").published_at == NOON + timedelta(hours=30)


def test_a_valid_feed_without_entries_is_no_failure() -> None:
    assert _read(_rss("")).entries == ()
    assert _read('<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>').entries == ()


def test_a_page_is_not_a_feed_and_the_message_says_what_to_do() -> None:
    failure = _failed("<!DOCTYPE html><html><head><title>新着</title></head><body><a href=/1>会談</a></body></html>")
    assert failure.kind is FailureKind.NOT_A_FEED
    assert "page source" in failure.message


@pytest.mark.parametrize(
    "document", ["hello", "<xml/>", "{}", "\x00\x00", "<rss version='2.0'><channel><item", "%PDF-1.7"]
)
def test_what_nothing_can_be_read_from_is_broken(document: str) -> None:
    assert _failed(document).kind is FailureKind.BROKEN


def test_broken_xml_keeps_the_entries_that_can_be_read_and_tells() -> None:
    feed = _read(_rss("<item><title>R&D 2+2</title></item><item><title>会談<b></title></item>"))
    assert [entry.title for entry in feed.entries] == ["R&D 2+2", "会談"]
    assert feed.problems[0].startswith("not well-formed")


@pytest.mark.parametrize(
    ("codec", "label"), [("cp932", "Shift_JIS"), ("cp932", "utf-8"), ("euc_jp", "Shift_JIS"), ("utf-8", "x")]
)
def test_japanese_feeds_are_read_whatever_they_say_their_encoding_is(codec: str, label: str) -> None:
    text = _rss(
        "<item><title>防衛相会談の結果について</title><description>両国の大臣が協力を確認した。</description></item>"
    )
    document = text.replace('version="1.0"', f'version="1.0" encoding="{label}"').encode(codec)
    (entry,) = _read(document, "application/xml").entries
    assert entry.title == "防衛相会談の結果について"


def test_repeated_entries_are_one_and_counted_and_a_shared_address_is_nobody_s() -> None:
    same = "<item><title>定例会見</title><link>https://news.example.jp/</link></item>"
    feed = _read(_rss(same * 3 + same.replace("定例", "臨時")))
    assert [entry.title for entry in feed.entries] == ["定例会見", "臨時会見"]
    assert feed.duplicates == 2
    assert not any(entry.url_is_own for entry in feed.entries)


def test_very_long_text_is_cut_and_flagged() -> None:
    entry = _item(f"<description>{'会談' * 60_000}</description>")
    assert len(entry.text) == 100_000
    assert entry.flags == ("text_cut",)


def test_very_many_entries_are_read_up_to_a_limit_and_told() -> None:
    feed = _read(_rss("".join(f"<item><guid>{n}</guid></item>" for n in range(MAX_ENTRIES + 1))))
    assert len(feed.entries) == MAX_ENTRIES
    assert any("only the first" in problem for problem in feed.problems)


def test_links_that_are_no_web_addresses_are_left_out() -> None:
    assert _item("<link>javascript:alert(1)</link>").url is None
    assert _item("<link>http://[::1</link>").url is None


def test_entries_and_feeds_can_cross_the_border_of_a_process() -> None:
    feed = _read(RSS_2)
    assert pickle.loads(pickle.dumps(feed)) == feed


def test_an_entry_that_does_not_change_keeps_identity_and_hash(now: datetime) -> None:
    again = parse_feed(Fetched(url=SOURCE.url, body=RSS_2.encode()), SOURCE, now + timedelta(days=1))
    assert isinstance(again, ParsedFeed)
    assert again.entries == _read(RSS_2).entries


HOSTILE = {
    "lone surrogate": "<item><title>&#xD800;会談</title></item>",
    "number too large": "<item><title>&#99999999999;会談</title></item>",
    "beyond unicode": "<item><title>&#x110000;会談</title></item>",
    "escaped twice": "<item><title>&amp;#xD800;会談</title><description>&amp;#x110000;</description></item>",
    "comments": f"<item><title>会談</title><description><![CDATA[{'<!--' * 100_000}]]></description></item>",
    "angle brackets": f"<item><title>会談</title><description><![CDATA[{'<' * 300_000}]]></description></item>",
    "deep markup": f"<item><title>会談</title><description><![CDATA[{'<div>' * 60_000}]]></description></item>",
    "accents": f"<item><title>会談</title><description>{'a' + chr(0x301) * 100_000}</description></item>",
    "strange years": "<item><title>会談</title><pubDate>0026-01-01T00:00:00Z</pubDate></item>",
    "end of time": "<item><title>会談</title><pubDate>9999-12-31T23:59:59-12:00</pubDate></item>",
    "31 February": "<item><title>会談</title><pubDate>Sat, 31 Feb 2025 10:00:00 GMT</pubDate></item>",
    "endless link": f"<item><title>会談</title><link>http://x/{'y' * 100_000}</link></item>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_entry_is_read_and_can_be_stored(name: str) -> None:
    (entry,) = _read(_rss(HOSTILE[name])).entries
    assert "会談" in entry.title
    f"{entry}".encode()


def test_entities_are_not_expanded_and_no_file_is_read() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    document = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">{laughs}]>'
    result = _parse(document + _rss("<item><title>会談 &l8; &f;</title></item>").partition("?>")[2])
    assert "root:" not in str(result)
    assert len(str(result)) < 5_000


_MARKUP = st.lists(
    st.sampled_from([*"<>&;/=#\"' xa会\ud800\x00", "<item>", "</item>", "<title>", "<![CDATA[", "]]>", "&#x", "&amp;"]),
    max_size=40,
).map("".join)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(_MARKUP)
def test_reading_never_raises_and_finds_what_feedparser_finds(markup: str) -> None:
    document = _rss(f"<item>{markup}</item><item><title>last</title></item>").encode("utf-8", "replace")
    result = _parse(document)
    try:
        found = feedparser.parse(io.BytesIO(document), sanitize_html=False, resolve_relative_uris=False).entries
    except Exception:
        return
    if isinstance(result, ParsedFeed) and b"\x00" not in document:
        assert len(result.entries) + result.duplicates == len(found)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_never_raise(body: bytes) -> None:
    _parse(body)


def test_the_source_s_language_is_used_when_the_feed_declares_none() -> None:
    feed = _read(_rss("<item><title>x</title></item>"), source=replace(SOURCE, language="ja"))
    assert feed.entries[0].language == "ja"


def test_a_feed_that_tells_how_often_it_changes_is_heard() -> None:
    body = (
        '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>T</title>'
        "<ttl>30</ttl><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>"
        "<item><title>A</title><guid>1</guid></item></channel></rss>"
    )
    assert _read(body).hint_s == 3600


def test_a_feed_that_breaks_off_keeps_what_came_and_says_that_more_is_to_come() -> None:
    items = "".join(f"<item><title>{n}</title><guid>{n}</guid></item>" for n in range(5))
    whole = f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"
    broken_off = whole[: whole.index("<guid>3")]
    assert _read(whole).whole is True
    read = _read(broken_off)
    assert read.whole is False
    assert [entry.title for entry in read.entries] == ["0", "1", "2"]  # nothing of the one in which it breaks off


#: A document that is left to feedparser.
CAREFULLY = Fetched(url=SOURCE.url, body=f"<!DOCTYPE rss>{RSS_091}".encode())


def test_a_document_on_which_feedparser_fails_is_a_failure_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise UnicodeError("half a letter")

    monkeypatch.setattr("feedparser.parse", parse)
    result = parse_feed(CAREFULLY, SOURCE, NOON)
    assert isinstance(result, Failure)
    assert "UnicodeError: half a letter" in f"{result.message} {result.detail}"


def test_an_entry_that_cannot_be_read_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    strange = feedparser.FeedParserDict(title="B", tags=7, link="https://a.example/1")
    whole = feedparser.FeedParserDict(title="A", link="https://a.example/2")
    found = feedparser.FeedParserDict(feed=feedparser.FeedParserDict(), entries=[strange, whole], version="rss20")
    monkeypatch.setattr("feedparser.parse", lambda *_, **__: found)
    read = parse_feed(CAREFULLY, SOURCE, NOON)
    assert isinstance(read, ParsedFeed)
    assert [entry.title for entry in read.entries] == ["A"]
    assert any("an entry could not be read" in problem for problem in read.problems)
    found.entries = [strange]
    assert isinstance(parse_feed(CAREFULLY, SOURCE, NOON), Failure)
