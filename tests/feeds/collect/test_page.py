"""List pages and article pages, with and without rules; no ranking gets into an article's text."""

import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.article import parse_article
from feeds.collect.cutter import cut_text
from feeds.collect.document import read_document
from feeds.collect.matching import matched, matched_then
from feeds.collect.page import parse_list_page
from feeds.observed import ArticlePage, Failure, FailureKind, Fetched, ParsedFeed
from storage.model import PageRules, PageSnapshot, SourceDefinition, SourceKind

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
LIST_URL = "https://news.example.jp/"
RULES = PageRules(
    item="ul.list li",
    link="a",
    title=".t",
    date=".d",
    include=r"/docs/mod/\d+\.html$",
    article="article",
    cut=(".share",),
)
SITE = SourceDefinition(
    key="site",
    url=LIST_URL,
    name="防衛ニュース",
    kind=SourceKind.PAGE,
    language="ja",
    time_zone="Asia/Tokyo",
    rules=RULES,
)

LIST = """<html lang="ja"><head><title>防衛ニュース</title></head><body>
<header><a href="/about.html">この新聞について</a></header>
<ul class="list">
<li><a href="/docs/mod/0002.html?utm_source=top"><img alt="写真" src="x.png"></a><a href="/docs/mod/0002.html">
 <span class="t">防衛相、豪国防相と
 会談</span></a><span class="d">2025-11-19 9:05</span></li>
<li><a href="/docs/mod/0001.html"><span class="t">人事発令 11月18日付け</span></a>
<span class="d">2025年11月18日</span></li>
<li><a href="/docs/mod/0002.html"><span class="t">防衛相、豪国防相と会談(再掲)</span></a></li>
<li><a href="https://ads.example/9.html"><span class="t">広告のお知らせ</span></a></li>
</ul><footer><a href="/privacy.html">個人情報の取り扱い</a></footer></body></html>"""

BODY = """<p>防衛省は令和7年11月19日、東京で行われた日豪防衛相会談の概要を公表した。</p>
<p>(1)両大臣は、地域の安全保障環境について意見を交換し、協力を続けることで一致した。</p>
<p>(2)会談の後、「防衛協力に関する共同声明」が発出された。</p>"""
RANKING_LINES = [
    "人事発令 11月21日付け",
    "防衛副大臣が比国防次官と会談",
    "日米韓防衛相会談を開催へ",
    "護衛艦の基礎知識",
    "第３回専門家会合の結果",
]


def _article(after: str, container: str = "article") -> str:
    return f"""<html lang="ja"><head><title>日豪防衛相会談を東京で実施 | 防衛ニュース</title></head><body>
<nav><a href="/">トップ</a><a href="/list">一覧</a></nav><div class="main"><{container}>
<h1>日豪防衛相会談を東京で実施</h1><ul><li>日本の防衛</li></ul><p>2025-11-19 18:20</p>{BODY}
<div class="share">この記事を共有する</div>{after}</{container}></div><footer>会社概要</footer></body></html>"""


RANKINGS = {
    "linked list": "<h2>Ranking読まれている記事</h2><ul>"
    + "".join(f"<li><a href='/{n}'>{line}</a></li>" for n, line in enumerate(RANKING_LINES))
    + "</ul>",
    "plain items": "<p>(以上)</p><ul><li>24時間</li>" + "".join(f"<li>{line}</li>" for line in RANKING_LINES) + "</ul>",
    "bare lines": "<div>読まれている記事<br>" + "<br>".join(RANKING_LINES) + "</div>",
    "after the buttons": "<p>◎下の[次の記事][前の記事]ボタンで、次々にご覧いただけます。</p><div>"
    + "<br>".join(RANKING_LINES)
    + "</div>",
    "related": "<p>関連記事</p>" + "".join(f"<p>{line}</p>" for line in RANKING_LINES),
    "links without a heading": "<ul>"
    + "".join(f"<li><a href='/docs/mod/{n}.html'>{line}</a></li>" for n, line in enumerate(RANKING_LINES))
    + "</ul>",
    "the same headlines in several lists": "<ul>"
    + "".join(f"<li>{line}</li>" for line in (*RANKING_LINES, *reversed(RANKING_LINES)))
    + "</ul>",
    "tabs": "<div>24時間</div><div>1週間</div><div>1ヶ月</div>"
    + "".join(f"<div>{line}</div>" for line in RANKING_LINES),
}


def _fetched(html: str, url: str = LIST_URL) -> Fetched:
    return Fetched(url=url, body=html.encode(), content_type="text/html; charset=utf-8")


def _list(html: str, site: SourceDefinition = SITE) -> ParsedFeed:
    result = read_document(_fetched(html), site, NOON)
    assert isinstance(result, ParsedFeed), result
    return result


def _page(html: str, site: SourceDefinition = SITE) -> ArticlePage:
    result = parse_article(_fetched(html, LIST_URL + "docs/mod/0002.html"), site, NOON)
    assert isinstance(result, ArticlePage), result
    return result


def test_a_list_page_gives_an_entry_per_address_with_title_and_date() -> None:
    talks, staff = _list(LIST).entries
    assert talks.url == "https://news.example.jp/docs/mod/0002.html"
    assert talks.title == "防衛相、豪国防相と会談(再掲)"
    assert talks.published_at == datetime(2025, 11, 19, 0, 5, tzinfo=UTC)
    assert talks.text == ""
    assert talks.identity.startswith("1u:")
    assert staff.title == "人事発令 11月18日付け"
    assert staff.published_text == "2025年11月18日"


def test_a_page_without_rules_gives_its_own_headlines_and_not_its_menu() -> None:
    entries = _list(LIST, replace(SITE, rules=None)).entries
    assert [entry.url for entry in entries] == [LIST_URL + "docs/mod/0002.html", LIST_URL + "docs/mod/0001.html"]


def test_a_link_to_the_list_itself_is_no_article() -> None:
    back = "".join(
        f"<p><a href='{href}'>ページの先頭へ戻ります</a></p>" for href in ("#top", "/", "http://news.example.jp")
    )
    found = _list(LIST.replace("</ul>", f"</ul>{back}"), replace(SITE, rules=None))
    assert [entry.url for entry in found.entries] == [f"{LIST_URL}docs/mod/000{n}.html" for n in (2, 1)]


def test_all_articles_below_one_date_of_a_list_have_it() -> None:
    rows = "".join(f"<dt>2025年11月{d}日</dt>" + "".join(f"<dd><a href='/{d}{n}'>{n}件目の記事</a></dd>" for n in "12")
                   for d in (19, 18))  # fmt: skip
    found = _list(f"<dl>{rows}</dl>", replace(SITE, rules=PageRules(item="dd")))
    assert [entry.published_text for entry in found.entries] == ["2025年11月19日"] * 2 + ["2025年11月18日"] * 2


def test_links_are_resolved_against_the_base_element() -> None:
    html = '<base href="https://cdn.example/a/"><a href="docs/mod/7.html">防衛相会談を実施</a>'
    rules = PageRules(include=r"/docs/mod/\d+")
    assert _list(html, replace(SITE, rules=rules)).entries[0].url == "https://cdn.example/a/docs/mod/7.html"


def test_rules_that_find_nothing_say_that_the_page_may_have_changed() -> None:
    result = parse_list_page(_fetched("<html><body><p>リニューアルしました</p></body></html>"), SITE, NOON)
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.EMPTY
    assert "redesigned" in result.message


@pytest.mark.parametrize(
    "rules", [PageRules(item="li[["), PageRules(include="("), PageRules(title="::"), PageRules(next_page="[")]
)
def test_a_rule_that_cannot_be_used_is_named_as_such(rules: PageRules) -> None:
    result = parse_list_page(_fetched(LIST), replace(SITE, rules=rules), NOON)
    assert isinstance(result, Failure)
    assert "rule" in result.message


def test_a_page_too_deep_to_parse_is_refused() -> None:
    result = parse_list_page(_fetched("<div>" * 100_000), SITE, NOON)
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.TOO_LARGE


@pytest.mark.parametrize("layout", RANKINGS)
@pytest.mark.parametrize("rules", [RULES, None], ids=["rules", "no rules"])
def test_no_ranking_reaches_the_text_even_inside_the_article(layout: str, rules: PageRules | None) -> None:
    page = _page(_article(RANKINGS[layout]), replace(SITE, rules=rules))
    assert "共同声明" in page.text
    assert "意見を交換" in page.text
    assert not [line for line in RANKING_LINES if line in page.text]


def test_documents_that_an_article_links_stay_in_it() -> None:
    files = "".join(f'<li><a href="/files/{n}.pdf">防衛協力に関する共同声明(別紙{n})</a></li>' for n in range(4))
    assert "別紙3" in _page(_article(f"<ul>{files}</ul>")).text


def test_a_list_that_repeats_nothing_may_end_an_article() -> None:
    sides = "".join(f"<li>{name}国防大臣(団長)が出席した代表団</li>" for name in "甲乙丙丁戊己庚")
    assert "己国防大臣" in _page(_article(f"<ul>{sides}</ul>")).text


REFERENCE = Path(__file__).parents[4] / "shared" / "corpus" / "reference-article.txt"
SHAPES = {
    "plain items": "<h2>Ranking読まれている記事</h2><ul>{items}</ul>",
    "no heading": "<ul>{items}</ul>",
    "a heading in two parts": "<p>Ranking</p><p>読まれている記事</p><div><ol>{items}</ol></div>",
}


@pytest.mark.skipif(not REFERENCE.exists(), reason="the text of the reference article is not in this repository")
@pytest.mark.parametrize("ranking", SHAPES)
@pytest.mark.parametrize("rules", [PageRules(article="article"), None], ids=["rules", "no rules"])
@pytest.mark.parametrize("marked", [True, False], ids=["with end marks", "without end marks"])
def test_the_article_that_this_began_with_is_read_whole_and_without_its_ranking(
    ranking: str, rules: PageRules | None, marked: bool
) -> None:
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("Ranking"))
    end = lines.index("(以上)")
    headlines = [line.removeprefix("- ") for line in lines[place + 4 :] if line.startswith("- ")]
    items = "".join(f"<li>{line}</li>" for line in ("24時間", "1週間", "1ヶ月", *headlines))
    body = "".join(f"<p>{line}</p>" for line in lines[2 : place if marked else end])
    html = f"<title>{lines[0]}</title><article><h1>{lines[0]}</h1>{body}{SHAPES[ranking].format(items=items)}</article>"
    page = _page(html, replace(SITE, rules=rules))
    assert not [line for line in headlines if line in page.text]
    assert [line for line in lines[3:end] if line not in page.text] == []
    assert page.published_at == datetime(2025, 11, 6, 1, 31, tzinfo=UTC)
    assert page.released_at == datetime(2025, 11, 1, 10, 35, tzinfo=UTC)


def test_a_list_page_names_its_next_page_only_by_rule_and_only_on_its_site() -> None:
    def named(link: str, rule: str = "p.next") -> str | None:
        html = LIST.replace("</ul>", f"</ul><p class='next'>{link}</p>")
        return _list(html, replace(SITE, rules=replace(RULES, next_page=rule))).next_url

    assert named('<a href="?page=2">次へ</a>') == LIST_URL + "?page=2"
    assert named('<a href="?page=2">次へ</a>', rule="") is None
    assert named('<a href="https://ads.example/2">次へ</a>') is None
    assert named(f'<a href="{LIST_URL}#top">次へ</a>') is None
    assert named("次へ") is None


def test_an_article_page_gives_title_date_and_language() -> None:
    page = _page(_article(""))
    assert page.title == "日豪防衛相会談を東京で実施"
    assert page.published_text == "2025-11-19 18:20"
    assert page.published_at == datetime(2025, 11, 19, 9, 20, tzinfo=UTC)
    assert page.language == "ja"
    assert "共有する" not in page.text


def test_structured_data_gives_author_and_date() -> None:
    data = (
        '<script type="application/ld+json">{"@graph":[{"@type":"NewsArticle",'
        '"datePublished":"2025-11-18T10:00:00+09:00","author":[{"name":"編集部"}]}]}</script>'
        '<script type="application/ld+json">{broken</script>'
    )
    page = _page(_article(data))
    assert page.author == "編集部"
    assert page.published_at == datetime(2025, 11, 18, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "header",
    [
        "<header><p>2025年11月20日（木）</p></header>",
        "<header><time datetime='2025-11-20'>Today</time></header>",
        "<header><nav><p>2025年11月20日（木）</p></nav></header><aside><p>2025-11-20 08:00</p></aside>",
    ],
)
@pytest.mark.parametrize("container", ["article", "main", "div"])
def test_todays_date_in_a_papers_header_is_not_the_articles(header: str, container: str) -> None:
    html = _article("", container).replace("<nav>", f"{header}<nav>")
    page = _page(html, replace(SITE, rules=None))
    assert page.published_at == datetime(2025, 11, 19, 9, 20, tzinfo=UTC)


def test_a_time_element_of_the_article_is_its_date() -> None:
    html = _article("").replace("<h1>", '<time datetime="2025-11-18T09:00+09:00">昨日</time><h1>')
    assert _page(html, replace(SITE, rules=None)).published_at == datetime(2025, 11, 18, tzinfo=UTC)


def test_an_article_of_today_has_the_date_that_the_header_has_too() -> None:
    html = _article("", "div").replace("<nav>", "<header><p>2025-11-19 18:20</p></header><nav>")
    assert _page(html, replace(SITE, rules=None)).published_text == "2025-11-19 18:20"


def test_a_date_that_no_database_keeps_is_cleaned() -> None:
    data = '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"soon\\u0000\\ud800"}</script>'
    page = _page(_article(data))
    assert (page.published_text, page.flags) == ("soon", ("date_unreadable",))


def test_a_page_without_text_is_a_failure() -> None:
    result = parse_article(
        _fetched("<html><body><script>app()</script></body></html>"), replace(SITE, rules=None), NOON
    )
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.EMPTY


def test_the_cutter_keeps_a_body_that_only_mentions_a_heading() -> None:
    body = "大臣は会談した。\n関連記事を参照されたい。\n以上の結果を踏まえ、次回は来年開く。\n24時間態勢で警戒する。"
    assert cut_text(body) == body


def test_the_cutter_needs_a_list_below_a_heading() -> None:
    assert (
        cut_text("会談が行われ、成果があった。\n関連記事\n一つだけの見出し")
        == "会談が行われ、成果があった。\n関連記事\n一つだけの見出し"
    )


def test_the_cutter_takes_a_list_above_the_article_out_and_keeps_the_article() -> None:
    text = "\n".join(["ランキング", *RANKING_LINES, "両大臣は会談し、共同声明を発表した。", "次回は来年。"])
    assert cut_text(text) == "両大臣は会談し、共同声明を発表した。\n次回は来年。"


@pytest.mark.parametrize("heading", ["Most read", "Related stories", "Read next", "MORE FROM Asia", "Trending now"])
def test_the_cutter_knows_english_headings(heading: str) -> None:
    body = "The two ministers met in Tokyo and agreed to continue."
    assert cut_text(f"{body}\n{heading}\nFleet news\nStaff changes\nMinister visits base") == body


@pytest.mark.parametrize("end", ["(以上)", "（以上）", "（ 以 上 ）", "以上"])
def test_the_cutter_ends_with_the_ministry_s_own_end_mark(end: str) -> None:
    assert cut_text(f"両大臣は会談し、協力で一致した。\n{end}\n問い合わせ先") == "両大臣は会談し、協力で一致した。"
    assert cut_text("両大臣は会談し、協力で一致した。(以上)\n別の記事") == "両大臣は会談し、協力で一致した。"


@given(st.text())
def test_the_cutter_only_ever_removes(text: str) -> None:
    assert len(cut_text(text)) <= len(text)


@given(st.text(alphabet="<>/aulip=\"' .会談。\n", max_size=200))
def test_pages_of_any_kind_never_raise(html: str) -> None:
    parse_list_page(_fetched(html), SITE, NOON)
    parse_article(_fetched(html), SITE, NOON)


def test_an_article_too_deep_to_be_read_is_a_failure() -> None:
    result = parse_article(Fetched(url=f"{LIST_URL}1", body=b"<i>" * 30_000), SITE, NOON)
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.TOO_LARGE


def test_an_articles_rule_that_cannot_be_used_is_named_as_such() -> None:
    strange = replace(SITE, rules=replace(RULES, article="li:["))
    result = parse_article(Fetched(url=f"{LIST_URL}1", body=b"<article>A</article>"), strange, NOON)
    assert isinstance(result, Failure)
    assert result.message.startswith("A rule of this source is not a valid")


@pytest.mark.parametrize(
    ("data", "author"),
    [
        ('{"@graph": [{"@type": "WebSite"}, {"@type": "NewsArticle", "author": "Ada"}]}', "Ada"),
        ('{"@type": "WebSite", "author": "Ada"}', None),
        ('[{"@type": "Article", "author": "Ada"}, 7]', "Ada"),
        ('"Article"', None),
        ("{", None),
    ],
)
def test_structured_data_is_read_where_it_is_an_article(data: str, author: str | None) -> None:
    html = (
        f'<script type="application/ld+json">{data}</script><article><p>{"Words of the article. " * 20}</p></article>'
    )
    read = parse_article(Fetched(url=f"{LIST_URL}1", body=html.encode()), SITE, NOON)
    assert isinstance(read, ArticlePage)
    assert read.author == author


def test_of_two_links_to_one_article_the_dated_one_dates_it() -> None:
    html = """<ul class="list"><li><a href="/docs/mod/1.html"><span class="t">国防相会談</span></a></li>
    <li><a href="/docs/mod/1.html"><span class="t">会談</span></a><span class="d">2025-11-19 9:05</span></li></ul>"""
    read = parse_list_page(Fetched(url=LIST_URL, body=html.encode()), SITE, NOON)
    assert isinstance(read, ParsedFeed)
    assert [(one.title, one.published_text) for one in read.entries] == [("国防相会談", "2025-11-19 9:05")]


def test_how_often_each_selector_of_a_list_fits_is_counted_on_the_page_and_on_its_copy() -> None:
    counted = {"item": 4, "link": 7, "title": 4, "date": 2}
    assert matched(LIST.encode(), RULES) == counted
    assert matched(b"<i>" * 30_000, RULES) == {}
    kept = PageSnapshot(taken_at=NOON, found=2, items=(), body=zlib.compress(LIST.encode()))
    assert matched_then(kept, RULES) == counted
    assert matched_then(replace(kept, body=b""), RULES) == {}


def test_a_list_of_links_within_another_leaves_the_article_with_it() -> None:
    links = "".join(f'<li><a href="/{n}">Other news number {n}</a></li>' for n in range(8))
    html = f"<article><p>{'Words of the article. ' * 20}</p><ul><ul>{links}</ul></ul></article>"
    read = parse_article(Fetched(url=f"{LIST_URL}1", body=html.encode()), SITE, NOON)
    assert isinstance(read, ArticlePage)
    assert "Other news" not in read.text
