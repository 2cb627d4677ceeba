"""What is answered from memory, and what is not."""

from datetime import date

import pytest

from feeds.decide.filters import matches
from feeds.decide.query import parse
from feeds.decide.subject import Subject
from feeds.publish.almanac import almanac
from feeds.publish.asking import WrongRequest, wanted
from feeds.publish.by_facts import find_by_facts, only_among
from feeds.publish.follow import _same
from storage.model import Format, Kind, Level, Meeting, Phase, Principal
from tests.support.build import NOW, facts

MEETINGS = [Meeting(story_id=n, facts=facts(), revision=1, first_seen_at=NOW, updated_at=NOW) for n in range(1, 40)]


def test_facts_are_found_newest_first_and_words_are_asked_elsewhere() -> None:
    made = almanac(MEETINGS)
    assert find_by_facts(made, parse("country:JP")) == tuple(range(39, 0, -1))
    assert find_by_facts(made, parse("country:FR")) == ()
    assert find_by_facts(made, parse("radar")) is None
    assert find_by_facts(made, parse("country:JP age:<7d")) is None


def test_what_would_take_long_goes_the_way_that_has_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.publish.by_facts.MOST", 2)
    made = almanac(MEETINGS)
    assert find_by_facts(made, parse("country:JP OR country:FR OR country:DE")) is None
    assert only_among(made, parse("country:JP country:FR radar")) is None
    assert find_by_facts(made, parse("country:JP")) is not None


QUERIES = (
    "country:JP", "-country:JP", "country:JP -minister:Koizumi", "country:FR OR kind:trilateral", "level:minister",
    "minister:koizumi", "office:防衛大臣", "date:2025-11", "date:..2025-10", "edition:12", "has:outcome", "has:place",
    "-has:date", "is:meeting", "-is:meeting", "city:Tokyo", "series:admm-plus OR (format:phone -phase:cancelled)",
    "has:minister has:edition", "-(country:JP OR country:FR)", "phase:announced date:2026",
)  # fmt: skip


@pytest.mark.parametrize("words", QUERIES)
def test_memory_and_matcher_agree(words: str) -> None:
    """Each field has meetings that differ in it alone."""
    koizumi = Principal(country="JP", name="Shinjiro Koizumi", name_ja="小泉進次郎", office="防衛大臣")
    told = [
        facts(), facts(countries=("FR", "JP")), facts(countries=()), facts(kind=Kind.TRILATERAL), facts(city="Tokyo"),
        facts(principals=(koizumi,)), facts(principals=(Principal(country="JP", name="Gen Nakatani"),)),
        facts(principals=(Principal(country="JP", name="Shinjiro Koizumi", office="国防相"),)),
        facts(starts_on=None), facts(starts_on=date(2026, 1, 2), phase=Phase.ANNOUNCED), facts(city=None, country=None),
        facts(starts_on=date(2025, 10, 30), ends_on=date(2025, 11, 2)), facts(series="admm-plus", edition=12),
        facts(series="admm-plus"), facts(format=Format.PHONE), facts(format=Format.PHONE, phase=Phase.CANCELLED),
        facts(outcomes=("Joint statement",)), facts(level=Level.OFFICIAL), facts(venue="Hall", city=None, country=None),
    ]  # fmt: skip
    every = [
        Meeting(story_id=n, facts=one, revision=1, first_seen_at=NOW, updated_at=NOW) for n, one in enumerate(told)
    ]
    query = parse(words)
    right = frozenset(
        one.story_id for one in every if matches(query, Subject(title="", reported_at=NOW, now=NOW, facts=one.facts))
    )
    assert set(find_by_facts(almanac(every), query) or ()) == right
    assert only_among(almanac(every), parse(f"({words}) radar")) == right
    assert only_among(almanac(every), parse(f"({words}) OR radar")) is None


def test_an_address_that_is_too_long_is_refused() -> None:
    with pytest.raises(WrongRequest, match="too long"):
        wanted("search", "atom", b"q=" + b"a" * 30_000)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("is:meeting country:JP", "country:JP is:meeting", True),
        ("Japan OR US Korea", "Japan US OR Korea", False),
        ('"a b" c', '"a c b"', False),
    ],
)
def test_views_are_the_same_when_they_say_the_same(one: str, other: str, same: bool) -> None:
    assert _same(one, other) is same


def test_the_language_is_one_of_ours_or_left_to_the_reader() -> None:
    assert [wanted("everything", "atom", query).language for query in (b"", b"lang=ja", b"lang=en")] == [
        None,
        "ja",
        "en",
    ]
    with pytest.raises(WrongRequest, match="lang is ja or en"):
        wanted("everything", "atom", b"lang=fr")
