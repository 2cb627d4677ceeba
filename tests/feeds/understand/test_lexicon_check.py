"""`check` finds contradictions, holders that have aged, and gaps, and names what to do."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from feeds.understand.lexicon import Lexicon, load_lexicon
from feeds.understand.lexicon.check import Finding, Severity, check

BUNDLED = files("feeds.understand.lexicon")
TODAY = date(2026, 11, 26)


def _found(tmp_path: Path, name: str, text: str, entry: str) -> list[Finding]:
    """The findings about one entry, once a file of our own lies over the bundled ones."""
    (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    report = check(_loaded(tmp_path), TODAY)
    return [finding for finding in report.findings if finding.entry.startswith(entry)]


def _loaded(tmp_path: Path) -> Lexicon:
    return load_lexicon(BUNDLED, tmp_path)


def _person(name: str, country: str, since: str, until: str = "", **more: str) -> str:
    fields = {"name": name, "country": country, "valid_from": since, **more}
    if until:
        fields["valid_until"] = until
    lines = [f'{key} = "{value}"' for key, value in fields.items() if key != "checked_on"]
    if "checked_on" in more:
        lines.append(f"checked_on = {more['checked_on']}")
    return "\n".join(["[[person]]", *lines, ""])


@pytest.mark.parametrize(
    ("name", "text", "entry", "problem"),
    [
        ("series", '[[series]]\nkey = "aukus"\nadd = { aliases = ["ＴＤＭＭ"] }', "aukus", "tdmm belongs to tdmm too"),
        (
            "offices",
            '[[office]]\nkey = "x"\nrank = "official"\nterms = ["Raksha Mantri"]',
            "x",
            "belongs to raksha-mantri",
        ),
        (
            "countries",
            '[[country]]\ncode = "AQ"\nterritory = false\nadd = { ja = ["英国"] }',
            "AQ",
            "belongs to GB too",
        ),
        ("countries", '[[country]]\ncode = "IE"\nkanji = ["英"]', "IE", "kanji 英 belongs to GB too"),
        (
            "places",
            '[[city]]\nname = "Paris, Texas"\nja = ["パリ"]\ncountry = "US"',
            "Paris, Texas",
            "belongs to Paris",
        ),
        ("topics", '[[topic]]\nkey = "x"\nja = "サイバー"\nen = "X"', "x", "belongs to cyber too"),
    ],
)
def test_a_term_with_two_meanings_is_an_error(tmp_path: Path, name: str, text: str, entry: str, problem: str) -> None:
    findings = _found(tmp_path, name, text, entry)
    assert any(one.severity is Severity.ERROR and problem in one.problem for one in findings), findings
    assert all(one.advice for one in findings)


def test_two_holders_of_one_office_at_a_time_are_an_error(tmp_path: Path) -> None:
    (finding,) = _found(tmp_path, "people", _person("Ada Example", "CN", "2024-01-01", ja="エイダ"), "Ada")
    assert (finding.check, finding.severity) == ("two holders", Severity.ERROR)
    assert "Dong Jun holds the same office until now" in finding.problem


def test_a_month_or_year_that_only_may_overlap_is_no_error(tmp_path: Path) -> None:
    own = _person("Ada Example", "DJ", "2020", "2024", ja="エイダ") + _person("Ben Example", "DJ", "2024", ja="ベン")
    assert _found(tmp_path, "people", own, "Ben") == []


def test_holders_of_different_posts_may_serve_together(tmp_path: Path) -> None:
    own = _person("Ada Example", "CN", "2024-01-01", ja="エイダ", post="defence-industry")
    assert _found(tmp_path, "people", own, "Ada") == []


def test_one_full_name_of_two_people_is_an_error(tmp_path: Path) -> None:
    own = _person("Dong Jun", "DJ", "2024-01-01", ja="ドン")
    assert [one.check for one in _found(tmp_path, "people", own, "Dong Jun")] == ["two people"]


def test_numbers_that_do_not_rise_with_the_days_are_an_error(tmp_path: Path) -> None:
    own = '[[series]]\nkey = "aukus"\nadd = { editions = [ { number = 3, on = "2026-12-01" } ] }'
    findings = _found(tmp_path, "series", own, "aukus")
    assert [(one.check, one.severity) for one in findings] == [("editions", Severity.ERROR)]


def test_an_edition_before_the_series_was_founded_is_an_error(tmp_path: Path) -> None:
    own = '[[series]]\nkey = "aukus"\nadd = { editions = [ { on = "2020-12-01" } ] }'
    assert [one.check for one in _found(tmp_path, "series", own, "aukus")] == ["editions"]


def test_a_holder_without_an_end_is_asked_for_after_six_months(tmp_path: Path) -> None:
    own = _person("Ada Example", "DJ", "2024-01-01", ja="エイダ", checked_on="2026-05-20")
    (finding,) = _found(tmp_path, "people", own, "Ada")
    assert (finding.check, finding.severity) == ("stale", Severity.WARNING)
    assert "2026-05-20" in finding.problem
    longer = check(_loaded(tmp_path), TODAY, stale_after_months=12).findings
    assert not [one for one in longer if one.entry.startswith("Ada")]


def test_an_office_that_nobody_took_over_and_a_country_without_a_minister_are_told(tmp_path: Path) -> None:
    own = _person("Ada Example", "DJ", "2024-01-01", "2025-01-01", ja="エイダ")
    assert [one.check for one in _found(tmp_path, "people", own, "Ada")] == ["no successor"]
    assert "DJ" not in {one.entry for one in check(_loaded(tmp_path), TODAY).findings}
    assert "AO" in {one.entry for one in check(_loaded(tmp_path), TODAY).findings if one.check == "no minister"}


def test_a_country_without_forces_needs_no_minister() -> None:
    missing = {one.entry for one in check(load_lexicon(BUNDLED), TODAY).findings if one.check == "no minister"}
    assert not missing & {"IS", "CR", "VA", "HK", "NATO"}


def test_a_series_without_participants_or_cadence_is_told(tmp_path: Path) -> None:
    own = '[[series]]\nkey = "tea"\nja = "茶会国防相会合"\nen = "Tea Defence Ministers"\nkind = "multilateral"\n'
    findings = _found(tmp_path, "series", own, "tea")
    assert [one.problem for one in findings] == ["has no participants", "has no cadence"]
    assert {one.severity for one in findings} == {Severity.WARNING}


@pytest.mark.parametrize(
    ("name", "text", "entry", "problem"),
    [
        ("countries", '[[country]]\ncode = "QQ"\nja = ["茶国"]\nforces = false', "QQ", "has a name in one script only"),
        ("people", _person("Ada Example", "DJ", "2024-01-01"), "Ada", "has no name in Japanese"),
        ("places", '[[city]]\nname = "Teatown"\ncountry = "JP"', "Teatown", "has no name in Japanese"),
    ],
)
def test_a_name_in_one_script_only_is_told(tmp_path: Path, name: str, text: str, entry: str, problem: str) -> None:
    (finding,) = _found(tmp_path, name, text, entry)
    assert (finding.check, finding.severity, finding.problem) == ("one script", Severity.WARNING, problem)


def test_errors_come_first_and_are_counted(tmp_path: Path) -> None:
    (tmp_path / "people.toml").write_text(_person("Ada Example", "CN", "2024-01-01", ja="エイダ"), encoding="utf-8")
    report = check(_loaded(tmp_path), TODAY)
    assert report.errors == 1
    assert report.findings[0].severity is Severity.ERROR
    shown = report.as_dict()
    assert (shown["errors"], shown["warnings"]) == (1, len(report.findings) - 1)
    assert report.counts["series"] >= 100
