"""`/invite` and `/admins`: who may do all this; `/login`: the same on the page."""

import re

from telegram import Update
from telegram.ext import ApplicationHandlerStop, ContextTypes
from telegram.helpers import create_deep_linked_url

from bot.telegram.admin.answers import Answer, Ask, bold, code, esc, lines, number
from bot.telegram.admin.guard import Guard, person
from bot.telegram.markup import Button
from bot.telegram.texts import msgid, text
from storage import audit, people, sessions
from storage.database import Connection
from storage.errors import KaigiError
from storage.model import Invite

PAYLOAD = "inv_"
#: The command that an invitation's link sends.
START = re.compile(rf"^/start {PAYLOAD}([A-Za-z0-9_-]{{16,60}})$")


class CannotRemove(KaigiError):
    """This admin stays. The message says why."""


async def invite(ask: Ask) -> Answer:
    """`/invite`: a link that makes one person an admin, once, within a day."""

    def work(connection: Connection) -> tuple[int, str]:
        made, word = people.invite(connection, ask.user_id, ask.now)
        ends = (ask.now + people.LIFETIME).isoformat()
        target = f"invite:{made}"
        return audit.note(
            connection, who=ask.who, what="invite", target=target, after={"ends": ends}, now=ask.now
        ), word

    line, word = await ask.write(work)
    address = create_deep_linked_url(ask.bot_name, PAYLOAD + word)
    return Answer(
        html=lines(
            ask.say("Whoever opens this link first, within 24 hours, becomes an admin:"),
            code(address),
            ask.say("Send it to that person only. It is shown once and kept nowhere."),
        ),
        buttons=((ask.button("Take back", "undo", line),),),
    )


async def login(ask: Ask) -> Answer:
    """`/login`: a link that signs this admin in to the admin area of the page, once, within minutes."""

    def work(connection: Connection) -> str:
        word = sessions.offer(connection, ask.user_id, ask.now)
        audit.note(connection, who=ask.who, what="web_link", target=f"person:{ask.user_id}", now=ask.now)
        return word

    word = await ask.write(work)
    return Answer(
        html=lines(
            ask.say("This link signs you in to the admin area of the page, once, within 10 minutes:"),
            code(f"{ask.office.settings.address}/admin/login/{word}?lang={ask.language}"),
            ask.say("Give it to nobody: whoever opens it acts in your name. It is kept nowhere."),
        )
    )


class Invited:
    """Lets a person in who opens the link of an invitation. This is the one thing here that a stranger may do."""

    def __init__(self, guard: Guard) -> None:
        """`guard`: the door that this person passes from now on."""
        self._guard = guard

    async def start(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Handle `/start inv_…`; what is no person in a private chat is left to the handlers behind."""
        user, message = person(update), update.message
        found = START.match(message.text or "") if message else None
        if user is None or message is None or found is None:
            return
        language = self._guard.language_for(user)
        done = await self._guard.write(lambda c: self._open(c, found[1], user.id, user.full_name))
        if done:
            await self._guard.greet(user, context)
        await message.reply_text(text(language, _WELCOME if done else _CLOSED))
        raise ApplicationHandlerStop

    def _open(self, connection: Connection, word: str, user_id: int, name: str) -> bool:
        opened, now, named = people.find_invite(connection, word), self._guard.now(), self._guard.named
        if opened is None:
            return False
        if people.is_admin(connection, user_id, named):  # also when a crash let the same update come twice
            return True
        if not people.is_admin(connection, opened.created_by, named):
            return False
        return self._accept(connection, opened, user_id, name) if now < opened.expires_at else False

    def _accept(self, connection: Connection, opened: Invite, user_id: int, name: str) -> bool:
        now = self._guard.now()
        if not people.accept(connection, opened, user_id, name, now):
            return False
        told = {"name": name, "invited_by": f"tg:{opened.created_by}", "invite": opened.id}
        who, target = f"tg:{user_id}", f"person:{user_id}"
        audit.note(connection, who=who, what="admin_add", target=target, after=told, now=now)
        return True


_WELCOME = msgid("Welcome. You are an admin of this service now; the menu has your commands.")
_CLOSED = msgid("This invitation was used, taken back, or has ended. Ask for a new one.")


async def listing(ask: Ask) -> Answer:
    """`/admins`: who they are, with a button for each that can be removed."""
    every = await ask.read(people.every)
    names = {one.user_id: one.name for one in every}
    named = ask.office.settings.telegram.admins
    invited = [one for one in every if one.added_by is not None and one.removed_at is None and one.user_id not in named]
    former = [one for one in every if one.removed_at is not None and one.user_id not in named]
    rows = [f"• {esc(names.get(one, '?'), 60)} {code(one)} – {ask.say('named in the settings')}" for one in named]
    rows += [
        f"• {esc(one.name, 60)} {code(one.user_id)} – "
        + ask.say(
            "invited by {name}, {moment}",
            name=names.get(one.added_by or 0, one.added_by),
            moment=ask.clock(one.added_at),
        )
        for one in invited
    ]
    rows += [
        f"✗ {esc(one.name, 60)} – {ask.say('removed {moment}', moment=ask.clock(one.removed_at))}" for one in former
    ]
    buttons: tuple[tuple[Button, ...], ...] = tuple(
        (ask.button("Remove {name}", "admin_remove", one.user_id, name=one.name[:40]),) for one in invited
    )
    return Answer(html=lines(bold(ask.say("Admins")), *rows), buttons=buttons)


async def click_remove(ask: Ask) -> Answer:
    """Take the rights of an admin away, at once."""
    user_id = number(ask.rest)

    def work(connection: Connection) -> int:
        if user_id in ask.office.settings.telegram.admins:
            raise CannotRemove("The setting telegram.admins names this person. Take the id out there.")
        person = people.find(connection, user_id)
        if person is None or not people.remove(connection, user_id, ask.now):
            raise CannotRemove("This person is no admin any more.")
        told = {"name": person.name}
        return audit.note(
            connection, who=ask.who, what="admin_remove", target=f"person:{user_id}", before=told, now=ask.now
        )

    line = await ask.write(work)
    return Answer(html=ask.say("Removed. The next command of this person is a stranger's."),
                  buttons=((ask.button("Undo", "undo", line), ask.button("Admins", "admins", 0)),))  # fmt: skip
