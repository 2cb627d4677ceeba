"""The words that a regular expression needs are in every text that it matches; the index may ask for them."""

import random

import pytest

from feeds.decide.literals import needed
from feeds.decide.literals import spelled as spellings
from feeds.decide.query import QueryError, parse
from feeds.decide.reading import compiled
from storage.plans import AllOf, AnyOf, Match
from storage.words import Kind, Wanted, comparable, neighbours, plain, singles, tokens


def spelled(one: Match) -> str:
    if isinstance(one, Wanted):
        return " ".join(one.tokens)
    return ("&" if isinstance(one, AllOf) else "|").join(map(spelled, one.parts))


def holds(one: Match, there: str, alone: set[str]) -> bool:
    if isinstance(one, AllOf):
        return all(holds(part, there, alone) for part in one.parts)
    if isinstance(one, AnyOf):
        return any(holds(part, there, alone) for part in one.parts)
    if one.kind is Kind.BESIDE:
        return set(one.tokens) <= alone
    return f" {' '.join(one.tokens)} " in f" {there} "


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("第\\d+回", ("第", "回")),
        ("第13号", ("·13·号 ·第·13",)),
        ("演習第9", ("演習 習第",)),
        ("no 12 in", ("12",)),
        ("the joint exercise off", ("·joint·exercise",)),
        ("防衛相会談", ("防衛 衛相 相会 会談",)),
        ("Minister", ()),
        ("the Minister of", ("minister",)),
        ("日米(防衛|国防)相", ("日米 米防 防衛 衛相|日米 米国 国防 防相",)),
        ("日[米豪]", ("日米|日豪",)),
        ("日米.*(会談)+", ("日米", "会談")),
        ("日?米韓", ("米韓",)),
        ("(会談)?中止", ("中止",)),
        ("会談|協議", ("会談|協議",)),
        ("[[:alpha:]]会談", ()),
        ("\\p{Han}会談", ()),
    ],
)
def test_what_is_needed_is_what_is_sure(pattern: str, words: tuple[str, ...]) -> None:
    assert tuple(map(spelled, needed(pattern))) == words


def test_no_text_that_matches_lacks_what_is_needed() -> None:
    chance = random.Random(3)
    letters = ["防", "衛", "相", "日", "米", "a", "b", "1", " ", "é"]
    signs = [*letters, *letters, ".", ".*", "+", "?", "(", ")", "|", "[防a]", "\\d", "\\b", "^", "{1,2}"]
    tried = 0
    while tried < 3000:
        pattern = plain("".join(chance.choice(signs) for _ in range(chance.randint(1, 7))))
        try:
            parse(f"/{pattern}/")
        except QueryError:
            continue
        text = plain("".join(chance.choice(letters) for _ in range(12)))
        tried += 1
        if compiled(pattern).search(text):
            folded = comparable(text)
            there, alone = " ".join(tokens(folded)), singles(folded) | neighbours(folded)
            for one in needed(pattern):
                assert holds(one, there, alone), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "ways"),
    [
        ("日[米豪]", ("日米", "日豪")),
        ("(防衛相.*)?国防相会談", ("国防相会談",)),
        ("(会談.*中止)", ("会談",)),
        ("会談\\z", ()),
        ("[[:alpha:]]会談", ()),
    ],
)
def test_a_text_without_any_of_the_spellings_need_not_be_searched(pattern: str, ways: tuple[str, ...]) -> None:
    compiled(pattern)
    assert spellings(pattern) == ways
