"""Commands on sources: `kaigi sources …`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_filters import me
from storage.choices import SourceKind, Trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from bot.config import Settings
    from storage.database import Connection, Database
    from storage.model import FetchOptions, HubSubscription, Source

app = typer.Typer(help="The newsrooms that are polled.", no_args_is_help=True)

NAME = Annotated[str, typer.Argument(metavar="SOURCE", help="Key or address of the source.")]


HEADER = Annotated[
    list[str] | None,
    typer.Option(help="'Name: value', sent to the source's own host only; may be repeated. @FILE reads a file."),
]
COOKIE = Annotated[str | None, typer.Option(help="The Cookie header for its own host. @FILE reads a file.")]
VERIFY = Annotated[bool, typer.Option("--verify/--no-verify", help="Whether its host's certificate is checked.")]


@contextmanager
def archive() -> "Iterator[tuple[Settings, Database]]":
    """Settings and database, with the sources of sources_file in it."""
    from bot import config, logs, parts

    settings = config.load()
    logs.set_up(settings.log.format, config.secrets(settings))
    parts.know(settings)
    definitions = parts.read_sources(settings)
    database = parts.open_database(settings)

    def prepare(connection: "Connection") -> None:
        from storage import filters, sources

        filters.ensure_built_in(connection)
        sources.follow_file(connection, definitions, parts.utc_now())

    try:
        database.write(prepare)
        yield settings, database
    finally:
        database.close()


@app.command("list")
def list_sources(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")] = False,
) -> None:
    """Show all sources with their state."""
    from rich.table import Column, Table

    from bot.parts import utc_now
    from storage import sources, websub

    now = utc_now()
    with archive() as (_, database):
        every = database.read(sources.every)
        hubs = {about.source_id: about for about in database.read(websub.every)}
        notes = database.read(lambda connection: _notes(connection, every))
    if as_json:
        for source in every:
            told = _as_dict(source) | _hub_as_dict(hubs.get(source.id), now) | {"remarks": notes[source.id]}
            typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("state", "last success (UTC)", "kind", "trust", "asked with", "name", "problem", box=None)
    table.columns.insert(0, Column("source", no_wrap=True))
    for source in every:
        about = source.definition
        seen = f"{source.last_success_at:%Y-%m-%d %H:%M}" if source.last_success_at else "–"
        state = f"{_state(source)}, pushed" if source.pushed_until and source.pushed_until > now else _state(source)
        problem = _problem(source, notes)
        table.add_row(about.key, state, seen, about.kind, about.trust, _asked_with(about.fetch), about.name, problem)
    console().print(table)


def _notes(connection: "Connection", every: "list[Source]") -> "dict[int, tuple[str, ...]]":
    """What is worth knowing about each source beside its state, by its id."""
    from bot.parts import utc_now
    from feeds.publish.health import FLOOD_SHOWN, remarks
    from storage import lessons, sources

    now = utc_now()
    floods = sources.floods(connection, now - FLOOD_SHOWN)
    pages = lessons.snapshots(connection)
    return {one.id: remarks(one, floods.get(one.id), pages.get(one.id), "en", now) for one in every}


def _problem(source: "Source", notes: "dict[int, tuple[str, ...]]") -> str:
    return " ".join(filter(None, [source.last_error, *(f"{remark}." for remark in notes[source.id])]))


def console() -> "Console":
    """Where tables go: see `bot.screen`."""
    from bot.screen import console

    return console()


def _state(source: "Source") -> str:
    return str(source.state) if source.definition.enabled else "disabled"


def _asked_with(options: "FetchOptions") -> str:
    """What is special about asking a source: names only, never a value."""
    words = [] if options.verify else ["TLS not verified"]
    words += ["cookie"] if options.cookie else []
    return ", ".join([*words, *(name for name, _ in options.headers)])


def _as_dict(source: "Source") -> dict[str, object]:
    about = source.definition
    return {
        "key": about.key,
        "url": about.url,
        "name": about.name,
        "kind": about.kind,
        "language": about.language,
        "country": about.country,
        "trust": about.trust,
        "verify": about.fetch.verify,
        "cookie": about.fetch.cookie is not None,
        "headers": [name for name, _ in about.fetch.headers],
        "state": _state(source),
        "last_success_at": source.last_success_at.isoformat() if source.last_success_at else None,
        "failures": source.failures,
        "last_error": source.last_error,
        "moved_to": source.moved_to,
    }


def _hub_as_dict(about: "HubSubscription | None", now: datetime) -> dict[str, object]:
    """How its hub does; `pushed`: it is relied on now, so the source is polled less."""
    if about is None:
        return {"pushed": False, "hub": None}
    hub = {
        "url": about.hub,
        "topic": about.topic,
        "state": about.state,
        "lease_until": about.lease_until.isoformat() if about.lease_until else None,
        "last_push_at": about.last_push_at.isoformat() if about.last_push_at else None,
        "pushes": about.pushes,
        "refused": about.refused,
        "missed": about.missed,
        "last_error": about.last_error,
    }
    return {"pushed": about.relied_until is not None and about.relied_until > now, "hub": hub}


@app.command()
def add(  # noqa: PLR0913  the fields of a source
    url: Annotated[str, typer.Argument(help="Address of a feed, or of a page: its feed is looked for.")],
    key: Annotated[str | None, typer.Option(help="Short unique name; made from the host if left out.")] = None,
    name: Annotated[str | None, typer.Option(help="Name for readers; the feed's own if left out.")] = None,
    kind: Annotated[
        SourceKind | None,
        typer.Option(help="feed: as given, without looking. page: by proposed rules, even if it has a feed."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47, such as ja or en.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1 code of the publisher.")] = None,
    trust: Annotated[Trust, typer.Option(help="How far it may shape a meeting's facts.")] = Trust.PRESS,
    time_zone: Annotated[str, typer.Option(help="IANA zone of dates that name none.")] = "UTC",
    header: HEADER = None,
    cookie: COOKIE = None,
    verify: VERIFY = True,
) -> None:
    """Add a source. It is polled with the next tick of the service, or by `kaigi poll`."""
    from bot.adding import choose, fetch_table, new_definition, refuse_known
    from bot.changing import add_source
    from bot.parts import utc_now

    given = new_definition(
        url=url,
        tables={"fetch": fetch_table(header or (), cookie, verify=verify)},
        key=key,
        name=name,
        language=language,
        country=country,
        trust=trust,
        time_zone=time_zone,
    )
    with archive() as (settings, database):
        database.read(lambda connection: refuse_known(connection, given))
        chosen = choose(settings, given, kind, named=name is not None)
        database.write(lambda connection: add_source(connection, chosen.definition, who=me(), now=utc_now()))
    if chosen.warning:
        typer.echo(chosen.warning, err=True)
    typer.echo(f"Added {chosen.definition.key}: {chosen.definition.url}")
    if chosen.note:
        typer.echo(chosen.note)
    if chosen.hint:
        typer.echo(chosen.hint)


@app.command()
def check(
    source: Annotated[str, typer.Argument(metavar="SOURCE|URL", help="Key or address of a source, or a new address.")],
    kind: Annotated[
        SourceKind | None,
        typer.Option(help="How a new address is read; without it feeds are looked for, then a list of news."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many entries to show.")] = 10,
    header: HEADER = None,
    cookie: COOKIE = None,
    verify: VERIFY = True,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Show what there is at an address, and what would be read and understood. Writes nothing.

    A new address may be a feed, a page that names feeds, or a page without one, for which rules are proposed. When the
    rules of a known page find nothing, the page is compared with what it had, and new rules are proposed.
    """
    import asyncio

    from bot import checking, config, logs, parts
    from bot.adding import fetch_table, new_definition
    from storage.errors import NotFound

    settings = config.load()
    logs.set_up(settings.log.format, config.secrets(settings))
    parts.know(settings)
    with parts.database_if_there(settings) as database:
        known, snapshot = checking.known(database, parts.read_sources(settings), source)
    if known is not None:
        try:
            checked = asyncio.run(checking.check_known(settings, known, limit))
        except checking.CheckFailed:
            if known.kind is SourceKind.PAGE:
                comparison = asyncio.run(checking.compare(settings, known, snapshot))
                checking.show_comparison(console(), comparison, as_json=as_json)
            raise
    elif "." not in source:  # a key has none
        raise NotFound(f"No source is called {source!r}, and it is no address. `kaigi sources list` shows them all.")
    else:
        about = new_definition(source, {"fetch": fetch_table(header or (), cookie, verify=verify)})
        checked = asyncio.run(checking.check_new(settings, about, kind, limit))
    if as_json:
        typer.echo(checking.as_json(checked))
    else:
        checking.show(console(), checked, new=known is None)


@app.command()
def remove(source: NAME) -> None:
    """Forget a source, its items, and the stories that only it reported."""
    from bot.changing import remove_source

    typer.echo(f"Removed {_changed(source, remove_source).definition.key}.")


@app.command()
def pause(source: NAME) -> None:
    """Stop polling a source until it is resumed."""
    from bot.changing import pause_source

    found = _changed(source, pause_source)
    typer.echo(f"Paused {found.definition.key}. `kaigi sources resume {found.definition.key}` polls it again.")


@app.command()
def resume(source: NAME) -> None:
    """Poll a source again."""
    from bot.changing import resume_source

    typer.echo(f"Resumed {_changed(source, resume_source).definition.key}.")


def _changed(name: str, change: "Callable[..., int]") -> "Source":
    """Change the source with this key or address; returns it as it was."""
    from bot.parts import utc_now
    from storage import sources

    def work(connection: "Connection") -> "Source":
        found = sources.find(connection, name)
        change(connection, found, who=me(), now=utc_now())
        return found

    with archive() as (_, database):
        return database.write(work)


@app.command("import")
def import_opml(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file; - reads standard input.")],
) -> None:
    """Add the sources of an OPML file that are new, and say what became of the others."""
    from bot.adding import import_sources
    from bot.parts import utc_now
    from bot.screen import plain

    body = sys.stdin.buffer.read() if str(file) == "-" else _bytes_of(file)
    with archive() as (_, database):
        done = database.write(lambda connection: import_sources(connection, body, utc_now()))
    for key in done.added:
        typer.echo(f"Added {key}.")
    for one in done.refused:
        typer.echo(f"Refused {plain(one.title)} ({plain(one.url)}): {plain(one.reason)}", err=True)
    typer.echo(f"{len(done.added)} added, {done.known} known already, {len(done.refused)} refused.")


def _bytes_of(file: Path) -> bytes:
    from storage.errors import KaigiError

    try:
        return file.read_bytes()
    except OSError as error:
        raise KaigiError(f"{file} cannot be read: {error.strerror}.") from error


@app.command("export")
def export_opml(
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write; standard output.")] = None,
) -> None:
    """Write all sources as OPML 2.0, for a feed reader or for `kaigi sources import`."""
    from bot.parts import utc_now
    from feeds.collect.opml import write_opml
    from storage import sources
    from storage.errors import KaigiError

    with archive() as (_, database):
        every = database.read(sources.every)
    written = write_opml((one.definition for one in every), "Kaigi", utc_now())
    if output is None:
        sys.stdout.buffer.write(written)
        return
    try:
        output.write_bytes(written)
    except OSError as error:
        raise KaigiError(f"{output} cannot be written: {error.strerror}.") from error
    typer.echo(f"Wrote {len(every)} sources to {output}.")
