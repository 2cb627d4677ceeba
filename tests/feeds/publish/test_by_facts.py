"""What is answered from memory, and what is not."""

import pytest

from feeds.decide.query import parse
from feeds.publish.almanac import almanac
from feeds.publish.asking import WrongRequest, wanted
from feeds.publish.by_facts import find_by_facts
from feeds.publish.follow import _same
from storage.model import Meeting
from tests.support.build import NOW, facts

MEETINGS = [Meeting(story_id=n, facts=facts(), revision=1, first_seen_at=NOW, updated_at=NOW) for n in range(1, 40)]


def test_facts_are_found_newest_first_and_words_are_asked_elsewhere() -> None:
    made = almanac(MEETINGS)
    assert find_by_facts(made, parse("country:JP")) == tuple(range(39, 0, -1))
    assert find_by_facts(made, parse("country:FR")) == ()
    assert find_by_facts(made, parse("radar")) is None
    assert find_by_facts(made, parse("country:JP age:<7d")) is None


def test_what_would_take_long_goes_the_way_that_has_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.publish.by_facts._WORK", 100)
    made = almanac(MEETINGS)
    assert find_by_facts(made, parse("country:JP OR country:FR OR country:DE")) is None
    assert find_by_facts(made, parse("country:JP")) is not None


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
