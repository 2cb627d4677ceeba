"""The first steps of the fault campaigns; whole ones are run by `make chaos-faults` and its kin."""

from pathlib import Path

import pytest

from bench import chaos_faults
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
