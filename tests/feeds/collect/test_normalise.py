"""One form for addresses, titles and text."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.collect import normalise
from feeds.collect.decode import clean, is_ordinary
from feeds.collect.normalise import MAX_HTML, canonical_url, html_to_text, is_parsable, one_line, plain_text, safe_html


@pytest.mark.parametrize(
    ("url", "base", "canonical"),
    [
        ("HTTPS://News.Example.JP:443/a/../b", None, "https://news.example.jp/b"),
        ("http://news.example:80", None, "http://news.example/"),
        ("http://news.example:8080/", None, "http://news.example:8080/"),
        (" /j/press/26b.html \n", "https://www.mod.example/j/rss/news.xml", "https://www.mod.example/j/press/26b.html"),
        ("//cdn.example/x", "https://a.example/", "https://cdn.example/x"),
        ("?page=2", "https://a.example/list?page=1", "https://a.example/list?page=2"),
        ("https://a.example/x#top", None, "https://a.example/x"),
        ("https://a.example/x?b=2&utm_source=rss&a=1&fbclid=z&UTM_Medium=y", None, "https://a.example/x?b=2&a=1"),
        ("https://a.example/x?utm_source=rss#x", None, "https://a.example/x"),
        ("https://a.example/x?id=", None, "https://a.example/x?id="),
        ("https://a.example/x?%75tm_source=rss&q=%E4%BC%9A", None, "https://a.example/x?q=%E4%BC%9A"),
        ("https://a.example/view.do;jsessionid=0A1B.node1?seq=3", None, "https://a.example/view.do?seq=3"),
        ("/list.do;JSESSIONID=9F/?q=会", "https://a.example/", "https://a.example/list.do/?q=%E4%BC%9A"),
        ("https://a.example/(S(lit3py55t21z5v55vlm25s55))/3.aspx", None, "https://a.example/3.aspx"),
        ("https://a.example/x?PHPSESSID=1f&id=3&ASPSESSIONIDQA=k&CFID=1&CFTOKEN=2", None, "https://a.example/x?id=3"),
        ("https://a.example/(section)/3;v=2?sid=4", None, "https://a.example/(section)/3;v=2?sid=4"),
        ("https://reader:secret@a.example/x", None, "https://a.example/x"),
        ("https://防衛。example/会談", None, "https://xn--yn2a96z.example/%E4%BC%9A%E8%AB%87"),
        ("javascript:alert(1)", "https://a.example/", None),
        ("mailto:a@b", None, None),
        ("data:text/html,x", None, None),
        ("news.html", None, None),
        ("http://[::x]/", None, None),
        ("https://a.example/\ud800", None, None),
        ("https://a.example/" + "x" * 5000, None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_an_address_has_one_canonical_form(url: str | None, base: str | None, canonical: str | None) -> None:
    assert canonical_url(url, base) == canonical


@given(st.text(max_size=100), st.none() | st.text(max_size=50))
def test_canonical_addresses_are_stable_and_never_raise(url: str, base: str | None) -> None:
    canonical = canonical_url(url, base)
    assert canonical is None or canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("  日米\n防衛相会談　について ", "日米 防衛相会談 について"),
        ("<b>日米</b>防衛相会談<br/>", "日米防衛相会談"),
        ("R&amp;D 2+2", "R&D 2+2"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;会談", "会談"),
        ("<独自>防衛相、<F-35>視察", "<独自>防衛相、<F-35>視察"),
        ("5 < 7 and 9 > 8", "5 < 7 and 9 > 8"),
        ("<ruby>小泉<rt>こいずみ</rt></ruby>大臣", "小泉大臣"),
        ("か\u3099くにん", "がくにん"),
        ("あ\u200bい\u202eう\x00え\ud800お", "あいうえお"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_title_is_one_plain_line(written: str | None, title: str) -> None:
    assert one_line(written) == title


def test_a_long_title_is_cut_with_an_ellipsis() -> None:
    assert one_line("会" * 600) == "会" * 499 + "…"


@given(st.text())
def test_titles_are_always_one_line_of_encodable_nfc(text: str) -> None:
    title = one_line(text)
    assert title == " ".join(title.split())
    assert unicodedata.is_normalized("NFC", title)
    title.encode()


def test_html_becomes_a_line_per_paragraph_without_scripts() -> None:
    html = """<div><h2>会談の概要</h2><p>両大臣は
    <b>共同声明</b>を発表した。<br>次回は来年。</p><script>track()</script><style>p{}</style>
    <table><tr><th>日時</th><td>11月1日</td></tr></table><ul><li>一</li><li>二</li></ul></div>"""
    assert html_to_text(html) == "会談の概要\n両大臣は 共同声明を発表した。\n次回は来年。\n日時 11月1日\n一\n二"


def test_text_without_tags_keeps_its_lines_and_loses_its_entities() -> None:
    assert html_to_text("一行目\r\n\n 二行目 &amp; 続き\u2028三行目") == "一行目\n二行目 & 続き\n三行目"
    assert plain_text("a & b\n<c>") == "a & b\n<c>"


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 200_000 + "会談",
        "<div " + " ".join(f"a{n}=1" for n in range(100_000)) + ">会談</div>",
        "<b " * 300_000 + "会談",
        "<!--" * 200_000 + "会談",
        "<script>" * 100_000 + "会談",
        "<" * 1_000_000 + "会談",
    ],
    ids=["deep", "attributes", "unclosed tags", "comments", "scripts", "angle brackets"],
)
def test_hostile_html_is_read_cheaply(html: str) -> None:
    assert isinstance(html_to_text(html), str)
    assert isinstance(safe_html(html), str)


def test_what_is_too_deep_is_not_parsed_and_what_is_ordinary_is() -> None:
    assert not is_parsable("<i>" * 2_000)
    assert not is_parsable("<p " + "x" * 30_000)
    assert is_parsable("<p>会談<br>" * 900)
    assert html_to_text("<i>" * 2_000 + "会談<br>次回") == "会談\n次回"


@given(st.text(alphabet="<>/aspcritd!-&#;x \n会\ud800", max_size=200))
def test_markup_of_any_kind_never_raises(html: str) -> None:
    html_to_text(html).encode()
    safe_html(html, "https://a.example/")
    one_line(html).encode()


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' jav\tascript:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<p onclick=alert(1) style='background:url(x)'>x</p>",
        "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
        "<iframe src=//evil.example></iframe>",
        "<form action=//evil.example><input></form>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    ],
)
def test_safe_html_keeps_nothing_that_acts(attack: str) -> None:
    safe = safe_html(attack, "https://a.example/").lower()
    assert not any(
        word in safe for word in ("<script", "onerror=", "javascript:", "data:", "onclick", "style=", "<img")
    )
    assert not any(word in safe for word in ("<iframe", "<form", "<svg", "<style"))


def test_safe_html_makes_links_absolute() -> None:
    assert 'href="https://a.example/j/x"' in safe_html("<a href='/j/x?utm_source=y'>x</a>", "https://a.example/rss")


_URL_PIECES = st.sampled_from([
    "https://", "http://", "a.example", "A.example", "news.example.jp", "1.2.3.4", "xn--a.example", "a.xn--p1ai", ":80",
    "a-b.example.", "/", "//", "/a", "/.", "/..", "/%2e", "/b.html", ";x", "?", "?a=1", "&b=%41", "&utm_source=x", "&",
    "#f", "日", "'", "|", "@", "~", "(", "=", "0x7f", ".1", " ",
])  # fmt: skip


@given(st.lists(_URL_PIECES, max_size=8).map("".join))
@example("https://news.example.jp/news/2025/11/3.html?utm_source=rss")
@example("https://a.example")
def test_an_address_that_needs_no_change_is_what_the_url_standard_makes_of_it(url: str) -> None:
    found = normalise._CANONICAL.fullmatch(url)
    if found:
        assert normalise._parse(url, None) is not None
        assert str(normalise._parse(url, None).href) == url  # type: ignore[union-attr]


@given(st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=5))
def test_ordinary_text_needs_no_tidying(text: str) -> None:
    if is_ordinary(text):
        assert unicodedata.normalize("NFC", text) == text
        assert clean(text.replace("&#", "")) == text.replace("&#", "")
        assert normalise._INVISIBLE.search(text) is None


def test_every_ordinary_character_is_visible_and_combines_with_none() -> None:
    ordinary = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000 and is_ordinary(chr(code))]
    assert len(ordinary) > 20_000
    assert not [c for c in ordinary if unicodedata.combining(c) or unicodedata.normalize("NFC", c) != c]
    assert normalise._INVISIBLE.search("".join(ordinary)) is None


_LABEL = st.text("abcdez0189-", min_size=1, max_size=6).map(lambda text: f"a{text}z")
_SEGMENT = st.text("abAZ09_~.-", min_size=1, max_size=8)


@given(st.lists(_LABEL, min_size=1, max_size=3), st.lists(_SEGMENT, min_size=1, max_size=4), st.booleans())
def test_links_that_are_taken_as_they_are_would_also_be_read_so(
    labels: list[str], segments: list[str], is_folder: bool
) -> None:
    site, path = f"https://{'.'.join(labels)}.jp", "/" + "/".join(segments) + ("/" if is_folder else "")
    read = canonical_url(path, f"{site}/news/")
    if normalise._PLAIN_PATH.fullmatch(path):
        assert read == canonical_url(site + path) == site + path
    assert f'href="{read}"' in safe_html(f'<a href="{path}">x</a>', f"{site}/news/")
    assert f'href="{read}"' in safe_html(f'<a href="{site}{path}">x</a>')


def test_a_document_that_is_too_large_is_not_parsed() -> None:
    assert is_parsable("x" * MAX_HTML)
    assert not is_parsable("x" * (MAX_HTML + 1))
