"""What lets thousands of tests run in minutes, and changes nothing that they test.

temporary files  in memory where there is room: each commit of an archive waits for the disk otherwise
certificates     one authority instead of 150: no test speaks to anybody outside, and each client reads them all
statements       compiled once for all databases of a process: a service has one for years, each test has its own
garbage          the tests themselves stay to the end: the collector need not go through them again and again
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import certifi
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from storage import database

_MEMORY, _ROOM = "/dev/shm", 3 * 2**30
_END = "-----END CERTIFICATE-----\n"


def prepare() -> None:
    """Choose the folder of temporary files and the authorities, for this process and those that it starts."""
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = _MEMORY
    if "SSL_CERT_FILE" not in os.environ:  # OpenSSL's own name, which httpx knows as well
        os.environ["SSL_CERT_FILE"] = str(_one_authority())


def _one_authority() -> Path:
    file = Path(tempfile.gettempdir()) / f"kaigi-authority-{os.getuid()}.pem"
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(_END)[0] + _END, encoding="utf-8")
    return new.replace(file)


class SharedCache(dict[Any, Any]):
    """Compiled statements by what they are and by the name of a dialect, which all its engines set up alike."""

    def get(self, key: Any, default: Any = None) -> Any:
        """What was compiled for any engine of this dialect."""
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


def compile_once(patch: pytest.MonkeyPatch) -> None:
    """From now on, all databases that are opened share one cache (`compiled_cache` is a setting of SQLAlchemy's)."""
    make, cache = database._engine, SharedCache()

    def with_cache(url: URL) -> Engine:
        engine = make(url)
        engine.update_execution_options(compiled_cache=cache)
        return engine

    patch.setattr(database, "_engine", with_cache)


def set_aside() -> None:
    """Keep what was made until now out of the collector's way."""
    gc.collect()
    gc.freeze()
