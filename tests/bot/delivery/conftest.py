"""An archive with the built-in filters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.archives import built_in, new_archive


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db", filled_by=built_in)
    yield database
    database.close()
