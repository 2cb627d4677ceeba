"""What admins do from Telegram: registered before all other handlers, behind one door (`guard.py`)."""

from typing import TYPE_CHECKING, Any

from telegram import Bot
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, MessageHandler
from telegram.ext import filters as updates

from bot.telegram.admin.answers import PREFIX, Office
from bot.telegram.admin.guard import Guard
from bot.telegram.admin.menu import CLICKS, COMMANDS, hide_menu, show_menu
from bot.telegram.admin.team import START, Invited
from storage import people

if TYPE_CHECKING:
    from bot.telegram.desk import Desk

__all__ = ["CLICKS", "COMMANDS", "Office", "register", "show_menus"]

FIRST = -1  #: the group of handlers that is asked before the readers'


def register(application: "Application[Any, Any, Any, Any, Any, Any]", desk: "Desk") -> None:
    """Add the admins' handlers. Without an office there are no admins."""
    if desk.office is None:
        return
    guard = Guard(
        desk=desk, office=desk.office, commands={name: work for name, _, work in COMMANDS}, clicks=CLICKS
    )  # fmt: skip
    said = updates.UpdateType.MESSAGE  # not edited ones: what was done once is not done again
    application.add_handler(MessageHandler(said & updates.Regex(START), Invited(guard).start), group=FIRST)
    application.add_handler(CommandHandler([*guard.commands], guard.command, filters=said), group=FIRST)
    application.add_handler(CallbackQueryHandler(guard.click, pattern=f"^{PREFIX[:-1]}"), group=FIRST)


async def show_menus(bot: Bot, desk: "Desk") -> None:
    """After a start: each admin's menu shows the admins' commands, a former admin's no longer does."""
    if desk.office is None:
        return
    every = await desk.read(people.every)
    named = desk.office.settings.telegram.admins
    invited = [one.user_id for one in every if one.added_by is not None and one.removed_at is None]
    for user_id in dict.fromkeys([*named, *invited]):
        await show_menu(bot, user_id, desk.language)
    for one in every:
        if one.removed_at is not None and one.user_id not in named:
            await hide_menu(bot, one.user_id)
