"""Backups of an SQLite archive: made while the service runs, proved before they count, put back only when whole.

    make:     database ─► online copy in one read transaction ─► checks, SHA-256 ─► on disk under its name
    restore:  backup ─► checks ─► the old file is set aside ─► copy ─► messages that were waiting count as repeats

SQLite keeps no checksums by itself: damage inside a page of text passes its own checks. So each backup has a file
beside it with the SHA-256 of its bytes, in the form that `sha256sum -c` reads. https://sqlite.org/backup.html
On PostgreSQL, `pg_dump` does this better than we could.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, update

from storage import floods, restored, schema
from storage.database import Database
from storage.errors import BackupError, DatabaseFull, DatabaseReadOnly
from storage.model import DeliveryState
from storage.tables import deliveries

COUNTED = ("sources", "items", "stories", "meetings", "chats", "deliveries")
_PIECE = 2**20
NAMED = f"kaigi-{'[0-9]' * 8}-{'[0-9]' * 6}.db"  #: as `make` names them; what a person named is left alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Backup:
    """A backup that was proved to be whole."""

    path: Path
    size: int  #: bytes
    sha256: str
    revision: str  #: of the schema
    counts: dict[str, int]  #: rows by table


def make(database: Database, target: Path, now: datetime) -> Backup:
    """Copy the archive to `target`, or into the folder `target` under a name with the moment `now`.

    The service may go on. The file gets its name only after it was read back and found whole, so what is there is a
    backup. Raises `BackupError` for a name that is taken or another engine, `DatabaseFull` and `DatabaseReadOnly` for
    what the disk says.
    """
    source = _file_of(database)
    path = target / f"kaigi-{now:%Y%m%d-%H%M%S}.db" if target.is_dir() else target
    if path.exists():
        raise BackupError(f"{path} exists already. Name another file, or a folder.")
    part = path.with_name(path.name + ".part")
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        try:
            _copy(source, part)
            made = _proved(part)
            _sum_file(path).write_text(f"{made.sha256}  {path.name}\n", encoding="ascii")
            _sync(_sum_file(path))
            part.rename(path)
            _sync(path.parent)
        finally:
            part.unlink(missing_ok=True)
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
    with _told(path):
        found = _sha256(path)
        if told.read_text(encoding="ascii", errors="replace").split()[:1] != [found]:
            raise BackupError(f"{path} is damaged: its SHA-256 is not the one in {told.name}. Take another backup.")
        return _proved(path)


def restore(path: Path, database: Database, now: datetime) -> Path | None:
    """Put a backup in the place of the archive, which is set aside. Returns where the old one is now, if there was one.

    The caller holds the lock of the service (`storage.lock.only_service`). The schema is brought to this version's.
    Messages that were waiting when the backup was made, or held with a flood, may have been sent since: they count as
    repeats, and so does what is found anew (storage/restored.py).
    Raises as `check` does; then nothing was touched.
    """
    check(path)
    place = _file_of(database)
    part = place.with_name(place.name + ".part")
    with _told(place):
        try:
            shutil.copyfile(path, part)
            _sync(part)
            if _sha256(part) != _sha256(path):
                raise BackupError(f"The copy of {path} came out different: the disk is failing. Nothing was changed.")
            _make_ready(part, now)
            database.close()
            aside = _set_aside(place, now)
            part.rename(place)
            _sync(place.parent)
        finally:
            part.unlink(missing_ok=True)
    return aside


def _make_ready(part: Path, now: datetime) -> None:
    """Bring a copy to this version's schema and mark what waits, before it counts: a crash then changes nothing."""
    copied = Database(f"sqlite:///{part}")
    try:
        schema.upgrade(copied)
        copied.write(_call_waiting_repeats)
        copied.write(lambda connection: restored.note(connection, now))
    finally:
        copied.close()  # folds its log into the file
    _sync(part)


def rotate(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups that `make` named in a folder. Returns what was deleted."""
    old = sorted(folder.glob(NAMED), reverse=True)[keep:]
    for path in old:
        path.unlink(missing_ok=True)
        _sum_file(path).unlink(missing_ok=True)
    return old


def damage(file: Path) -> str | None:
    """What SQLite's quick check says against an archive, which may be in use; None: nothing."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return str(error)
    return None if said == "ok" else str(said)


def _call_waiting_repeats(connection: Connection) -> None:
    waiting = deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCERTAIN])
    connection.execute(update(deliveries).where(waiting).values(repeat=True))
    floods.doubt(connection)


def _file_of(database: Database) -> Path:
    name = database.url.database
    if not database.is_sqlite or not name or name == ":memory:":
        raise BackupError(
            f"{database.place} is not an SQLite file. Use the server's own tools: pg_dump makes a backup, "
            "pg_restore puts it back."
        )
    return Path(name)


def _copy(source: Path, target: Path) -> None:
    """All pages in one step of SQLite's backup: one moment of the archive, while writers go on in the log."""
    if not source.is_file():
        raise BackupError(f"There is no database at {source} yet, so there is nothing to back up.")
    with closing(sqlite3.connect(source, timeout=30)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there, pages=-1)
        there.execute("PRAGMA journal_mode=DELETE").close()  # one file, without a log beside it
    _sync(target)


def _proved(path: Path) -> Backup:
    """Read a file back. Immutable: reading must leave no log beside it, and nobody else writes to it."""
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
        raise BackupError(f"{path} is damaged or not an archive of Kaigi ({error}).") from error
    if problems:
        raise BackupError(f"{path} is damaged: {'; '.join(problems[:3])}.")
    if revision is None or revision[0] not in schema.revisions():
        raise BackupError(f"{path} was written by a newer Kaigi (schema {revision and revision[0]}). Install that one.")
    return Backup(path=path, size=path.stat().st_size, sha256=_sha256(path), revision=revision[0], counts=counts)


def _set_aside(place: Path, now: datetime) -> Path | None:
    """Move the archive away with what belongs to it, so that a restore can itself be taken back."""
    there = place.exists()
    if there:
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()  # a damaged one goes as it is
    aside = place.with_name(f"{place.name}.before-restore-{now:%Y%m%d-%H%M%S}")
    # Also where the file itself is gone: SQLite would play a stranger's log into what is put in its place.
    for end in ("-wal", "-shm", "-journal", ""):
        piece = Path(f"{place}{end}")
        if piece.exists():
            piece.rename(f"{aside}{end}")
    return aside if there else None


def _sum_file(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the disk says, as an error of ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise DatabaseFull(f"The disk under {path} is full. Free some space; no backup was kept.") from error
        raise BackupError(f"The archive cannot be copied: {error}.") from error
    except PermissionError as error:
        raise DatabaseReadOnly(f"{error.filename} cannot be written. Check owner and permissions.") from error
    except OSError as error:
        if error.errno in (28, 122):  # no space left, quota
            raise DatabaseFull(f"The disk under {path} is full. Free some space; no backup was kept.") from error
        raise BackupError(f"{path}: {error.strerror or error}.") from error
