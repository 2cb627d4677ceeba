"""`kaigi lexicon check`, and entries of the operator's own, as a person at a terminal meets them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from feeds.understand.lexicon import LexiconError, use_lexicon
from tests.support.commands import kaigi


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder to work in; the next test understands with the bundled lexicon again."""
    monkeypatch.chdir(tmp_path)
    yield
    use_lexicon(None)


def _own(folder: Path, **files: str) -> None:
    """A lexicon_dir with these files, named by the settings of the folder."""
    (folder / "mine").mkdir()
    for name, text in files.items():
        (folder / "mine" / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "kaigi.toml").write_text('lexicon_dir = "mine"', encoding="utf-8")


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


SECOND_MINISTER = '[[person]]\nname = "Ada Example"\nja = "エイダ"\ncountry = "CN"\nvalid_from = "2024-01-01"\n'
TEA = '[[series]]\nkey = "tea-dmm"\nja = "茶会国防相会合"\nen = "Tea Ministers"\nkind = "multilateral"\n'
ARTICLE = "第3回茶会国防相会合に小泉防衛大臣が出席(11月20日)\n2026年11月21日\n小泉防衛大臣は茶会国防相会合に出席した。"


def test_the_bundled_lexicon_passes_and_its_gaps_are_told() -> None:
    done = _run("lexicon", "check")
    assert done.exit_code == 0
    assert "No errors" in done.stdout
    assert "no minister of defence of Angola is known" in done.stdout
    assert " more: " in done.stdout


def test_all_lists_every_warning() -> None:
    done = _run("lexicon", "check", "--all")
    assert "no minister of defence of Zimbabwe is known" in done.stdout
    assert " more: " not in done.stdout


def test_a_contradiction_ends_with_1_and_says_what_to_do(tmp_path: Path) -> None:
    _own(tmp_path, people=SECOND_MINISTER)
    done = _run("lexicon", "check")
    assert done.exit_code == 1
    assert "Dong Jun holds the same office until now, Ada Example from 2024-01-01" in done.stdout
    assert "→ correct valid_until or valid_from" in done.stdout
    assert "1 error, " in done.stdout


def test_as_json_it_is_one_object_with_every_finding() -> None:
    done = _run("lexicon", "check", "--json", "--months", "1200")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["errors"]) == (0, 0)
    assert report["counts"]["series"] >= 100
    assert report["warnings"] == len(report["findings"])
    assert "stale" not in {finding["check"] for finding in report["findings"]}


def test_a_lexicon_that_cannot_be_loaded_is_a_finding(tmp_path: Path) -> None:
    _own(tmp_path, series=TEA.replace("en =", "english ="))
    done = _run("lexicon", "check", "--json")
    assert done.exit_code == 1
    (finding,) = json.loads(done.stdout)["findings"]
    assert (finding["file"], finding["entry"]) == ("your series.toml", "tea-dmm")
    assert "english is not a field" in finding["problem"]
    shown = _run("lexicon", "check")
    assert (shown.exit_code, "cannot be loaded" in shown.stdout) == (1, True)


def test_an_own_series_is_understood(tmp_path: Path) -> None:
    (tmp_path / "item.txt").write_text(ARTICLE, encoding="utf-8")
    _own(tmp_path, series=TEA)
    facts = {row["fact"]: row["value"] for row in json.loads(_run("explain", "item.txt", "--json").stdout)["facts"]}
    assert (facts["series"], facts["edition"]) == ("tea-dmm", "3")


@pytest.mark.parametrize("command", [["run"], ["sources", "list"], ["explain", "item.txt"], ["evaluate", "item.txt"]])
def test_no_command_that_understands_starts_with_a_mistake_in_an_own_entry(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "item.txt").write_text(ARTICLE, encoding="utf-8")
    _own(tmp_path, people=SECOND_MINISTER.replace('"CN"', '"XX"'))
    done = _run(*command)
    assert isinstance(done.exception, LexiconError)
    assert str(done.exception).startswith("your people.toml: Ada Example: the country XX is not in countries.toml")


def test_the_mistake_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    _own(tmp_path, people=SECOND_MINISTER.replace('"CN"', '"XX"'))
    done = kaigi("poll", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "kaigi: your people.toml: Ada Example" in done.stderr


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "kaigi.toml").write_text('lexicon_dir = "nowhere"', encoding="utf-8")
    done = _run("lexicon", "check")
    assert "lexicon_dir nowhere is not a folder. Make it, or take the setting out." in str(done.exception)
