"""Queries mean what they say, and a wrong one is refused with the place of the mistake."""

import pytest

from feeds.decide.filters import QueryError, matches, parse_query
from storage.model import Format, Level
from tests.support.build import facts


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
    assert matches(parse_query(query), facts()) is found


def test_a_vice_ministers_meeting_is_not_a_ministers() -> None:
    assert not matches(parse_query("level:minister"), facts(level=Level.VICE_MINISTER, format=Format.PHONE))


@pytest.mark.parametrize(
    ("query", "column", "words"),
    [
        ("level:minister colour:red", 16, "is not a condition"),
        ("防衛相", 1, "field:value"),
        ("kind:", 6, "needs a value"),
    ],
)
def test_a_wrong_query_names_the_column(query: str, column: int, words: str) -> None:
    with pytest.raises(QueryError, match=words) as told:
        parse_query(query)
    assert told.value.column == column
