"""Files that get their name only when they are whole, whoever else writes there and whenever the process dies.

    NAME.part, locked, for this user alone ─► written, read back, on the disk ─► NAME

The lock tells a part that is being written from one that a dead process left.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import DatabaseBusy

PART = ".part"
BESIDE = ("-wal", "-shm", "-journal")  #: what SQLite may keep beside a database, and plays into it when it is opened
_PIECE = 2**20


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """An empty file beside `path` that nobody else writes meanwhile. What a dead process left there goes first; what is
    still there at the end goes, too. Raises `DatabaseBusy` when somebody else is writing it, `OSError`.
    """
    part = path.with_name(path.name + PART)
    busy = DatabaseBusy(f"{path} is just being written by another process. Wait for its end, or name another file.")
    handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(handle) or not _is_at(part, handle):  # or it has just got its name
            raise busy
        try:
            os.ftruncate(handle, 0)
            os.fchmod(handle, 0o600)
            _drop_beside(part)
            yield part
        finally:
            _drop_beside(part)
            if _is_at(part, handle):
                part.unlink()
    finally:
        os.close(handle)


def drop_if_dead(part: Path) -> bool:
    """Delete a part that nobody writes any more. Returns whether it was one."""
    try:
        handle = os.open(part, os.O_RDONLY)
    except OSError:
        return False
    try:
        if not _locked(handle) or not _is_at(part, handle):
            return False
        _drop_beside(part)
        part.unlink()
    finally:
        os.close(handle)
    return True


def keep_alike(file: Path, model: Path) -> None:
    """Let `file` be readable for those who may read `model`, and belong to the same user, as far as we may say so."""
    known = model.stat()
    with suppress(OSError):  # only root gives files away, and not every disk knows owners
        os.chown(file, known.st_uid, known.st_gid)
    with suppress(OSError):
        file.chmod(0o600 if model.is_dir() else known.st_mode & 0o666)


def sha256(path: Path) -> str:
    """Of the bytes of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _drop_beside(part: Path) -> None:
    for end in BESIDE:
        Path(f"{part}{end}").unlink(missing_ok=True)
