"""Every sentence of the bot is there in both languages, and none is left over."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telegram.texts import LANGUAGES, catalogue

FOLDER = Path(__file__).parents[2] / "bot" / "telegram"

#: Functions that translate, and which of their arguments is the sentence. Admins' buttons are translated as well.
TRANSLATORS = {"text": 1, "say": 0, "sentence": 0, "msgid": 0}


def sentences() -> Iterator[str]:
    """The sentences in the code: what `text`, `say` and `sentence` are asked for, and what `msgid` marks."""
    for file in [*FOLDER.rglob("*.py"), FOLDER.parent / "plaintext.py"]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                argument = TRANSLATORS.get(name, 0 if name == "button" and file.parent.name == "admin" else None)
                if argument is not None and len(node.args) > argument:
                    value = node.args[argument]
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield value.value


def names(sentence: str) -> set[str]:
    """The `{names}` in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
class TestTheCatalogue:
    def test_has_every_sentence_of_the_code_and_no_other(self, language: str) -> None:
        known = {str(message.id) for message in catalogue(language) if message.id}
        assert set(sentences()) - known == set()
        assert known - set(sentences()) == set()

    def test_translates_each_with_the_same_names(self, language: str) -> None:
        for message in catalogue(language):
            if message.id:
                assert message.string
                assert names(str(message.string)) == names(str(message.id)), message.id

    def test_is_read_without_a_mistake(self, language: str) -> None:
        assert [error for message in catalogue(language) if message.id for error in message.check()] == []
