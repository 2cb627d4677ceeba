"""The bundled lexicon is whole, and a bad entry is refused by name."""

import itertools
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from feeds.understand.lexicon import LexiconError, default_lexicon, load_lexicon
from feeds.understand.scan import scanner_for
from storage.errors import KaigiError

BUNDLED = files("feeds.understand.lexicon")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundled files that a test may spoil."""
    for file in BUNDLED.iterdir():
        if file.name.endswith(".toml"):
            (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def _spoil(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_bundled_lexicon_is_large_enough_to_be_useful() -> None:
    lexicon = default_lexicon()
    assert len(lexicon.series) >= 40
    assert len(lexicon.places) >= 120
    assert all(place.ja or place.en for place in lexicon.places)
    assert {"admm-plus", "tdmm", "scm", "jp-us-22", "nato-dmm", "udcg", "sld"} <= set(lexicon.series)


def test_holders_of_one_office_do_not_overlap_in_japan_and_the_united_states() -> None:
    for country in ("JP", "US"):
        terms = sorted(
            (person.valid_from, person.valid_until or date.max)
            for person in default_lexicon().people
            if person.country == country and person.rank == "minister"
        )
        assert all(until <= following for (_, until), (following, _) in itertools.pairwise(terms))


@pytest.mark.parametrize(
    ("file", "old", "new", "entry", "problem"),
    [
        ("series.toml", 'kind = "multilateral"', 'kind = "crowd"', "admm-plus", "crowd"),
        ("series.toml", 'key = "admm",', 'key = "admm-plus",', "admm-plus", "twice"),
        ("offices.toml", 'rank = "military"', 'rank = "sailor"', "military", "sailor"),
        ("people.toml", 'country = "JP"', 'country = "XX"', "Shinjiro Koizumi", "XX"),
        ("people.toml", 'valid_until = "2025-10-21"', 'valid_until = "2020-10-21"', "Gen Nakatani", "before"),
        ("places.toml", 'country = "JP"', 'nation = "JP"', "Tokyo", "country is missing"),
        ("countries.toml", 'kanji = ["日"]', 'kanji = ["日本"]', "JP", "single"),
        ("look_alikes.toml", '", scope = "title"', '", scope = "page"', "press_conference", "scope"),
        ("words.toml", "weak = [", "weak = [1, ", "meeting.weak", "list of words"),
    ],
)
def test_a_bad_entry_is_refused_with_its_file_and_name(
    folder: Path, file: str, old: str, new: str, entry: str, problem: str
) -> None:
    _spoil(folder, file, old, new)
    with pytest.raises(LexiconError, match=problem) as caught:
        load_lexicon(folder)
    assert isinstance(caught.value, KaigiError)
    assert (caught.value.file, caught.value.entry) == (file, entry)


def test_a_file_that_is_missing_or_not_toml_is_named(folder: Path) -> None:
    (folder / "words.toml").write_text("[meeting", encoding="utf-8")
    with pytest.raises(LexiconError, match="words.toml"):
        load_lexicon(folder)
    (folder / "series.toml").unlink()
    with pytest.raises(LexiconError, match="series.toml"):
        load_lexicon(folder)


def test_an_added_series_is_found_without_touching_code(folder: Path) -> None:
    added = '\n  { key = "tea-dmm", ja = "茶会国防相会合", en = "Tea Defence Ministers", kind = "multilateral" },\n]'
    text = (folder / "series.toml").read_text(encoding="utf-8").rstrip()
    (folder / "series.toml").write_text(text.removesuffix("]") + added, encoding="utf-8")
    lexicon = load_lexicon(folder)
    assert scanner_for(lexicon) is scanner_for(lexicon)
    assert lexicon.series["tea-dmm"].ja == "茶会国防相会合"
