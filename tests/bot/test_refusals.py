"""What the core says when it refuses something is said in Japanese to whoever reads Japanese: every sentence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telegram.refusals import DOMAIN, in_words
from bot.telegram.texts import catalogue
from feeds.decide.query import QueryError, parse

ROOT = Path(__file__).parents[2]

#: Where the sentences stand that somebody can provoke in a chat. Of the list of sources only those about one address.
PLACES = (
    "feeds/correcting.py", "feeds/floods.py", "feeds/rehearsal.py", "feeds/decide/corrections.py",
    "feeds/decide/taking_back.py", "feeds/decide/pins.py", "feeds/decide/query.py", "feeds/decide/reading.py",
    "feeds/decide/spans.py",
    "feeds/collect/asking.py",
    "feeds/collect/failures.py", "feeds/collect/feed.py", "feeds/collect/fetch.py", "feeds/collect/find.py",
    "feeds/collect/article.py", "feeds/collect/page.py", "feeds/collect/tree.py", "storage/audit.py",
    "storage/broadcasts.py", "storage/corrections.py",
    "storage/filters.py", "storage/floods.py", "storage/news.py", "storage/sources.py", "bot/adding.py",
    "bot/changing.py", "bot/undoing.py", "bot/telegram/admin/filters.py", "bot/telegram/admin/messages.py",
    "bot/telegram/admin/team.py",
)  # fmt: skip
ELSEWHERE = ("feeds/collect/catalogue.py",)
SAYING = {"bad_url", "redirect", "append"}  #: functions that are given a part of a sentence


def sentence(node: ast.AST) -> str | None:
    """A string as the catalogue has it: what is filled in has a number."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        holes = iter(range(1, 10))
        return "".join(str(one.value) if isinstance(one, ast.Constant) else f"{{{next(holes)}}}" for one in node.values)
    return None


def within(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from within(node.body)
        yield from within(node.orelse)
    elif (found := sentence(node)) is not None and len(found) > 3:
        yield found


def said(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that reach a person."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        yield from node.exc.args
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        yield from (one.value for one in node.keywords if one.arg in ("message", "hint"))
        yield from (one for one in node.args if name in SAYING and isinstance(one, ast.JoinedStr | ast.Constant))
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        yield from (one for one in node.value.elts if sentence(one))
    elif isinstance(node, ast.Tuple) and isinstance(node.elts[:1], list) and _is_kind(node):
        yield from node.elts[1:]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        if name.endswith("_HINT") or name in ("_AS_A_WORD", "hint", "named"):
            yield node.value


def _is_kind(node: ast.Tuple) -> bool:
    first = node.elts[0] if node.elts else None
    return isinstance(first, ast.Attribute) and getattr(first.value, "id", "") == "FailureKind"


def sentences(place: str) -> set[str]:
    tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
    return {found for node in ast.walk(tree) for part in said(node) for found in within(part)}


def strings(place: str) -> set[str]:
    tree = ast.parse((ROOT / place).read_text(encoding="utf-8"))
    return {found for node in ast.walk(tree) if (found := sentence(node)) is not None}


def known() -> dict[str, str]:
    return {str(one.id): str(one.string) for one in catalogue("ja", DOMAIN) if one.id}


@pytest.mark.parametrize("place", PLACES)
def test_every_sentence_of_a_refusal_is_in_the_catalogue(place: str) -> None:
    missing = {one for one in sentences(place) if re.search(r"[a-z]{3}", one)} - set(known())
    assert missing == set()


def test_the_catalogue_has_no_sentence_that_nobody_says() -> None:
    every = set[str]().union(*(strings(place) for place in (*PLACES, *ELSEWHERE)))
    assert set(known()) - every == set()


def test_each_translation_keeps_what_is_filled_in() -> None:
    for english, japanese in known().items():
        assert set(re.findall(r"\{\d\}", japanese)) <= set(re.findall(r"\{\d\}", english)), english
        assert japanese, english


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("level:ministre", ("level: に 'ministre' という値はありません", "minister のことですか")),
        ("(a", ("括弧が閉じていません",)),
        ("date:2025-13-40", ("は date: に合いません",)),
        ("/(/", ("この正規表現は使えません",)),
    ],
)
def test_a_query_with_a_mistake_is_told_in_japanese_with_its_mark(query: str, words: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as error:
        parse(query)
    told = in_words("ja", str(error.value))
    assert [word in told for word in words] == [True] * len(words), told
    assert f"  {query}\n" in told
    assert "^" in told
    assert in_words("en", str(error.value)) == str(error.value)


def test_sentences_within_sentences_are_told_as_well_and_names_stay() -> None:
    assert in_words("ja", "Correction 3 says already that story 4 is a meeting.") == (
        "訂正 3 により話題 4 はすでに「会談」です。"
    )
    assert in_words(
        "ja", "HTTP 404: nothing is at this address any more. Look for the new one on the publisher's site."
    ) == ("HTTP 404: このアドレスにはもう何もありません。発行者のサイトで新しいアドレスを探してください。")
    unknown = "'admm-pluss' is no series of the lexicon. Did you mean admm-plus?"
    assert in_words("ja", unknown) == "'admm-pluss' という会議は辞書にありません。admm-plus のことですか。"
    assert in_words("ja", "No filter is called {0}.") == "{0} というフィルターはありません。"
    assert in_words("ja", "  no meeting\n  ^") == "  no meeting\n  ^", "a query stays as it was written"
    assert in_words("ja", "Something new.") == "Something new."
