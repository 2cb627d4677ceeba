"""`/filters` and `/filter …`: the named queries, from a phone."""

from dataclasses import replace
from functools import partial
from typing import Any

from bot import changing
from bot.changing import Storm
from bot.explaining import because
from bot.telegram.admin.answers import (
    Answer,
    Ask,
    bold,
    code,
    data,
    esc,
    fingerprint,
    lines,
    number,
    page_of,
    turning,
)
from bot.telegram.markup import Button
from bot.telegram.refusals import in_words
from bot.telegram.texts import msgid
from feeds.decide.query import parse
from feeds.rehearsal import Rehearsal, rehearse
from storage import filters
from storage.errors import NotFound
from storage.model import Filter, FilterAction

USAGE = (
    "/filter add KEY QUERY\n/filter block KEY QUERY\n/filter edit KEY QUERY\n/filter title KEY TITLE\n"
    "/filter alerts KEY on|off\n/filter test KEY or QUERY\n/filter pause KEY\n/filter resume KEY\n"
    "/filter remove KEY\n/filter undo KEY"
)


async def listing(ask: Ask) -> Answer:
    """All filters, a few on a page, each a button."""
    every = await ask.read(filters.every)
    shown, page, pages = page_of(every, number(ask.rest))
    rows = [f"{_mark(one)} {code(one.key)} {esc(one.title, 60)}\n    {esc(one.query or '∗', 90)}" for one in shown]
    buttons = tuple((Button(f"{_mark(one)} {one.key}", data=data("filter", one.id)),) for one in shown)
    head = bold(ask.say("Filters") + f" ({len(every)})")
    return Answer(html=lines(head, *rows), buttons=(*buttons, *turning("filters", page, pages)))


def _mark(one: Filter) -> str:
    if one.paused:
        return "⏸"
    if one.action is FilterAction.BLOCK:
        return "⛔"
    return "🔔" if one.alerts else "🔕"


async def card(ask: Ask) -> Answer:
    """One filter with what can be done about it."""
    return _card(ask, await _by_number(ask))


async def _by_number(ask: Ask) -> Filter:
    every = await ask.read(filters.every)
    found = next((one for one in every if one.id == number(ask.rest)), None)
    if found is None:
        raise NotFound("This filter is not there any more.")
    return found


def _card(ask: Ask, one: Filter, said: str = "", line: int | None = None) -> Answer:
    turn = (msgid("Resume"), "filter_resume") if one.paused else (msgid("Pause"), "filter_pause")
    rows: list[tuple[Button, ...]] = [
        (ask.button("Test", "filter_test", one.id), ask.button(turn[0], turn[1], one.id)),
        (ask.button("Remove", "filter_remove", one.id), ask.button("All filters", "filters", 0)),
    ]
    if line is not None:
        rows.insert(0, (ask.button("Undo", "undo", line),))
    title = f"{_mark(one)} {bold(one.title)} {code(one.key)}"
    state = ask.say(_STATES[_mark(one)])
    return Answer(html=lines(said, title, state, code(one.query or "∗")), buttons=tuple(rows))


_STATES = {
    "⏸": msgid("Paused: it raises no alerts and blocks nothing."),
    "⛔": msgid("A block rule: what matches raises no alert and is in no other filter."),
    "🔔": msgid("New matches are sent to the chats that follow it."),
    "🔕": msgid("Raises no alerts; it is a feed and a page."),
}


async def command(ask: Ask) -> Answer:
    """`/filter add|block|edit|title|alerts|test|pause|resume|remove|undo …`"""
    verb, _, rest = ask.rest.partition(" ")
    key, _, value = rest.strip().partition(" ")
    work = _VERBS.get(verb.lower())
    forgotten = not key if verb.lower() not in _WITH_QUERY else not value.strip()
    if work is None or (forgotten and verb.lower() != "undo"):
        return Answer(html=lines(ask.say("Write one of:"), code(USAGE, 600)))
    try:
        return await work(ask, key, value.strip())
    except Storm as storm:
        return _stormy(ask, storm)


def _stormy(ask: Ask, storm: Storm) -> Answer:
    again = ask.button("Do it anyway", "force", fingerprint(f"/filter {ask.rest}"))
    return Answer(html=f"🌩 {esc(in_words(ask.language, str(storm)), 900)}", buttons=((again,),), reply=True)


async def anyway(ask: Ask) -> Answer:
    """Do a refused change all the same: the one that the message answers, as it stood when it was refused."""
    rest = "".join(ask.command.split(maxsplit=1)[1:]).strip()
    if fingerprint(f"/filter {rest}") != ask.rest:
        return Answer(html=ask.say("The command is not there any more as it was. Please send it again."))
    return await command(replace(ask, rest=rest, force=True))


async def _add(ask: Ask, key: str, query: str, action: FilterAction = FilterAction.KEEP) -> Answer:
    words = {"key": key.lower(), "query": query, "action": action, "force": ask.force}
    done = await ask.write(lambda c: changing.add_filter(c, who=ask.who, now=ask.now, **words))  # type: ignore[arg-type]
    assert done.filter is not None
    return _card(ask, done.filter, ask.say("Added. It raises no alerts about what is known already."), done.line)


async def _edit(ask: Ask, key: str, query: str) -> Answer:
    parse(query)
    return await _edited(ask, key, query=query)


async def _title(ask: Ask, key: str, title: str) -> Answer:
    if not title:
        return Answer(html=code(f"/filter title {key} …"))
    return await _edited(ask, key, title=title[:120])


async def _alerts(ask: Ask, key: str, value: str) -> Answer:
    if value.lower() not in ("on", "off"):
        return Answer(html=code(f"/filter alerts {key} on") + "\n" + code(f"/filter alerts {key} off"))
    return await _edited(ask, key, alerts=value.lower() == "on")


async def _edited(ask: Ask, key: str, **words: Any) -> Answer:
    change = partial(changing.edit_filter, key=key, who=ask.who, now=ask.now, force=ask.force, **words)
    return _changed(ask, await ask.write(change))


def _changed(ask: Ask, done: changing.Changed) -> Answer:
    assert done.filter is not None
    return _card(ask, done.filter, ask.say("Changed.") if done.line else ask.say("It was so already."), done.line)


async def _pause(ask: Ask, key: str, _value: str = "") -> Answer:
    change = partial(changing.pause_filter, key=key, paused=True, who=ask.who, now=ask.now)
    return _changed(ask, await ask.write(change))


async def _resume(ask: Ask, key: str, _value: str = "") -> Answer:
    change = partial(changing.pause_filter, key=key, paused=False, who=ask.who, now=ask.now)
    return _changed(ask, await ask.write(change))


async def _remove(ask: Ask, key: str, _value: str = "") -> Answer:
    done = await ask.write(partial(changing.remove_filter, key=key, who=ask.who, now=ask.now))
    return Answer(
        html=ask.say("Removed {key}. Those who followed it stay with it if you take that back.", key=key),
        buttons=((ask.button("Undo", "undo", done.line), ask.button("All filters", "filters", 0)),),
    )


async def _undo(ask: Ask, key: str, _value: str = "") -> Answer:
    taken = await ask.write(lambda c: changing.undo_filter(c, key or None, who=ask.who, now=ask.now))
    return Answer(html=ask.say("Took back: {what} of {key}.", what=taken.what, key=taken.key))


async def _test(ask: Ask, key: str, rest: str) -> Answer:
    query = f"{key} {rest}".strip()
    known = {one.key: one.query for one in await ask.read(filters.every)}
    parsed = parse(known.get(query, query))
    done = await ask.read(lambda c: rehearse(c, parsed, ask.now))
    return Answer(html=_rehearsed(ask, done, query))


def _rehearsed(ask: Ask, done: Rehearsal, query: str) -> str:
    counts = ask.say(
        "{matched} of {seen} articles, {meetings} meetings",
        matched=done.matched,
        seen=done.seen,
        meetings=done.meetings,
    )
    days = " ".join(f"{day:%m-%d}: {count}" for day, count in done.alerts)
    shown = [
        f"• {esc(one.title, 120)} ({esc(one.source_key, 40)})\n    {esc(because(one.decision), 160)}"
        for one in done.examples
    ]
    alerts = ask.say("Alerts in the last 7 days: {days}", days=days)
    objections = [f"🌩 {esc(in_words(ask.language, one))}" for one in done.objections]
    return lines(code(query), counts, *shown, alerts, *objections)


async def click_test(ask: Ask) -> Answer:
    """Try the filter under whose card the button stands."""
    one = await _by_number(ask)
    parsed = parse(one.query)
    done = await ask.read(lambda c: rehearse(c, parsed, ask.now))
    return Answer(html=_rehearsed(ask, done, one.query or one.key), fresh=True)


async def click_pause(ask: Ask) -> Answer:
    """Pause the filter of a card."""
    return await _pause(ask, (await _by_number(ask)).key)


async def click_resume(ask: Ask) -> Answer:
    """Go on with the filter of a card."""
    return await _resume(ask, (await _by_number(ask)).key)


async def click_remove(ask: Ask) -> Answer:
    """Remove the filter of a card."""
    return await _remove(ask, (await _by_number(ask)).key)


async def _block(ask: Ask, key: str, query: str) -> Answer:
    return await _add(ask, key, query, FilterAction.BLOCK)


_WITH_QUERY = ("add", "block", "edit")  #: an empty query means every article, which nobody means in a chat

_VERBS = {
    "add": _add,
    "block": _block,
    "edit": _edit,
    "title": _title,
    "alerts": _alerts,
    "test": _test,
    "pause": _pause,
    "resume": _resume,
    "remove": _remove,
    "undo": _undo,
}
