"""What can be found wrong with the service: by `kaigi doctor`, and by the service itself while it runs."""

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from bot.config import Settings
from storage import backup
from storage.database import Database
from storage.model import Role

LITTLE = 500 * 2**20  #: bytes of free disk under which a person should look
TOO_LITTLE = 50 * 2**20
ABSENT = timedelta(minutes=3)  #: after which a part counts as missing; until then it may just be started anew


class Grade(StrEnum):
    """How a finding is."""

    OK = "ok"
    LOOK = "look"  # works, but a person should look
    BAD = "bad"  # the service cannot do its work


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    about: str
    words: str  #: what was seen, and what to do unless all is well


def standing(settings: Settings, now: datetime) -> list[Finding]:
    """What can turn bad while the service runs: disk and backups. Cheap enough for every minute."""
    found: list[Finding] = []
    for about, look in (("disk", disk), ("backups", backups)):
        try:
            found += look(settings, now)
        except OSError as error:
            found.append(Finding(Grade.LOOK, about, f"{error.filename or about}: {error.strerror or error}."))
    return [one for one in found if not _is_chosen(one, settings)]


def _is_chosen(finding: Finding, settings: Settings) -> bool:
    """An operator who has switched backups off, or runs PostgreSQL, knows it."""
    sqlite = settings.database_url.startswith("sqlite")
    return finding.about == "backups" and not (sqlite and settings.backup.keep)


def disk(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Whether there is room under an SQLite archive."""
    database = Database(settings.database_url, make_folder=False)
    file = file_of(database)
    if file is None:
        return
    folder = _existing(file.parent)
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(Grade.BAD, "disk", f"{folder} cannot be written by this user. Check its owner and permissions.")
        return
    free = shutil.disk_usage(folder).free
    words = f"{free / 2**30:.1f} GB free under {folder}"
    if free < LITTLE:
        grade = Grade.BAD if free < TOO_LITTLE else Grade.LOOK
        yield Finding(grade, "disk", f"{words}. Free some space before it is full; nothing is lost when it is.")
    else:
        yield Finding(Grade.OK, "disk", words)


def _existing(folder: Path) -> Path:
    """The folder, or the one in which it would be made."""
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())


def backups(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether backups are made."""
    database = Database(settings.database_url, make_folder=False)
    file, chosen = file_of(database), settings.backup
    if file is None:
        yield Finding(Grade.LOOK, "backups", "PostgreSQL is not backed up by Kaigi. Have pg_dump run every day.")
        return
    if not chosen.keep:
        yield Finding(Grade.LOOK, "backups", "are switched off (backup.keep is 0). Have `kaigi backup` run every day.")
        return
    folder = chosen.folder or file.parent / "backups"
    if not os.access(_existing(folder), os.W_OK | os.X_OK):
        yield Finding(Grade.LOOK, "backups", f"{folder} cannot be written by this user. Check owner and permissions.")
        return
    made = backup.made_in(folder, now)
    if not made:
        yield Finding(
            Grade.LOOK if file.is_file() else Grade.OK, "backups", f"none in {folder} yet; the service makes them"
        )
        return
    age = backup.age(made, now)
    if age is None:
        words = f"the newest in {folder} is named for a moment to come ({made[0].name}). Is the clock right?"
        yield Finding(Grade.LOOK, "backups", words)
        return
    words = f"{len(made)} in {folder}, the newest {_hours(age)} old"
    late = age > 2 * chosen.every
    yield Finding(Grade.LOOK if late else Grade.OK, "backups", words + (". Is the service running?" if late else ""))


#: What is left undone where no process has a role.
UNDONE = {
    Role.COLLECT: (Grade.BAD, "no source is polled"),
    Role.DELIVER: (Grade.BAD, "no message is sent"),
    Role.WEB: (Grade.LOOK, "neither page nor feeds are served"),
    Role.BOT: (Grade.LOOK, "nobody who writes to the bot is answered"),  # bad only when somebody does: bot/doctor.py
}


def needed(settings: Settings) -> tuple[Role, ...]:
    """The roles that a service in parts must have."""
    return tuple(role for role in UNDONE if role is not Role.BOT or settings.telegram.token is not None)


@dataclass(kw_only=True)
class Company:
    """Watches, where the service runs in parts, that each role which the settings need has a process."""

    needed: Collection[Role]
    _absent: dict[Role, datetime] = field(default_factory=dict)

    def look(self, present: Collection[Role], now: datetime) -> list[Finding]:
        """The roles that nobody has had for a while, when these are there now."""
        self._absent = {role: self._absent.get(role, now) for role in self.needed if role not in present}
        return [
            Finding(UNDONE[role][0], f"role {role}", f"no process has it, so {UNDONE[role][1]}. Start one.")
            for role, since in self._absent.items()
            if now - since >= ABSENT
        ]


def file_of(database: Database) -> Path | None:
    """The file of an SQLite archive."""
    name = database.url.database if database.is_sqlite else None
    return Path(name) if name and name != ":memory:" else None


def _hours(age: timedelta) -> str:
    hours = max(int(age.total_seconds() // 3600), 0)
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
