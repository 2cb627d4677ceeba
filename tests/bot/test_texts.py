"""Every sentence of the bot is there in both languages, and none is left over."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telegram.texts import LANGUAGES, catalogue

FOLDER = Path(__file__).parents[2] / "bot"


def nodes() -> Iterator[ast.AST]:
    """The bot's code, taken apart."""
    for file in FOLDER.rglob("*.py"):
        yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def sentences() -> Iterator[str]:
    """What `text` and `say` are asked for, and what `msgid` marks."""
    for node in nodes():
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            argument = {"text": 1, "say": 0, "msgid": 0}.get(name)
            if argument is not None and len(node.args) > argument:
                value = node.args[argument]
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value


def strings() -> set[str]:
    """Every string in the code: a sentence may stand in a constant or a table."""
    return {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def names(sentence: str) -> set[str]:
    """The `{names}` in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
class TestTheCatalogue:
    def test_has_every_sentence_of_the_code_and_no_other(self, language: str) -> None:
        known = {str(message.id) for message in catalogue(language) if message.id}
        assert set(sentences()) - known == set()
        assert known - strings() == set()

    def test_translates_each_with_the_same_names(self, language: str) -> None:
        for message in catalogue(language):
            if message.id:
                assert message.string
                assert names(str(message.string)) == names(str(message.id)), message.id

    def test_is_read_without_a_mistake(self, language: str) -> None:
        assert [error for message in catalogue(language) if message.id for error in message.check()] == []
