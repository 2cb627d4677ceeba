"""`/admin/filters`: the named queries, each tried on the archive before it is saved."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from bot import changing
from bot.changing import Changed, FilterRefused, Storm
from bot.explaining import because
from bot.told import difference
from bot.web.visit import Visit, no_such_act
from feeds.decide.query import parse
from feeds.publish.in_words import in_words
from feeds.rehearsal import Rehearsal, rehearse
from storage import audit, filters
from storage.database import Connection
from storage.errors import KaigiError, NotFound
from storage.model import Filter, FilterAction

HISTORY = 20  #: changes that are shown
LONGEST_TITLE = 120


async def every(visit: Visit) -> Response:
    """All filters, and the form of a new one."""
    if not visit.acts:
        return await _list(visit)
    try:
        if visit.act == "test":
            return await _list(visit, tried=await _try(visit))
        if visit.act != "add":
            raise no_such_act()
        done = await visit.area.write(partial(_add, visit=visit))
    except NotFound:
        raise
    except KaigiError as error:
        return await _list(visit, HTTPStatus.BAD_REQUEST, problem=str(error), stormy=isinstance(error, Storm))
    return visit.go(f"/admin/filters/{visit.said('key').lower()}", done.line)


async def one(visit: Visit) -> Response:
    """One filter with its history; a form tries, saves, pauses, resumes, removes it or takes its last change back."""
    key: str = visit.request.path_params["key"]
    found = await visit.area.read(partial(filters.find, key=key))
    if not visit.acts:
        return await _card(visit, found)
    try:
        if visit.act == "test":
            return await _card(visit, found, tried=await _try(visit))
        work = _ACTS.get(visit.act)
        if work is None:
            raise no_such_act()
        done = await visit.area.write(lambda connection: work(connection, visit, key))
    except NotFound:
        raise
    except KaigiError as error:
        return await _card(visit, found, HTTPStatus.BAD_REQUEST, problem=str(error), stormy=isinstance(error, Storm))
    return visit.go(f"/admin/filters/{key}" if done.filter is not None else "/admin/filters", done.line)


def _add(connection: Connection, visit: Visit) -> Changed:
    if not visit.said("query"):
        raise _empty()
    blocks = visit.said("action") == FilterAction.BLOCK
    return changing.add_filter(
        connection, key=visit.said("key").lower(), query=visit.said("query"), who=visit.who, now=visit.now,
        title=visit.said("title", LONGEST_TITLE) or None, alerts="alerts" in visit.form,
        action=FilterAction.BLOCK if blocks else FilterAction.KEEP, force="force" in visit.form,
    )  # fmt: skip


def _empty() -> FilterRefused:
    return FilterRefused("Write a query. An empty one would mean every article.")


def _save(connection: Connection, visit: Visit, key: str) -> Changed:
    before = filters.find(connection, key)
    if before.query and not visit.said("query"):
        raise _empty()
    words: dict[str, Any] = {
        "query": visit.said("query"),
        "title": visit.said("title", LONGEST_TITLE) or before.title,
        "alerts": "alerts" in visit.form,
    }
    new = {name: value for name, value in words.items() if getattr(before, name) != value}
    parse(words["query"])
    return changing.edit_filter(connection, key, who=visit.who, now=visit.now, force="force" in visit.form, **new)


def _pause(connection: Connection, visit: Visit, key: str) -> Changed:
    return changing.pause_filter(connection, key, paused=True, who=visit.who, now=visit.now)


def _resume(connection: Connection, visit: Visit, key: str) -> Changed:
    return changing.pause_filter(connection, key, paused=False, who=visit.who, now=visit.now)


def _remove(connection: Connection, visit: Visit, key: str) -> Changed:
    return changing.remove_filter(connection, key, who=visit.who, now=visit.now)


def _undo(connection: Connection, visit: Visit, key: str) -> Changed:
    changing.undo_filter(connection, key, who=visit.who, now=visit.now)
    left = next((each for each in filters.every(connection) if each.key == key), None)
    return Changed(filter=left, line=audit.page(connection, limit=1)[0].id)


_ACTS: dict[str, Callable[[Connection, Visit, str], Changed]] = {
    "save": _save, "pause": _pause, "resume": _resume, "remove": _remove, "undo": _undo,
}  # fmt: skip


async def _try(visit: Visit) -> Rehearsal:
    """What the query of the form would have done. Raises `QueryError`."""
    query = parse(visit.said("query"))
    return await visit.area.read(lambda connection: rehearse(connection, query, visit.now))


async def _list(visit: Visit, status: int = HTTPStatus.OK, **told: Any) -> Response:
    found = await visit.area.read(filters.every)
    given = {
        "key": visit.said("key"), "title": visit.said("title"), "action": visit.said("action"),
        "query": visit.said("query") or visit.request.query_params.get("q", "")[:4_000],
        "alerts": "alerts" in visit.form or not visit.acts,
    }  # fmt: skip
    shown = [(each, state_of(each), _meaning(each, visit)) for each in found]
    return await visit.page("filters.html", status, shown=shown, given=given, **(_NOTHING | told))


async def _card(visit: Visit, found: Filter, status: int = HTTPStatus.OK, **told: Any) -> Response:
    history = await visit.area.read(partial(filters.history, key=found.key, limit=HISTORY))
    given = {"query": found.query, "title": found.title, "alerts": found.alerts}
    if visit.act in ("test", "save"):
        given = {"query": visit.said("query"), "title": visit.said("title"), "alerts": "alerts" in visit.form}
    return await visit.page(
        "filter.html", status, filter=found, state=state_of(found), meaning=_meaning(found, visit), given=given,
        history=history, difference=difference, built_in=found.key in changing.BUILT_IN, **(_NOTHING | told),
    )  # fmt: skip


_NOTHING: dict[str, Any] = {"problem": "", "stormy": False, "tried": None, "because": because}


def state_of(one_filter: Filter) -> str:
    """How a filter is, in one of the words of `words.STATES`."""
    if one_filter.paused:
        return "paused"
    if one_filter.action is FilterAction.BLOCK:
        return "block"
    return "alerts" if one_filter.alerts else "quiet"


def _meaning(one_filter: Filter, visit: Visit) -> str:
    try:
        return in_words(parse(one_filter.query), visit.language)
    except KaigiError:  # written by a version that knew more words
        return one_filter.query
