# ruff: noqa: E501  a document reads best on one line
"""The fast reader reads a feed exactly as feedparser does, or leaves it to feedparser."""

from datetime import UTC, date, datetime

import pytest
from feedparser import html as feedparser_html
from feedparser.urls import make_safe_absolute_uri
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import corpus
from bench.judge import differing
from bench.shapes import SHAPES
from feeds.collect import fastfeed, fastfields
from feeds.collect.feed import as_text, read_carefully, read_quickly
from feeds.observed import Fetched, ParsedFeed
from storage.model import SourceDefinition

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
SOURCE = SourceDefinition(key="m", url="https://news.example.jp/f/rss.xml", name="広報室", time_zone="Asia/Tokyo")

NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:x="urn:some:other" xmlns:thr="http://purl.org/syndication/thread/1.0"'
)
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'


def _quick(document: str) -> ParsedFeed | None:
    """What the fast reader makes of a document; it must agree with feedparser in everything."""
    text, _ = as_text(Fetched(url=SOURCE.url, body=document.encode("utf-8", "surrogatepass")))
    quick = read_quickly(text, SOURCE.url, SOURCE, NOON)
    if quick is not None:
        careful = read_carefully(text, SOURCE.url, SOURCE, NOON)
        assert differing(quick, careful) == []
        assert quick == careful
    return quick


def _rss(items: str, channel: str = "<title>広報</title>", attributes: str = "") -> str:
    return f'<rss version="2.0" {NAMESPACES} {attributes}><channel>{channel}{items}</channel></rss>'


def _atom(entries: str, head: str = "<title>News</title>", attributes: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES} {attributes}>{head}{entries}</feed>'


@pytest.mark.parametrize("name", SHAPES)
def test_feeds_as_newsrooms_serve_them_are_taken(name: str) -> None:
    assert _quick(SHAPES[name]) is not None


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("edition", [0, 1])
def test_the_feeds_of_the_benchmark_are_taken(number: int, edition: int) -> None:
    assert _quick(corpus.feed(number, 30, date(2025, 11, 20), edition).decode()) is not None


TAKEN = {
    "two titles": "<title>A</title><title>B</title>",
    "an empty title, then one": "<title/><title>B</title>",
    "a title with markup": "<title>&lt;b&gt;A&lt;/b&gt; &amp;amp; <![CDATA[<i>B</i> &lt; C]]></title>",
    "a title broken by a comment": "<title>A<!-- no -->B<?x y?>C</title>",
    "dc:title after title": "<title>A</title><dc:title>B</dc:title>",
    "title after a source": "<title>A</title><source url='u'>S</source><title>B</title>",
    "media:title after title": "<title>A</title><media:title>B</media:title>",
    "summary and content": "<description>short</description><content:encoded>&lt;p&gt;long text&lt;/p&gt;</content:encoded>",
    "content before summary": "<content:encoded>long text</content:encoded><description>a longer short text</description>",
    "two descriptions": "<description>short</description><description>the second, which is longer</description>",
    "three descriptions": "<description>a</description><description>bb</description><description>ccc</description>",
    "an empty description, then one": "<description/><description>words</description>",
    "itunes:summary": "<description>a</description><itunes:summary>longer &lt;b&gt;than&lt;/b&gt; a</itunes:summary>",
    "media:description in a group": (
        "<title>A</title><media:group><media:title>B</media:title><media:description>words</media:description>"
        "<media:content url='u'/></media:group>"
    ),
    "guid as link": "<guid>n/1</guid>",
    "guid that is no link": "<guid isPermaLink='false'>n/1</guid>",
    "guid before link": "<guid>n/1</guid><link>n/2</link>",
    "an empty link and a guid": "<link/><guid>https://a.example/1</guid>",
    "an enclosure of Atom": "<title>A</title><atom:link rel='enclosure' type='image/png' href='p.png'/>",
    "two links": "<link>https://a.example/1</link><link>https://a.example/2</link>",
    "a link of Atom": "<atom:link href='n/3'/><link>https://a.example/1</link>",
    "links of other kinds": "<link>u</link><atom:link rel='self' href='v'/><atom:link rel='alternate' type='text/xml' href='w'/>",
    "a link with references": "<link>https://a.example/?a=1&amp;b=2&amp;amp;c=3&amp;copy;=4</link>",
    "a link that is no address": "<link>http://[::1</link>",
    "a strange scheme": "<link>javascript:alert(1)</link><guid>tag:a.example,2025:1</guid>",
    "three kinds of dates": (
        "<pubDate>Wed, 19 Nov 2025 18:00:00 +0900</pubDate><dc:date>2025-11-18T00:00:00Z</dc:date>"
        "<dcterms:created>2025-11-17</dcterms:created>"
    ),
    "dc:date alone": "<dc:date>2025-11-18T00:00:00+09:00</dc:date>",
    "an unreadable date": "<pubDate>近日中</pubDate>",
    "an author with an address": "<author>press@a.example (Press Office)</author>",
    "author, then creator": "<author>A</author><dc:creator>B</dc:creator>",
    "creator without words": "<author>A</author><dc:creator/>",
    "an author in parts": "<author><name>A</name><email>a@a.example</email></author>",
    "two authors in parts": "<author><name>A</name></author><author><name>B</name><uri>u</uri></author>",
    "an author without a name": "<author><email>a@a.example</email></author>",
    "categories": "<category>A</category><category domain='d'>A</category><category>A</category><category/>",
    "categories by attribute": "<category term='A' label='B'/><category label='C'/><category>D</category><dc:subject>E</dc:subject>",
    "a category without term, then text": "<category scheme='s'/><category>T</category>",
    "keywords": "<media:keywords>a, b,,c</media:keywords><itunes:keywords>b, d</itunes:keywords><media:category>e</media:category>",
    "UTF-8 read as ISO 8859-1": "<title>\u00c3\u00a9t\u00c3\u00a9</title><description>\u00e6\u0097\u00a5</description>",
    "Latin letters": "<title>été à Besançon</title>",
    "a language of its own": "<title xml:lang='fr'>A</title><description xml:lang='de'>B</description>",
    "white space": "<title>\n A \t\u3000B\u00a0</title><link>\n https://a.example/x \n</link><guid> \n 1 </guid>",
    "foreign elements": "<title>A</title><x:y z='1'>t<x:w>u</x:w></x:y><x:title>B</x:title><thr:total>3</thr:total>",
    "a foreign element without prefix": "<title>A</title><link xmlns='urn:other'>https://a.example/</link>",
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_items_that_the_fast_reader_knows(name: str) -> None:
    assert _quick(_rss(f"<item>{TAKEN[name]}</item><item><title>last</title></item>")) is not None
    assert _quick(_atom(f"<entry>{TAKEN[name]}</entry>")) is not None


LEFT = {
    "markup where text belongs": "<title>A <b>B</b></title>",
    "Atom's own markup": "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>A</div></content>",
    "content of another kind": "<content type='application/octet-stream'>QUJD</content>",
    "base64": "<content mode='base64' type='text/html'>QUJD</content>",
    "content elsewhere": "<content src='u' type='text/html'/>",
    "a picture's title before that of the item": "<media:title>B</media:title><title>A</title>",
    "an unknown element": "<title>A</title><body>B</body>",
    "an image in an item": "<image><title>A</title></image>",
    "a namespaced link": "<link x:href='u'/>",
    "a link of Atom without an address": "<atom:link rel='self'/>",
    "a guid with its own base": "<guid xml:base='http://b.example/'>1</guid>",
    "an author with two names": "<author><name>A</name><name>B</name></author>",
    "an author's address after another's name": "<author>A</author><author><email>b@b.example</email></author>",
    "keywords with an attribute": "<media:keywords x='1'>a</media:keywords>",
    "an author after an address": "<author>a@a.example</author><author><name>B</name></author>",
    "a link with its own base": "<link xml:base='http://b.example/' href='c'/>",
    "a declaration that hides another": "<dc:creator xmlns:media='http://purl.org/dc/elements/1.1/'>A</dc:creator>",
    "a name for two things": "<dc:creator xmlns:x='http://purl.org/dc/elements/1.1/'>A</dc:creator>",
    "Dublin Core under the name of another": "<title>A</title><e xmlns:itunes='urn:other'/>",
    "a name of Userland's namespace": "<title xmlns='http://backend.userland.com/rss2'>A</title>",
    "four slashes": "<link>http:////a.example/</link>",
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_items_that_the_fast_reader_leaves_to_feedparser(name: str) -> None:
    assert _quick(_rss(f"<item>{LEFT[name]}</item>")) is None


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE rss><rss version='2.0'><channel><item><title>A</title></item></channel></rss>",
        "<!DOCTYPE rss [<!ENTITY a 'b'>]><rss version='2.0'><channel><item><title>&a;</title></item></channel></rss>",
        "<rss version='2.0'><channel><item><title>A&nbsp;B</title></item></channel></rss>",
        "<rss version='2.0'><channel><item><title>A</title></item>",
        "<rss version='2.0'><channel><title>no entries</title></channel></rss>",
        "<feed><entry><title>no namespace</title></entry></feed>",
        "<rss version='2.0'><item><title>outside</title></item><channel/></rss>",
        "<html><body>page</body></html>",
        "<rss version='2.0' xmlns='http://backend.userland.com/rss2'><channel><item><title>A</title></item></channel></rss>",
        "<rss version='2.0'><channel><language x='1'>ja</language><item><title>A</title></item></channel></rss>",
        "<rss version='2.0'><channel><image lang='fr'><title>B</title></image><item><title>A</title></item></channel></rss>",
        "<rss version='2.0'><channel><image><body>B</body></image><item><title>A</title></item></channel></rss>",
        _rss("<item><title>A</title></item>", "<itunes:summary>a</itunes:summary><itunes:summary>b</itunes:summary>"),
        f"<rdf:RDF {RDF}><channel/><item><title>A</title></item><other/></rdf:RDF>",
        "<?xml-stylesheet href='a>b'?><rss version='2.0'><channel><item><title>A</title></item></channel></rss>",
    ],
)
def test_documents_that_the_fast_reader_leaves_to_feedparser(document: str) -> None:
    assert _quick(document) is None


@pytest.mark.parametrize("attribute", ["href", "HREF", "lastmod"])
def test_an_item_with_an_attribute_that_feedparser_takes_for_its_address_or_date_is_left_to_it(attribute: str) -> None:
    assert _quick(_rss(f"<item {attribute}='u'><title>A</title></item>")) is None
    assert _quick(_rss("<item x:other='u'><title>A</title></item>")) is not None


def test_the_picture_of_an_rss_1_feed_is_passed_over() -> None:
    picture = "<image><title>B</title><url>https://a.example/b.png</url></image>"
    read = _quick(f"<rdf:RDF {RDF}><channel><title>N</title></channel>{picture}<item><title>A</title></item></rdf:RDF>")
    assert read is not None
    assert [entry.title for entry in read.entries] == ["A"]


CHANNELS = [
    "<title>A</title><language>ja</language><ttl>30</ttl>",
    "<title>A</title><dc:language>en_US</dc:language><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
    "<image><url>u</url><title>B</title><link>l</link></image><title>A</title><description>D</description>",
    "<title xml:lang='fr'>A</title><skipHours><hour>1</hour></skipHours><cloud domain='d'/>",
    "<itunes:owner><itunes:name>N</itunes:name></itunes:owner><itunes:author>I</itunes:author><title>A</title>",
    "<title>A</title><site xmlns='com-wordpress:feed-additions:1'>1</site><atom:link rel='hub' href='h'/>",
    "<title>A</title><itunes:summary>S</itunes:summary><description>D</description>",
    "<title>A</title><image><title>B</title></image><title>C</title>",
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("attributes", ["", 'xml:lang="ja"', 'xml:lang="" xml:base="http://b.example/d/"'])
def test_what_a_feed_says_of_itself(channel: str, attributes: str) -> None:
    item = "<item xml:lang='de'><title>T</title><link>n/1</link><description>a</description></item>"
    _quick(_rss(item, channel, attributes))
    _quick(_rss(item + channel, "", attributes))
    assert _quick(_rss(item, CHANNELS[0], attributes)) is not None


_WORDS = st.lists(
    st.sampled_from([
        "防衛相会談", "talks ", " ", "\n", "&amp;", "&lt;p&gt;a&lt;/p&gt;", "&lt;b&gt;", "<![CDATA[<p>x</p> & y]]>", "&#233;",
        "\u00e9", "\u00c3\u00a9", "\u0085", "&#x301;", "<!-- c -->", "&quot;", "https://a.example/b?c=d", "n/1", "/x;", "?q",
        "#f", "http://", "mailto:a@a.example", "a@a.example", "2025-11-19T10:00:00Z", "Wed, 19 Nov 2025 18:00:00 +0900",
        "\u3000", "\u200b", "\U0001f6a2", "]]&gt;", "&amp;nbsp;", "(", ")", "true",
    ]),
    max_size=5,
).map("".join)  # fmt: skip
_NAMES = st.sampled_from([
    "title", "link", "guid", "id", "description", "summary", "content", "content:encoded", "pubDate", "published",
    "updated", "dc:date", "dcterms:created", "author", "dc:creator", "itunes:author", "category", "dc:subject", "source",
    "media:title", "media:description", "media:keywords", "media:thumbnail", "slash:comments", "x:y", "comments", "rights",
    "itunes:summary", "enclosure", "dc:language", "dc:title", "itunes:keywords", "media:category", "thr:total", "subtitle",
])  # fmt: skip
_ATTRIBUTES = st.sampled_from([
    "", "", "", "", ' type="html"', ' type="text"', " type='text/plain'", ' isPermaLink="false"', ' href="n/2"',
    ' href="https://a.example/3" rel="alternate"', ' rel="self" href="s"', ' term="t" scheme="s"', ' url="u"', ' xml:lang="fr"',
    ' domain="d"', ' label="l"', ' x:a="1"',
])  # fmt: skip
_ELEMENT = st.builds(
    lambda name, attributes, words: f"<{name}{attributes}>{words}</{name}>", _NAMES, _ATTRIBUTES, _WORDS
) | st.sampled_from([
    "<author><name>A</name></author>", "<author><name>B</name><email>b@b.example</email></author>", "<link/>",
    "<media:group><media:title>G</media:title><media:description>D</media:description></media:group>", "<title/>",
    "<media:content url='u'><media:title>G</media:title></media:content>", "<category term='x'/>", "<description/>",
])  # fmt: skip
_ITEMS = st.lists(st.lists(_ELEMENT, max_size=8).map("".join), min_size=1, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    _ITEMS,
    st.lists(_ELEMENT, max_size=3).map("".join),
    st.sampled_from(["", 'xml:lang="en"', 'xml:base="http://c.example/"']),
)
def test_whatever_the_fast_reader_takes_it_reads_as_feedparser_does(
    items: list[str], head: str, attributes: str
) -> None:
    _quick(_rss("".join(f"<item>{item}</item>" for item in items), head, attributes))
    _quick(_atom("".join(f"<entry>{item}</entry>" for item in items), head, attributes))
    _quick(_rss("".join(f"<item>{item}</item>" for item in items), "<title>T</title>", attributes))


def test_windows_1252_is_mended_as_feedparser_mends_it() -> None:
    theirs = {code: mended for code, mended in feedparser_html._cp1252.items() if isinstance(code, int)}
    assert theirs == fastfields._CP1252


@given(
    st.from_regex(fastfields._PLAIN_URL, fullmatch=True),
    st.sampled_from([SOURCE.url, "http://b.example", "https://a/b?c"]),
)
def test_a_plain_address_is_resolved_to_itself(address: str, base: str) -> None:
    assert make_safe_absolute_uri(base, address) == address


def test_a_deep_or_wide_document_is_read_in_linear_time_or_left() -> None:
    assert fastfeed.read("<a>" * 200_000 + "</a>" * 200_000, SOURCE.url) is None
    spaces = "".join(f' xmlns:n{n}="urn:{n}"' for n in range(5_000))
    wide = f"<rss version='2.0'{spaces}><channel><item><title>A</title></item></channel></rss>"
    assert fastfeed.read(wide, SOURCE.url) is not None
    many = _rss(
        "<item>"
        + "<category>A</category>" * 1_000
        + "".join(f"<category>{n}</category>" for n in range(400))
        + "</item>"
    )
    assert fastfeed.read(many, SOURCE.url) is None
