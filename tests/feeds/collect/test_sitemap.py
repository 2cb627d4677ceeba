"""Sitemaps: news with titles and dates, plain lists of addresses, indexes, and broken or hostile ones."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.document import read_document
from feeds.collect.sitemap import parse_sitemap, title_from
from feeds.observed import Failure, FailureKind, Fetched, ParsedFeed
from storage.model import PageRules, SourceDefinition, SourceKind

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
SITE = SourceDefinition(key="s", url="https://news.example/sitemap.xml", name="Site", time_zone="Asia/Singapore")
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
)
NEWS = f"""<?xml version="1.0" encoding="UTF-8"?><!-- made by hand --><urlset {SPACES}>
<url><loc>https://news.example/a?utm_source=x</loc><lastmod>2025-11-20</lastmod><news:news><news:publication>
<news:name>Site</news:name><news:language>ja</news:language></news:publication>
<news:publication_date>2025-11-19T18:20:00+09:00</news:publication_date>
<news:title><![CDATA[日豪防衛相会談 & 共同声明]]></news:title>
<news:keywords>防衛, 外交</news:keywords></news:news></url>
<url><loc>/b/second-story.html</loc></url><url><loc>mailto:x@y</loc></url><url/></urlset>"""
PLAIN = f"""<urlset {SPACES}><url><loc>https://news.example/latest-releases/12aug26-nr1/</loc><lastmod>2025-08-10
</lastmod></url><url><loc>https://news.example/about-us/</loc></url></urlset>"""
INDEX = f"""<sitemapindex {SPACES}><sitemap><loc>https://news.example/old.xml</loc><lastmod>2024-01-01</lastmod>
</sitemap><sitemap><loc>https://news.example/new.xml</loc><lastmod>2025-11-01T00:00:00Z</lastmod></sitemap></sitemapindex>"""


def read(body: str | bytes, site: SourceDefinition = SITE) -> ParsedFeed | Failure:
    raw = body if isinstance(body, bytes) else body.encode()
    return read_document(Fetched(url=site.url, body=raw, content_type="application/xml"), site, NOON)


def feed(body: str | bytes, site: SourceDefinition = SITE) -> ParsedFeed:
    result = read(body, site)
    assert isinstance(result, ParsedFeed), result
    return result


def test_a_news_sitemap_gives_titles_languages_and_dates_of_publication() -> None:
    first, second = feed(NEWS).entries
    assert (first.url, first.title, first.language) == ("https://news.example/a", "日豪防衛相会談 & 共同声明", "ja")
    assert first.published_at == datetime(2025, 11, 19, 9, 20, tzinfo=UTC)
    assert (first.categories, first.flags) == (("防衛", "外交"), ())
    assert (second.url, second.title) == ("https://news.example/b/second-story.html", "second story")
    assert second.identity.startswith("1u:")


def test_lastmod_is_not_a_date_of_publication() -> None:
    first, second = feed(PLAIN).entries
    assert (first.title, first.published_at, first.published_text) == ("12aug26 nr1", None, "2025-08-10")
    assert first.flags == ("date_is_lastmod",)
    assert second.flags == ()


def test_a_page_source_may_be_a_sitemap_and_takes_only_what_its_rule_includes() -> None:
    rules = PageRules(include=r"/latest-releases/\d{1,2}[a-z]{3}\d{2}-")
    (one,) = feed(PLAIN, replace(SITE, kind=SourceKind.PAGE, rules=rules)).entries
    assert one.url == "https://news.example/latest-releases/12aug26-nr1/"


def test_an_index_names_its_newest_sitemaps_to_be_read_in_its_place() -> None:
    index = feed(INDEX)
    assert index.entries == ()
    assert index.more == ("https://news.example/new.xml", "https://news.example/old.xml")


def test_of_a_large_index_the_three_newest_are_named_whatever_their_order() -> None:
    days = {"a": "2025-11-01", "b": "2025-11-19", "c": "2024-01-01", "d": "2025-11-20T08:00:00Z", "e": "2025-10-31"}
    sitemaps = "".join(
        f"<sitemap><loc>https://news.example/{name}.xml</loc><lastmod>{day}</lastmod></sitemap>"
        for name, day in days.items()
    )
    index = feed(f"<sitemapindex {SPACES}>{sitemaps}</sitemapindex>")
    assert [url[-5] for url in index.more] == ["d", "b", "a"]


def test_an_index_that_names_nothing_usable_is_a_failure() -> None:
    result = read(f"<sitemapindex {SPACES}><sitemap><loc>javascript:x</loc></sitemap></sitemapindex>")
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.EMPTY


def test_an_empty_sitemap_is_one() -> None:
    assert feed(f"<urlset {SPACES}></urlset>").entries == ()
    assert isinstance(read(f"<sitemapindex {SPACES}/>"), Failure)


def test_a_sitemap_that_breaks_off_gives_what_it_has_with_a_note() -> None:
    found = feed(PLAIN[: PLAIN.index("<url><loc>https://news.example/about")])
    assert len(found.entries) == 1
    assert found.problems[0].startswith("not well-formed")


def test_of_too_many_addresses_the_newest_are_read() -> None:
    rows = "".join(f"<url><loc>/n/{n}</loc><lastmod>2025-01-{1 + n // 300:02}</lastmod></url>" for n in range(6000))
    found = feed(f"<urlset {SPACES}>{rows}</urlset>")
    assert len(found.entries) == 5000
    assert found.entries[0].url == "https://news.example/n/5700"
    assert "newest" in found.problems[0]


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://a.example/docs/ministers-meet_2.html", "ministers meet 2"),
        ("https://a.example/%E9%98%B2%E8%A1%9B%E7%9B%B8/", "防衛相"),
        ("https://a.example/", "a example"),
        ("https://a.example/--/", "--"),
    ],
)
def test_an_address_without_a_title_is_named_by_its_last_part(url: str, title: str) -> None:
    assert title_from(url) == title


def test_entities_are_not_expanded() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(9))
    body = f"<!DOCTYPE urlset [{bomb}]><urlset {SPACES}><url><loc>https://a.example/&e8;</loc></url></urlset>"
    read(body)
    secret = (
        f"<!DOCTYPE u [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><urlset {SPACES}><url><loc>/a&x;</loc></url></urlset>"
    )
    result = read(secret)
    assert "root" not in repr(result)


@given(st.text(alphabet="<>/urlocnews:mapit&;\"' x", max_size=200))
def test_a_sitemap_of_any_kind_never_raises(words: str) -> None:
    read(f"<urlset {SPACES}>{words}")
    read(f"<sitemapindex {SPACES}>{words}")


def test_a_sitemap_of_which_nothing_can_be_read_is_a_failure() -> None:
    for body in ("", "<", "<?"):
        result = parse_sitemap(Fetched(url=SITE.url, body=body.encode()), SITE, NOON)
        assert isinstance(result, Failure), body


def test_a_rule_that_is_no_pattern_is_told() -> None:
    result = read(PLAIN, replace(SITE, rules=PageRules(include="(")))
    assert isinstance(result, Failure)
    assert "'include' is no pattern" in f"{result.message} {result.detail}"


def test_a_sitemap_that_breaks_off_is_asked_for_again_and_gives_no_half_address() -> None:
    site = f"<urlset {SPACES}>" + "".join(f"<url><loc>https://news.example/a/{n}00</loc></url>" for n in (3, 2, 1))
    for cut in ("</loc></url>", "00</loc></url>", "</url>"):
        broken_off = feed(site.removesuffix(cut))
        assert [entry.url for entry in broken_off.entries] == [
            "https://news.example/a/300",
            "https://news.example/a/200",
        ]
        assert broken_off.whole is False
    assert feed(site + "</urlset>\n").whole is True
