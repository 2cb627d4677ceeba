"""/privacy: what is kept about a chat, all of it as a file, and how to delete it."""

import io
import json
from functools import partial

from telegram import InputFile

from bot.telegram.desk import Request
from bot.telegram.markup import Button, Message, block, within
from bot.telegram.starting import menu
from bot.telegram.texts import msgid
from storage import subscriptions

KEPT = msgid(
    "About this chat Kaigi keeps: its number at Telegram, its settings, what it follows and mutes, and which messages "
    "it was sent and when. Nothing of what is written here is kept, except commands until they are answered."
)


async def privacy(request: Request) -> None:
    """What is kept, with buttons to see it and to delete it."""
    if not await request.may_change():
        return
    shown = menu(request)
    rows = (
        (shown.button("📄 " + request.say("Show me everything"), "px"),),
        (shown.button("🗑 " + request.say("Delete everything"), "pd"),),
    )
    await request.show(Message(within([block(request.say(KEPT))]), rows))


async def export_tap(request: Request) -> None:
    """Everything that is kept, as a file."""
    if request.chat.id == 0:
        await request.note(request.say("Nothing is kept about this chat."), alert=True)
        return
    kept = await request.desk.read(partial(subscriptions.export, chat_id=request.chat.id))
    body = json.dumps(kept, ensure_ascii=False, indent=2).encode()
    document = InputFile(io.BytesIO(body), filename="kaigi-privacy.json")
    await request.bot.send_document(
        request.room.chat_id,
        document,
        message_thread_id=request.room.topic,
        caption=request.say("Everything that Kaigi keeps about this chat."),
    )


async def ask_delete_tap(request: Request) -> None:
    """Really?"""
    rows: tuple[tuple[Button, ...], ...] = (
        (menu(request).button("🗑 " + request.say("Yes, delete everything"), "py"),),
        (menu(request).button("↩️ " + request.say("No"), "pn"),),
    )
    sentence = request.say(
        "Delete the settings, what is followed, and every message still owed? This cannot be undone."
    )
    await request.show(Message(within([block(sentence)]), rows))


async def delete_tap(request: Request) -> None:
    """Delete everything."""
    forget = partial(subscriptions.forget, chat_id=request.chat.id)
    gone = await request.once(forget, lambda _connection: True)
    sentence = (
        request.say("Everything is deleted. /start begins anew.")
        if gone
        else request.say("Nothing is kept about this chat.")
    )
    await request.show(Message(within([block(sentence)])))
