"""A restore brings back what was there, and can itself be taken back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import select, update

from storage import backup, floods, ingest, restored, sources
from storage.database import Connection, Database
from storage.errors import BackupError
from storage.tables import deliveries
from storage.tables import sources as source_table
from tests.support.build import NOW, after, facts, meeting_changes
from tests.support.floods import flood
from tests.support.owed_meeting import identities, land_meeting, with_a_meeting


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Database]:
    with with_a_meeting(tmp_path) as database:
        yield database


def test_a_restore_brings_back_what_was_there_and_sets_the_rest_aside(archive: Database, tmp_path: Path) -> None:
    made = backup.make(archive, tmp_path, NOW)
    land_meeting(archive, 2)
    aside = backup.restore(made.path, archive, NOW)
    assert identities(archive) == ["g:1"]
    assert aside is not None
    with closing(sqlite3.connect(aside)) as before:
        assert before.execute("SELECT count(*) FROM items").fetchone() == (2,)


def test_what_was_waiting_then_is_a_repeat_now(archive: Database, tmp_path: Path) -> None:
    made = backup.make(archive, tmp_path, NOW)
    backup.restore(made.path, archive, NOW)
    assert archive.read(lambda c: c.execute(select(deliveries.c.repeat)).scalars().all()) == [True]


def test_what_was_held_with_a_flood_then_may_have_been_told_since(archive: Database, tmp_path: Path) -> None:
    archive.write(flood)
    made = backup.make(archive, tmp_path, NOW)
    assert {one.repeat for one in archive.read(floods.every)[0].alerts} == {False}
    backup.restore(made.path, archive, NOW)
    assert {one.repeat for one in archive.read(floods.every)[0].alerts} == {True}


@pytest.mark.parametrize(
    ("published", "seen_since", "repeat"),
    [
        (after(hours=2), False, True),  # it was there to be told of before
        (after(hours=2), True, True),
        (after(hours=4), False, False),  # news
        (None, False, True),  # undated, with the first poll since
        (None, True, False),
    ],
    ids=["published before", "published before, polled since", "published since", "undated", "undated, polled since"],
)
def test_a_meeting_that_is_found_anew_after_a_restore_is_told_as_a_repeat(
    archive: Database, tmp_path: Path, published: datetime | None, seen_since: bool, repeat: bool
) -> None:
    made = backup.make(archive, tmp_path, NOW)
    backup.restore(made.path, archive, after(hours=3))

    def find(connection: Connection) -> None:
        source_id = sources.find(connection, "s1").id
        seen_at = after(hours=3, minutes=1) if seen_since else NOW
        connection.execute(update(source_table).values(last_success_at=seen_at))
        changes = meeting_changes(facts(edition=2, series="admm"), source_id=source_id, identity="g:2")
        dated = tuple(replace(one, published_at=published) for one in changes.inserts)
        ingest.apply(connection, replace(changes, inserts=dated), after(hours=5))

    archive.write(find)
    marks = archive.read(lambda c: c.execute(select(deliveries.c.repeat).order_by(deliveries.c.id)).scalars().all())
    assert marks == [True, repeat]


def test_a_week_after_a_restore_news_is_news(archive: Database, tmp_path: Path) -> None:
    made = backup.make(archive, tmp_path, NOW)
    backup.restore(made.path, archive, NOW)
    assert archive.read(lambda c: restored.lately(c, after(days=7))) == NOW
    assert archive.read(lambda c: restored.lately(c, after(days=8))) is None
    backup.restore(made.path, archive, after(days=9))
    assert archive.read(lambda c: restored.lately(c, after(days=10))) == after(days=9)


def test_an_archive_that_is_gone_is_restored_where_it_was(archive: Database, tmp_path: Path) -> None:
    made = backup.make(archive, tmp_path, NOW)
    archive.close()
    Path(str(archive.url.database)).unlink()
    assert backup.restore(made.path, archive, NOW) is None
    assert identities(archive) == ["g:1"]


@pytest.mark.parametrize("place", [5_000, -5_000, 100], ids=["a page", "near the end", "the header"])
def test_one_changed_byte_is_refused_and_nothing_is_touched(archive: Database, tmp_path: Path, place: int) -> None:
    made = backup.make(archive, tmp_path, NOW)
    damaged = bytearray(made.path.read_bytes())
    damaged[place] ^= 1
    made.path.write_bytes(damaged)
    with pytest.raises(BackupError, match="damaged"):
        backup.restore(made.path, archive, NOW)
    assert identities(archive) == ["g:1"]


def test_a_log_that_lies_there_without_its_file_is_set_aside_and_not_played_in(
    archive: Database, tmp_path: Path
) -> None:
    made = backup.make(archive, tmp_path, NOW)
    place = Path(str(archive.url.database))
    with closing(sqlite3.connect(place)) as other:  # somebody who reads keeps the log from being folded in
        other.execute("SELECT count(*) FROM items").fetchone()
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM items").fetchone()
        land_meeting(archive, 2)
        log = Path(f"{place}-wal").read_bytes()
    archive.close()
    place.unlink()
    Path(f"{place}-wal").write_bytes(log)
    assert backup.restore(made.path, archive, NOW) is None
    assert identities(archive) == ["g:1"]


def test_a_disk_that_does_not_give_back_what_was_written_is_found_out_and_nothing_is_changed(
    archive: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.make(archive, tmp_path / "b.db", NOW)
    before = identities(archive)

    def copy(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:-1] + b"?")

    monkeypatch.setattr("shutil.copyfile", copy)
    with pytest.raises(BackupError, match="the disk is failing"):
        backup.restore(tmp_path / "b.db", archive, NOW)
    assert identities(archive) == before


def test_a_backup_is_for_those_who_may_read_the_archive_and_nobody_else(archive: Database, tmp_path: Path) -> None:
    place = Path(str(archive.url.database))
    place.chmod(0o600)
    made = backup.make(archive, tmp_path, NOW).path
    for file in (made, made.with_name(made.name + ".sha256")):
        assert file.stat().st_mode & 0o777 == 0o600
    place.chmod(0o640)
    backup.restore(made, archive, NOW)
    assert place.stat().st_mode & 0o777 == 0o640
    archive.close()
    place.unlink()
    backup.restore(made, archive, after(hours=1))
    assert place.stat().st_mode & 0o777 == 0o600


def test_the_log_of_a_restore_that_was_killed_is_not_played_into_the_next_one(
    archive: Database, tmp_path: Path
) -> None:
    made = backup.make(archive, tmp_path, NOW)
    place = Path(str(archive.url.database))
    land_meeting(archive, 2)
    other = backup.make(archive, tmp_path / "other.db", NOW)
    part = Path(f"{place}.part")
    part.write_bytes(other.path.read_bytes())
    killed = Database(f"sqlite:///{part}")
    land_meeting(killed, 3)
    log = Path(f"{part}-wal").read_bytes()
    killed.close()
    part.write_bytes(b"half")
    Path(f"{part}-wal").write_bytes(log)
    backup.restore(made.path, archive, NOW)
    assert identities(archive) == ["g:1"]
    assert backup.damage(place) is None
    assert list(place.parent.glob("*.part*")) == []


def test_there_is_an_archive_at_every_moment_of_a_restore(
    archive: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup.make(archive, tmp_path, NOW)
    land_meeting(archive, 2)

    killed = mock.patch.object(Path, "replace", side_effect=KeyboardInterrupt)
    with killed, pytest.raises(KeyboardInterrupt):
        backup.restore(made.path, archive, NOW)
    assert identities(archive) == ["g:1", "g:2"]
    monkeypatch.setattr("os.link", mock.Mock(side_effect=PermissionError(1, "no second names here")))
    aside = backup.restore(made.path, archive, after(hours=1))
    assert aside is not None
    assert aside.exists()
    assert identities(archive) == ["g:1"]
