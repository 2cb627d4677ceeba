"""Commands on what Kaigi knows: `kaigi lexicon …`."""

import json
from typing import Annotated

import typer

app = typer.Typer(help="What Kaigi knows: series, offices, people, countries, places.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group even while it has one command only."""


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object, with every finding.")] = False,
    months: Annotated[int, typer.Option(min=1, help="Ask again for who was last checked longer ago.")] = 6,
    every: Annotated[bool, typer.Option("--all", help="List every warning.")] = False,
) -> None:
    """Look the lexicon over, with your lexicon_dir upon it: contradictions, office-holders that have aged, and gaps.

    Ends with 0 unless there are contradictions; what is old or missing is only a warning.
    """
    from bot import config, parts
    from bot.lexicon_report import show
    from feeds.understand.lexicon import LexiconError
    from feeds.understand.lexicon.check import check as look_over
    from feeds.understand.lexicon.check import unreadable

    today = parts.utc_now().date()
    try:
        report = look_over(parts.read_lexicon(config.load()), today, stale_after_months=months)
    except LexiconError as error:
        report = unreadable(error, today)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
    else:
        show(report, every=every)
    if report.errors:
        raise typer.Exit(1)
