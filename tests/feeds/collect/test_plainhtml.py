# ruff: noqa: E501  a document reads best on one line
"""Simple HTML gives the same words with and without a tree, and all other HTML is left to the tree."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds.collect import plainhtml
from feeds.collect.decode import clean
from feeds.collect.normalise import _TAG, _text_of, html_to_text


def _agrees(html: str) -> bool:
    """Whether the short way takes it; both ways must give the same."""
    assert html_to_text(html) == _text_of(clean(html))
    return plainhtml.text(clean(html)) is not None


@pytest.mark.parametrize(
    "html",
    [
        "<p>One.</p><p>Two &amp; three.</p>",
        "<div class='a'><p><strong>Lead</strong></p>\n<figure><img src=\"x.jpg\" alt=\"A > B\"><figcaption>C</figcaption></figure></div>",
        "<ul><li>A</li><li>B<ol><li>C</li></ol></li></ul>",
        "<dl><dt>A</dt><dd>B</dd></dl>",
        "line<br>line<br/>line",
        "<P>upper <B>case</B></P>",
        "text <a href=\"/x?a=1&amp;b=2\">link</a> text",
        "<p>ほ\u309bげ e\u0301 \u200b x</p>",
        "<p>a\u2028b\x85c\r\nd</p>",
    ],
)  # fmt: skip
def test_simple_html_is_read_without_a_tree(html: str) -> None:
    assert plainhtml.text(clean(html.replace(" > ", " "))) is not None
    _agrees(html)


@pytest.mark.parametrize(
    "html",
    [
        "no tags", "<p>open", "</p>stray", "<p>a<p>b</p></p>", "<li>a<li>b</li></li>", "<h1>a<h2>b</h2></h1>", "<p><div>x</div></p>",
        "<a>x<a>y</a></a>", "<b><i>x</b></i>", "<table><tr><td>x</td></tr></table>", "<script>x</script>", "<p>a<!-- b -->c</p>",
        "<p title=a>x</p>", "<div/>x", "<p>a < b</p>", "<p>&notit; &copy2</p>", "<ruby>漢<rt>かん</rt></ruby>", "<独自>x", "<br></br>",
        "<p>&#x110000;</p><body>", '<p a="' + "x" * 3_000 + '">y</p>', "<div>" * 200 + "</div>" * 200,
    ],
)  # fmt: skip
def test_other_html_is_left_to_the_tree(html: str) -> None:
    assert not _agrees(html)


def test_the_tree_knows_every_tag_that_is_read_without_it() -> None:
    assert all(_TAG.fullmatch(f"<{tag}>") for tag in plainhtml._ROLES)


_TEXT = st.sampled_from([
    "words ", "会談", " \n", "\t", "&amp;", "&lt;b&gt;", "&nbsp;", "&#12354;", "&#x3042;", " > ", "e\u0301", "\u3099", "\u200b",
    "&hellip;", "&#10;", "\u2028", "\x85", "\u0301", "&#769;", "&eacute;", "\ufeff", "\uc4a1", "&#127;", "&", "& ", "&#0;", "\x00",
    "&shy;", "&#xad;", "&zwj;", "<br>", "<br/>", '<img src="a">', "<hr>", "<wbr>", "&amp;lt;", "&ampx;", "&#8232;",
])  # fmt: skip


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from(sorted({name.strip("/") for name in plainhtml._ROLES} - {"br", "img", "wbr"}))
    attributes = st.sampled_from(["", "", ' class="x"', " href='q'", " hidden", ' \n id="1" '])
    single = st.builds(lambda name, more, words: f"<{name}{more}>{words}</{name}>", names, attributes, inner)
    listed = st.builds(lambda a, b: f"<ul><li>{a}</li>\n<li>{b}</li></ul>", inner, inner)
    return st.lists(single | listed | _TEXT, max_size=4).map("".join)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(_TEXT, _element, max_leaves=12))
def test_both_ways_read_the_same_words(html: str) -> None:
    _agrees(html)


@given(
    st.lists(
        st.sampled_from([*"<>/&;= '\"ab", "<p>", "</p>", "<a href='x'>", "</a>", "<li>", "<br/>", "&lt;", "div"]),
        max_size=25,
    )
)
def test_both_ways_read_the_same_words_of_rubbish(pieces: list[str]) -> None:
    _agrees("".join(pieces))
