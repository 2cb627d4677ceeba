"""Admins read their own language."""

from tests.bot.admin.conftest import BOSS, Room
from tests.support.telegram_edge import person


async def test_an_admin_is_answered_in_the_language_of_their_telegram(room: Room) -> None:
    told = await room.talk.says(BOSS, "/health", **{"from": person(BOSS, language_code="ja")})
    assert "稼働状況" in told[0]
