"""`/resend` and `/broadcast`: what goes out to readers, each only after its count was shown and a button pressed."""

from bot.telegram.admin.answers import Answer, Ask, bold, code, esc, lines, number
from bot.telegram.admin.stories import headline, pointed_at
from bot.telegram.markup import Button
from feeds import correcting
from storage import audit, broadcasts, news, resending
from storage.database import Connection
from storage.errors import KaigiError

LONGEST = 3_000  #: characters of a broadcast: Telegram takes 4,096, and e-mail and others have their own wrapping


class CannotSend(KaigiError):
    """Nothing was sent. The message says why."""


async def resend(ask: Ask) -> Answer:
    """`/resend 12`, a link, or as a reply to an alert: whom it did not reach, and a button."""
    what = ask.rest or await ask.read(lambda c: pointed_at(c, ask) or "")
    if not what:
        return Answer(html=lines(ask.say("Reply to an alert, or write:"), code("/resend STORY")))
    return await ask.read(lambda c: _counted(c, ask, correcting.find(c, what).story_id))


async def click_resend(ask: Ask) -> Answer:
    """The same, from a story's card."""
    return await ask.read(lambda c: _counted(c, ask, correcting.find(c, str(number(ask.rest))).story_id))


def _counted(connection: Connection, ask: Ask, story_id: int) -> Answer:
    news.meeting(connection, story_id)  # there must be something to tell
    missed = resending.count(connection, story_id, resending.MISSED)
    everybody = resending.count(connection, story_id, resending.ALL)
    rows: list[tuple[Button, ...]] = []
    if missed:
        rows.append((ask.button("To the {count} whom it did not reach", "resend_missed", story_id, count=missed),))
    if everybody > missed:
        rows.append((ask.button("To all {count} again", "resend_all", story_id, count=everybody),))
    told = ask.say("It reached {reached} of {all} chats.", reached=everybody - missed, all=everybody)
    note = ask.say("Who has it already sees it marked as a repeat.") if rows else ""
    return Answer(html=lines(headline(connection, ask, story_id), told, note), buttons=tuple(rows))


async def click_missed(ask: Ask) -> Answer:
    """Send it to those whom it did not reach."""
    return await _again(ask, to_all=False)


async def click_all(ask: Ask) -> Answer:
    """Send it to everybody who was owed it."""
    return await _again(ask, to_all=True)


async def _again(ask: Ask, *, to_all: bool) -> Answer:
    story_id = number(ask.rest)
    states = resending.ALL if to_all else resending.MISSED

    def work(connection: Connection) -> int:
        news.meeting(connection, story_id)
        made = resending.again(connection, story_id, states, ask.now)
        told = {"chats": made, "to": "all" if to_all else "missed"}
        if made:
            audit.note(connection, who=ask.who, what="resend", target=f"story:{story_id}", after=told, now=ask.now)
        return made

    return Answer(html=ask.say("Sent again to {count} chats.", count=await ask.write(work)))


async def broadcast(ask: Ask) -> Answer:
    """`/broadcast WORDS`: keep them as a draft and show how they will look, to how many, and a button."""
    if not ask.rest:
        return Answer(html=lines(ask.say("Write the words behind the command:"), code("/broadcast …")))
    if len(ask.rest) > LONGEST:
        raise CannotSend(f"These are {len(ask.rest)} characters; {LONGEST} is the limit.")

    def work(connection: Connection) -> tuple[int, dict[str, int]]:
        return broadcasts.draft(connection, ask.who, ask.rest, ask.now).id, broadcasts.audience(connection)

    draft, audience = await ask.draft(work)
    total = sum(audience.values())
    kinds = ", ".join(f"{esc(kind)} {count}" for kind, count in audience.items())
    head = bold(ask.say("To {count} chats", count=total)) + (f" ({kinds})" if kinds else "")
    note = ask.say("This cannot be taken back.")
    send = ask.button("Send to {count} chats", "broadcast_send", draft, count=total)
    return Answer(
        html=lines(head, note, "", f"<blockquote>{esc(ask.rest, LONGEST)}</blockquote>"),
        buttons=((send, ask.button("Cancel", "broadcast_no", draft)),) if total else (),
    )


async def click_broadcast(ask: Ask) -> Answer:
    """Send a draft of this admin's own, once."""

    def work(connection: Connection) -> int | None:
        draft = broadcasts.find(connection, number(ask.rest))
        if draft.by != ask.who:
            raise CannotSend("This draft is another admin's.")
        made = broadcasts.queue(connection, draft.id, ask.now)
        if made is not None:
            told = {"text": draft.text, "chats": made}
            target = f"broadcast:{draft.id}"
            audit.note(connection, who=ask.who, what="broadcast", target=target, after=told, now=ask.now)
        return made

    made = await ask.write(work)
    if made is None:
        return Answer(html=ask.say("It was sent before; nothing was sent now."))
    return Answer(html=ask.say("On its way to {count} chats.", count=made))


async def click_no_broadcast(ask: Ask) -> Answer:
    """Leave a draft unsent."""
    return Answer(html=ask.say("Nothing was sent."))
