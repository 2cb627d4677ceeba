"""A backup is whole or it is none, and nobody else reads or writes it meanwhile."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import select

from storage import backup, floods, restored
from storage.database import Database
from storage.errors import BackupError, DatabaseBusy, DatabaseFull, DatabaseReadOnly
from storage.files import drop_if_dead, part_of, sha256
from storage.tables import deliveries
from tests.support.build import NOW, after
from tests.support.floods import flood
from tests.support.owed_meeting import follow_meetings, identities, land_meeting, with_a_meeting


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Database]:
    with with_a_meeting(tmp_path) as database:
        yield database


def test_a_backup_holds_what_was_committed_and_proves_it(archive: Database, tmp_path: Path) -> None:
    made = backup.make(archive, tmp_path / "b.db", NOW)
    assert (made.counts["items"], made.counts["deliveries"]) == (1, 1)
    assert (tmp_path / "b.db.sha256").read_text() == f"{made.sha256}  b.db\n"
    assert backup.check(tmp_path / "b.db") == made
    assert sorted(file.name for file in tmp_path.glob("b.db*")) == ["b.db", "b.db.sha256"]


def test_a_folder_gets_a_file_named_for_the_moment(archive: Database, tmp_path: Path) -> None:
    assert backup.make(archive, tmp_path, NOW).path == tmp_path / f"kaigi-{NOW:%Y%m%d-%H%M%S}.db"


def test_writers_go_on_while_a_backup_is_made(archive: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(str(archive.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE items SET title = 'not committed'")
        made = backup.make(archive, tmp_path / "b.db", NOW)
        other.rollback()
    with closing(sqlite3.connect(made.path)) as copy:
        assert copy.execute("SELECT title FROM items").fetchall() != [("not committed",)]


def test_an_archive_that_other_tools_put_back_can_be_told_so(database: Database) -> None:
    database.write(follow_meetings)
    land_meeting(database, 1)
    database.write(flood)
    assert database.write(lambda c: restored.settle(c, NOW)) == 1
    assert database.read(lambda c: c.execute(select(deliveries.c.repeat)).scalars().all()) == [True]
    assert {one.repeat for one in database.read(floods.every)[0].alerts} == {True}
    assert database.read(lambda c: restored.lately(c, after(days=1))) == NOW


def test_damage_that_the_sum_agrees_with_is_found_by_reading(archive: Database, tmp_path: Path) -> None:
    made = backup.make(archive, tmp_path / "b.db", NOW)
    cut = made.path.read_bytes()[:8192]
    made.path.write_bytes(cut)
    (tmp_path / "b.db.sha256").write_text(f"{sha256(made.path)}  b.db\n")
    with pytest.raises(BackupError, match="damaged"):
        backup.check(made.path)


def test_what_has_no_sum_or_is_no_archive_is_refused(archive: Database, tmp_path: Path) -> None:
    stranger = tmp_path / "x.db"
    with pytest.raises(BackupError, match="is no file"):
        backup.check(stranger)
    stranger.write_text("hello")
    with pytest.raises(BackupError, match=r"x.db.sha256 is missing"):
        backup.check(stranger)
    (tmp_path / "x.db.sha256").write_text(f"{sha256(stranger)}  x.db\n")
    with pytest.raises(BackupError, match="not an archive of Kaigi"):
        backup.check(stranger)


def test_an_archive_of_a_newer_version_is_refused(archive: Database, tmp_path: Path) -> None:
    archive.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BackupError, match="newer Kaigi"):
        backup.make(archive, tmp_path, NOW)


def test_a_name_that_is_taken_is_refused(archive: Database, tmp_path: Path) -> None:
    (tmp_path / "b.db").write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        backup.make(archive, tmp_path / "b.db", NOW)
    assert (tmp_path / "b.db").read_text() == "mine"


def test_a_full_disk_leaves_nothing_behind(archive: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backup, "_copy", full)
    with pytest.raises(DatabaseFull):
        backup.make(archive, tmp_path / "b.db", NOW)
    assert list(tmp_path.glob("b.db*")) == []


def test_the_newest_backups_are_kept(archive: Database, tmp_path: Path) -> None:
    made = [backup.make(archive, tmp_path, NOW + timedelta(days=day)).path for day in range(3)]
    assert backup.rotate(tmp_path, 2, NOW + timedelta(days=2)) == [made[0]]
    assert sorted(tmp_path.glob("kaigi-*.db*")) == sorted(
        file for path in made[1:] for file in (path, path.with_name(path.name + ".sha256"))
    )


def test_postgresql_is_told_its_own_tools() -> None:
    with pytest.raises(BackupError, match="pg_dump"):
        backup.make(Database("postgresql://nobody@localhost/x"), Path("x"), NOW)


def test_rotation_leaves_what_a_person_named(archive: Database, tmp_path: Path) -> None:
    mine = backup.make(archive, tmp_path / "kaigi-before-upgrade.db", NOW).path
    daily = backup.make(archive, tmp_path, NOW).path
    assert backup.rotate(tmp_path, 1, NOW) == []
    assert mine.is_file()
    assert daily.is_file()


@pytest.mark.parametrize(
    ("said", "told", "words"),
    [
        (sqlite3.OperationalError("disk I/O error"), BackupError, "cannot be copied: disk I/O error"),
        (PermissionError(13, "Permission denied", "b.db.part"), DatabaseReadOnly, "b.db.part cannot be opened"),
        (OSError(28, "No space left on device"), DatabaseFull, "Free some space"),
        (OSError(5, "Input/output error"), BackupError, "Input/output error"),
    ],
)
def test_what_the_disk_says_is_told_with_what_to_do(
    archive: Database, tmp_path: Path, said: Exception, told: type[Exception], words: str
) -> None:
    with mock.patch.object(backup, "_copy", side_effect=said), pytest.raises(told, match=words):
        backup.make(archive, tmp_path / "b.db", NOW)
    assert list(tmp_path.glob("b.db*")) == []


def test_where_there_is_no_archive_yet_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'kaigi.db'}")
    with pytest.raises(BackupError, match="nothing to back up"):
        backup.make(database, tmp_path / "b.db", NOW)
    database.close()


def test_rows_that_break_a_rule_of_their_table_are_damage(archive: Database, tmp_path: Path) -> None:
    file = backup.make(archive, tmp_path / "b.db", NOW).path
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "CREATE TABLE ballast (weight); INSERT INTO ballast VALUES (NULL); PRAGMA writable_schema = ON;"
            "UPDATE sqlite_schema SET sql = 'CREATE TABLE ballast (weight NOT NULL)' WHERE name = 'ballast';"
        )
    said = backup.damage(file)
    assert said is not None
    assert "NULL value" in said
    summed = f"{hashlib.sha256(file.read_bytes()).hexdigest()}  b.db\n"
    file.with_name("b.db.sha256").write_text(summed, encoding="ascii")
    with pytest.raises(BackupError, match="is damaged: NULL value"):
        backup.check(file)


def test_a_file_that_is_no_database_is_damage(archive: Database, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("my holiday photos " * 100, encoding="ascii")
    assert "not a database" in str(backup.damage(tmp_path / "text"))
    assert backup.damage(tmp_path / "data" / "kaigi.db") is None


def test_two_backups_to_one_name_do_not_write_into_each_other(archive: Database, tmp_path: Path) -> None:
    with part_of(tmp_path / "b.db") as part:
        part.write_bytes(b"the other one has come so far")
        with pytest.raises(DatabaseBusy, match=r"b.db is just being written"):
            backup.make(archive, tmp_path / "b.db", NOW)
        assert part.read_bytes() == b"the other one has come so far"
    assert list(tmp_path.glob("b.db*")) == []
    assert backup.make(archive, tmp_path / "b.db", NOW).counts["items"] == 1


def test_a_backup_that_came_second_does_not_replace_the_first(archive: Database, tmp_path: Path) -> None:
    def first(path: Path) -> None:
        monkey.stop()
        backup.make(archive, path, NOW)

    monkey = mock.patch.object(backup, "_refuse_taken", side_effect=first)
    monkey.start()
    with pytest.raises(BackupError, match="exists already"):
        backup.make(archive, tmp_path / "b.db", NOW)
    assert backup.check(tmp_path / "b.db").counts["items"] == 1


def test_what_killed_backups_left_is_swept_and_what_is_being_written_is_not(archive: Database, tmp_path: Path) -> None:
    whole = backup.make(archive, tmp_path, NOW).path
    left = [tmp_path / f"kaigi-20250101-00000{number}.db.part" for number in range(2)]
    for file in left:
        file.write_bytes(b"half")
    Path(f"{left[0]}-journal").write_bytes(b"half")
    alone = tmp_path / "kaigi-20250101-000003.db.sha256"
    mine = tmp_path / "mine.db.part"
    for file in (alone, mine):
        file.write_text("x")
    with part_of(tmp_path / "kaigi-20250101-000009.db") as busy:
        assert sorted(backup.sweep(tmp_path)) == sorted([*left, alone])
        assert busy.exists()
        assert not drop_if_dead(busy)
    assert not drop_if_dead(busy)  # there is none any more
    assert sorted(tmp_path.glob("*.db*")) == sorted([whole, whole.with_name(whole.name + ".sha256"), mine])
    assert backup.sweep(tmp_path / "nowhere") == []


def test_while_a_backup_is_being_written_nobody_else_reads_it(
    archive: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    copy = backup._copy

    def look(source: Path, target: Path) -> None:
        copy(source, target)
        modes.append(target.stat().st_mode & 0o777)

    monkeypatch.setattr(backup, "_copy", look)
    backup.make(archive, tmp_path, NOW)
    assert modes == [0o600]


def test_backups_named_by_a_clock_that_was_ahead_neither_stay_for_good_nor_push_others_out(
    archive: Database, tmp_path: Path
) -> None:
    ahead = [backup.make(archive, tmp_path, NOW + timedelta(days=3_000 + day)).path for day in range(2)]
    assert backup.age(backup.made_in(tmp_path, NOW), NOW) is None
    true = [backup.make(archive, tmp_path, NOW + timedelta(days=day)).path for day in range(2)]
    now = NOW + timedelta(days=1, hours=3)
    assert backup.age(backup.made_in(tmp_path, now), now) == timedelta(hours=3)
    assert backup.rotate(tmp_path, 3, now) == [ahead[0]]
    assert backup.rotate(tmp_path, 2, now) == [ahead[1]]
    assert backup.made_in(tmp_path, now) == [true[1], true[0]]


def test_a_name_that_is_no_moment_is_no_backup_of_ours(tmp_path: Path) -> None:
    (tmp_path / "kaigi-20251399-000000.db").touch()
    assert backup.made_in(tmp_path, NOW) == []


def test_an_empty_file_is_called_so_and_by_its_own_name(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE photos (name TEXT)"))
    with pytest.raises(BackupError, match=r"kaigi.db is damaged or not an archive of Kaigi"):
        backup.make(database, tmp_path / "b.db", NOW)
    database.close()


def test_an_archive_without_a_schema_is_told(archive: Database, tmp_path: Path) -> None:
    archive.write(lambda c: c.exec_driver_sql("DELETE FROM alembic_version"))
    with pytest.raises(BackupError, match="is an empty archive"):
        backup.make(archive, tmp_path, NOW)


def test_an_archive_whose_folder_cannot_be_written_is_told_so(archive: Database, tmp_path: Path) -> None:
    said = sqlite3.OperationalError("attempt to write a readonly database")
    with mock.patch.object(backup, "_copy", side_effect=said), pytest.raises(DatabaseReadOnly, match="folder of the"):
        backup.make(archive, tmp_path / "b.db", NOW)


def test_a_backup_leaves_the_locks_of_the_running_service_alone(archive: Database, tmp_path: Path) -> None:
    """POSIX takes all locks of a process from a file as soon as the process closes it once, whoever had opened it."""
    place = Path(str(archive.url.database))
    land_meeting(archive, 2)
    backup.make(archive, tmp_path, NOW)
    look = (
        f"import sqlite3; c = sqlite3.connect({str(place)!r}); c.execute('SELECT 1 FROM items').fetchone(); c.close()"
    )
    subprocess.run([sys.executable, "-c", look], check=True)  # without our locks it would take itself for the last
    assert Path(f"{place}-wal").exists()
    land_meeting(archive, 3)
    assert identities(archive) == ["g:1", "g:2", "g:3"]


def test_an_archive_that_may_not_be_read_is_named(archive: Database, tmp_path: Path) -> None:
    with (
        mock.patch("os.access", return_value=False),
        pytest.raises(DatabaseReadOnly, match=r"kaigi.db cannot be opened"),
    ):
        backup.make(archive, tmp_path / "b.db", NOW)
