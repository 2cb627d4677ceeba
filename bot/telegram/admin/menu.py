"""The commands of admins, and Telegram's menu of them: each admin's own chat shows them, no other does.

The menu is a courtesy. What an admin may do is decided by the guard, with every command.
"""

import structlog
from telegram import Bot, BotCommand, BotCommandScopeChat
from telegram.error import TelegramError

from bot.telegram.admin import correct, filters, floods, messages, review, sources, state, team, trail, why
from bot.telegram.admin.answers import Work
from bot.telegram.texts import msgid, text
from feeds.publish.words import Language

log = structlog.get_logger("admin")

#: Command, what the menu says about it, and what does it.
COMMANDS: tuple[tuple[str, str, Work], ...] = (
    ("review", msgid("what is to be decided"), review.command),
    ("why", msgid("why something did or did not alert"), why.command),
    ("correct", msgid("say what is right about a story"), correct.command),
    ("filters", msgid("all filters"), filters.listing),
    ("filter", msgid("add, edit, test, pause or remove a filter"), filters.command),
    ("sources", msgid("all sources, the bad ones first"), sources.listing),
    ("source", msgid("add, check, pause or remove a source"), sources.command),
    ("resend", msgid("send an alert once more"), messages.resend),
    ("broadcast", msgid("write to all chats"), messages.broadcast),
    ("stats", msgid("figures"), state.stats),
    ("health", msgid("whether all is well"), state.health),
    ("audit", msgid("who changed what"), trail.command),
    ("invite", msgid("invite an admin"), team.invite),
    ("admins", msgid("who the admins are"), team.listing),
    ("login", msgid("a link to the admin area of the page"), team.login),
)

#: What a button sends, and what does it.
CLICKS: dict[str, Work] = {
    "admin_remove": team.click_remove,
    "admins": team.listing,
    "audit": trail.command,
    "broadcast_no": messages.click_no_broadcast,
    "broadcast_send": messages.click_broadcast,
    "correct": correct.click,
    "correct_fact": correct.click_fact,
    "correct_no": correct.click_no,
    "correct_same": correct.click_same,
    "correct_yes": correct.click_yes,
    "filter": filters.card,
    "filter_pause": filters.click_pause,
    "filter_remove": filters.click_remove,
    "filter_resume": filters.click_resume,
    "filter_test": filters.click_test,
    "filters": filters.listing,
    "flood": floods.click,
    "force": filters.anyway,
    "resend": messages.click_resend,
    "resend_all": messages.click_all,
    "resend_missed": messages.click_missed,
    "review_later": review.click_later,
    "review_no": review.click_no,
    "review_yes": review.click_yes,
    "source": sources.card,
    "source_check": sources.click_check,
    "source_pause": sources.click_pause,
    "source_remove": sources.click_remove,
    "source_removed": sources.removed,
    "source_resume": sources.click_resume,
    "sources": sources.listing,
    "undo": trail.click_undo,
    "why": why.click,
}


async def show_menu(bot: Bot, user_id: int, language: Language) -> None:
    """Show an admin all commands, theirs first. Telegram refuses for a chat that it does not know yet; so be it."""
    from bot.telegram.commands import command_list  # noqa: PLC0415  the readers' commands register these

    own = [BotCommand(name, text(language, about)) for name, about, _ in COMMANDS]
    try:
        await bot.set_my_commands([*command_list(language), *own], scope=BotCommandScopeChat(user_id))
    except TelegramError as error:
        log.info("an admin's menu cannot be set yet", error=str(error))


async def hide_menu(bot: Bot, user_id: int) -> None:
    """Show a former admin what all readers see."""
    try:
        await bot.delete_my_commands(scope=BotCommandScopeChat(user_id))
    except TelegramError as error:
        log.info("a former admin's menu cannot be taken away now", error=str(error))
