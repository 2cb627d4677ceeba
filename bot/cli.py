"""The command `kaigi`. Each command is a few lines that call the parts; what they need is imported when they run,
because `kaigi --help` should not load a bot, a web server and a parser.

Exit codes: 0 fine, 1 failed, 2 misuse (a wrong option, setting or query).
"""

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import (
    cli_archive,
    cli_correct,
    cli_explain,
    cli_filters,
    cli_floods,
    cli_lexicon,
    cli_operations,
    cli_poll,
    cli_sources,
)
from storage.choices import Role
from storage.errors import KaigiError, Misuse

app = typer.Typer(
    help="Kaigi (会議) watches defence newsrooms and tells people, once, about every meeting of defence ministers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cli_sources.app, name="sources")
app.add_typer(cli_filters.app, name="filters")
app.add_typer(cli_floods.app, name="floods")
app.add_typer(cli_archive.db, name="db")
app.add_typer(cli_lexicon.app, name="lexicon")
app.add_typer(cli_correct.export, name="export")
app.command()(cli_poll.poll)
app.command()(cli_correct.correct)
app.command()(cli_explain.explain)
app.command()(cli_explain.evaluate)
app.command()(cli_filters.top)
app.command()(cli_operations.backup)
app.command()(cli_operations.restore)
app.command()(cli_operations.doctor)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings to use instead of ./kaigi.toml.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"kaigi {version('kaigi')}")
        raise typer.Exit


@app.callback()
def _options(
    config_file: ConfigOption = None,
    version: Annotated[  # noqa: ARG001  it is done by its callback
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    _use(config_file)


def _use(config_file: Path | None) -> None:
    if config_file is not None:
        from bot import config

        config.use(config_file)


@app.command()
def run(
    config_file: ConfigOption = None,
    role: Annotated[
        Role, typer.Option("--role", help="Do only this part of the work, beside others; needs PostgreSQL.")
    ] = Role.ALL,
) -> None:
    """Run the service: poll sources, serve page and feeds, send alerts. Without a Telegram token alerts are printed."""
    from bot import config

    _use(config_file)
    settings = config.load()  # before the rest is loaded: a wrong setting is told at once
    from bot import logs, loop, parts

    logs.set_up(settings.log.format, config.secrets(settings))
    parts.allow(role, settings)
    parts.know(settings)
    definitions = parts.read_sources(settings)
    if role is Role.ALL:
        from bot.app import Service

        loop.run(Service(settings=settings, definitions=definitions).run())
    else:
        from bot.roles import Part

        loop.run(Part(settings=settings, definitions=definitions, role=role).run())


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its database.")] = Path("data/demo"),
    newsroom_port: Annotated[int, typer.Option(help="Port of the local newsroom.")] = 8931,
) -> None:
    """Run the whole service against a small newsroom on this machine: no network, no token, an alert in 15 seconds."""
    from bot import demo as show
    from bot import logs, loop

    settings = show.settings_for_demo(folder)
    logs.set_up(settings.log.format)
    loop.run(show.run(settings, lambda words: print(words, flush=True), folder, newsroom_port))  # noqa: T201


def main() -> None:
    """Entry point. An expected failure is one line on standard error; only a mistake of ours shows a traceback."""
    # Loading makes half a million objects that stay. At Python's own pace the collector goes through them all again and
    # again meanwhile, which is a fifth of a start. The service goes back to that pace, see `spare_what_stays`.
    gc.set_threshold(20_000)
    try:
        app()
    except Misuse as error:
        _fail(error, 2)
    except KaigiError as error:
        _fail(error, 1)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(error: KaigiError, code: int) -> None:
    for line in str(error).splitlines():
        sys.stderr.write(f"kaigi: {line}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
