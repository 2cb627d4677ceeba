"""Commands for whoever runs the service: `kaigi backup`, `kaigi restore`."""

from pathlib import Path
from typing import Annotated

import typer


def backup(
    path: Annotated[str, typer.Argument(help="File to write, or a folder; one that ends in / is made.")] = ".",
) -> None:
    """Copy the archive while the service runs, prove that the copy is whole, and write its SHA-256 beside it."""
    from bot import config
    from bot.parts import utc_now
    from storage import backup as backups
    from storage.database import Database

    database = Database(config.load().database_url, make_folder=False)
    made = backups.make(database, Path(path), utc_now(), folder=path.endswith("/"))
    database.close()
    typer.echo(f"{made.path}: {_size(made.size)}, {made.counts['items']} items, {made.counts['meetings']} meetings.")
    typer.echo(f"SHA-256 {made.sha256} (in {made.path.name}.sha256)")


def restore(
    path: Annotated[Path, typer.Argument(help="A backup that `kaigi backup` made.")],
    check: Annotated[bool, typer.Option("--check", help="Only prove that the backup is whole.")] = False,
) -> None:
    """Put a backup in the place of the archive, which is set aside. Refuses a damaged backup and a running service."""
    from bot import config
    from bot.parts import utc_now
    from storage import backup as backups
    from storage.database import Database
    from storage.lock import only_service

    if check:
        found = backups.check(path)
        typer.echo(f"{path} is whole: {found.counts['items']} items, {found.counts['meetings']} meetings.")
        return
    database = Database(config.load().database_url)
    with only_service(database):
        aside = backups.restore(path, database, utc_now())
    database.close()
    typer.echo(f"{database.place} is now {path.name}.")
    typer.echo("Meetings since the backup are found and told again; these messages say that they may be repeats.")
    if aside is not None:
        typer.echo(f"What was there before is {aside}; delete it when all is well.")


def _size(number: int) -> str:
    return f"{number / 2**20:.1f} MB" if number >= 2**20 else f"{number / 2**10:.0f} kB"


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Look at settings, database, disk, backups, sources, port and token, and say what to do about each finding."""
    import json
    from dataclasses import asdict

    from bot import config
    from bot import doctor as doctors
    from bot.findings import Grade
    from bot.parts import utc_now

    found = doctors.examine(config.load(), utc_now())
    bad = any(one.grade is Grade.BAD for one in found)
    if as_json:
        typer.echo(json.dumps({"ok": not bad, "findings": [asdict(one) for one in found]}, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(f"{one.grade:<5} {one.about:<13} {one.words}")
    if bad:
        raise typer.Exit(1)
