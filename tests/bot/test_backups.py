"""The service makes its backups by itself."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from bot.backups import Keeper
from bot.findings import Grade
from storage import schema
from storage.database import Database
from tests.support.build import NOW, after


async def _look_once(keeper: Keeper) -> None:
    keeper.stop.clear()
    task = asyncio.create_task(keeper.run())
    await asyncio.sleep(0)
    keeper.stop.set()
    await task


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    schema.upgrade(database)
    yield Keeper(
        database=database,
        folder=tmp_path / "backups",
        every=timedelta(days=1),
        keep=2,
        clock=lambda: NOW,
        stop=asyncio.Event(),
    )
    database.close()


def _names(keeper: Keeper) -> list[str]:
    return sorted(file.name for file in keeper.folder.glob("kaigi-*"))


async def test_one_is_made_a_day_and_the_oldest_go(keeper: Keeper) -> None:
    for days in (0, 0.5, 1, 2, 3):
        keeper.clock = partial(after, days=days)
        await _look_once(keeper)
    kept = [name[:14] for name in _names(keeper) if name.endswith(".db")]
    assert kept == [f"kaigi-{NOW + timedelta(days=day):%Y%m%d}" for day in (2, 3)]


async def test_a_backup_made_by_a_clock_that_was_ahead_keeps_no_other_from_being_made(keeper: Keeper) -> None:
    keeper.clock = partial(after, days=3_000)
    await _look_once(keeper)
    keeper.clock = lambda: NOW
    await _look_once(keeper)
    assert f"kaigi-{NOW:%Y%m%d-%H%M%S}.db" in _names(keeper)


async def test_a_folder_that_cannot_be_read_stops_nothing_and_is_told(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "backups")

    with monkeypatch.context() as patched:
        patched.setattr("storage.backup.made_in", refuse)
        await _look_once(keeper)
    (finding,) = keeper.findings()
    assert (finding.grade, finding.about, "Permission denied" in finding.words) == (Grade.LOOK, "backups", True)
    await _look_once(keeper)
    assert keeper.findings() == []
    assert len(_names(keeper)) == 2


async def test_a_mistake_of_ours_stops_nothing(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.backup.made_in", mock.Mock(side_effect=ZeroDivisionError))
    await _look_once(keeper)
    assert "ZeroDivisionError" in keeper.findings()[0].words


async def test_what_a_killed_backup_left_goes_before_the_next_one(keeper: Keeper) -> None:
    keeper.folder.mkdir()
    (keeper.folder / "kaigi-20240101-000000.db.part").write_bytes(b"half")
    await _look_once(keeper)
    assert [name for name in _names(keeper) if name.endswith(".part")] == []


async def test_a_folder_that_cannot_be_made_is_told_and_stops_nothing(keeper: Keeper, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    keeper.folder = tmp_path / "file" / "backups"
    await _look_once(keeper)
    assert (tmp_path / "file").read_text() == "in the way"
    assert "Not a directory" in keeper.findings()[0].words
