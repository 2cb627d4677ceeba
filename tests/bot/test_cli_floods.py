"""Floods on the command line: seen, decided once, and taken back."""

import json
from pathlib import Path

import pytest

from bot.cli_filters import me
from storage import audit, filters, schema
from storage.database import Database
from tests.support.commands import kaigi
from tests.support.floods import flood


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation with one flood of three meetings that waits."""
    (tmp_path / "data").mkdir()
    database = Database(f"sqlite:///{tmp_path / 'data' / 'kaigi.db'}")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    database.write(flood)
    database.close()
    return tmp_path


def test_a_flood_is_listed_shown_decided_and_taken_back(folder: Path) -> None:
    (row,) = map(json.loads, kaigi("floods", "list", "--json", folder=folder).stdout.splitlines())
    assert (row["id"], row["source"], row["state"], len(row["held"])) == (1, "mod", "held", 3)
    assert "not yet: send, swallow or digest" in kaigi("floods", "list", folder=folder).stdout
    assert "Swallowed: 3 meetings, 0 messages." in kaigi("floods", "swallow", "1", folder=folder).stdout
    assert "Nothing to do: flood 1 is swallowed by cli" in kaigi("floods", "swallow", "1", folder=folder).stdout
    refused = kaigi("floods", "send", "1", folder=folder)
    assert (refused.returncode, "settled already: swallowed" in refused.stderr) == (1, True)
    assert kaigi("floods", "undo", "1", folder=folder).stdout == "Flood 1 is held again.\n"
    shown = kaigi("floods", "show", "1", folder=folder).stdout
    assert [word in shown for word in ("swallowed by cli", "held by cli", "not yet")] == [True] * 3
    assert "Put into a digest: 3 meetings, 0 messages." in kaigi("floods", "digest", "1", folder=folder).stdout


def test_what_a_command_decides_about_a_flood_is_a_line_of_the_audit_and_so_is_its_undoing(folder: Path) -> None:
    kaigi("floods", "swallow", "1", folder=folder)
    kaigi("floods", "swallow", "1", folder=folder)  # nothing is done, nothing is told
    kaigi("floods", "undo", "1", folder=folder)
    database = Database(f"sqlite:///{folder / 'data' / 'kaigi.db'}")
    undone, swallowed = database.read(audit.page)
    database.close()
    assert (swallowed.what, swallowed.target, swallowed.who) == ("flood_swallowed", "flood:1", me())
    assert swallowed.after == {"state": "swallowed", "meetings": 3, "messages": 0}
    assert (undone.what, undone.who, undone.after) == (audit.UNDO, me(), {"state": "held"})
    assert swallowed.undone_by == undone.id


def test_a_flood_that_is_not_there_is_told_in_one_line(folder: Path) -> None:
    for command in ("send", "swallow", "digest", "undo", "show"):
        done = kaigi("floods", command, "7", folder=folder)
        assert (done.returncode, done.stderr.strip()) == (1, "kaigi: There is no flood 7.")
