"""Rules for pages that nobody has described: the news is found, menus and rankings are not, and the rules last."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.catalogue import definition
from feeds.collect.page import parse_list_page
from feeds.collect.propose import Proposal, propose
from feeds.newsroom import Newsroom
from feeds.observed import Fetched, ParsedFeed
from storage.model import SourceDefinition, SourceKind
from tests.support.web import get

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
URL = "https://news.example.jp/list/"
SITE = SourceDefinition(key="site", url=URL, name="Site", kind=SourceKind.PAGE, language="ja", time_zone="Asia/Tokyo")

HEADLINES = [
    "日豪防衛相会談を東京で実施、共同声明を発表",
    "人事発令、11月18日付けの1佐人事について",
    "防衛大臣が臨時記者会見、質疑応答の概要",
    "日米韓防衛相会談を来月シンガポールで開催",
    "護衛艦の命名・進水式を長崎造船所で実施",
    "統合幕僚長がインド太平洋諸国の参謀長と懇談",
    "第3回日仏外務・防衛閣僚会合の開催について",
]
MENU = "".join(
    f"<li><a href='/menu/{n}/'>{word}に関する情報のご案内</a></li>"
    for n, word in enumerate(("防衛省", "採用", "組織", "予算", "調達", "白書", "基地", "広報"))
)
RANKING = "".join(f"<li><a href='/docs/{90 + n}.html'>よく読まれた記事の見出し、その{n}番</a></li>" for n in range(10))


def page(body: str) -> str:
    return f"""<html lang="ja"><head><title>一覧</title></head><body class="wp-custom with-sidebar">
<header><div class="logo"><a href="/">防衛ニュースのトップページ</a></div></header>
<div class="global-menu"><ul>{MENU}</ul></div>
<div class="contents"><div class="main-column">{body}</div>
<div class="box"><h2>アクセスランキング</h2><ul>{RANKING}</ul></div>
<div class="sideBar"><ul>{MENU.replace("/menu/", "/side/")}</ul></div></div>
<footer><ul>{MENU.replace("/menu/", "/foot/")}</ul></footer></body></html>"""


def _rows(row: str) -> str:
    return "".join(
        row.format(n=n, day=19 - n, title=title, extra="pinned" if n == 0 else "plain")
        for n, title in enumerate(HEADLINES)
    )


SHAPES = {
    "ul and li": '<ul class="news-list">'
    + _rows(
        '<li class="post-{n}00 {extra}"><span class="d">2025.11.{day}</span> <a href="/docs/{n}.html">{title}</a></li>'
    )
    + "</ul>",
    "lists without any class": "<h2>新着</h2><ul>"
    + _rows('<li>2025年11月{day}日<br><a href="/docs/{n}.html">{title}</a></li>')
    + "</ul>",
    "cards": '<div class="css-1x2y3z">'
    + _rows(
        '<article class="card is-{extra}"><a href="/docs/{n}.html"><img src="{n}.jpg"></a><header><h3>'
        '<a href="/docs/{n}.html">{title}</a></h3></header><time datetime="2025-11-{day}T09:00:00+09:00">朝</time>'
        '<a href="/category/a/">カテゴリー</a><p>概要は次のとおり。</p></article>'
    )
    + "</div>",
    "cards inside of links": '<div class="cards">'
    + _rows(
        '<a class="card" href="/docs/{n}.html"><p class="meta">2025/11/{day}</p><h3>{title}</h3>'
        "<p>本文の書き出しが少しだけ見える。</p></a>"
    )
    + "</div>",
    "a table with Japanese dates": "<table><thead><tr><th>日付</th><th>件名</th></tr></thead><tbody>"
    + _rows('<tr><td>令和7年11月{day}日</td><td><a href="/docs/{n}.html">{title}</a></td><td>報道</td></tr>')
    + "</tbody></table>",
    "one dl of dt and dd": '<dl class="whatsnew">'
    + _rows('<dt>2025年11月{day}日</dt>\n<dd><a href="/docs/{n}.html">{title}</a></dd>')
    + "</dl>",
    "a dl for each": _rows('<dl><dt>2025年11月{day}日</dt><dd><a href="/docs/{n}.html">{title}</a></dd></dl>'),
    "divided by month": "".join(
        f"<h3>{month}月</h3><ul class='list-2025{month}'>"
        + "".join(
            f"<li><em>2025-{month}-{n + 1}</em><a href='/docs/{month}{n}.html'>{title}({month}月)</a></li>"
            for n, title in enumerate(HEADLINES[:4])
        )
        + "</ul>"
        for month in (11, 10)
    ),
}


def proposals(html: str) -> tuple[Proposal, ...]:
    return propose(Fetched(url=URL, body=html.encode(), content_type="text/html; charset=utf-8"), SITE, NOON)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_news_of_a_page_is_found_with_titles_and_dates(shape: str) -> None:
    best = proposals(page(SHAPES[shape]))[0]
    found = [entry.title for entry in best.entries]
    if shape == "divided by month":
        assert found == [f"{title}({month}月)" for month in (11, 10) for title in HEADLINES[:4]]
    else:
        assert found == HEADLINES
        assert [entry.url for entry in best.entries] == [f"https://news.example.jp/docs/{n}.html" for n in range(7)]
    assert all(entry.published_at is not None for entry in best.entries), best.rules


@pytest.mark.parametrize("shape", SHAPES)
def test_the_rules_name_things_and_do_not_count_them(shape: str) -> None:
    rules = proposals(page(SHAPES[shape]))[0].rules
    written = f"{rules.item} {rules.link} {rules.title} {rules.date}"
    assert "nth" not in written
    assert not re.search(r"css-|post-|is-|\d{3}|pinned|plain", written), written


@pytest.mark.parametrize("shape", SHAPES)
def test_the_rules_are_accepted_by_the_sources_file_and_read_the_same(shape: str) -> None:
    html = page(SHAPES[shape])
    best = proposals(html)[0]
    written = {name: getattr(best.rules, name) for name in ("item", "link", "title", "date")}
    site = definition(
        {
            "key": "site",
            "url": URL,
            "name": "Site",
            "kind": "page",
            "language": "ja",
            "time_zone": "Asia/Tokyo",
            "rules": {name: rule for name, rule in written.items() if rule},
        }
    )
    again = parse_list_page(Fetched(url=URL, body=html.encode()), site, NOON)
    assert isinstance(again, ParsedFeed)
    assert again.entries == best.entries


def test_rules_still_fit_when_more_news_comes_in() -> None:
    best = proposals(page(SHAPES["ul and li"]))[0]
    more = '<ul class="news-list"><li><a href="/docs/77.html">新しい記事が先頭に入りました</a></li>'
    html = page(SHAPES["ul and li"].replace('<ul class="news-list">', more))
    site = SourceDefinition(key="site", url=URL, name="Site", kind=SourceKind.PAGE, rules=best.rules)
    again = parse_list_page(Fetched(url=URL, body=html.encode()), site, NOON)
    assert isinstance(again, ParsedFeed)
    assert again.entries[0].url == "https://news.example.jp/docs/77.html"


def test_a_page_with_nothing_but_menus_and_a_ranking_gives_no_news() -> None:
    found = [entry.title for one in proposals(page("<p>準備中です。</p>")) for entry in one.entries]
    assert not [title for title in found if "ご案内" in title]


def test_a_class_around_everything_that_sounds_like_a_margin_does_not_hide_the_news() -> None:
    html = page(SHAPES["ul and li"]).replace('class="contents"', 'class="layout sidebar-right"')
    assert [entry.title for entry in proposals(html)[0].entries] == HEADLINES


def test_dates_that_only_their_class_gives_away_are_found() -> None:
    rows = _rows('<li><span class="date">11月{day}日</span><a href="/docs/{n}.html">{title}</a></li>')
    best = proposals(page(f"<ul>{rows}</ul>"))[0]
    assert best.rules.date == "span.date"
    first = best.entries[0]
    assert (first.published_text, first.published_at) == ("11月19日", None)  # which year it means is not guessed
    assert first.flags == ("date_without_year",)


def test_a_page_with_thousands_of_links_still_gives_its_list() -> None:
    rows = "".join(
        f"<li><b>2025.11.1</b><a href='/docs/{n}.html'>防衛相会談の記録、第{n}回</a></li>" for n in range(3000)
    )
    assert len(proposals(f"<html><body><ul>{rows}</ul></body></html>")[0].entries) == 1000


def test_links_to_other_sites_are_no_news_of_this_one() -> None:
    rows = _rows('<li><a href="https://ads.example/{n}">{title}</a></li>')
    assert proposals(f"<html><body><ul>{rows}</ul></body></html>") == ()


@pytest.mark.parametrize("html", ["", "<div>" * 100_000, "<html><body><p>x</p></body></html>", '{"a": 1}'])
def test_a_page_without_a_list_gives_no_proposal(html: str) -> None:
    assert proposals(html) == ()


def titles(found: tuple[Proposal, ...]) -> list[str]:
    """What the best proposal reads."""
    return [entry.title for entry in found[0].entries]


@pytest.mark.parametrize("name", ["o:p", "news.item", "fb:post", "a1$"])
def test_an_element_whose_name_no_selector_can_say_as_it_is_may_hold_the_news(name: str) -> None:
    rows = _rows(f"<li><{name} class='title'><a href='/docs/{{n}}.html'>{{title}}</a></{name}></li>")
    assert titles(proposals(f"<html><body><ul>{rows}</ul></body></html>")) == HEADLINES
    rows = _rows(f"<{name}><a href='/docs/{{n}}.html'>{{title}}</a></{name}>")
    assert titles(proposals(f"<html><body>{rows}</body></html>")) == HEADLINES
    assert titles(proposals(f"<html><body><{name} class='news'>{rows}</{name}></body></html>")) == HEADLINES


def test_news_that_nothing_holds_but_the_page_itself_is_found() -> None:
    rows = _rows('<article class="post"><h3><a href="/docs/{n}.html">{title}</a></h3></article>')
    found = proposals(f"<html><body>{rows}</body></html>")
    assert titles(found) == HEADLINES
    assert found[0].rules.item.startswith("article.post")


def test_a_list_behind_a_thousand_others_like_it_is_found_by_its_links() -> None:
    rows = _rows('<li><a href="/docs/{n}.html">{title}</a></li>')
    about = '<p class="menu"><a href="/about/">この新聞についての詳しいご案内</a></p>'
    found = proposals(f"<html><body>{about}<ul>{'<li>x</li>' * 1000}</ul><ul>{rows}</ul></body></html>")
    assert titles(found) == HEADLINES
    assert all(one.rules.item.endswith("a") for one in found), "of `li` only the first thousand are looked at"


def test_a_list_whose_first_links_lead_away_is_read_by_the_links_that_stay() -> None:
    share = '<a href="https://share.example/{n}">この記事を友だちに知らせる</a>'
    rows = _rows(f'<li>{share}<a href="/docs/{{n}}.html">{{title}}</a></li>')
    found = proposals(f"<html><body><ul>{rows}</ul></body></html>")
    assert titles(found) == HEADLINES
    assert found[0].rules.item.endswith("a"), "the first link of an `li` is not the headline"


def test_rules_that_read_other_addresses_than_those_of_the_news_are_not_proposed() -> None:
    share = '<a href="/share/{n}">共有</a>'
    rows = _rows(f'<li>{share}<a href="/docs/{{n}}.html">{{title}}</a><b class="title">{{title}}、詳報</b></li>')
    found = proposals(f"<html><body><ul>{rows}</ul></body></html>")
    assert not [entry.url for one in found for entry in one.entries if "/share/" in (entry.url or "")]


def test_a_list_of_short_names_is_no_news() -> None:
    names = ("予算の概要", "組織の概要", "採用の案内", "調達の案内", "白書の一覧", "基地の一覧")
    rows = "".join(f"<li><a href='/about/{n}/'>{name}</a></li>" for n, name in enumerate(names))
    assert proposals(f"<html><body><ul>{rows}</ul></body></html>") == ()


def test_a_class_that_sounds_like_a_date_and_holds_none_is_no_rule_for_dates() -> None:
    label = '<i class="date-label">掲載日</i>'
    rows = _rows(f'<li>{label}<b class="posted">11月{{day}}日</b><a href="/docs/{{n}}.html">{{title}}</a></li>')
    best = proposals(page(f"<ul>{rows}</ul>"))[0]
    assert best.rules.date == "b.posted"
    assert best.entries[0].published_text == "11月19日"


@given(
    st.lists(
        st.sampled_from(
            ["<ul>", "<li>", "</li>", "</ul>", "<a href='/x'>", "</a>", "長い見出しの記事です", "<h2>", "<o:p>", "<a$>"]
        ),
        max_size=60,
    )
)
def test_pages_of_any_kind_never_raise(pieces: list[str]) -> None:
    proposals("".join(pieces))


async def test_the_local_newsroom_s_list_is_found_without_its_menu_and_its_ranking(tmp_path: Path) -> None:
    import asyncio

    async with Newsroom() as newsroom:
        newsroom.publish_all()
        (site,) = (one for one in newsroom.definitions() if one.kind is SourceKind.PAGE)
        answer = await asyncio.to_thread(get, site.url)
    fetched = Fetched(url=site.url, body=answer.body, content_type=answer.headers["content-type"])
    by_hand = parse_list_page(fetched, site, datetime.now(UTC))
    assert isinstance(by_hand, ParsedFeed)
    best = propose(fetched, site, datetime.now(UTC))[0]
    assert {entry.url for entry in best.entries} == {entry.url for entry in by_hand.entries}
    assert best.rules.item
