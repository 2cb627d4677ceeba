"""Commands on the database: `kaigi db …`."""

import typer

db = typer.Typer(help="The database.", no_args_is_help=True)


@db.callback()
def _group() -> None:
    """A group even while it has one command only."""


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
