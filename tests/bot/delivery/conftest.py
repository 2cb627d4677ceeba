"""An archive with the built-in filters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import filters
from storage.database import Database
from tests.support.archives import new_archive


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db")
    database.write(filters.ensure_built_in)
    yield database
    database.close()
