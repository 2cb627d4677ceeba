"""Which files with secrets every user of the machine can read: for `kaigi doctor`."""

import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot import config

_ONE_USER = "/run/secrets/"  #: where Docker puts them, in a container that has but one


def to_all(archive: Path | None) -> list[Path]:
    """Of the files that variables name, the settings file with a secret in it, and the archive: those open to all."""
    held = [*_named(), *_settings_file(), *([archive] if archive is not None else [])]
    return [file for file in held if file.is_file() and _is_open(file)]


def _named() -> Iterator[Path]:
    for name in config.SECRETS:
        place = os.environ.get(f"{config.variable(name)}_FILE")
        if place and not place.startswith(_ONE_USER):
            yield Path(place)


def _settings_file() -> Iterator[Path]:
    file = config.chosen_file()
    if file is not None:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        if any(_stands_in(table, name) for name in config.SECRETS):
            yield file


def _stands_in(table: Any, name: str) -> bool:
    """Whether a file sets something secret: of the database's address only a password is."""
    for part in name.split("."):
        table = table.get(part) if isinstance(table, dict) else None
    return bool(urlsplit(str(table)).password if name == "database_url" and table else table)


def _is_open(file: Path) -> bool:
    place = file.absolute()
    try:
        return bool(place.stat().st_mode & 0o004) and all(folder.stat().st_mode & 0o001 for folder in _above(place))
    except OSError:
        return False  # whoever needs it says so


def _above(place: Path) -> Sequence[Path]:
    return place.parents
