"""Buttons: what a click asks for. Their data can be forged, so a click is checked as if a stranger had written it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog
from telegram import Update

from bot.telegram import channels, following, looking, muting, privacy, settings, starting
from bot.telegram.desk import Context, Request, request_of
from storage import subscriptions
from storage.errors import NotFound
from storage.follows import MOST, TooMany

log = structlog.get_logger("bot")

#: Everything but what belongs to admins of the bot (bot/telegram/admin.py).
PATTERN = r"^(?!v1:adm)"

_DATA = re.compile(r"v1:([a-z]{2,3})(?:@([0-9]{1,15}))?(?::(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Act:
    """What a button does, with how many arguments, and whether everybody may."""

    run: Callable[..., Awaitable[None]]
    arguments: int = 0
    open: bool = False


ACTS = {
    "sl": Act(starting.first_tap, 1),
    "sw": Act(starting.second_tap, 1),
    "sq": Act(starting.ask_how),
    "sh": Act(starting.third_tap, 1),
    "pa": Act(starting.pause_tap, 1),
    "fh": Act(following.show_follow),
    "fa": Act(following.all_tap),
    "fl": Act(following.page_tap, 2),
    "ft": Act(following.choice_tap, 3),
    "fw": Act(following.word_tap, 1),
    "ff": Act(following.filters_tap, 1),
    "fs": Act(following.filter_tap, 2),
    "fm": Act(following.meeting_menu, 1),
    "fx": Act(following.meeting_tap, 2),
    "mi": Act(following.mine),
    "mp": Act(following.mine, 1),
    "rm": Act(following.remove_tap, 2),
    "mu": Act(muting.show_muted),
    "un": Act(muting.unmute_tap, 1),
    "mw": Act(muting.mute_word_tap, 1),
    "mm": Act(muting.mute_meeting_tap, 1),
    "ms": Act(muting.mute_series_tap, 1),
    "se": Act(settings.show_settings),
    "la": Act(settings.show_languages),
    "ll": Act(settings.language_tap, 1),
    "zl": Act(settings.show_zones),
    "zo": Act(settings.zone_tap, 1),
    "dl": Act(settings.show_digests),
    "di": Act(settings.digest_tap, 1),
    "ql": Act(settings.show_quiet),
    "qu": Act(settings.quiet_tap, 1),
    "si": Act(settings.sides_tap),
    "fu": Act(settings.follow_ups_tap),
    "px": Act(privacy.export_tap),
    "pd": Act(privacy.ask_delete_tap),
    "py": Act(privacy.delete_tap),
    "pn": Act(privacy.privacy),
    "ch": Act(channels.show_channel),
    "cs": Act(channels.stop_tap),
    "cb": Act(channels.begin_tap),
    "det": Act(looking.details, 1, open=True),
}


async def clicked(update: Update, context: Context) -> None:
    """Do what a button says, if who pressed it may."""
    request = await request_of(update, context)
    if request is None or update.callback_query is None:
        return
    await _do(request, update.callback_query.data or "")
    await request.note()


async def _do(request: Request, data: str) -> None:
    match = _DATA.fullmatch(data)
    act = ACTS.get(match[1]) if match else None
    if match is None or act is None or not await _aim(request, match[2]):
        await _unknown(request, data)
        return
    if not act.open and not await request.may_change():
        return
    arguments = _arguments(match[3], act.arguments)
    if arguments is None:
        await _unknown(request, data)
        return
    try:
        await act.run(request, *arguments)
    except (ValueError, KeyError):  # a value that no button of ours has
        await _unknown(request, data)
    except NotFound:
        await request.note(request.say("This is no longer known."), alert=True)
    except TooMany:
        await request.note(request.say("A chat has room for {count} of these.", count=MOST), alert=True)


def _arguments(said: str | None, count: int) -> list[str] | None:
    """As many arguments as an act takes, the last of which may hold colons; None when they do not fit."""
    if count == 0:
        return [] if said is None else None
    found = (said or "").split(":", count - 1)
    return found if len(found) == count and all(found) else None


async def _aim(request: Request, number: str | None) -> bool:
    """Make the request one about a channel, when the button says so. Returns whether there is such a channel."""
    if number is None:
        return True
    chat = await request.desk.read(partial(subscriptions.chat, chat_id=int(number)))
    if chat is None or chat.kind != "channel" or request.room.kind != "private":
        return False
    request.chat = chat
    return True


async def _unknown(request: Request, data: str) -> None:
    log.warning("a button with strange data was pressed", data=data[:64], chat=request.room.address)
    await request.note(request.say("This button is not known any more."), alert=True)
