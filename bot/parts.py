"""The parts that commands and the service share: sources and lexicon of the settings, and the database."""

# ruff: noqa: PLC0415  most commands need no lexicon and no parser; what is dear to load is loaded by who needs it
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot import logs
from bot.config import Settings
from feeds.collect.catalogue import load_sources
from storage import schema, sources, transfer
from storage.choices import Role
from storage.database import Database
from storage.errors import KaigiError, Misuse
from storage.model import SourceDefinition

if TYPE_CHECKING:
    from feeds.collect.worker import ParserPool
    from feeds.understand.lexicon import Lexicon

BUNDLED_SOURCES = Path(__file__).parents[1] / "feeds" / "sources.toml"


class ServiceError(KaigiError):
    """The service cannot start. The message says what to do."""


class NotHere(Misuse):
    """A role that the settings do not allow."""


def allow(role: Role, settings: Settings) -> None:
    """Raises `NotHere` when these settings cannot have a process of this role."""
    database = Database(settings.database_url, make_folder=False)
    if role is not Role.ALL and database.is_sqlite:
        raise NotHere(
            f"--role {role} needs PostgreSQL: an SQLite file is written by one process. Leave --role out, or move the "
            "archive: `kaigi db copy postgresql://…`, then set database_url."
        )
    if role is Role.BOT and settings.telegram.token is None:
        raise NotHere("--role bot needs telegram.token: without one there is no bot.")


def utc_now() -> datetime:
    """The clock of the program: everything below takes the moment as an argument."""
    return datetime.now(UTC)


def read_sources(settings: Settings) -> tuple[SourceDefinition, ...]:
    """The sources of `sources_file`, or the bundled ones. Raises `SourcesFileError`, `ServiceError`."""
    file = settings.sources_file or BUNDLED_SOURCES
    try:
        definitions = load_sources(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(f"sources_file {file} cannot be read: {error}.") from error
    logs.hide(word for one in definitions for word in one.fetch.secrets)
    return definitions


def read_lexicon(settings: Settings) -> "Lexicon":
    """The bundled lexicon with the files of `lexicon_dir` upon it. Raises `LexiconError`, `ServiceError`."""
    from feeds.understand.lexicon import bundled_files, load_lexicon

    folder = settings.lexicon_dir
    if folder is not None and not folder.is_dir():
        raise ServiceError(f"lexicon_dir {folder} is not a folder. Make it, or take the setting out.")
    return load_lexicon(bundled_files(), folder)


def know(settings: Settings) -> None:
    """Make the lexicon of the settings the one that this process understands with. Raises as `read_lexicon`."""
    if settings.lexicon_dir is not None:
        from feeds.understand.lexicon import use_lexicon

        use_lexicon(read_lexicon(settings))


def parser_pool(processes: int = 2) -> "ParserPool":
    """Processes that parse, and understand with the lexicon that `know` chose for this one.

    They are handed the lexicon: reading its files and checking them once more takes four times as long.
    """
    from feeds.collect.worker import ParserPool
    from feeds.understand.lexicon import default_lexicon
    from feeds.work import prepare

    return ParserPool(processes, at_start=(prepare, (default_lexicon(),)))


@contextlib.contextmanager
def database_if_there(settings: Settings) -> Iterator[Database | None]:
    """The database for a command that must write nothing: None when there is none yet, or one of another version."""
    database = Database(settings.database_url, make_folder=False)
    try:
        file = database.url.database if database.is_sqlite else None
        there = file is None or Path(file).is_file()
        yield database if there and schema.is_current(database) else None
    finally:
        database.close()


def open_database(settings: Settings) -> Database:
    """The database, brought to this version's schema. Raises a `StorageError` that says what to do, also for half a
    copy of an archive."""
    database = Database(settings.database_url)
    schema.upgrade(database)
    database.read(transfer.refuse_half)
    logs.hide(database.read(sources.secrets))
    return database
