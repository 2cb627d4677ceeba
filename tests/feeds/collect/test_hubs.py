"""Discovery: which hubs a document names, in its headers before its own words (WebSub, section 4)."""

from datetime import datetime

import pytest

from feeds.collect.document import read_document
from feeds.collect.hubs import HEAD, advertised, header_links
from feeds.observed import Advert, Fetched, ParsedFeed
from storage.model import SourceDefinition

ASKED = "https://news.example/asked"
HERE = "https://news.example/feed"  # where the redirects ended
HUB = "https://hub.example/"
TOPIC = "https://news.example/topic"
BOTH = Advert(hubs=(HUB,), topic=TOPIC)
LINKS = f'<link rel="hub" href="{HUB}"/><link rel="self" href="{TOPIC}"/>'


def found(body: str | bytes = "<rss/>", *links: str, content_type: str = "application/xml") -> Advert | None:
    raw = body.encode() if isinstance(body, str) else body
    return advertised(Fetched(url=HERE, body=raw, content_type=content_type, links=links), ASKED)


@pytest.mark.parametrize(
    "links",
    [
        (f'<{HUB}>; rel="hub"', f'<{TOPIC}>; rel="self"'),
        (f'<{HUB}>; rel="hub", <{TOPIC}>; rel="self"',),
        (f"<{HUB}>;rel=hub,<{TOPIC}>;rel=self",),
        (f'<{HUB}> ; title="a, b; c \\" d" ; REL = "HUB" , <{TOPIC}>; rel=self',),
        (f'<https://x.example/>; rel="stylesheet hubs", <{HUB}>; rel="next hub", </topic>; rel="self start"',),
        (f"<{HUB}>; rel=hub; rel=self, <{TOPIC}>; rel=self; rel=hub",),  # of a repeated parameter the first counts
        (f'<{HUB}>; rel=hub; title="unclosed, <{TOPIC}>; rel=self',),
        (f'<https://x.example/>; anchor="/other"; rel=hub, <{HUB}>; rel=hub, <{TOPIC}>; rel=self; flag',),
        (f"<javascript:alert(1)>; rel=hub, <https://u:p@x.example/>; rel=hub, <{HUB}>; rel=hub, <{TOPIC}>; rel=self",),
    ],
)
def test_link_headers_are_read_as_rfc_8288_writes_them(links: tuple[str, ...]) -> None:
    assert found("<rss/>", *links) == BOTH


def test_headers_go_before_the_document_and_the_document_fills_what_they_leave_out() -> None:
    document = '<feed><link rel="hub" href="https://other.example/"/><link rel="self" href="/other"/></feed>'
    assert found(document, f"<{HUB}>; rel=hub, <{TOPIC}>; rel=self") == BOTH
    assert found(document, f"<{HUB}>; rel=hub") == Advert(hubs=(HUB,), topic="https://news.example/other")
    assert found(document, f"<{TOPIC}>; rel=self") == Advert(hubs=("https://other.example/",), topic=TOPIC)


@pytest.mark.parametrize(
    "document",
    [
        f'<feed xmlns="http://www.w3.org/2005/Atom">{LINKS}<entry/></feed>',
        f'<rss><channel><atom:link rel="hub" href="{HUB}"/><a10:link href="{TOPIC}" rel="self" /></channel></rss>',
        f"<rdf:RDF><channel><items/><a:link href='{HUB}' rel='hub'/><a:link href='{TOPIC}' rel='self'/></channel>",
        f"<html><head><link rel=hub href={HUB}><link href='/topic' rel=self></head><body>",
        f"<feed>\n<link\n  rel = 'hub'\n  href = '{HUB}'\n/>{LINKS}",
    ],
)
def test_a_document_names_its_hub_in_every_format(document: str) -> None:
    assert found(document) == BOTH


def test_utf_16_is_read_too() -> None:
    assert found(f"<feed>{LINKS}</feed>".encode("utf-16")) == BOTH


def test_an_address_with_an_escaped_ampersand_is_the_address() -> None:
    advert = found('<feed><link rel="hub" href="https://hub.example/?a=1&amp;b=2#part"/></feed>')
    assert advert == Advert(hubs=("https://hub.example/?a=1&b=2",), topic=ASKED)


@pytest.mark.parametrize(
    "document",
    [
        f"<feed><entry>{LINKS}</entry></feed>",
        f"<rss><channel><item>{LINKS}</item>{LINKS}</channel></rss>",
        f"<feed><!-- {LINKS} --></feed>",
        f"<feed><title><![CDATA[{LINKS}]]></title></feed>",
        f"<feed><!-- {LINKS}",
        f"<html><body>{LINKS}</body></html>",
        f"<feed>{' ' * HEAD}{LINKS}</feed>",
        '<feed><link rel="hub" href="ftp://hub.example/"/><link rel="hub" href=""/><link rel="hub"/></feed>',
        f'<feed><link rel="hub" href="https://hub.example/{"x" * 3000}"/></feed>',
    ],
)
def test_what_articles_quote_and_what_cannot_be_a_hub_is_no_hub(document: str) -> None:
    assert found(document) is None


def test_an_address_with_a_password_is_told_to_no_hub() -> None:
    fetched = Fetched(url=HERE, body=f'<feed><link rel="hub" href="{HUB}"/></feed>'.encode())
    assert advertised(fetched, "https://user:word@news.example/asked") is None


def test_several_hubs_are_kept_in_order_once_each_and_not_without_end() -> None:
    named = "".join(f'<link rel="hub" href="https://h{n % 9}.example/"/>' for n in range(50))
    advert = found(f"<feed>{named}</feed>")
    assert advert is not None
    assert advert.hubs == tuple(f"https://h{n}.example/" for n in range(5))


def test_json_feed_names_hubs_of_several_kinds() -> None:
    text = (
        '{"version": "https://jsonfeed.org/version/1.1", "feed_url": "/topic", "items": [], "hubs": [1, '
        '{"type": "rssCloud", "url": "https://cloud.example/"}, {"type": "WebSub", "url": "https://hub.example/"}]}'
    )
    assert found(text, content_type="application/feed+json") == BOTH
    assert found('{"hubs": {"type": "WebSub"}}') is None
    assert found('{"hubs": [{"type": "WebSub", "url": 7}], "items": [') is None


def test_a_header_in_no_encoding_is_passed_over() -> None:
    assert list(header_links(["<http://\udcff>; rel=hub", ">>><<<;;;,,,", "", "<" * 5000], HERE)) == []


def test_the_parser_hands_the_hub_out_with_the_entries(ministry: SourceDefinition, now: datetime) -> None:
    item = "<item><title>News</title></item>"
    body = f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>{{}}{item}</channel></rss>'
    links = LINKS.replace("<link", "<atom:link")
    read = read_document(Fetched(url=HERE, body=body.format(links).encode()), ministry, now)
    assert isinstance(read, ParsedFeed)
    assert (read.advert, len(read.entries)) == (BOTH, 1)
    plain = read_document(Fetched(url=HERE, body=body.format("").encode()), ministry, now)
    assert isinstance(plain, ParsedFeed)
    assert plain.advert is None


@pytest.mark.parametrize(
    "hostile",
    ["<link " * 12_000, "<!--" * 16_000, "<![CDATA[" * 7_000, '<link rel="' * 6_000, "<link " + "rel=" * 15_000 + ">"],
)
def test_hostile_heads_take_no_time(hostile: str) -> None:
    """Each is quadratic in a careless reader; here they end well within the time limit of a test."""
    assert found(f"<feed>hub{hostile}") is None


def test_a_parameter_of_a_link_without_a_name_is_passed_over() -> None:
    assert found("<rss/>", f'<{HUB}>; ; rel="hub"', f'<{TOPIC}>; rel="self";') == BOTH
