"""/follow, /mine and /mute: what a chat hears of."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from bot.telegram.choices import VIEWS, Choice, choices, find, suggestion, tag_label, unshortened
from bot.telegram.desk import Request, Standing
from bot.telegram.markup import Message, block, within
from bot.telegram.menus import filter_title
from bot.telegram.starting import menu, span_of, unsubscribe_from_all
from feeds.decide.audience import tags as tags_of
from feeds.publish.card import headline
from storage import filters, follows, news, subscriptions
from storage.database import Connection
from storage.model import MeetingStory
from storage.words import comparable

LONGEST = 100  #: characters of what somebody wants to follow


async def follow(request: Request) -> None:
    """`/follow` opens the menu, `/follow Australia` follows or, a second time, ends it."""
    if not await request.may_change():
        return
    said = request.words.strip()
    if not said:
        await show_follow(request)
        return
    now = await request.standing()
    found = _found(request, said, now)
    if len(found) == 1:
        await request.open()
        told = await _toggle(request, found[0].tag, now)
        rows = ((menu(request).button("⭐ " + request.say("What this chat follows"), "mi"),),)
        await request.show(Message(within([block(told)]), rows))
    elif found:
        await request.show(menu(request).choose(request.say("Which one?"), found, "fw", now.tags))
    else:
        await request.tell(_unknown(request, said))


def _found(request: Request, said: str, now: Standing) -> list[Choice]:
    """What is meant: a filter by its key or title, else something from the lexicon."""
    folded = comparable(said[:LONGEST])
    named = [
        one for one in now.offered if folded in (comparable(one.key), comparable(filter_title(one, request.language)))
    ]
    if named:
        return [Choice(f"filter:{one.id}", filter_title(one, request.language)) for one in named]
    return find(said[:LONGEST], request.language, today(request))


def _unknown(request: Request, said: str) -> str:
    near = suggestion(said[:LONGEST])
    told = request.say("I know no country, minister, series or kind of meeting by that name.")
    return f"{told} {request.say('Did you mean {word}?', word=near)}" if near else told


def today(request: Request) -> date:
    """The day in the chat's zone."""
    return request.now.astimezone(ZoneInfo(request.chat.time_zone)).date()


async def _toggle(request: Request, tag: str, now: Standing) -> str:
    """Follow, or no more. Returns what was done."""
    kind, _, number = tag.partition(":")
    if kind == "filter":
        one = next(each for each in now.offered if each.id == int(number))
        on = not any(each.id == one.id for each in now.subscribed)
        await request.desk.write(partial(_set_filter, chat_id=request.chat.id, key=one.key, on=on, now=request.now))
        name = filter_title(one, request.language)
    else:
        on = tag not in now.tags
        await request.desk.write(partial(_set_tag, chat_id=request.chat.id, tag=tag, on=on, now=request.now))
        name = tag_label(tag, request.language)
    if not on:
        return request.say("This chat no longer follows {what}.", what=name)
    told = request.say("This chat now follows {what}.", what=name)
    if kind != "filter" and now.has(filters.MEETINGS):
        told += "\n" + request.say("It gets all meetings of ministers. Switch that off to get only what you choose.")
    return told


def _set_tag(connection: Connection, chat_id: int, tag: str, *, on: bool, now: datetime) -> None:
    if on:
        follows.follow(connection, chat_id, tag, now)
    else:
        follows.unfollow(connection, chat_id, tag)


def _set_filter(connection: Connection, chat_id: int, key: str, *, on: bool, now: datetime) -> None:
    if on:
        subscriptions.subscribe(connection, chat_id, key, now)
    else:
        subscriptions.unsubscribe(connection, chat_id, filters.find(connection, key).id)


async def show_follow(request: Request) -> None:
    """The first page of following."""
    now = await request.standing()
    await request.show(menu(request).follow(now.has(filters.MEETINGS), now.tags))


async def all_tap(request: Request) -> None:
    """All meetings of ministers, or no more."""
    chat, now = await request.open(), await request.standing()
    if now.has(filters.MEETINGS):
        await request.desk.write(partial(unsubscribe_from_all, chat_id=chat.id))
    else:
        await request.desk.write(partial(_set_filter, chat_id=chat.id, key=filters.MEETINGS, on=True, now=request.now))
    await show_follow(request)


async def page_tap(request: Request, view: str, page: str) -> None:
    """A page of choices."""
    if view not in VIEWS:
        raise ValueError(view)
    now = await request.standing()
    await request.show(menu(request).page(view, int(page), now.tags, request.now))


async def choice_tap(request: Request, view: str, page: str, tag: str) -> None:
    """One choice on a page, on or off."""
    if view not in VIEWS:
        raise ValueError(view)
    found = unshortened(tag, (one.tag for one in choices(view, request.language, today(request))))
    await request.note(await _toggle_known(request, found))
    await page_tap(request, view, page)


async def word_tap(request: Request, tag: str) -> None:
    """One of the things that somebody's words may mean."""
    every = [one.tag for view in VIEWS for one in choices(view, request.language, today(request))]
    told = await _toggle_known(request, unshortened(tag, every))
    await request.note(told)
    await request.send(Message(within([block(told)])))


async def _toggle_known(request: Request, tag: str | None) -> str:
    """Follow or not, after making sure that there is such a thing: the button may be forged."""
    await request.open()
    now = await request.standing()
    if tag is None or (tag not in now.tags and not _exists(request, tag)):
        raise ValueError(tag)
    return await _toggle(request, tag, now)


def _exists(request: Request, tag: str) -> bool:
    return any(tag == one.tag for view in VIEWS for one in choices(view, request.language, today(request)))


async def filters_tap(request: Request, page: str) -> None:
    """A page of filters."""
    now = await request.standing()
    await request.show(menu(request).filters(now.offered, now.subscribed, int(page)))


async def filter_tap(request: Request, page: str, number: str) -> None:
    """One filter, on or off."""
    await request.open()
    now = await request.standing()
    if not any(one.id == int(number) for one in now.offered):
        raise ValueError(number)
    await request.note(await _toggle(request, f"filter:{int(number)}", now))
    await filters_tap(request, page)


async def meeting_menu(request: Request, number: str) -> None:
    """What of a meeting can be followed."""
    story, now = await _story(request, number), await request.standing()
    await request.send(_about(request, story, now.tags))


def _about(request: Request, story: MeetingStory, tags: Sequence[str]) -> Message:
    found = _of_meeting(request, story)
    return menu(request).about_meeting(story.meeting.story_id, _name(request, story), found, tags)


async def meeting_tap(request: Request, number: str, tag: str) -> None:
    """One thing that a meeting is about, on or off."""
    story = await _story(request, number)
    found = _of_meeting(request, story)
    chosen = unshortened(tag, (one.tag for one in found))
    if chosen not in {one.tag for one in found}:
        raise ValueError(tag)
    await request.open()
    await request.note(await _toggle(request, chosen or "", await request.standing()))
    now = await request.standing()
    await request.show(_about(request, story, now.tags))


async def _story(request: Request, number: str) -> MeetingStory:
    if not number.isdecimal() or len(number) > 15:
        raise ValueError(number)
    return await request.desk.read(partial(news.meeting, story_id=int(number)))


def _name(request: Request, story: MeetingStory) -> str:
    return headline(story.meeting.facts, request.language)


def _of_meeting(request: Request, story: MeetingStory) -> list[Choice]:
    order = ("country:", "person:", "series:", "kind:")
    tags = [tag for tag in tags_of(story.meeting.facts) if tag.startswith(order)]
    tags.sort(key=lambda tag: (next(at for at, start in enumerate(order) if tag.startswith(start)), tag))
    return [Choice(tag, tag_label(tag, request.language)) for tag in tags]


# What a chat follows


async def mine(request: Request, page: str = "0") -> None:
    """What the chat follows, with buttons to end it, and its settings."""
    now = await request.standing()
    await request.show(menu(request).mine(now.subscribed, now.tags, now.mutes, int(page)))


async def remove_tap(request: Request, page: str, what: str) -> None:
    """Follow something no more."""
    now = await request.standing()
    tag = f"filter:{int(what[1:])}" if what[:1] == "f" and what[1:].isdecimal() else unshortened(what, now.tags)
    if tag is not None and tag.startswith("filter:"):
        number = int(tag.removeprefix("filter:"))
        await request.desk.write(partial(subscriptions.unsubscribe, chat_id=request.chat.id, filter_id=number))
    elif tag is not None:
        await request.desk.write(partial(follows.unfollow, chat_id=request.chat.id, tag=tag))
    await mine(request, page)


# Muting


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
        await request.tell(_unknown(request, what))


def _what_and_until(request: Request, said: str) -> tuple[str, datetime | None]:
    """`series ADMM-Plus 7d` is ADMM-Plus, for a week."""
    parts = said.split()
    span = span_of(parts[-1]) if len(parts) > 1 else None
    until = request.now + span if span is not None else None
    parts = parts[:-1] if span is not None else parts
    if len(parts) > 1 and parts[0].lower() in ("series", "country", "minister", "kind"):
        parts = parts[1:]
    return " ".join(parts)[:LONGEST], until


async def _mute(request: Request, tag: str, until: datetime | None = None, name: str | None = None) -> str:
    await request.desk.write(partial(follows.mute, chat_id=request.chat.id, tag=tag, until=until, now=request.now))
    told = menu(request).until(until, name or tag_label(tag, request.language))
    return request.say("Muted: {what}. /mute takes it back.", what=told)


async def show_muted(request: Request) -> None:
    """What the chat mutes."""
    now = await request.standing()
    numbers = [int(one.tag[6:]) for one in now.mutes if one.tag.startswith("story:") and one.tag[6:].isdecimal()]
    stories = await request.desk.read(partial(news.meetings_by_id, story_ids=numbers))
    names = {f"story:{one.meeting.story_id}": _name(request, one) for one in stories}
    await request.show(menu(request).muted(now.mutes, names))


async def unmute_tap(request: Request, tag: str) -> None:
    """Hear of something again."""
    now = await request.standing()
    found = unshortened(tag, (one.tag for one in now.mutes))
    if found is not None:
        await request.desk.write(partial(follows.unmute, chat_id=request.chat.id, tag=found))
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
    story = await _story(request, number)
    await _mute_or_not(request, f"story:{story.meeting.story_id}", _name(request, story))


async def mute_series_tap(request: Request, number: str) -> None:
    """The button below an alert: no more about this series; a second time: again."""
    facts = (await _story(request, number)).meeting.facts
    key = facts.series or facts.parent
    if key is None:
        raise ValueError(number)
    tag = f"series:{key}" if facts.series else f"parent:{key}"
    await _mute_or_not(request, tag, tag_label(tag, request.language))


async def _mute_or_not(request: Request, tag: str, name: str) -> None:
    await request.known()
    now = await request.standing()
    if any(one.tag == tag for one in now.mutes):
        await request.desk.write(partial(follows.unmute, chat_id=request.chat.id, tag=tag))
        await request.note(request.say("No longer muted: {what}", what=name[:120]), alert=True)
        return
    await request.note(await _mute(request, tag, name=name[:120]), alert=True)
