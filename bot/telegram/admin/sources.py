"""`/sources` and `/source …`: the newsrooms, the troubled ones first. Asking a newsroom goes on in the background."""

from functools import partial

from bot import changing, checking
from bot.adding import find_out, new_definition, refuse_known
from bot.telegram.admin.answers import (
    Answer,
    Ask,
    bold,
    code,
    data,
    esc,
    lines,
    link,
    number,
    page_of,
    turning,
)
from bot.telegram.markup import Button
from bot.telegram.refusals import in_words
from bot.telegram.texts import msgid
from feeds.observed import ParsedEntry
from feeds.publish.health import FLOOD_SHOWN, remarks
from feeds.publish.words import SOURCE_STATES
from feeds.understand.meetings import understand
from feeds.work import article
from storage import lessons, sources
from storage.database import Connection
from storage.errors import NotFound
from storage.model import Source, SourceDefinition, SourceKind, SourceState

USAGE = (
    "/source add ADDRESS [KEY]\n/source check KEY or ADDRESS\n/source pause KEY\n/source resume KEY\n/source remove KEY"
)
ENTRIES = 5  #: that a check shows

#: The worst first.
_ORDER = (
    SourceState.FAILING, SourceState.BLOCKED, SourceState.EMPTY, SourceState.SILENT, SourceState.SLOW, SourceState.NEW,
    SourceState.PAUSED, SourceState.OK,
)  # fmt: skip
_MARKS = {
    SourceState.FAILING: "🔴", SourceState.BLOCKED: "🚫", SourceState.EMPTY: "🕳", SourceState.SILENT: "🤫",
    SourceState.SLOW: "🐌", SourceState.NEW: "🆕", SourceState.PAUSED: "⏸", SourceState.OK: "🟢",
}  # fmt: skip


async def listing(ask: Ask) -> Answer:
    """All sources, the bad ones first, a few on a page."""
    every = sorted(await ask.read(sources.every), key=_badness)
    shown, page, pages = page_of(every, number(ask.rest))
    bad = sum(one.definition.enabled and _ORDER.index(one.state) < 4 for one in every)
    head = bold(ask.say("All sources") + f" ({len(every)})") + f" · {ask.say('{count} in trouble', count=bad)}"
    rows = [
        f"{_mark(one)} {code(one.definition.key)} {esc(one.definition.name, 50)} · {_seen(ask, one)}" for one in shown
    ]
    buttons = tuple(
        (Button(f"{_mark(one)} {one.definition.key}"[:40], data=data("source", one.id)),) for one in shown
    )  # fmt: skip
    return Answer(html=lines(head, *rows), buttons=(*buttons, *turning("sources", page, pages)))


def _badness(one: Source) -> tuple[bool, int, str]:
    return not one.definition.enabled, _ORDER.index(one.state), one.definition.key


def _mark(one: Source) -> str:
    return _MARKS[one.state] if one.definition.enabled else "⚪"


def _seen(ask: Ask, one: Source) -> str:
    return esc(ask.clock(one.last_success_at))


async def card(ask: Ask) -> Answer:
    """One source with what can be done about it."""
    return await _card(ask, await ask.read(partial(sources.get, source_id=number(ask.rest))))


async def _card(ask: Ask, one: Source, said: str = "", line: int | None = None) -> Answer:
    about = one.definition
    notes = await ask.read(lambda c: _notes(c, ask, one))
    state, meaning = SOURCE_STATES[ask.language][one.state]
    resting = one.state is SourceState.PAUSED or not about.enabled
    turn = (msgid("Resume"), "source_resume") if resting else (msgid("Pause"), "source_pause")
    rows: list[tuple[Button, ...]] = [
        (ask.button("Check now", "source_check", one.id), ask.button(turn[0], turn[1], one.id)),
        (ask.button("Remove", "source_remove", one.id), ask.button("All sources", "sources", 0)),
    ]
    if line is not None:
        rows.insert(0, (ask.button("Undo", "undo", line),))
    shown = lines(
        said,
        f"{_mark(one)} {bold(about.name)} {code(about.key)}",
        link(about.url, about.url),
        f"{esc(state)}: {esc(meaning)}",
        ask.say(
            "Last read {moment}, failures in a row: {count}", moment=ask.clock(one.last_success_at), count=one.failures
        ),
        f"⚠️ {esc(in_words(ask.language, one.last_error), 400)}" if one.last_error else "",
        *(esc(remark, 400) for remark in notes),
    )
    return Answer(html=shown, buttons=tuple(rows))


def _notes(connection: Connection, ask: Ask, one: Source) -> tuple[str, ...]:
    flood = sources.floods(connection, ask.now - FLOOD_SHOWN).get(one.id)
    return remarks(one, flood, lessons.snapshot(connection, one.id), ask.language, ask.now)


async def command(ask: Ask) -> Answer:
    """`/source add|check|pause|resume|remove …`"""
    verb, _, rest = ask.rest.partition(" ")
    work = _VERBS.get(verb.lower())
    if work is None or not rest.strip():
        return Answer(html=lines(ask.say("Write one of:"), code(USAGE, 600)))
    return await work(ask, rest.strip())


async def _add(ask: Ask, rest: str) -> Answer:
    url, _, key = rest.partition(" ")
    given = new_definition(url, key=key.strip().lower() or None)
    await ask.read(lambda c: refuse_known(c, given))
    return Answer(html=ask.say("Looking at {url} …", url=url), later=lambda: _found_out(ask, given))


async def _found_out(ask: Ask, given: SourceDefinition) -> Answer:
    chosen = await find_out(ask.office.settings, given, None, named=False)
    added = await ask.write(lambda c: _keep(c, ask, chosen.definition))
    said = lines(ask.say("Added. It is read now."), esc(chosen.note, 300), esc(chosen.warning, 400))
    return await _card(ask, added[0], said, added[1])


def _keep(connection: Connection, ask: Ask, definition: SourceDefinition) -> tuple[Source, int]:
    line = changing.add_source(connection, definition, who=ask.who, now=ask.now)
    return sources.find(connection, definition.key), line


async def _check(ask: Ask, name: str) -> Answer:
    try:
        known = (await ask.read(lambda c: sources.find(c, name))).definition
    except NotFound:
        if "." not in name:  # a key has none
            raise
        known = None
    if known is None:
        new_definition(name)  # refuses what is no web address
    return Answer(
        html=ask.say("Looking at {url} …", url=known.url if known else name), later=lambda: _read(ask, known, name)
    )


async def _read(ask: Ask, known: SourceDefinition | None, url: str) -> Answer:
    settings = ask.office.settings
    if known is not None:
        checked = await checking.check_known(settings, known, ENTRIES)
    else:
        checked = await checking.check_new(settings, new_definition(url), None, ENTRIES)
    about = checked.definition
    kind = ask.say("a list page") if about.kind is SourceKind.PAGE else ask.say("a feed")
    head = ask.say("{count} entries", count=len(checked.parsed.entries))
    shown = [_entry(ask, entry, about) for entry in checked.shown]
    problems = [f"⚠️ {esc(in_words(ask.language, problem), 200)}" for problem in checked.parsed.problems[:3]]
    others = [f"+ {esc(other.url, 200)}" for other in checked.others[:3]]
    hint = "" if known else code(f"/source add {about.url}")
    return Answer(
        html=lines(
            f"{bold(about.name)} · {kind} · {head}", link(about.url, about.url), *problems, *shown, *others, hint
        )
    )


def _entry(ask: Ask, entry: ParsedEntry, about: SourceDefinition) -> str:
    verdict = understand(article(entry, about)).verdict
    mark = {"meeting": "🤝", "uncertain": "❓"}.get(str(verdict), "·")
    return f"{mark} {esc(ask.clock(entry.published_at))} {esc(entry.title, 120)}"


async def _pause(ask: Ask, name: str) -> Answer:
    return await _turn(ask, name, changing.pause_source, msgid("Paused: it is not read until it is resumed."))


async def _resume(ask: Ask, name: str) -> Answer:
    return await _turn(ask, name, changing.resume_source, msgid("Resumed: it is read now."))


async def _turn(ask: Ask, name: str, change: object, said: str) -> Answer:
    def work(connection: Connection) -> tuple[Source, int]:
        source = sources.find(connection, name)
        line = change(connection, source, who=ask.who, now=ask.now)  # type: ignore[operator]
        return sources.get(connection, source.id), line

    source, line = await ask.write(work)
    return await _card(ask, source, ask.say(said), line)


async def _remove(ask: Ask, name: str) -> Answer:
    one = await ask.read(lambda c: sources.find(c, name))
    return Answer(
        html=lines(
            ask.say("Remove {name} with all its articles?", name=one.definition.name),
            ask.say("Taking that back reads the source anew; articles that it no longer shows are lost."),
        ),
        buttons=((
            ask.button("Yes, remove", "source_removed", one.id), ask.button("No", "source", one.id)
        ),),
    )  # fmt: skip


async def removed(ask: Ask) -> Answer:
    """Remove the source that was asked about."""

    def work(connection: Connection) -> tuple[Source, int]:
        one = sources.get(connection, number(ask.rest))
        return one, changing.remove_source(connection, one, who=ask.who, now=ask.now)

    one, line = await ask.write(work)
    return Answer(
        html=ask.say("Removed {name}.", name=one.definition.name), buttons=((ask.button("Undo", "undo", line),),)
    )


async def _key(ask: Ask) -> str:
    return (await ask.read(partial(sources.get, source_id=number(ask.rest)))).definition.key


async def click_check(ask: Ask) -> Answer:
    """Ask the newsroom of a card, now."""
    answer = await _check(ask, await _key(ask))
    return Answer(html=answer.html, later=answer.later, fresh=True)


async def click_pause(ask: Ask) -> Answer:
    """Pause the source of a card."""
    return await _pause(ask, await _key(ask))


async def click_resume(ask: Ask) -> Answer:
    """Resume the source of a card."""
    return await _resume(ask, await _key(ask))


async def click_remove(ask: Ask) -> Answer:
    """Ask whether the source of a card is to go."""
    return await _remove(ask, await _key(ask))


_VERBS = {"add": _add, "check": _check, "pause": _pause, "resume": _resume, "remove": _remove}
