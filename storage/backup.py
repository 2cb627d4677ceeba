"""Backups of an SQLite archive: made while the service runs, proved before they count, put back only when whole.

    make:     database ─► online copy in one read transaction ─► checks, SHA-256 ─► on disk under its name
    restore:  backup ─► checks ─► copy ─► messages that were waiting count as repeats ─► takes the old file's place

SQLite keeps no checksums by itself: damage inside a page of text passes its own checks. So each backup has a file
beside it with the SHA-256 of its bytes, in the form that `sha256sum -c` reads. https://sqlite.org/backup.html
On PostgreSQL, `pg_dump` does this better than we could.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import restored, schema
from storage.database import Database
from storage.errors import BackupError, DatabaseFull, DatabaseReadOnly
from storage.files import BESIDE, PART, drop_if_dead, keep_alike, part_of, sha256, sync

COUNTED = ("sources", "items", "stories", "meetings", "chats", "deliveries")
SKEW = timedelta(minutes=5)  #: by which clocks may differ; what is later was named by a clock that was wrong
_FORM = "kaigi-%Y%m%d-%H%M%S.db"
NAMED = f"kaigi-{'[0-9]' * 8}-{'[0-9]' * 6}.db"  #: as `make` names them; what a person named is left alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A backup that was proved to be whole."""

    path: Path
    size: int  #: bytes
    sha256: str
    revision: str  #: of the schema
    counts: dict[str, int]  #: rows by table


def make(database: Database, target: Path, now: datetime, *, folder: bool = False) -> Backup:
    """Copy the archive to `target`, or into the folder `target` under a name with the moment `now`. With `folder` it
    is one, and made if need be.

    The service may go on. The file gets its name only after it was read back and found whole, so what is there is a
    backup. Raises `BackupError` for a name that is taken or another engine, `DatabaseFull` and `DatabaseReadOnly` for
    what the disk says.
    """
    source = _file_of(database)
    path = target / f"{now.astimezone(UTC):{_FORM}}" if folder or target.is_dir() else target
    with _told(path, "No backup was kept."):
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_taken(path)
        with part_of(path) as part:
            _refuse_taken(path)  # while the part is ours nobody else of us can take it
            _copy(source, part)
            made = _proved(part, source)
            keep_alike(part, source)
            _sum_file(path).write_text(f"{made.sha256}  {path.name}\n", encoding="ascii")
            keep_alike(_sum_file(path), source)
            sync(_sum_file(path))
            part.rename(path)
            sync(path.parent)
    return Backup(path=path, size=made.size, sha256=made.sha256, revision=made.revision, counts=made.counts)


def check(path: Path) -> Backup:
    """Prove that a backup is whole: its sum, SQLite's own checks, a schema that this version knows.

    Raises `BackupError` with what is wrong.
    """
    if not path.is_file():
        raise BackupError(f"{path} is no file.")
    told = _sum_file(path)
    if not told.is_file():
        raise BackupError(f"{told} is missing, so nobody can tell whether {path.name} is whole. It is made with it.")
    with _told(path, "Nothing was changed."):
        found = sha256(path)
        if told.read_text(encoding="ascii", errors="replace").split()[:1] != [found]:
            raise BackupError(f"{path} is damaged: its SHA-256 is not the one in {told.name}. Take another backup.")
        return _proved(path, path)


def restore(path: Path, database: Database, now: datetime) -> Path | None:
    """Put a backup in the place of the archive, which is set aside. Returns where the old one is now, if there was one.

    The caller holds the lock of the service (`storage.lock.only_service`). The schema is brought to this version's.
    Messages that were waiting when the backup was made, or held with a flood, may have been sent since: they count as
    repeats, and so does what is found anew (storage/restored.py).
    Raises as `check` does; then nothing was touched.
    """
    check(path)
    place = _file_of(database)
    with _told(place, "Nothing was changed."), part_of(place) as part:
        shutil.copyfile(path, part)
        sync(part)
        if sha256(part) != sha256(path):
            raise BackupError(f"The copy of {path} came out different: the disk is failing. Nothing was changed.")
        _make_ready(part, now)
        keep_alike(part, place if place.exists() else place.parent)
        database.close()
        return _swap(part, place, now)


def _make_ready(part: Path, now: datetime) -> None:
    """Bring a copy to this version's schema and mark what waits, before it counts: a crash then changes nothing."""
    copied = Database(f"sqlite:///{part}")
    try:
        schema.upgrade(copied, held=True)
        copied.write(lambda connection: restored.settle(connection, now))
    finally:
        copied.close()  # folds its log into the file
    sync(part)


def made_in(folder: Path, now: datetime) -> list[Path]:
    """The backups in a folder that `make` named, the newest first. Those that are named for a moment after `now`, by a
    clock that was ahead or seen by one that is behind, come last. Raises `OSError` when the folder cannot be read.
    """
    by_moment = {path: moment for path in _named(folder, "") if (moment := moment_of(path)) is not None}
    return sorted(by_moment, key=lambda path: (by_moment[path] <= now + SKEW, by_moment[path]), reverse=True)


def moment_of(path: Path) -> datetime | None:
    """When `make` began a backup that it named; None for other names."""
    try:
        return datetime.strptime(path.name, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def age(made: list[Path], now: datetime) -> timedelta | None:
    """Of the newest of `made_in`; None when there is none that can be from before now."""
    moment = moment_of(made[0]) if made else None
    return None if moment is None or moment > now + SKEW else max(now - moment, timedelta(0))


def rotate(folder: Path, keep: int, now: datetime) -> list[Path]:
    """Delete all but the newest `keep` backups that `make` named in a folder. Returns what was deleted."""
    old = made_in(folder, now)[keep:]
    for path in old:
        path.unlink(missing_ok=True)
        _sum_file(path).unlink(missing_ok=True)
    return old


def sweep(folder: Path) -> list[Path]:
    """Delete what processes that died left of the backups that they were making. Returns what was deleted."""
    gone = [part for part in _named(folder, PART) if drop_if_dead(part)]
    for alone in _named(folder, _SUM):
        path = alone.with_name(alone.name.removesuffix(_SUM))
        if not path.with_name(path.name + PART).exists() and not path.exists():
            alone.unlink(missing_ok=True)
            gone.append(alone)
    return gone


def _named(folder: Path, end: str) -> list[Path]:
    """Files whose names `make` chose, with something behind it."""
    if not folder.is_dir():
        return []
    names = sorted(entry.name for entry in os.scandir(folder) if entry.name.startswith("kaigi-"))
    found = (folder / name for name in names if name.endswith(end))
    return [path for path in found if path.with_name(path.name.removesuffix(end)).match(NAMED)]


def damage(file: Path) -> str | None:
    """What SQLite's quick check says against an archive, which may be in use; None: nothing."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return str(error)
    return None if said == "ok" else str(said)


def _file_of(database: Database) -> Path:
    name = database.url.database
    if not database.is_sqlite or not name or name == ":memory:":
        raise BackupError(
            f"{database.place} is not an SQLite file. Use the server's own tools: pg_dump makes a backup, pg_restore "
            "puts it back, and `kaigi db restored` then says so to the archive."
        )
    return Path(name)


def _refuse_taken(path: Path) -> None:
    if path.exists():
        raise BackupError(f"{path} exists already. Name another file, or a folder.")


def _copy(source: Path, target: Path) -> None:
    """All pages in one step of SQLite's backup: one moment of the archive, while writers go on in the log."""
    if not source.is_file():
        raise BackupError(f"There is no database at {source} yet, so there is nothing to back up.")
    if not os.access(source, os.R_OK):  # SQLite would not say which of the two files. Opening it here would be wrong:
        raise PermissionError(errno.EACCES, "", str(source))  # closing it again ends all locks that this process has
    with closing(sqlite3.connect(source, timeout=30)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there, pages=-1)
        there.execute("PRAGMA journal_mode=DELETE").close()  # one file, without a log beside it
    sync(target)


def _proved(path: Path, called: Path) -> Backup:
    """Read a file back. Immutable: reading must leave no log beside it, and nobody else writes to it.

    `called`: what is said to be damaged, when it is."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check(5)") if row[0] != "ok"]
            problems += [
                f"a row of {row[0]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")
            ]
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            counts = {
                name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608  names of ours
                for name in COUNTED
            }
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{called} is damaged or not an archive of Kaigi ({error}).") from error
    if problems:
        raise BackupError(f"{called} is damaged: {'; '.join(problems[:3])}.")
    if revision is None:
        raise BackupError(f"{called} is an empty archive, or none of Kaigi.")
    if revision[0] not in schema.revisions():
        raise BackupError(f"{called} was written by a newer Kaigi (schema {revision[0]}). Install that one.")
    return Backup(path=path, size=path.stat().st_size, sha256=sha256(path), revision=revision[0], counts=counts)


def _swap(part: Path, place: Path, now: datetime) -> Path | None:
    """Put `part` into the place of the archive, which goes on under another name with what belongs to it, so that a
    restore can itself be taken back. There is an archive at every moment: a service would begin a new one where there
    is none.
    """
    there = place.exists()
    aside = place.with_name(f"{place.name}.before-restore-{now:%Y%m%d-%H%M%S}")
    if there:
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()  # a damaged one goes as it is
        _name_also(place, aside)
    # Also where the file itself is gone: SQLite would play a stranger's log into what is put in its place.
    for end in BESIDE:
        piece = Path(f"{place}{end}")
        if piece.exists():
            piece.rename(f"{aside}{end}")
    part.replace(place)
    sync(place.parent)
    return aside if there else None


def _name_also(place: Path, aside: Path) -> None:
    try:
        os.link(place, aside)
    except OSError:  # a disk without second names
        place.rename(aside)


_SUM = ".sha256"


def _sum_file(path: Path) -> Path:
    return path.with_name(path.name + _SUM)


@contextmanager
def _told(path: Path, unhurt: str) -> Iterator[None]:
    """What the disk says, as an error of ours. `unhurt`: what did not come of it."""
    full = f"The disk under {path} is full. Free some space. {unhurt}"
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise DatabaseFull(full) from error
        if "readonly" in str(error):
            words = "The folder of the archive cannot be written, and reading needs that, too. Run this as its owner."
            raise DatabaseReadOnly(f"{words} {unhurt}") from error
        raise BackupError(f"The archive cannot be copied: {error}. {unhurt}") from error
    except PermissionError as error:
        words = f"{error.filename} cannot be opened: this user may not. Check owner and permissions. {unhurt}"
        raise DatabaseReadOnly(words) from error
    except OSError as error:
        if error.errno in (28, 122):  # no space left, quota
            raise DatabaseFull(full) from error
        raise BackupError(f"{error.filename or path}: {error.strerror or error}. {unhurt}") from error
