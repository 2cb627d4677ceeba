"""Commands with which an admin says what is right: `kaigi correct`, and what is exported: `kaigi export`."""

import csv
import getpass
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from storage.errors import KaigiError

if TYPE_CHECKING:
    from feeds.correcting import Desk
    from storage.database import Connection, Database
    from storage.model import Correction

export = typer.Typer(help="The archive as data.", no_args_is_help=True)

USAGE = (
    "Write: kaigi correct ITEM_OR_STORY not-a-meeting | meeting | same-as OTHER | split | set FIELD=VALUE "
    "| clear FIELD; "
    "or: kaigi correct list; or: kaigi correct undo ID."
)


class Format(StrEnum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"


FORMAT = Annotated[Format, typer.Option("--format", help="jsonl: one JSON object a line; csv: a table.")]
OUTPUT = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Instead of standard output.")]


def correct(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WHAT WORD [VALUE]",
            help="WHAT: a story (12, as in /meetings/12), item/34, or an article's address. "
            "WORD: not-a-meeting, meeting, same-as OTHER, split, set FIELD=VALUE, clear FIELD. "
            "Or: list. Or: undo ID.",
        ),
    ],
    by: Annotated[str | None, typer.Option(help="Who says so; you, if left out.")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")] = False,
) -> None:
    """Say what is right about a story. It is applied at once, remembered, exported as a label, and can be undone."""
    show = _as_json if as_json else _as_line
    if words == ["list"]:
        with _desk(by) as (_, database):
            from storage import corrections

            every = database.read(corrections.every)
        for said in every:
            typer.echo(show(said))
        return
    with _desk(by) as (desk, _):
        typer.echo(show(_said(desk, words, note)))


def _said(desk: "Desk", words: list[str], note: str) -> "Correction":
    if len(words) == 2 and words[0] == "undo" and words[1].isdecimal():
        return desk.undo(int(words[1]))
    if len(words) == 2 and words[1] in _ALONE:
        return _ALONE[words[1]](desk, words[0], note)
    if len(words) == 3 and words[1] in _WITH_VALUE:
        return _WITH_VALUE[words[1]](desk, words[0], words[2], note)
    raise typer.BadParameter(USAGE)


def _set(desk: "Desk", what: str, fact: str, note: str) -> "Correction":
    field, equals, value = fact.partition("=")
    if not equals:
        raise typer.BadParameter(f"Write the fact as FIELD=VALUE, not {fact!r}.")
    return desk.fact(what, field, value, note)


_ALONE: "dict[str, Callable[[Desk, str, str], Correction]]" = {
    "not-a-meeting": lambda desk, what, note: desk.not_a_meeting(what, note),
    "meeting": lambda desk, what, note: desk.meeting(what, note),
    "split": lambda desk, what, note: desk.split(what, note),
}
_WITH_VALUE: "dict[str, Callable[[Desk, str, str, str], Correction]]" = {
    "same-as": lambda desk, what, other, note: desk.same_as(what, other, note),
    "set": _set,
    "clear": lambda desk, what, field, note: desk.fact(what, field.replace("=", ":"), None, note),
}


@contextmanager
def _desk(by: str | None) -> "Iterator[tuple[Desk, Database]]":
    from bot import config, parts
    from feeds.correcting import Desk
    from feeds.decide.routing import AlertPolicy
    from storage import filters

    settings = config.load()
    database = parts.open_database(settings)
    policy = AlertPolicy(max_age=settings.alerts.max_age, first_poll=settings.alerts.first_poll)
    try:
        database.write(filters.ensure_built_in)
        yield Desk(database=database, policy=policy, by=by or _me(), now=parts.utc_now()), database
    finally:
        database.close()


def _me() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "admin"


def _as_json(said: "Correction") -> str:
    from dataclasses import asdict

    moments = {"at": said.at.isoformat(), "undone_at": said.undone_at.isoformat() if said.undone_at else None}
    return json.dumps(asdict(said) | moments, ensure_ascii=False)


def _as_line(said: "Correction") -> str:
    what = f"{said.kind.replace('_', '-')}{f' {said.field}' if said.field else ''}"
    change = f"{said.before or 'nothing'} → {said.after or 'nothing'}"
    where = f"story {said.story_id}{f', item/{said.item_id}' if said.item_id else ''}"
    new = f" (now story {said.other_id})" if said.kind == "split" else ""
    undone = "  UNDONE" if said.undone_at else ""
    note = f"  {said.note}" if said.note else ""
    return f"{said.id}  {said.at:%Y-%m-%d %H:%M}  {said.by}  {where}{new}: {what}: {change}{note}{undone}"


@export.command()
def meetings(form: FORMAT = Format.JSONL, output: OUTPUT = None) -> None:
    """All meetings with their facts and the addresses of their reports."""
    from storage import export as archive

    _write(archive.every_meeting, archive.MEETING_FIELDS, form, output)


@export.command()
def items(form: FORMAT = Format.JSONL, output: OUTPUT = None) -> None:
    """All articles with their words and what was understood of each."""
    from storage import export as archive

    _write(archive.every_item, archive.ITEM_FIELDS, form, output)


@export.command()
def labels(output: OUTPUT = None) -> None:
    """The articles that an admin corrected, as labelled items: `kaigi evaluate` reads them."""
    from feeds.publish.labels import label_line
    from storage import export as archive

    def lines(connection: "Connection") -> Iterator[dict[str, Any]]:
        return map(label_line, archive.labelled_items(connection))

    _write(lines, (), Format.JSONL, output)


def _write(
    rows: "Callable[[Connection], Iterable[dict[str, Any]]]", fields: Sequence[str], form: Format, output: Path | None
) -> None:
    from bot import config, parts

    database = parts.open_database(config.load())
    try:
        with _opened(output) as stream:
            number = database.read(lambda connection: _stream(rows(connection), fields, form, stream))
    finally:
        database.close()
    if output is not None:
        typer.echo(f"Wrote {number} lines to {output}.", err=True)


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise KaigiError(f"{output} cannot be written: {error.strerror}.") from error


def _stream(rows: Iterable[dict[str, Any]], fields: Sequence[str], form: Format, stream: TextIO) -> int:
    """Write each row as it comes. Lists and records are JSON inside a cell of a table."""
    number = 0
    table = csv.writer(stream)
    if form is Format.CSV:
        table.writerow(fields)
    for row in rows:
        number += 1
        if form is Format.CSV:
            table.writerow([_cell(row[name]) for name in fields])
        else:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    return number


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
