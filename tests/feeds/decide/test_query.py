"""A query is read as docs/filters.md tells, and a wrong one is refused with the place of the mistake."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.decide import filters, query
from feeds.decide.filters import matches
from feeds.decide.query import MOST_TERMS, And, Not, OneOf, Or, QueryError, Words, parse
from tests.feeds.decide.test_filters import subject


def test_not_binds_tighter_than_and_and_and_tighter_than_or() -> None:
    root = parse("a b OR NOT c AND d").root
    assert isinstance(root, Or)
    both, other = root.parts
    assert isinstance(both, And)
    assert [part.folded for part in both.parts if isinstance(part, Words)] == ["a", "b"]
    assert isinstance(other, And)
    assert isinstance(other.parts[0], Not)


def test_words_beside_each_other_are_an_and() -> None:
    assert parse("日米 防衛").root == parse("日米 AND 防衛").root


def test_full_width_letters_are_as_good_as_narrow_ones() -> None:
    assert parse("ｔｉｔｌｅ：ＡＤＭＭ　ＯＲ　（Ｂ）").root == parse("title:ADMM OR (B)").root


@pytest.mark.parametrize("query", ["“防衛 相”", "「防衛 相」", "『防衛 相』", "＂防衛 相＂"])
def test_quotes_of_all_kinds_make_a_phrase(query: str) -> None:
    assert parse(query).root == parse('"防衛 相"').root


def test_words_in_small_letters_are_words() -> None:
    assert [leaf.folded for leaf in parse("or and not").leaves() if isinstance(leaf, Words)] == ["or", "and", "not"]


def test_addresses_times_and_hyphens_are_words() -> None:
    found = [leaf.folded for leaf in parse("https://mod.example/a 10:30 F-35 2+2").leaves() if isinstance(leaf, Words)]
    assert found == ["https://mod.example/a", "10:30", "f-35", "2+2"]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("country:豪", {"AU"}),
        ("country:Australia", {"AU"}),
        ("country:au", {"AU"}),
        ("country:日本,米国", {"JP", "US"}),
        ('country:"south korea"', {"KR"}),
        ("country:ペルー", {"PE"}),
        ("city:東京", {"Tokyo"}),
        ("series:ADMMプラス", {"admm-plus"}),
        ("kind:2+2", {"two_plus_two"}),
        ("kind:二国間", {"bilateral"}),
        ("phase:中止", {"cancelled"}),
        ("level:次官", {"vice_minister"}),
        ("format:電話", {"phone"}),
        ("lang:日本語", {"ja"}),
        ("lang:French", {"fr"}),
        ("trust:公式", {"official"}),
        ("is:会談", {"meeting"}),
        ("has:成果文書", {"outcome"}),
    ],
)
def test_values_are_understood_in_both_languages(query: str, values: set[str]) -> None:
    root = parse(query).root
    assert isinstance(root, OneOf)
    assert root.values == values


@pytest.mark.parametrize(
    ("query", "column", "words"),
    [
        ("level:minister colour:red", 16, "Did you mean country"),
        ("国防 tittle:x", 4, "Did you mean title"),
        ("level:ministr", 7, "Did you mean minister"),
        ("country:JP,Austalia", 12, "Did you mean australia"),
        ("is:nothing", 4, "Values are: meeting, uncertain"),
        ("kind:", 6, "needs a value"),
        ("kind: ", 6, "needs a value"),
        ('kind:""', 6, "needs a value"),
        ("country:(JP)", 9, "'(' is out of place here"),
        ("age:<7d,>1d", 9, "age: takes one value"),
        ("kind:/b/", 6, "no regular expression"),
        ('防衛 "大臣', 4, "never closed"),
        ("(a OR b", 8, "still open"),
        ("a b)", 4, "closes nothing"),
        ("()", 2, "nothing in it"),
        ("a OR", 5, "breaks off"),
        ("OR a", 1, "between two conditions"),
        ("a AND OR b", 7, "between two conditions"),
        ("- a", 1, "without a space"),
        ("/abc", 1, "never closed"),
        ("/(a/", 1, "cannot be used"),
        ("/(?=a)b/", 1, "no look-around"),
        ("/((a{1,100}){1,100}){1,100}/", 1, "cannot be used"),
        ("/" + "a" * 501 + "/", 1, "longer than 500"),
        ("*", 1, "nothing to look for"),
        ('"…"', 1, "nothing to look for"),
        ("date:2025-13", 6, "no such day"),
        ("date:2025-12..2025-01", 6, "ends before it begins"),
        ("date:soon", 6, "Write a year"),
        ("date:..", 6, "Write a year"),
        ("date:0001", 6, "Write a year"),
        ("edition:..", 9, "Write a number"),
        ("edition:5..3", 9, "ends before it begins"),
        ("edition:many", 9, "Write a number"),
        ("age:7", 5, "Write <7d"),
        ("a" * 2001, 2001, "2,000 is the most"),
        ("a " * 201, 1, "more than 200 conditions"),
        ("(" * 21 + "a" + ")" * 21, 1, "within each other"),
        ("NOT " * 21 + "a", 1, "within each other"),
        ("half \ud800", 6, "nothing to look for"),
    ],
)
def test_a_wrong_query_names_the_column_and_what_would_be_right(query: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as told:
        parse(query)
    assert words in str(told.value)
    assert told.value.column == column


def test_the_caret_stands_below_the_mistake_even_behind_wide_letters() -> None:
    with pytest.raises(QueryError) as told:
        parse("防衛相 colour:red")
    _, line, caret, _ = str(told.value).splitlines()
    assert line == "  防衛相 colour:red"
    assert caret == "  " + " " * 7 + "^"  # three letters of two places, and a space


def test_a_deep_query_within_the_limits_is_read_and_held_against_an_item() -> None:
    query = "(a OR " * 20 + "headline" + ")" * 20
    assert matches(parse(query), subject())


def test_a_query_of_many_terms_is_read_without_recursion() -> None:
    query = " OR ".join(["x"] * (MOST_TERMS - 1) + ["headline"])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        assert matches(parse(query), subject())
    finally:
        sys.setrecursionlimit(limit)


@given(st.text(alphabet=st.sampled_from('ab日豪 ()"/:-,*|!ANDORTcountry<>=.\\[]{}+?\x00\ud800\u202e'), max_size=60))
def test_any_text_is_either_read_or_refused_with_a_column(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert 1 <= error.column <= len(text) * 4 + 1  # noqa: PT017  both ends are right
    else:
        assert isinstance(matches(query, subject()), bool)


def test_a_long_query_is_read_and_not_kept() -> None:
    """Anybody can ask for thousands of them."""
    kept, tests = query._parse_once.cache_info().currsize, filters._kept_test.cache_info().currsize
    for number in range(3):
        long = parse(f"{number} " + " ".join(f"word{n}" for n in range(80)))
        assert len(long.text) > query.KEPT
        assert not matches(long, subject(title="x"))
    assert query._parse_once.cache_info().currsize == kept
    assert filters._kept_test.cache_info().currsize == tests
    assert parse("country:JP") is parse("country:JP")
