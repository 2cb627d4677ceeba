"""Whose minister an office is."""

from datetime import date

import pytest

from feeds.understand.folding import fold
from feeds.understand.lexicon import default_lexicon
from feeds.understand.people import Reader, Side
from feeds.understand.scan import scanner_for


def _sides(text: str, day: date | None = None) -> list[Side]:
    folded = fold(text)
    lexicon = default_lexicon()
    return Reader(folded, scanner_for(lexicon).scan(folded), lexicon, day).sides(0, len(folded.text))


def _offices(text: str) -> list[tuple[str, tuple[str, ...], str | None]]:
    found = [side for side in _sides(text) if side.how == "office"]
    return [
        (side.rank, side.countries, side.person.name if side.person else side.name or side.name_ja) for side in found
    ]


@pytest.mark.parametrize(
    ("text", "offices"),
    [
        ("ヘグセス米国防長官", [("minister", ("US",), "Pete Hegseth")]),
        ("英国のヒーリー国防大臣", [("minister", ("GB",), "John Healey")]),
        ("伊クロセット国防相", [("minister", ("IT",), "Guido Crosetto")]),
        ("テオドロ国防相", [("minister", ("PH",), "Gilberto Teodoro")]),
        ("オランダ国防相", [("minister", ("NL",), None)]),
        ("タマネギスキー・ポーランド国防相", [("minister", ("PL",), "タマネギスキー")]),
        ("Japanese Defense Minister Gen Nakatani", [("minister", ("JP",), "Gen Nakatani")]),
        ("the Defence Minister of Norway", [("minister", ("NO",), None)]),
        ("Defence Minister Ada Example of Norway", [("minister", (), "Ada Example")]),
        ("India's Defence Secretary", [("official", ("IN",), None)]),
        ("British Armed Forces Minister", [("vice_minister", ("GB",), None)]),
        ("Deputy Defence Minister", [("vice_minister", (), None)]),
        ("Turkey, Syria Defense Chiefs", [("minister", ("TR", "SY"), None)]),
        ("参加各国の国防大臣", [("minister", (), None)]),
    ],
)
def test_an_office_belongs_to_the_country_beside_it(
    text: str, offices: list[tuple[str, tuple[str, ...], str | None]]
) -> None:
    assert _offices(text) == offices


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("日米豪防衛相", ("JP", "US", "AU")),
        ("日英伊3か国防衛相会合", ("JP", "GB", "IT")),
        ("日フィンランド防衛相会談", ("JP", "FI")),
        ("日・モンゴル防衛相会談", ("JP", "MN")),
        ("米中の国防相", ("US", "CN")),
    ],
)
def test_a_compound_names_its_countries_in_order(text: str, countries: tuple[str, ...]) -> None:
    assert [side.countries for side in _sides(text) if side.how == "compound"] == [countries]


@pytest.mark.parametrize("text", ["比較と加速", "日米首脳", "豪雨で中止", "テオドロ比べ"])
def test_ordinary_words_are_no_compounds(text: str) -> None:
    assert [side for side in _sides(text) if side.how == "compound"] == []


def test_a_name_is_completed_only_by_who_held_the_office_that_day() -> None:
    (then,) = _sides("中谷防衛相", date(2025, 3, 1))
    (now,) = _sides("中谷防衛相", date(2026, 3, 1))
    assert then.person is not None
    assert then.person.name == "Gen Nakatani"
    assert now.person is None


def test_the_office_in_a_forums_name_is_nobodys() -> None:
    assert [side.countries for side in _sides("防衛大臣が拡大ASEAN国防相会議に出席")] == [("JP",)]
