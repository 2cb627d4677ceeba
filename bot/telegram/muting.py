"""/mute and the buttons below an alert: what a chat does not want to hear of."""

from datetime import datetime
from functools import partial

from bot.telegram.choices import VIEWS, choices, find, tag_label, unshortened
from bot.telegram.desk import Request
from bot.telegram.following import LONGEST, name_of, story_of, today, unknown
from bot.telegram.markup import Message, block, within
from bot.telegram.starting import menu, span_of, turn_mute
from storage import news


async def mute(request: Request) -> None:
    """`/mute` lists; `/mute Australia`, `/mute series ADMM-Plus`, `/mute AUKUS 7d` mute."""
    said = request.words.strip()
    if not said:
        await show_muted(request)
        return
    if not await request.may_change():
        return
    what, until = _what_and_until(request, said)
    found = find(what, request.language, today(request))
    if len(found) == 1:
        await request.known()
        await request.tell(await _mute(request, found[0].tag, until))
    elif found:
        await request.show(menu(request).choose(request.say("Which one?"), found, "mw"))
    else:
        await request.tell(unknown(request, what))


def _what_and_until(request: Request, said: str) -> tuple[str, datetime | None]:
    """`series ADMM-Plus 7d` is ADMM-Plus, for a week."""
    parts = said.split()
    span = span_of(parts[-1]) if len(parts) > 1 else None
    until = request.now + span if span is not None else None
    parts = parts[:-1] if span is not None else parts
    if len(parts) > 1 and parts[0].lower() in ("series", "country", "minister", "kind"):
        parts = parts[1:]
    return " ".join(parts)[:LONGEST], until


async def _mute(request: Request, tag: str, until: datetime | None = None) -> str:
    await turn_mute(request, tag, on=True, until=until)
    return _muted(request, menu(request).until(until, tag_label(tag, request.language)))


def _muted(request: Request, what: str) -> str:
    return request.say("Muted: {what}. /mute takes it back.", what=what)


async def show_muted(request: Request) -> None:
    """What the chat mutes."""
    now = await request.standing()
    numbers = [int(one.tag[6:]) for one in now.mutes if one.tag.startswith("story:") and one.tag[6:].isdecimal()]
    stories = await request.desk.read(partial(news.meetings_by_id, story_ids=numbers))
    names = {f"story:{one.meeting.story_id}": name_of(request, one) for one in stories}
    await request.show(menu(request).muted(now.mutes, names))


async def unmute_tap(request: Request, tag: str) -> None:
    """Hear of something again."""
    now = await request.standing()
    found = unshortened(tag, (one.tag for one in now.mutes))
    if found is not None:
        await turn_mute(request, found, on=False)
    await show_muted(request)


async def mute_word_tap(request: Request, tag: str) -> None:
    """One of the things that somebody's words may mean."""
    every = [one.tag for view in VIEWS for one in choices(view, request.language, today(request))]
    found = unshortened(tag, every)
    if found not in every:
        raise ValueError(tag)
    await request.known()
    told = await _mute(request, found or "")
    await request.note(told)
    await request.send(Message(within([block(told)])))


async def mute_meeting_tap(request: Request, number: str) -> None:
    """The button below an alert: no more about this meeting; a second time: again."""
    story = await story_of(request, number)
    await _mute_or_not(request, f"story:{story.meeting.story_id}", name_of(request, story))


async def mute_series_tap(request: Request, number: str) -> None:
    """The button below an alert: no more about this series; a second time: again."""
    facts = (await story_of(request, number)).meeting.facts
    key = facts.series or facts.parent
    if key is None:
        raise ValueError(number)
    tag = f"series:{key}" if facts.series else f"parent:{key}"
    await _mute_or_not(request, tag, tag_label(tag, request.language))


async def _mute_or_not(request: Request, tag: str, name: str) -> None:
    await request.known()
    now = await request.standing()
    on = await turn_mute(request, tag, on=all(one.tag != tag for one in now.mutes))
    told = _muted(request, name[:120]) if on else request.say("No longer muted: {what}", what=name[:120])
    await request.note(told, alert=True)
