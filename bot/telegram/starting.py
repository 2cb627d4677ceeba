"""/start and its three taps (language, what to follow, when), /stop and /pause."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from bot.telegram.desk import Request, opened
from bot.telegram.markup import Message, block, within
from bot.telegram.menus import Menu
from bot.telegram.saying import LANGUAGE_NAMES, filter_title
from bot.telegram.settings import DIGESTS, keep_digest
from bot.telegram.standing import is_offered
from bot.telegram.texts import msgid
from storage import filters, follows, subscriptions
from storage.database import Connection
from storage.errors import NotFound
from storage.model import Chat, ChatState

WELCOME = msgid(
    "This chat now gets one message about every new meeting of defence ministers. "
    "/last shows the latest, /stop ends it."
)
ALREADY = msgid("This chat is subscribed already. /last shows the latest meetings, /stop ends the messages.")
ABOUT = msgid(
    "Kaigi watches the world's defence newsrooms and tells you, once, about every meeting of defence ministers."
)

_SPAN = re.compile(r"(\d{1,3})\s*(h|d|w|時間|日|週間?)", re.IGNORECASE)
_HOURS = {"h": 1, "時間": 1, "d": 24, "日": 24, "w": 168, "週": 168, "週間": 168}


def menu(request: Request) -> Menu:
    """The menus for who asks."""
    return Menu(request.language, request.chat, remote=request.chat.address != request.room.address)


async def start(request: Request) -> None:
    """Subscribe the chat. `/start f_<filter>`, as deep links send it, subscribes to that filter."""
    if not await request.may_change():
        return
    wanted = await _filter_of(request)
    if wanted is not None:
        await _begin_with(request, wanted)
        return
    new = await begin(request)
    if not new:
        rows = ((menu(request).button(request.say("My settings"), "mi"),),)
        await request.send(Message(within([block(request.say(ALREADY))]), rows))
        return
    head = "\n\n".join([request.say(ABOUT), request.say(WELCOME), request.say("Which language do you read?")])
    await request.send(menu(request).languages(head))


async def begin(request: Request) -> bool:
    """Open the chat; one that follows nothing gets all meetings of ministers. Returns whether it begins (again)."""
    resting = request.repeated or request.chat.state is not ChatState.ACTIVE

    def change(connection: Connection) -> tuple[Chat, bool]:
        chat = opened(connection, request)
        return chat, _subscribe(connection, chat.id, request.now)

    request.chat, new = await request.once(change, lambda connection: (opened(connection, request), False))
    return new or resting


def _subscribe(connection: Connection, chat_id: int, now: datetime) -> bool:
    if subscriptions.is_subscribed(connection, chat_id):
        return False
    try:
        return subscriptions.subscribe(connection, chat_id, filters.MEETINGS, now)
    except NotFound:  # an admin took the built-in filter out
        return False


async def _filter_of(request: Request) -> str | None:
    """The filter that a deep link names, if readers may subscribe to it. The link may come from anybody."""
    match = re.fullmatch(r"f_([a-z0-9-]{1,62})", request.words.strip())
    if match is None:
        return None
    offered = await request.desk.read(filters.every)
    return next((one.key for one in offered if one.key == match[1] and is_offered(one)), None)


async def _begin_with(request: Request, key: str) -> None:
    chat = await request.open()
    await _once(request, partial(subscriptions.subscribe, chat_id=chat.id, filter_key=key, now=request.now))
    found = await request.desk.read(partial(filters.find, key=key))
    title = filter_title(found, request.language)
    head = request.say("This chat now follows {what}. /stop ends the messages.", what=title)
    await request.send(menu(request).languages(f"{head}\n\n{request.say('Which language do you read?')}"))


async def first_tap(request: Request, code: str) -> None:
    """The language."""
    if code not in LANGUAGE_NAMES:
        raise ValueError(code)
    await request.known()
    await request.change(language=code)
    if request.target == request.room:
        request.language = "ja" if code == "ja" else "en"
    await request.show(menu(request).what())


async def second_tap(request: Request, which: str) -> None:
    """All meetings, or only what is chosen."""
    if which not in ("all", "some"):
        raise ValueError(which)
    chat = await request.known()
    if which == "all":
        await _once(request, partial(_subscribe_to_all, chat_id=chat.id, now=request.now))
        await request.show(menu(request).how())
        return
    await _once(request, partial(_unsubscribe_from_all, chat_id=chat.id))
    now = await request.standing()
    await request.show(menu(request).follow(now.has(filters.MEETINGS), now.tags, starting=True))


def _subscribe_to_all(connection: Connection, chat_id: int, now: datetime) -> bool:
    return subscriptions.subscribe(connection, chat_id, filters.MEETINGS, now)


def _unsubscribe_from_all(connection: Connection, chat_id: int) -> bool:
    return subscriptions.unsubscribe(connection, chat_id, filters.find(connection, filters.MEETINGS).id)


async def _once(request: Request, change: Callable[[Connection], object]) -> None:
    """A change whose answer is the same however things stand."""

    def changed(connection: Connection) -> None:
        change(connection)

    await request.once(changed, lambda _connection: None)


async def ask_how(request: Request) -> None:
    """The third question."""
    await request.show(menu(request).how())


async def third_tap(request: Request, how: str) -> None:
    """At once, or as a digest. Then all is said."""
    await keep_digest(request, DIGESTS[how])
    now, shown = await request.standing(), menu(request)
    names = [filter_title(one, request.language) for one in now.subscribed]
    names += [shown.mute_label(tag, {}) for tag in now.tags]
    followed = request.say(
        "This chat follows: {what}", what="、".join(names) if request.language == "ja" else ", ".join(names)
    )
    if not names:
        followed = request.say("This chat follows nothing yet. /follow begins.")
    await request.show(shown.done(shown.settings_lines(now.mutes)[-6:-3], followed))


async def stop(request: Request) -> None:
    """Send nothing more to the chat; what it follows is kept for its return."""
    if not await request.may_change():
        return
    if not request.repeated and (request.chat.id == 0 or request.chat.state is not ChatState.ACTIVE):
        await request.tell(request.say("Nothing was being sent here. /start begins."))
        return
    await rest(request)
    await request.tell(request.say("Stopped. Nothing more will be sent here; /start begins again."))


async def rest(request: Request) -> None:
    """Let the chat rest."""
    work = partial(subscriptions.set_state, chat_id=request.chat.id, state=ChatState.STOPPED, now=request.now)
    await _once(request, work)


async def turn_mute(request: Request, tag: str, *, on: bool, until: datetime | None = None) -> bool:
    """Mute something, `until` then or for good, or no more; once. Returns whether it is muted now."""
    chat_id, now = request.chat.id, request.now

    def change(connection: Connection) -> bool:
        if on:
            follows.mute(connection, chat_id, tag, until, now)
        else:
            follows.unmute(connection, chat_id, tag)
        return on

    def again(connection: Connection) -> bool:
        return any(one.tag == tag for one in follows.muted(connection, chat_id, now))

    return await request.once(change, again)


async def pause(request: Request) -> None:
    """`/pause` asks for how long, `/pause 3d` pauses for three days, `/pause off` goes on."""
    if not await request.may_change():
        return
    said = request.words.strip().lower()
    if not said:
        now = await request.standing()
        await request.show(menu(request).pauses(now.paused))
    elif not await set_pause(request, said):
        await request.tell(request.say("Write /pause 8h, /pause 3d, /pause 2w, or /pause off."))


async def pause_tap(request: Request, said: str) -> None:
    """A button of the pause menu."""
    if not await set_pause(request, said):
        raise ValueError(said)


async def set_pause(request: Request, said: str) -> bool:
    """Pause for a span, `ever`, or go on (`off`). Returns whether that was understood."""
    span = span_of(said)
    if span is None and said not in ("ever", "off"):
        return False
    await request.known()
    if said == "off":
        await turn_mute(request, follows.ALL, on=False)
        await request.tell(request.say("It goes on."))
        return True
    until = request.now + span if span is not None else None
    await turn_mute(request, follows.ALL, on=True, until=until)
    shown = menu(request)
    await request.tell(shown.until(until, request.say("Paused")) + " – " + request.say("/pause off goes on."))
    return True


def span_of(said: str) -> timedelta | None:
    """`8h`, `3d`, `2w`, 3日: a span; None for anything else. At least an hour."""
    match = _SPAN.fullmatch(said.strip())
    if match is None or int(match[1]) == 0:
        return None
    return timedelta(hours=int(match[1]) * _HOURS[match[2].lower()])
