"""What hangs is noticed, told and started anew; what only fails, or was frozen with us, is not."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import event

from bot import config, process, systemd
from bot.app import Service
from bot.findings import Finding, Grade, standing
from bot.pulse import Pulse
from bot.watchdog import Restart, Watchdog, note, noted
from bot.wellbeing import Wellbeing
from bot.wording import words_of
from storage import notices
from storage.database import Database
from storage.errors import DatabaseBusy
from storage.model import NoticeKind
from tests.support.archives import new_archive
from tests.support.build import NOW
from tests.support.running import environment


class Kennel:
    """A watchdog whose clock is ours, and one part that moves when we say so."""

    def __init__(self, folder: Path) -> None:
        self.now, self.moved, self.restarts = 100.0, 0, 0
        self.dog = Watchdog(
            signs={"deliverer": lambda: self.moved, "event loop": lambda: self.now},
            journal=folder / "watchdog.last",
            restart=self._restart,
            clock=lambda: self.now,
        )

    def _restart(self) -> None:
        self.restarts += 1

    def pass_time(self, seconds: float, step: float = 5.0) -> None:
        for _ in range(int(seconds / step)):
            self.now += step
            self.dog.look()


@pytest.fixture
def kennel(tmp_path: Path) -> Kennel:
    return Kennel(tmp_path)


@pytest.fixture
def systemd_s_ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket that systemd gives to a service of Type=notify."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield ear


def test_a_part_that_does_not_move_is_noticed_within_a_minute_and_the_process_starts_anew(kennel: Kennel) -> None:
    kennel.pass_time(40)
    assert not kennel.dog.hung
    kennel.pass_time(10)
    assert (kennel.dog.hung, kennel.restarts) == ("deliverer", 0)
    kennel.pass_time(10)
    assert kennel.restarts == 1
    why = noted(kennel.dog.journal)
    assert why is not None
    assert (why.hung, why.seconds <= 60) == ("deliverer", True)


def test_a_part_that_moves_again_in_time_is_left_alone(kennel: Kennel) -> None:
    kennel.pass_time(50)
    kennel.moved += 1
    kennel.pass_time(40)
    assert (kennel.dog.hung, kennel.restarts) == (None, 0)


def test_a_process_that_was_frozen_as_a_whole_is_given_time(kennel: Kennel) -> None:
    kennel.pass_time(20)
    kennel.now += 3600  # a laptop that slept
    kennel.pass_time(40)
    assert (kennel.dog.hung, kennel.restarts) == (None, 0)


def test_systemd_hears_that_we_live_only_while_all_parts_move(kennel: Kennel, systemd_s_ear: socket.socket) -> None:
    kennel.dog.look()
    assert systemd_s_ear.recv(100) == b"WATCHDOG=1"
    kennel.pass_time(45)
    assert kennel.dog.hung == "deliverer"
    systemd_s_ear.setblocking(False)
    assert [heard for _ in range(8) if (heard := systemd_s_ear.recv(100))] == [b"WATCHDOG=1"] * 8
    with pytest.raises(BlockingIOError):
        systemd_s_ear.recv(100)


def test_systemd_tells_how_patient_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    assert systemd.patience_s() == 60
    monkeypatch.setenv("WATCHDOG_PID", "1")  # it watches somebody else
    assert systemd.patience_s() is None


def test_the_thread_looks_by_itself_and_ends_when_told(kennel: Kennel) -> None:
    looked = threading.Event()
    kennel.dog.look = looked.set  # type: ignore[method-assign]
    kennel.dog.look_s = 0.01
    kennel.dog.start()
    assert looked.wait(5)
    kennel.dog.stop()
    assert not any(thread.name == "watchdog" for thread in threading.enumerate())


ANEW = """
import sys, time
from pathlib import Path
from bot.watchdog import Watchdog, noted, start_anew
journal = Path(sys.argv[1])
why = noted(journal)
if why:
    print("again, because of", why.hung, flush=True)
    sys.exit(0)
print("first", flush=True)
dog = Watchdog(signs={"loop": lambda: 0}, journal=journal, restart=start_anew, limit_s=0.1, grace_s=0.1, look_s=0.05)
dog.start()
time.sleep(60)
"""


def test_a_process_that_hangs_is_replaced_in_place_with_the_same_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ANEW, str(tmp_path / "why")],
        env=environment(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    said = done.stdout.splitlines()
    assert (said[0], said[-1]) == ("first", "again, because of loop")
    assert any("starting anew" in line for line in said)


def test_a_reason_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    journal = tmp_path / "watchdog.last"
    assert noted(journal) is None
    journal.write_text("{")
    assert noted(journal) is None
    why = Restart(at=datetime(2026, 1, 1, tzinfo=UTC), hung="database", seconds=50)
    note(journal, why)
    assert noted(journal) == why


async def test_a_database_that_refuses_has_a_pulse_and_one_that_never_answers_has_none(tmp_path: Path) -> None:
    database, refusing, answer = new_archive(tmp_path / "kaigi.db"), True, threading.Event()

    class Slow(Database):
        def write(self, fn: object) -> None:  # type: ignore[override]
            if refusing:
                raise DatabaseBusy("held")
            answer.wait(10)

    pulse = Pulse(database=Slow(str(database.url)), beat_s=0.001, ask_s=0.001)
    task = asyncio.create_task(pulse.run())
    while pulse.answers < 3:
        await asyncio.sleep(0.001)
    refusing = False
    await asyncio.sleep(0.02)
    answers, turns = pulse.answers, pulse.turns
    while pulse.turns < turns + 3:  # the loop goes on
        await asyncio.sleep(0.001)
    assert pulse.answers == answers
    answer.set()
    task.cancel()
    database.close()


def test_parts_that_wait_for_a_file_that_is_made_smaller_do_not_hang_and_those_that_wait_for_nothing_do(
    tmp_path: Path,
) -> None:
    database, go, now, restarts = new_archive(tmp_path / "kaigi.db"), threading.Event(), 100.0, []
    database.engine.dispose()
    event.listen(database.engine, "connect", lambda raw, _: raw.create_function("until_told", 0, go.wait))
    settings = config.Settings(database_url=str(database.url))
    service = Service(settings=settings, definitions=(), restart=lambda: restarts.append(now))
    pulse = Pulse(database=database)
    dog = service._watchdog(database, pulse, {"deliverer": lambda: 0})
    dog.clock = lambda: now

    def minutes(count: int) -> None:
        nonlocal now
        for _ in range(count * 12):
            now, pulse.turns = now + 5, pulse.turns + 1
            dog.look()

    work = threading.Thread(target=database.alone, args=("SELECT until_told()",))
    work.start()
    while database.alone_for() is None:
        time.sleep(0.001)
    minutes(5)
    assert (dog.hung, restarts) == (None, [])
    go.set()
    work.join()
    minutes(2)
    assert dog.hung in ("database", "deliverer")
    assert restarts
    database.close()


def test_a_log_that_was_deleted_and_a_file_that_was_replaced_are_noticed(tmp_path: Path) -> None:
    file = tmp_path / "kaigi.db"
    database = new_archive(file)
    database.write(lambda c: c.exec_driver_sql("CREATE TABLE here (id INTEGER)"))
    assert database.displaced() is None
    assert database.displaced() is None
    (tmp_path / "kaigi.db-wal").unlink()
    assert "kaigi.db-wal was deleted" in (database.displaced() or "")
    file.rename(tmp_path / "elsewhere.db")
    assert "deleted or replaced" in (database.displaced() or "")
    database.close()


async def test_trouble_of_the_service_is_told_once_and_so_is_its_end(tmp_path: Path) -> None:
    database = new_archive(tmp_path / "kaigi.db")
    grade, now = Grade.OK, NOW
    care = Wellbeing(
        database=database,
        look=lambda _now: [Finding(grade, "disk", "0.2 GB free under data. Free some space.")],
        clock=lambda: now,
    )
    await care.round()
    for state in (Grade.LOOK, Grade.BAD, Grade.OK, Grade.OK, Grade.OK):
        grade, now = state, now + timedelta(minutes=20)
        await care.round()
    told = database.read(notices.latest)
    assert [one.kind for one in told] == [NoticeKind.WELL, NoticeKind.TROUBLE]
    assert words_of(told[1:], "en", "UTC") == "🩺 disk: 0.2 GB free under data. Free some space."
    assert words_of(told[:1], "en", "UTC") == "✅ disk: well again after 60 min."
    assert "正常" in words_of(told[:1], "ja", "UTC")
    database.close()


async def test_trouble_that_returns_the_same_day_is_told_again_and_a_breath_or_a_new_start_in_between_is_not(
    tmp_path: Path,
) -> None:
    database, grade, now = new_archive(tmp_path / "kaigi.db"), Grade.OK, NOW.replace(hour=1)

    def begin() -> Wellbeing:
        return Wellbeing(database=database, look=lambda _: [Finding(grade, "disk", "full")], clock=lambda: now)

    async def told(state: Grade, minutes: int, care: Wellbeing) -> list[NoticeKind]:
        """What the admins hear within so many minutes of this state."""
        nonlocal grade, now
        before, grade = len(database.read(notices.latest)), state
        for _ in range(minutes):
            now += timedelta(minutes=1)
            await care.round()
        return [one.kind for one in reversed(database.read(notices.latest))][before:]

    care = begin()
    assert await told(Grade.BAD, 3, care) == [NoticeKind.TROUBLE]
    assert await told(Grade.OK, 5, care) == []
    assert await told(Grade.BAD, 5, care) == []
    care = begin()  # the service was started anew
    assert await told(Grade.BAD, 5, care) == []
    assert await told(Grade.OK, 15, care) == [NoticeKind.WELL]
    assert await told(Grade.BAD, 5, care) == [NoticeKind.TROUBLE]
    care = begin()
    assert await told(Grade.OK, 15, care) == [NoticeKind.WELL]
    database.close()


def test_admins_hear_why_the_last_process_started_itself_anew_once(tmp_path: Path) -> None:
    database = new_archive(tmp_path / "kaigi.db")
    journal = tmp_path / "watchdog.last"
    why = Restart(at=NOW, hung="event loop", seconds=50)
    note(journal, why)
    process.tell_restart(database)
    assert not journal.exists()
    note(journal, why)  # as if the process had died before it could delete it
    with mock.patch.object(Path, "unlink", side_effect=PermissionError(13, "Permission denied")):
        process.tell_restart(database)
    process.tell_restart(database)
    (told,) = database.read(notices.latest)
    assert words_of([told], "en", "UTC") == "♻️ event loop did not move any more, so the service started itself anew."
    database.close()


def test_what_is_watched_is_what_the_settings_want(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    place = f"sqlite:///{tmp_path / 'kaigi.db'}"
    (tmp_path / "kaigi.db").touch()
    missing = standing(config.Settings(database_url=place), NOW)
    assert {one.about: one.grade for one in missing}["backups"] is Grade.LOOK
    off = standing(config.Settings(database_url=place, backup=config.Backup(keep=0)), NOW)
    assert "backups" not in {one.about for one in off}
