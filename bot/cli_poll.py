"""The command `kaigi poll`."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_sources import archive, console
from storage.choices import SourceState

if TYPE_CHECKING:
    from bot.config import Settings
    from feeds.ingest import PollReport
    from storage.database import Connection, Database
    from storage.model import Source


def poll(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]…", help="Keys or addresses; all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")] = False,
) -> None:
    """Poll sources once, now. Ends with 1 when one of them failed."""
    from bot import loop
    from bot.indexing import index_some

    with archive() as (settings, database):
        chosen = database.read(lambda connection: _chosen(connection, names or []))
        reports = loop.run(_poll_all(settings, database, chosen, quiet=as_json))
        index_some(database)
    if as_json:
        for report in reports:
            typer.echo(json.dumps(_report_as_dict(report), ensure_ascii=False))
    else:
        _print_reports(reports)
    if any(report.failure for report in reports):
        raise typer.Exit(1)


def _chosen(connection: "Connection", names: list[str]) -> "list[Source]":
    from storage import sources

    if names:
        return [sources.find(connection, name) for name in names]
    every = sources.every(connection)
    return [s for s in every if s.definition.enabled and s.state is not SourceState.PAUSED]


async def _poll_all(
    settings: "Settings", database: "Database", chosen: "list[Source]", *, quiet: bool
) -> "list[PollReport]":
    import asyncio

    from rich.console import Console
    from rich.progress import track

    from bot.collecting import collecting

    async with collecting(settings, database) as ingest:
        polls = [asyncio.create_task(ingest.poll(source)) for source in chosen]
        screen = Console(stderr=True, quiet=quiet)
        for done in track(asyncio.as_completed(polls), "Polling", total=len(polls), console=screen):
            await done
        return [poll.result() for poll in polls]


def _report_as_dict(report: "PollReport") -> dict[str, object]:
    failure = report.failure
    return {
        "source": report.source_key,
        "status": report.status,
        "seen": report.seen,
        "new": report.new,
        "changed": report.changed,
        "duplicates": report.duplicates,
        "meetings": report.meetings,
        "alerts": report.alerts,
        "held": report.held,
        "no_alert": dict(report.silent),
        "error": {"kind": failure.kind, "message": failure.message} if failure else None,
        "seconds": report.seconds,
    }


def _print_reports(reports: "list[PollReport]") -> None:
    from rich.table import Table

    table = Table("source", "status", "entries", "new", "changed", "meetings", "alerts", "remarks", box=None)
    for report in reports:
        row = (report.seen, report.new, report.changed, report.meetings, report.alerts)
        remarks = report.failure.message if report.failure else "; ".join(_why_silent(report))
        table.add_row(report.source_key, report.status, *map(str, row), remarks)
    console().print(table)


def _why_silent(report: "PollReport") -> "Iterator[str]":
    if report.held:
        yield f"{report.held} alerts held back, see kaigi floods list"
    yield from (f"no alert for {count}: {_SILENCES[why]}" for why, count in report.silent.items() if why in _SILENCES)


#: What an operator is told; that a meeting had its alert before is no news.
_SILENCES = {
    "first_poll": "the first poll of a source is backlog",
    "old_report": "reported too long ago (alerts.max_age)",
    "old_meeting": "held long ago",
    "blocked": "hidden by a block rule",
    "no_filter": "no filter with alerts asks for it",
}
