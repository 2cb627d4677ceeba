"""Commands on the database: `kaigi db …`."""

from pathlib import Path
from typing import Annotated

import typer

db = typer.Typer(help="The database.", no_args_is_help=True)


@db.command()
def upgrade() -> None:
    """Bring the database to this version's schema. `kaigi run` does the same when it starts."""
    from bot import config
    from storage import schema
    from storage.database import Database

    database = Database(config.load().database_url)
    changed = schema.upgrade(database)
    typer.echo(f"{database.place}: {'upgraded' if changed else 'is up to date'}.")
    database.close()


@db.command()
def restored() -> None:
    """Say that other tools have just put the database back (pg_restore, a snapshot of the disk).

    What may have been sent since is then sent as a repeat. `kaigi restore` does this by itself."""
    from bot import config
    from bot.parts import utc_now
    from storage import restored as restoring
    from storage import schema
    from storage.database import Database
    from storage.errors import NotFound
    from storage.lock import only_service

    database = Database(config.load().database_url, make_folder=False)
    if not database.is_there():
        raise NotFound(f"There is no database at {database.place}. Put it back first.")
    with only_service(database):
        schema.upgrade(database, held=True)
        waiting = database.write(lambda connection: restoring.settle(connection, utc_now()))
    typer.echo(f"{database.place} knows that it was put back; {waiting} messages that wait go out as repeats.")
    database.close()


@db.command()
def copy(
    url: Annotated[
        str | None, typer.Argument(help="The empty database to copy into: sqlite:///… or postgresql://…")
    ] = None,
    url_file: Annotated[
        Path | None, typer.Option("--url-file", help="File with that address, which keeps a password off the screen.")
    ] = None,
) -> None:
    """Move the archive to another database, SQLite or PostgreSQL. Nothing is sent again; a cut-off copy goes on."""
    from bot import config, logs
    from storage import transfer
    from storage.database import Database
    from storage.lock import only_service

    if (url is None) == (url_file is None):
        raise typer.BadParameter("name the database to copy into, or a file with its address: one of both")
    address = config.secret_in("--url-file", url_file) if url_file is not None else str(url)
    logs.hide([address])
    source, target = Database(config.load().database_url, make_folder=False), Database(address)
    transfer.find(source)
    with only_service(source), only_service(target):
        copied = transfer.copy(source, target, lambda name, rows: typer.echo(f"{name}: {rows}", err=True))
    source.close()
    target.close()
    rows = sum(copied.counts.values())
    typer.echo(f"{source.place} is in {target.place}: {rows} rows, compared, sum {copied.checksum[:16]}.")
    typer.echo("Set database_url to the new one and start the service; it makes the search index.")
