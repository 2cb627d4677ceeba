"""Commands on filters: `kaigi filters …` and `kaigi top`."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from storage.choices import FilterAction

if TYPE_CHECKING:
    from feeds.rehearsal import Rehearsal
    from storage.database import Database
    from storage.model import Filter, FilterChange

app = typer.Typer(help="The named queries behind feeds, pages and subscriptions.", no_args_is_help=True)

KEY = Annotated[str, typer.Argument(metavar="FILTER", help="Key of the filter.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]
FORCE = Annotated[bool, typer.Option("--force", help="Even if it matches very much or would send very many alerts.")]


class Since(StrEnum):
    """How far back `kaigi top` looks."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


SPANS = {Since.DAY: timedelta(days=1), Since.WEEK: timedelta(days=7), Since.MONTH: timedelta(days=30)}


@contextmanager
def open_archive() -> "Iterator[Database]":
    """The database, with the built-in filters in it."""
    from bot import config, logs, parts
    from storage import filters

    settings = config.load()
    logs.set_up(settings.log.format, config.secrets(settings))
    database = parts.open_database(settings)
    try:
        database.write(filters.ensure_built_in)
        yield database
    finally:
        database.close()


def me() -> str:
    """Who types, for the history."""
    try:
        return f"cli:{getpass.getuser()}"[:64]
    except (KeyError, OSError):  # a container's user without a name
        return "cli"


@app.command("list")
def list_filters(as_json: AS_JSON = False) -> None:
    """Show all filters in their order."""
    from rich.table import Table

    from bot.screen import console, plain
    from storage import filters

    with open_archive() as database:
        every = database.read(filters.every)
    if as_json:
        for each in every:
            typer.echo(json.dumps(_as_dict(each), ensure_ascii=False))
        return
    table = Table("filter", "alerts", "query", "title", box=None)
    for each in every:
        table.add_row(each.key, _alerts(each), plain(each.query) or "(every item)", plain(each.title))
    console().print(table)


def _alerts(each: "Filter") -> str:
    if each.paused:
        return "paused"
    if each.action is FilterAction.BLOCK:
        return "blocks"
    return "on" if each.alerts else "off"


def _as_dict(each: "Filter") -> dict[str, Any]:
    return {
        "key": each.key,
        "title": each.title,
        "query": each.query,
        "alerts": each.alerts,
        "action": each.action,
        "paused": each.paused,
    }


@app.command()
def add(
    key: Annotated[str, typer.Argument(metavar="FILTER", help="Short unique name: small letters, digits, hyphens.")],
    query: Annotated[str, typer.Argument(help="What it asks for; docs/filters.md teaches the language.")],
    title: Annotated[str | None, typer.Option(help="Name for readers; the key if left out.")] = None,
    alerts: Annotated[bool, typer.Option(help="Whether new matches are sent to subscribed chats.")] = True,
    action: Annotated[FilterAction, typer.Option(help="block: what matches is in no filter and raises no alert.")] = (
        FilterAction.KEEP
    ),
    force: FORCE = False,
) -> None:
    """Add a filter. It raises no alerts about meetings that are known already."""
    from bot.changing import add_filter
    from bot.parts import utc_now

    given = {"key": key, "query": query, "title": title, "alerts": alerts, "action": action, "force": force}
    with open_archive() as database:
        made = database.write(lambda c: _stormy(add_filter, c, who=me(), now=utc_now(), **given)).filter
    typer.echo(f"Added {made.key}: {made.query or '(every item)'}")


def _stormy(work: Any, *words: Any, **named: Any) -> Any:
    """Say how a change that was refused for its many alerts can be made all the same."""
    from bot.changing import FilterRefused, Storm

    try:
        return work(*words, **named)
    except Storm as storm:
        raise FilterRefused(f"{storm} With --force it is done all the same.") from storm


@app.command()
def edit(
    key: KEY,
    query: Annotated[str | None, typer.Option(help="What it asks for from now on.")] = None,
    title: Annotated[str | None, typer.Option(help="Name for readers.")] = None,
    alerts: Annotated[bool | None, typer.Option(help="Whether new matches are sent to subscribed chats.")] = None,
    force: FORCE = False,
) -> None:
    """Change a filter. What it matches from now on raises no alerts about meetings that are known already."""
    from bot.changing import FilterRefused, edit_filter
    from bot.parts import utc_now

    given = {"query": query, "title": title, "alerts": alerts}
    words = {name: value for name, value in given.items() if value is not None}
    if not words:
        raise FilterRefused("Nothing to change: give --query, --title, --alerts or --no-alerts.")
    with open_archive() as database:
        changed = database.write(
            lambda c: _stormy(edit_filter, c, key, who=me(), now=utc_now(), force=force, **words)
        ).filter
    typer.echo(f"Changed {changed.key}: {changed.query or '(every item)'}, alerts {_alerts(changed)}")


@app.command()
def remove(key: KEY) -> None:
    """Take a filter out of use. `kaigi filters undo` brings it back with those who follow it."""
    from bot.changing import remove_filter
    from bot.parts import utc_now

    with open_archive() as database:
        database.write(lambda connection: remove_filter(connection, key, who=me(), now=utc_now()))
    typer.echo(f"Removed {key}. `kaigi filters undo {key}` brings it back.")


@app.command()
def pause(key: KEY) -> None:
    """End the alerts of a filter, or the effect of a block rule, until it is resumed."""
    _set_paused(key, paused=True)
    typer.echo(f"Paused {key}. `kaigi filters resume {key}` goes on.")


@app.command()
def resume(key: KEY) -> None:
    """Go on with a filter. What came in the meantime raises no alerts."""
    _set_paused(key, paused=False)
    typer.echo(f"Resumed {key}.")


def _set_paused(key: str, *, paused: bool) -> None:
    from bot.changing import pause_filter
    from bot.parts import utc_now

    with open_archive() as database:
        database.write(lambda c: pause_filter(c, key, paused=paused, who=me(), now=utc_now()))


@app.command()
def order(keys: Annotated[list[str], typer.Argument(metavar="FILTER…", help="What comes first.")]) -> None:
    """Put filters first in lists; the others follow as they were."""
    from bot.parts import utc_now
    from storage import filters

    with open_archive() as database:
        every = database.write(lambda connection: filters.reorder(connection, keys, who=me(), now=utc_now()))
    typer.echo(", ".join(each.key for each in every))


@app.command("test")
def try_query(
    query: Annotated[str, typer.Argument(help="A query, or the key of a filter.")],
    sample: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many of the newest items are looked at.")
    ] = 5_000,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Try a query on the archive: what it matches, which part decided, and the alerts of the last week."""
    from bot.parts import utc_now
    from feeds.decide.query import parse
    from feeds.rehearsal import rehearse
    from storage import filters

    with open_archive() as database:
        known = {each.key: each.query for each in database.read(filters.every)}
        parsed = parse(known.get(query, query))
        done = database.read(lambda connection: rehearse(connection, parsed, utc_now(), sample))
    if as_json:
        typer.echo(json.dumps(_rehearsal_as_dict(done), ensure_ascii=False))
    else:
        _show(done)


def _rehearsal_as_dict(done: "Rehearsal") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "seen": done.seen,
        "matched": done.matched,
        "meetings": done.meetings,
        "alerts": {str(day): count for day, count in done.alerts},
        "objections": list(done.objections),
        "examples": [
            {
                "title": one.title,
                "source": one.source_key,
                "at": one.reported_at.isoformat(),
                "because": [asdict(part) for part in one.decision.parts],
            }
            for one in done.examples
        ],
    }


def _show(done: "Rehearsal") -> None:
    from rich.table import Table

    from bot.explaining import because
    from bot.screen import console, plain

    typer.echo(f"{done.matched} of {done.seen} items, {_plural(done.meetings, 'meeting')}")
    table = Table("when (UTC)", "source", "title", "because", box=None)
    for one in done.examples:
        table.add_row(
            f"{one.reported_at:%Y-%m-%d %H:%M}", one.source_key, plain(one.title), plain(because(one.decision))
        )
    if done.examples:
        console().print(table)
    days = "  ".join(f"{day:%m-%d}: {count}" for day, count in done.alerts)
    typer.echo(f"Alerts it would have sent in the last 7 days: {days}")
    for objection in done.objections:
        typer.echo(f"With alerts it would be refused: {objection}.")


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


@app.command()
def history(
    key: Annotated[str | None, typer.Argument(metavar="[FILTER]", help="Key of the filter; all if left out.")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Show who changed which filter, when and how; the newest first."""
    from storage import filters

    with open_archive() as database:
        changes = database.read(lambda connection: filters.history(connection, key))
    for one in changes:
        typer.echo(json.dumps(_change_as_dict(one), ensure_ascii=False) if as_json else _line(one))
    if not changes and not as_json:
        typer.echo("Nothing was changed yet.")


def _change_as_dict(one: "FilterChange") -> dict[str, Any]:
    return {
        "filter": one.key,
        "at": one.at.isoformat(),
        "who": one.who,
        "what": one.what,
        "before": one.before,
        "after": one.after,
        "undone": one.undone,
    }


def _line(one: "FilterChange") -> str:
    before, after = one.before or {}, one.after or {}
    changed = [f"{name} {before[name]!r} → {after[name]!r}" for name in before if after and before[name] != after[name]]
    shown = ", ".join(changed) or (f"query {after['query']!r}" if after and not before else "")
    undone = "  (taken back)" if one.undone else ""
    return f"{one.at:%Y-%m-%d %H:%M} UTC  {one.key}  {one.what} by {one.who}  {shown}{undone}".rstrip()


@app.command()
def undo(
    key: Annotated[str | None, typer.Argument(metavar="[FILTER]", help="Key of the filter; any if left out.")] = None,
) -> None:
    """Take back the last change of a filter that is not taken back yet."""
    from bot.changing import undo_filter
    from bot.parts import utc_now

    with open_archive() as database:
        taken = database.write(lambda connection: undo_filter(connection, key, who=me(), now=utc_now()))
    typer.echo(f"Took back: {_line(taken)}")


def top(
    since: Annotated[Since, typer.Option(help="How far back.")] = Since.DAY,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many stories.")] = 20,
    as_json: AS_JSON = False,
) -> None:
    """Show the stories that most independent newsrooms report, the widest told first."""
    from bot.parts import utc_now
    from bot.screen import console, plain
    from feeds import archive

    with open_archive() as database:
        ranked = database.read(lambda connection: archive.top(connection, utc_now() - SPANS[since], limit))
    if as_json:
        for story in ranked:
            line = {
                "story": story.story_id,
                "sources": story.count,
                "publishers": story.publishers,
                "reports": len(story.reports),
                "title": story.reports[0].title,
                "url": story.reports[0].url,
            }
            typer.echo(json.dumps(line, ensure_ascii=False))
        return
    from rich.table import Table

    table = Table("sources", "reports", "story", "title", box=None)
    for story in ranked:
        table.add_row(str(story.count), str(len(story.reports)), str(story.story_id), plain(story.reports[0].title))
    console().print(table)
