"""The service makes its backups by itself."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

from bot.backups import Keeper
from storage import schema
from storage.database import Database
from tests.support.build import NOW


async def _look_once(keeper: Keeper) -> None:
    keeper.stop.clear()
    task = asyncio.create_task(keeper.run())
    await asyncio.sleep(0)
    keeper.stop.set()
    await task


async def test_one_is_made_a_day_and_the_oldest_go(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    schema.upgrade(database)
    moment = NOW
    keeper = Keeper(
        database=database,
        folder=tmp_path / "backups",
        every=timedelta(days=1),
        keep=2,
        clock=lambda: moment,
        stop=asyncio.Event(),
    )
    for days in (0, 0.5, 1, 2, 3):
        moment = NOW + timedelta(days=days)
        await _look_once(keeper)
        for file in keeper.folder.glob("kaigi-*.db"):  # as old as their names say
            made = float((NOW.replace(microsecond=0)).timestamp())
            day = int(file.name[12:14]) - NOW.day
            os.utime(file, (made + day * 86_400, made + day * 86_400))
    names = sorted(file.name[:14] for file in keeper.folder.glob("kaigi-*.db"))
    assert names == [f"kaigi-{NOW + timedelta(days=day):%Y%m%d}" for day in (2, 3)]
    database.close()


async def test_a_folder_that_cannot_be_made_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    schema.upgrade(database)
    keeper = Keeper(
        database=database,
        folder=tmp_path / "file" / "backups",
        every=timedelta(days=1),
        keep=2,
        clock=lambda: NOW,
        stop=asyncio.Event(),
    )
    await _look_once(keeper)
    assert (tmp_path / "file").read_text() == "in the way"
    database.close()
