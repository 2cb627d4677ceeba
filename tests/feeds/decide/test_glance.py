"""A first look at a text is never wrong when it says no, however the text is written."""

import random

import pytest

from feeds.decide.filters import matches
from feeds.decide.glance import glance
from feeds.decide.query import QueryError, parse
from feeds.decide.subject import Subject
from tests.support.build import NOW

LETTERS = list("防衛相第1３aBｃéΣςσﬁ½’'-— \n\u3000Å\x00\ud800K")
PLAIN, ASCII = ["防", "衛", "相", "第", "1", "a", " "], ["1", "a", "B", "K", "-", "'", " "]


def test_what_matches_is_never_refused() -> None:
    chance = random.Random(11)
    matched = refused = 0
    while matched < 1500:
        words = "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, 3)))
        other = "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, 2)))
        forms = ['"{0}"', "/{0}/", "/{0}[防a]{1}?/", "{0} {1}", "/({0}|{1})/", "{0} OR {1}", "-{0}", "title:{0}"]
        asked = chance.choice(forms).format(words, other)
        try:
            query = parse(asked)
        except QueryError:
            continue
        letters = chance.choice([LETTERS, PLAIN, ASCII])
        title, text = ("".join(chance.choice(letters) for _ in range(n)) for n in (3, 14))
        subject = Subject(title=title, text=text + chance.choice(["", words]), reported_at=NOW, now=NOW)
        if matches(query, subject):
            matched += 1
            assert glance(query)(subject.title, subject.text), (asked, subject)
        else:
            refused += not glance(query)(subject.title, subject.text)
    assert refused > 100  # it is of use


@pytest.mark.parametrize(
    ("asked", "text", "may"),
    [
        ("演習 /(日米|日豪)演習第9/", "日米演習第13号", False),
        ("演習 /(日米|日豪)演習第9/", "日豪演習第90号", True),
        ("演習 /第9/", "演習第９号", True),  # full-width: left to the matcher
        ("/joint exercise/", "A JOINT  EXERCISE", True),
        ("/joint exercise/", "A joint press release", False),
        ("/ς/", "ΣΟΦΟΣ", True),
    ],
)
def test_a_text_is_refused_where_something_is_missing(asked: str, text: str, may: bool) -> None:
    assert glance(parse(asked))("", text) is may


@pytest.mark.parametrize("text", ["ΟΔΟΣ", "οδος", "οδοσ"])
def test_an_expression_finds_both_forms_of_the_small_sigma(text: str) -> None:
    assert matches(parse("/οδος/"), Subject(title=text, reported_at=NOW, now=NOW))
