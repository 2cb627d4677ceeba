"""A bot to talk to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.parsing import parse_here
from tests.support.talking import Talk, talking


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as talk:
        yield talk


@pytest.fixture
def parsed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are parsed in this process: the subject is what comes after."""
    parse_here(monkeypatch)
