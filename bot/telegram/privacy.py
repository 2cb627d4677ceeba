"""/privacy: what is kept about a chat, all of it as a file, and how to delete it."""

import io
import json
from functools import partial

from telegram import InputFile

from bot.telegram.desk import Request
from bot.telegram.markup import Button, Message, block, within
from bot.telegram.starting import menu
from bot.telegram.texts import msgid
from storage import privacy as kept

KEPT = msgid(
    "About this chat Kaigi keeps: its number at Telegram, its settings, what it follows and mutes, and which messages "
    "it was sent and when. Nothing of what is written here is kept, except commands until they are answered."
)
CHANNELS = msgid("About you it keeps which channels you set up here: {count}.")
ADMIN = msgid(
    "Of admins of this service it keeps the name, the invitations, the words for all chats, corrections, a line in the "
    "audit for each change, and for some hours who is signed in to the page."
)
STAYS = msgid(
    "The audit, corrections, changes of filters, invitations and words that were sent to all stay when the rest is "
    "deleted: they say who changed what everybody reads. They keep your number, not your name. Who is an admin now "
    "keeps the name until another admin ends that."
)


def person_of(request: Request) -> int | None:
    """The person whose own chat the request is about; None where it is about a group or a channel."""
    own = request.room.kind == "private" and request.target == request.room
    return request.person if own else None


async def privacy(request: Request) -> None:
    """What is kept, with buttons to see it and to delete it."""
    if not await request.may_change():
        return
    person = person_of(request)
    of_person = await request.desk.read(partial(kept.of_person, person=person)) if person is not None else {}
    about = [request.say(KEPT)]
    if "channels" in of_person:
        about.append(request.say(CHANNELS, count=len(of_person["channels"])))
    if set(of_person) - {"channels"}:
        about += [request.say(ADMIN), request.say(STAYS)]
    shown = menu(request)
    rows = (
        (shown.button("📄 " + request.say("Show me everything"), "px"),),
        (shown.button("🗑 " + request.say("Delete everything"), "pd"),),
    )
    await request.show(Message(within([block(one) for one in about], gap="\n\n"), rows))


async def export_tap(request: Request) -> None:
    """Everything that is kept, as a file."""
    person = person_of(request)
    found = await request.desk.read(partial(kept.export, chat_id=request.chat.id, person=person))
    if not found:
        await request.note(request.say("Nothing is kept about this chat."), alert=True)
        return
    body = json.dumps(found, ensure_ascii=False, indent=2).encode()
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
    """Delete everything, and say what stays."""
    person = person_of(request)
    forget = partial(kept.forget, chat_id=request.chat.id, person=person)
    gone = await request.once(forget, lambda _connection: True)
    left = await request.desk.read(partial(kept.of_person, person=person)) if person is not None else {}
    sentence = (
        request.say("Everything is deleted. /start begins anew.")
        if gone
        else request.say("Nothing is kept about this chat.")
    )
    if left:
        sentence = request.say("Deleted. /start begins anew.") + "\n\n" + request.say(STAYS)
    await request.show(Message(within([block(sentence)])))
