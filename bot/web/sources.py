"""`/admin/sources`: the newsrooms. A new one is looked at before it is added, and page rules before they are saved."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from bot import changing, checking
from bot.adding import new_definition, refuse_known, refuse_useless
from bot.changing import CannotChange
from bot.checking import Checked, CheckFailed, Comparison
from bot.web.visit import Visit, no_such_act
from bot.web.words import RULES, VERDICTS
from feeds.collect.written import as_toml
from feeds.observed import ParsedEntry
from feeds.publish.health import FLOOD_SHOWN, remarks
from feeds.publish.sparkline import bars
from feeds.publish.words import SOURCE_STATES
from feeds.understand.meetings import understand
from feeds.work import article
from storage import lessons, sources
from storage.database import Connection
from storage.errors import KaigiError, NotFound
from storage.model import PageRules, Source, SourceDefinition, SourceKind, SourceState, Trust

ENTRIES = 8  #: that a check shows
ORDER = (
    SourceState.FAILING, SourceState.BLOCKED, SourceState.EMPTY, SourceState.SILENT, SourceState.SLOW, SourceState.NEW,
    SourceState.PAUSED, SourceState.OK,
)  # fmt: skip
_FIELDS = ("key", "name", "kind", "language", "country", "trust", "time_zone")


async def every(visit: Visit) -> Response:
    """All sources, those in trouble first, and the form of a new one."""
    if not visit.acts:
        return await _list(visit)
    try:
        if visit.act == "look":
            return await _looked(visit)
        if visit.act == "check":
            return await _list(visit, checked=await _check(visit, _defined(visit)), defined=_defined(visit))
        if visit.act != "add":
            raise no_such_act()
        number, line = await _added(visit, _defined(visit))
    except KaigiError as error:
        told = {"problem": str(error), "useless": visit.act == "add" and isinstance(error, CheckFailed)}
        return await _list(visit, HTTPStatus.BAD_REQUEST, defined=_defined_if_can(visit), **told)
    return visit.go(f"/admin/sources/{number}", line)


async def one(visit: Visit) -> Response:
    """One source in all detail; a form looks at it now, tries or saves page rules, pauses, resumes or removes it."""
    source = await visit.area.read(partial(sources.get, source_id=visit.place))
    if not visit.acts:
        return await _card(visit, source)
    if visit.act in ("check", "rules", "save"):
        return await _read(visit, source)
    work = _ACTS.get(visit.act)
    if work is None:
        raise no_such_act()
    try:
        line = await visit.area.write(lambda connection: work(connection, visit, source))
    except NotFound:
        raise
    except KaigiError as error:
        return await _card(visit, source, HTTPStatus.CONFLICT, problem=str(error))
    return visit.go("/admin/sources" if visit.act == "remove" else f"/admin/sources/{source.id}", line)


def _pause(connection: Connection, visit: Visit, source: Source) -> int:
    return changing.pause_source(connection, source, who=visit.who, now=visit.now)


def _resume(connection: Connection, visit: Visit, source: Source) -> int:
    return changing.resume_source(connection, source, who=visit.who, now=visit.now)


def _remove(connection: Connection, visit: Visit, source: Source) -> int:
    return changing.remove_source(connection, source, who=visit.who, now=visit.now)


_ACTS: dict[str, Callable[[Connection, Visit, Source], int]] = {"pause": _pause, "resume": _resume, "remove": _remove}


# ------------------------------------------------------------------------------------------------ looking


async def _looked(visit: Visit) -> Response:
    """Find out how an address can be read; the form that follows has what was found, to be changed and added."""
    given = new_definition(visit.said("url"), key=visit.said("key").lower() or None)
    await visit.area.read(partial(refuse_known, definition=given))
    try:
        async with visit.area.checks:
            checked = await checking.check_new(visit.area.settings, given, None, ENTRIES)
    except CheckFailed as error:  # it may answer another day: it can be added as it was given
        return await _list(visit, HTTPStatus.BAD_REQUEST, problem=str(error), defined=given)
    return await _list(visit, checked=checked, defined=checked.definition)


async def _check(visit: Visit, definition: SourceDefinition) -> Checked:
    async with visit.area.checks:
        return await checking.check_known(visit.area.settings, definition, ENTRIES)


async def _added(visit: Visit, definition: SourceDefinition) -> tuple[int, int]:
    """Keep a new source. Returns its number and the line of the audit. Raises `AlreadyExists`, `CheckFailed`."""
    await visit.area.read(partial(refuse_known, definition=definition))
    await _refuse_useless(visit, definition)
    line = await visit.area.write(partial(changing.add_source, definition=definition, who=visit.who, now=visit.now))
    return (await visit.area.read(partial(sources.find, key_or_url=definition.key))).id, line


async def _refuse_useless(visit: Visit, definition: SourceDefinition) -> None:
    """What is kept can be read, unless the admin wants it all the same."""
    if "force" not in visit.form:
        async with visit.area.checks:
            await refuse_useless(visit.area.settings, definition)


async def _read(visit: Visit, source: Source) -> Response:
    """Look at a source with its own rules, look with those of the form, or save these."""
    definition, saves = source.definition, visit.act == "save"
    try:
        if visit.act != "check":
            definition = replace(definition, rules=_rules_of(visit, definition))
        if saves:
            return await _saved(visit, source, definition)
        checked = await _check(visit, definition)
        return await _card(visit, source, checked=checked, rules=definition.rules)
    except CheckFailed as error:
        told = {"compared": await _compared(visit, source, definition), "problem": str(error), "useless": saves}
        status = HTTPStatus.BAD_REQUEST if saves else HTTPStatus.OK
        return await _card(visit, source, status, rules=definition.rules, **told)
    except NotFound:
        raise
    except KaigiError as error:
        rules = None if visit.act == "check" else _rules_as_given(visit)
        status = HTTPStatus.CONFLICT if isinstance(error, CannotChange) else HTTPStatus.BAD_REQUEST
        return await _card(visit, source, status, problem=str(error), rules=rules)


async def _saved(visit: Visit, source: Source, definition: SourceDefinition) -> Response:
    await _refuse_useless(visit, definition)
    save = partial(changing.save_rules, source=source, rules=definition.rules, who=visit.who, now=visit.now)
    return visit.go(f"/admin/sources/{source.id}", await visit.area.write(save))


async def _compared(visit: Visit, source: Source, definition: SourceDefinition) -> Comparison | None:
    """A page whose rules find nothing: what it had, and how it could be read now."""
    if definition.kind is not SourceKind.PAGE:
        return None
    then = await visit.area.read(partial(lessons.snapshot, source_id=source.id))
    async with visit.area.checks:
        return await checking.compare(visit.area.settings, definition, then)


def _rules_of(visit: Visit, definition: SourceDefinition) -> PageRules | None:
    """The rules of the form, checked as those of a sources file. Raises `SourcesFileError`."""
    given = new_definition(definition.url, {"rules": _rules(visit)}, key=definition.key, kind="page")
    return given.rules


def _rules(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] = {name: visit.said(f"rule_{name}") for name in RULES["en"]}
    found["cut"] = [line.strip() for line in found["cut"].splitlines() if line.strip()]
    return {name: value for name, value in found.items() if value}


def _rules_as_given(visit: Visit) -> PageRules:
    """For the form that is shown again, also where they cannot be rules."""
    given = _rules(visit)
    return PageRules(**{**given, "cut": tuple(given.get("cut", ()))})


def _defined(visit: Visit) -> SourceDefinition:
    """The source that the form describes. Raises `SourcesFileError`."""
    fields = {name: visit.said(name, 300) or None for name in _FIELDS}
    fields["key"] = fields["key"].lower() if fields["key"] else None
    rules = _rules(visit) if fields["kind"] == SourceKind.PAGE else {}
    return new_definition(visit.said("url", 2_000), {"rules": rules}, **fields)


def _defined_if_can(visit: Visit) -> SourceDefinition | None:
    """For the form that is shown again."""
    try:
        return _defined(visit) if "kind" in visit.form else None
    except KaigiError:
        return None


# ------------------------------------------------------------------------------------------------ showing


async def _list(visit: Visit, status: int = HTTPStatus.OK, **told: Any) -> Response:
    found = await visit.area.read(sources.every)
    found.sort(key=lambda each: (not each.definition.enabled, ORDER.index(each.state), each.definition.key))
    usual: dict[str, Any] = {"problem": "", "checked": None, "defined": None, "useless": False}
    return await visit.page(
        "sources.html", status, shown=found, states=SOURCE_STATES[visit.language], given=visit.said("url", 2_000),
        trusts=[str(trust) for trust in Trust], **_rules_and_entries(visit, told), **(usual | told),
    )  # fmt: skip


async def _card(
    visit: Visit, source: Source, status: int = HTTPStatus.OK, *, rules: PageRules | None = None, **told: Any
) -> Response:
    events = await visit.area.read(partial(sources.events, source_id=source.id))
    notes = await visit.area.read(lambda connection: _notes(connection, visit, source))
    follows = await visit.area.read(partial(sources.follows, source_id=source.id))
    usual: dict[str, Any] = {"problem": "", "checked": None, "compared": None, "useless": False}
    return await visit.page(
        "source.html", status, source=source, about=source.definition, events=events, notes=notes,
        bars=bars(events[::-1]), states=SOURCE_STATES[visit.language], toml=as_toml(source.definition),
        rules=rules or source.definition.rules or PageRules(), resting=_rests(source), follows=follows,
        tried=visit.act in ("rules", "save"),
        **_rules_and_entries(visit, told), **(usual | told),
    )  # fmt: skip


def _rests(source: Source) -> bool:
    return source.state is SourceState.PAUSED or not source.definition.enabled


def _notes(connection: Connection, visit: Visit, source: Source) -> tuple[str, ...]:
    flood = sources.floods(connection, visit.now - FLOOD_SHOWN).get(source.id)
    return remarks(source, flood, lessons.snapshot(connection, source.id), visit.language, visit.now)


def _rules_and_entries(visit: Visit, told: dict[str, Any]) -> dict[str, Any]:
    """What a check found, as its table and as the lines of a sources file."""
    checked: Checked | None = told.get("checked")
    compared: Comparison | None = told.get("compared")
    proposed = compared.proposed[0] if compared and compared.proposed else None
    entries = [(entry, _verdict(visit, entry, checked.definition)) for entry in checked.shown] if checked else []
    return {
        "rule_words": RULES[visit.language],
        "entries": entries,
        "found_toml": as_toml(checked.definition) if checked else as_toml(proposed) if proposed else "",
    }


def _verdict(visit: Visit, entry: ParsedEntry, about: SourceDefinition) -> tuple[str, str]:
    verdict = str(understand(article(entry, about)).verdict)
    return verdict, VERDICTS[visit.language].get(verdict, verdict)
