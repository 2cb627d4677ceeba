"""Admins read their own language; tests/bot/test_texts.py looks at all other sentences."""

import ast
from pathlib import Path

from bot.telegram.texts import catalogue
from tests.bot.admin.conftest import BOSS, Room
from tests.support.telegram_edge import person

FOLDER = Path(__file__).parents[3] / "bot" / "telegram" / "admin"


def test_every_button_is_translated() -> None:
    calls = (node for file in FOLDER.glob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    labels = {
        str(node.args[0].value)
        for node in calls
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "button"
        if isinstance(node.args[0], ast.Constant)
    }
    assert labels
    assert labels - {str(message.id) for message in catalogue("ja")} == set()


async def test_an_admin_is_answered_in_the_language_of_their_telegram(room: Room) -> None:
    told = await room.talk.says(BOSS, "/health", **{"from": person(BOSS, language_code="ja")})
    assert "稼働状況" in told[0]
