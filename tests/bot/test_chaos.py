"""The first steps of the fault campaigns; whole ones are run by `make chaos-faults` and its kin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bench import chaos_faults, chaos_identity
from bench.identity_world import KINDS, Entry, Kind, number_in
from bench.identity_world import report as meeting_report
from bot import deliver, sender


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign shortens waits for good; here they are put back afterwards."""
    for owner, name in (
        (deliver, "_backoff"), (deliver, "IDLE"), (deliver, "RETRY_UNCERTAIN"), (sender, "SERVER_TROUBLE"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, getattr(owner, name))


@pytest.mark.usefixtures("in_a_hurry")
async def test_a_commit_that_lands_though_it_seems_to_fail_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    with chaos_faults.screen(tmp_path / "screen.txt"):
        found = await chaos_faults.campaign(tmp_path, ["commits that land all the same"], step=3, most=4)
    assert found.sweeps[0].faults == 2
    assert (found.history.lost, found.history.copies, found.history.unexpected) == (frozenset(), 0, 0)
    assert (found.sweeps[0].stuck, found.strange, found.alive) == ([], {}, True)


@pytest.mark.parametrize("part", ["https and http in turns", "all guids change in every poll"])
async def test_a_feed_that_renames_what_it_published_raises_no_alert_again(tmp_path: Path, part: str) -> None:
    kinds = [replace(kind, shapes=("rss",)) for kind in KINDS if kind.name == part]
    (heard,) = (await chaos_identity.campaign(tmp_path, kinds, feeds=1)).values()
    assert (len(heard.published), heard.alerts.total()) == (9, 9)
    assert (heard.lost, heard.twice, heard.unexpected, heard.others, heard.failed) == (0, 0, 0, 0, 0)


async def test_the_campaign_notices_what_is_told_twice_and_what_is_not_told(tmp_path: Path) -> None:
    def told_anew(entries: Sequence[Entry], _turn: int, now: datetime) -> list[Entry]:
        return [meeting_report(number, "ja", now) for one in entries if (number := number_in(one.text)) is not None]

    def dated_back(entries: Sequence[Entry], _turn: int, now: datetime) -> list[Entry]:
        return [replace(one, published=now - timedelta(days=10)) for one in entries]

    bad = [
        Kind(name="twice", change=told_anew, shapes=("rss",), later=timedelta(days=9)),
        Kind(name="lost", change=dated_back, shapes=("rss",)),
    ]
    found = await chaos_identity.campaign(tmp_path, bad, feeds=1)
    assert (found["twice"].twice, found["twice"].lost) == (5, 0)  # three of the eight name no day
    assert (found["lost"].twice, found["lost"].lost) == (0, 1)
    assert [goal.name for goal in chaos_identity.judged(bad, found) if not goal.ok] == [
        "meetings lost", "alerts that came twice",
    ]  # fmt: skip
