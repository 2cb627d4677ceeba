"""Who may change a group's or channel's settings: its admins, asked of Telegram and believed for a minute."""

from datetime import datetime, timedelta

import structlog
from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError

log = structlog.get_logger("bot")

BELIEVED = timedelta(minutes=1)
MOST = 5000  #: answers that are remembered

_ADMINS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


class Rights:
    """Remembers for a minute who is an admin of which chat."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[bool, datetime]] = {}

    async def is_admin(self, bot: Bot, chat_id: int, person: int | None, now: datetime) -> bool:
        """Whether a person is an admin of a chat now. False where nobody can tell."""
        if person is None:
            return False
        known = self._known.get((chat_id, person))
        if known is not None and known[1] > now:
            return known[0]
        try:
            member = await bot.get_chat_member(chat_id, person)
        except TelegramError as error:
            log.warning("Telegram does not tell who is an admin", chat=chat_id, error=str(error))
            return False
        if len(self._known) >= MOST:
            self._known.clear()
        answer = member.status in _ADMINS
        self._known[chat_id, person] = (answer, now + BELIEVED)
        return answer

    async def may_post(self, bot: Bot, chat_id: int) -> bool:
        """Whether the bot itself may write in a channel."""
        try:
            member = await bot.get_chat_member(chat_id, bot.id)
        except TelegramError:
            return False
        return member.status in _ADMINS and bool(getattr(member, "can_post_messages", False))
