"""Every sentence that admins read is there in Japanese, with the same places for values."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telegram.texts import catalogue
from tests.bot.admin.conftest import BOSS, Room

ROOT = Path(__file__).parents[3]
FILES = [*sorted((ROOT / "bot" / "telegram" / "admin").glob("*.py")), ROOT / "bot" / "plaintext.py"]
#: Functions that translate, and which of their arguments is the sentence.
TRANSLATORS = {"say": 0, "button": 0, "text": 1}
#: Names that hold sentences which are translated where they are used.
HOLDERS = {"WRONG", "OLD_BUTTON", "_WELCOME", "_CLOSED", "_STATES", "_SILENT"}


def strings(tree: ast.AST) -> Iterator[str]:
    return (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def sentences(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = TRANSLATORS.get(name)
            if place is not None and len(node.args) > place:
                yield from strings(node.args[place])
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in HOLDERS:
            words = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            yield from (one for word in words for one in strings(word))
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "COMMANDS":
            assert isinstance(node.value, ast.Tuple)
            yield from (next(strings(one.elts[1])) for one in node.value.elts if isinstance(one, ast.Tuple))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_sentence_is_translated_with_its_values(file: Path) -> None:
    known = {str(one.id): str(one.string) for one in catalogue("ja") if one.id}
    for sentence in sentences(file):
        assert sentence in known, sentence
        assert set(re.findall(r"{\w+}", sentence)) == set(re.findall(r"{\w+}", known[sentence])), sentence


async def test_an_admin_is_answered_in_the_language_of_their_telegram(room: Room) -> None:
    told = await room.talk.says(BOSS, "/health", **{"from": {
        "id": BOSS, "is_bot": False, "first_name": "B", "language_code": "ja"}})  # fmt: skip
    assert "稼働状況" in told[0]
