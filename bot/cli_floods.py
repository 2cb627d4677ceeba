"""Commands on polls whose alerts were held back: `kaigi floods …`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli_filters import me, open_archive
from storage.choices import FloodState

if TYPE_CHECKING:
    from storage.model import Flood

app = typer.Typer(
    help="Polls that brought far more than is usual, and whose alerts wait for a decision.", no_args_is_help=True
)

NUMBER = Annotated[int, typer.Argument(metavar="ID", help="Number of the flood; `kaigi floods list` has it.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")]


@app.command("list")
def list_floods(as_json: AS_JSON = False) -> None:
    """Show the floods, the newest first, and what was decided about each."""
    from rich.table import Table

    from bot.screen import console, plain
    from storage import floods as store

    with open_archive() as database:
        every = database.read(store.every)
    if as_json:
        for flood in every:
            typer.echo(json.dumps(_as_dict(flood), ensure_ascii=False))
        return
    if not every:
        typer.echo("No alerts were held back.")
        return
    table = Table("id", "when (UTC)", "source", "new items", "held alerts", "decided", box=None)
    for flood in every:
        counts = (str(flood.new_items), str(len(flood.alerts)))
        table.add_row(str(flood.id), f"{flood.at:%Y-%m-%d %H:%M}", plain(flood.source_key), *counts, _decided(flood))
    console().print(table)


def _decided(flood: "Flood") -> str:
    if flood.decided_at is None:
        return "not yet: send, swallow or digest"
    return f"{flood.state} by {flood.decided_by}, {flood.decided_at:%Y-%m-%d %H:%M}"


def _as_dict(flood: "Flood") -> dict[str, Any]:
    return {
        "id": flood.id,
        "source": flood.source_key,
        "at": flood.at.isoformat(),
        "new_items": flood.new_items,
        "held": [{"story": story, "filters": list(keys)} for story, keys in flood.alerts],
        "state": flood.state,
        "decided_at": flood.decided_at.isoformat() if flood.decided_at else None,
        "decided_by": flood.decided_by,
        "history": list(flood.history),
    }


@app.command()
def show(number: NUMBER) -> None:
    """Show the meetings whose alerts are held, and what was decided by whom."""
    from bot.screen import console, plain
    from feeds.publish.card import card
    from storage import floods as store
    from storage import news

    with open_archive() as database:
        flood = database.read(lambda connection: store.find(connection, number))
        stories = database.read(lambda connection: news.digest(connection, [story for story, _ in flood.alerts]))
    out = console()
    out.print(f"{plain(flood.source_name)}, {flood.at:%Y-%m-%d %H:%M} UTC: {flood.new_items} new items", markup=False)
    for story in stories:
        out.print(f"  {story.meeting.story_id}  {plain(card(story, 'en').headline)}", markup=False)
    for line in flood.history:
        out.print(f"{line['at'][:16].replace('T', ' ')} UTC  {line['what']} by {line['who']}", markup=False)
    out.print(_decided(flood), markup=False)


@app.command()
def send(number: NUMBER) -> None:
    """Send the held alerts, one a meeting, as if they had not been held."""
    _settle(number, FloodState.SENT, "Sent")


@app.command()
def swallow(number: NUMBER) -> None:
    """Never alert about these meetings. They stay in the archive and in all feeds."""
    _settle(number, FloodState.SWALLOWED, "Swallowed")


@app.command()
def digest(number: NUMBER) -> None:
    """Tell of all of them in one message to each chat."""
    _settle(number, FloodState.DIGEST, "Put into a digest")


def _settle(number: int, state: FloodState, done: str) -> None:
    from bot.changing import settle_flood
    from bot.parts import utc_now

    with open_archive() as database:
        settled, _ = database.write(lambda c: settle_flood(c, number, state, who=me(), now=utc_now()))
    if not settled.changed:
        typer.echo(f"Nothing to do: flood {number} is {_decided(settled.flood)}.")
        return
    left = len(settled.flood.alerts) - settled.meetings
    passed = f" ({left} had their alert meanwhile, or raise none any more)" if left else ""
    typer.echo(f"{done}: {settled.meetings} meetings{passed}, {settled.messages} messages.")


@app.command()
def undo(number: NUMBER) -> None:
    """Hold the alerts again; refused when a message has left already."""
    from bot.parts import utc_now
    from feeds import floods as shell

    with open_archive() as database:
        database.write(lambda connection: shell.undo(connection, number, who=me(), now=utc_now()))
    typer.echo(f"Flood {number} is held again.")
