"""/follow and /mine: what a chat hears of."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from bot.telegram.choices import VIEWS, Choice, choices, find, suggestion, tag_label, unshortened
from bot.telegram.desk import Request
from bot.telegram.markup import Message, block, within
from bot.telegram.saying import filter_title
from bot.telegram.standing import Standing
from bot.telegram.starting import menu
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
        on = [*now.tags, *(f"filter:{one.id}" for one in now.subscribed)]
        await request.show(menu(request).choose(request.say("Which one?"), found, "fw", on))
    else:
        await request.tell(unknown(request, said))


def _found(request: Request, said: str, now: Standing) -> list[Choice]:
    """What is meant: a filter by its key or title, else something from the lexicon."""
    folded = comparable(said[:LONGEST])
    named = [
        one for one in now.offered if folded in (comparable(one.key), comparable(filter_title(one, request.language)))
    ]
    if named:
        titles = {one.id: filter_title(one, request.language) for one in named}
        alike = len(named) > 1  # their keys tell them apart
        return [Choice(f"filter:{one.id}", titles[one.id] + (f" ({one.key})" if alike else "")) for one in named]
    return find(said[:LONGEST], request.language, today(request))


def unknown(request: Request, said: str) -> str:
    """That nothing goes by this name, and what looks like it."""
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
        on = await _turn_filter(request, one.key, on=not now.has(one.key))
        name = filter_title(one, request.language)
    else:
        on = await _turn_tag(request, tag, on=tag not in now.tags)
        name = tag_label(tag, request.language)
    if not on:
        return request.say("This chat no longer follows {what}.", what=name)
    told = request.say("This chat now follows {what}.", what=name)
    if kind != "filter" and now.has(filters.MEETINGS):
        told += "\n" + request.say("It gets all meetings of ministers. Switch that off to get only what you choose.")
    return told


async def _turn_tag(request: Request, tag: str, *, on: bool) -> bool:
    """Follow a tag, or no more, once. Returns whether it is followed now."""
    chat_id = request.chat.id

    def change(connection: Connection) -> bool:
        if on:
            follows.follow(connection, chat_id, tag, request.now)
        else:
            follows.unfollow(connection, chat_id, tag)
        return on

    return await request.once(change, lambda connection: tag in follows.followed(connection, chat_id))


async def _turn_filter(request: Request, key: str, *, on: bool) -> bool:
    """Subscribe to a filter, or no more, once. Returns whether the chat is subscribed now."""
    chat_id = request.chat.id

    def change(connection: Connection) -> bool:
        if on:
            subscriptions.subscribe(connection, chat_id, key, request.now)
        else:
            subscriptions.unsubscribe(connection, chat_id, filters.find(connection, key).id)
        return on

    def again(connection: Connection) -> bool:
        return any(one.key == key for one in subscriptions.subscribed(connection, chat_id))

    return await request.once(change, again)


async def show_follow(request: Request) -> None:
    """The first page of following."""
    now = await request.standing()
    await request.show(menu(request).follow(now.has(filters.MEETINGS), now.tags))


async def all_tap(request: Request) -> None:
    """All meetings of ministers, or no more."""
    await request.known()
    now = await request.standing()
    await _turn_filter(request, filters.MEETINGS, on=not now.has(filters.MEETINGS))
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
    await request.known()
    now = await request.standing()
    if tag is None or (tag not in now.tags and not _exists(request, tag, now)):
        raise ValueError(tag)
    return await _toggle(request, tag, now)


def _exists(request: Request, tag: str, now: Standing) -> bool:
    if any(tag == f"filter:{one.id}" for one in now.offered):
        return True
    return any(tag == one.tag for view in VIEWS for one in choices(view, request.language, today(request)))


async def filters_tap(request: Request, page: str) -> None:
    """A page of filters."""
    now = await request.standing()
    await request.show(menu(request).filters(now.offered, now.subscribed, int(page)))


async def filter_tap(request: Request, page: str, number: str) -> None:
    """One filter, on or off."""
    await request.known()
    now = await request.standing()
    if not any(one.id == int(number) for one in now.offered):
        raise ValueError(number)
    await request.note(await _toggle(request, f"filter:{int(number)}", now))
    await filters_tap(request, page)


async def meeting_menu(request: Request, number: str) -> None:
    """What of a meeting can be followed."""
    story, now = await story_of(request, number), await request.standing()
    await request.send(_about(request, story, now.tags))


def _about(request: Request, story: MeetingStory, tags: Sequence[str]) -> Message:
    found = _of_meeting(request, story)
    return menu(request).about_meeting(story.meeting.story_id, name_of(request, story), found, tags)


async def meeting_tap(request: Request, number: str, tag: str) -> None:
    """One thing that a meeting is about, on or off."""
    story = await story_of(request, number)
    found = _of_meeting(request, story)
    chosen = unshortened(tag, (one.tag for one in found))
    if chosen not in {one.tag for one in found}:
        raise ValueError(tag)
    await request.known()
    await request.note(await _toggle(request, chosen or "", await request.standing()))
    now = await request.standing()
    await request.show(_about(request, story, now.tags))


async def story_of(request: Request, number: str) -> MeetingStory:
    """The meeting whose number a button names. Raises `ValueError`, `NotFound`."""
    if not number.isdecimal() or len(number) > 15:
        raise ValueError(number)
    return await request.desk.read(partial(news.meeting, story_id=int(number)))


def name_of(request: Request, story: MeetingStory) -> str:
    """What a meeting is called."""
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
    followed = next((one for one in now.subscribed if what == f"f{one.id}"), None)
    tag = unshortened(what, now.tags)
    if followed is not None:
        await _turn_filter(request, followed.key, on=False)
    elif tag is not None:
        await _turn_tag(request, tag, on=False)
    await mine(request, page)
