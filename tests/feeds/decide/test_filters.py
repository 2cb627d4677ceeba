"""A query is held against one item with its meeting's facts, and says which of its parts decided."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from feeds.decide.filters import explain_match, matches, without
from feeds.decide.query import parse
from feeds.decide.subject import Subject
from storage.model import Format, Level, Phase, Principal, Trust
from tests.support.build import NOW, facts


def subject(title: str = "A headline", **fields: Any) -> Subject:
    """An item about the meeting of `facts()`, unless told otherwise."""
    words: dict[str, Any] = {
        "language": "en",
        "source_key": "mod-jp",
        "source_name": "防衛省 (Ministry of Defense)",
        "reported_at": NOW,
        "now": NOW,
        "facts": facts(),
        "verdict": "meeting",
    }
    return Subject(title=title, **{**words, **fields})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("is:meeting level:minister", True),
        ("ｌｅｖｅｌ：ｍｉｎｉｓｔｅｒ", True),
        ("country:JP", True),
        ("country:jp,kr kind:bilateral", True),
        ("country:US", False),
        ("format:phone,video", False),
        ("phase:held series:admm", False),
    ],
)
def test_every_condition_must_hold(query: str, found: bool) -> None:
    assert matches(parse(query), subject()) is found


def test_a_vice_ministers_meeting_is_not_a_ministers() -> None:
    told = subject(facts=facts(level=Level.VICE_MINISTER, format=Format.PHONE))
    assert not matches(parse("level:minister"), told)


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("防衛", "小泉防衛相が会談した", True),
        ("衛相", "小泉防衛相が会談した", True),
        ("豪", "日豪防衛相会談", True),
        ("防衛 相", "防衛省", False),
        ("ﾎﾞｳｴｲ", "ボウエイ白書", True),
        ("ministers", "Defence Ministers met", True),
        ("minister", "Defence Ministers met", False),
        ("minister*", "Defence Ministers met", True),
        ("inister", "Defence Ministers met", False),
        ("défense", "Defense talks", True),
        ("ADMM", "第13回ADMMプラスが開かれた", True),
        ("13", "第13回ADMMプラス", True),
        ("13", "2013年", False),
        ('"defence minister"', "The Defence\n  Minister of Japan", True),
        ('"minister defence"', "The Defence Minister of Japan", False),
        ('"defence minist"*', "The Defence Minister of Japan", True),
        ("「防衛相会談」", "日米防衛相会談を実施", True),
        ("U.S.", "the U.S. side", True),
        ("/第\\d+回/", "第１３回会合", True),
        ("/MINIST(ER|RY)/", "the ministry", True),
        ("title:/joint/", "joint statement", False),
    ],
)
def test_words_count_whole_where_they_are_spaced_and_in_part_where_they_run_on(
    query: str, text: str, found: bool
) -> None:
    assert matches(parse(query), subject("見出し", text=text)) is found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("title:headline", True),
        ("text:headline", False),
        ("title:nothing,headline", True),
        ("source:mod-jp", True),
        ("source:防衛省", True),
        ("source:mod", False),
        ("lang:英語", True),
        ("lang:ja", False),
        ("trust:報道", True),
        ("trust:official", False),
        ("topic:security", True),
        ("country:豪", True),
        ("country:オーストラリア country:日本", True),
        ("city:クアラルンプール", True),
        ("city:tokyo", False),
        ("kind:二国間 format:対面 phase:実施 level:大臣", True),
        ("minister:小泉", True),
        ("minister:koizumi", True),
        ("minister:marles", False),
        ("office:防衛相", True),
        ("series:ADMMプラス", True),
        ("series:admm", False),
        ("edition:13", True),
        ("edition:10..12", False),
        ("edition:10..", True),
        ("has:date has:place has:city has:outcome has:minister", True),
        ("has:venue", False),
        ("has:venue,outcome", True),
        ("date:2025-11", True),
        ("date:2025-11-02", True),
        ("date:2025-11-04", False),
        ("date:2024..2025", True),
        ("date:..2025-10", False),
        ("after:2025-11-01 before:2025-11-02", True),
        ("after:2025-11-02", False),
        ("before:2025-11-01", False),
        ("age:<7d", True),
        ("age:>1h", True),
        ("age:>7d", False),
        ("is:uncertain", False),
        ("-is:uncertain NOT country:US", True),
        ("country:US OR country:JP kind:multilateral", False),
        ("(country:US OR country:JP) kind:bilateral", True),
    ],
)
def test_fields_hold_what_the_item_and_its_meeting_have(query: str, found: bool) -> None:
    told = facts(
        principals=(Principal(country="JP", name="Shinjiro Koizumi", name_ja="小泉進次郎", office="防衛相"),),
        series="admm-plus",
        edition=13,
        ends_on=date(2025, 11, 3),
        outcomes=("共同声明",),
        phase=Phase.HELD,
    )
    item = subject(facts=told, categories=("Security",), now=NOW + timedelta(hours=2))
    assert matches(parse(query), item) is found


@pytest.mark.parametrize(
    "query", ["country:JP", "city:tokyo", "minister:a", "office:b", "edition:1", "date:2025", "has:date", "is:meeting"]
)
def test_news_that_is_no_meeting_has_no_facts(query: str) -> None:
    assert not matches(parse(query), subject(facts=None))


def test_days_of_publication_are_days_in_utc() -> None:
    late = subject(reported_at=datetime(2025, 11, 1, 23, 59, tzinfo=UTC))
    assert matches(parse("after:2025-11-01 before:2025-11-02"), late)


@pytest.mark.parametrize("title", ["half \ud800 of a letter", "nul \x00 in it", "\u202e right to left", "🇯🇵🤝🇦🇺"])
def test_no_title_makes_the_matcher_fail(title: str) -> None:
    for query in ("half", "/half|nul|left|🇯/", "title:right OR 🇯🇵a", "-xyz"):
        assert isinstance(matches(parse(query), subject(title)), bool)


def test_what_is_found_is_quoted_from_the_original_words() -> None:
    decision = explain_match(parse("country:AU 防衛相会談"), subject("日豪 防衛相会談 を実施"))
    assert decision.matched
    assert [(part.source, part.where) for part in decision.parts] == [
        ("country:AU", "country"),
        ("防衛相会談", "title"),
    ]
    assert decision.parts[0].quote == "AU, JP"
    assert decision.parts[1].quote == "日豪 防衛相会談 を実施"


def test_one_part_that_fails_explains_why_nothing_matches() -> None:
    decision = explain_match(parse("is:meeting country:US kind:trilateral"), subject())
    assert not decision.matched
    assert [(part.source, part.held, part.quote) for part in decision.parts] == [("country:US", False, "AU, JP")]


def test_an_exclusion_is_explained_by_what_it_met() -> None:
    decision = explain_match(parse("is:meeting -headline"), subject())
    assert not decision.matched
    assert [(part.source, part.held, part.where) for part in decision.parts] == [("-headline", False, "title")]


@pytest.mark.parametrize(
    "query",
    ["", "-a", "headline OR x", "-(country:US OR b)", "(a OR b) -c", "NOT (headline country:JP)", "age:<1h -/x/"],
)
def test_the_explanation_never_disagrees_with_the_matcher(query: str) -> None:
    for item in (subject(), subject(facts=None), subject("a b c", trust=Trust.LOW)):
        assert explain_match(parse(query), item).matched is matches(parse(query), item)


def test_what_a_block_rule_matches_is_in_no_filter() -> None:
    query = without(parse("is:meeting"), [parse("title:advertisement"), parse("source:spam")])
    assert matches(query, subject())
    assert not matches(query, subject("An advertisement"))
    assert not matches(query, subject(source_key="spam"))


def test_an_expression_that_is_looked_for_in_the_text_alone_is_not_found_in_the_title() -> None:
    told = subject("Frigates in port", text="Two ministers met.")
    assert not matches(parse("text:/fri.ate/"), told)
    (part,) = explain_match(parse("text:/min.ster/"), told).parts
    assert (part.held, part.where, part.quote) == (True, "text", "Two ministers met.")


def test_what_a_subject_works_out_is_documented_where_it_is_written() -> None:
    assert "publisher's categories" in str(Subject.topics.__doc__)
