"""From the first announcement to the last document, reports of one meeting are one story, in both languages."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from feeds.decide.stories import merge, same_meeting
from feeds.understand.evaluate import predictions
from storage.model import Kind, Phase, Trust
from tests.support.build import facts


def events(*reports: tuple[str, str, str, str]) -> list[Any]:
    """The event that each report (day, language, title, text) is grouped into; None where it tells of no meeting."""
    lines = [
        {"id": str(n), "date": day, "lang": language, "title": title, "text": text, "source": f"paper {n}"}
        for n, (day, language, title, text) in enumerate(reports)
    ]
    return [line.get("event") for line in predictions(lines)]


def are_one(*reports: tuple[str, str, str, str]) -> bool:
    found = events(*reports)
    return None not in found and len(set(found)) == 1


def test_announced_held_and_told_abroad_is_one_story() -> None:
    assert are_one(
        (
            "2025-11-18",
            "ja",
            "小泉防衛相、21日にマールズ豪国防相と会談へ",
            "日豪防衛相会談は11月21日、東京で開かれる。",
        ),
        ("2025-11-21", "ja", "日豪防衛相会談を実施", "11月21日、小泉防衛大臣は東京でマールズ豪国防大臣と会談した。"),
        (
            "2025-11-21",
            "en",
            "Japanese and Australian defence ministers meet in Tokyo",
            "Japanese Defence Minister Shinjiro Koizumi met Australian Defence Minister Richard Marles on 21 November.",
        ),
    )


def test_template_twins_of_one_day_are_two() -> None:
    first, second = events(
        (
            "2025-11-01",
            "ja",
            "日インドネシア防衛相会談について",
            "11月1日、クアラルンプールで日インドネシア防衛相会談を実施した。",
        ),
        (
            "2025-11-01",
            "ja",
            "日フィリピン防衛相会談について",
            "11月1日、クアラルンプールで日フィリピン防衛相会談を実施した。",
        ),
    )
    assert first != second


def test_a_conference_and_a_meeting_on_its_margins_are_two() -> None:
    conference, side, abroad = events(
        ("2025-11-01", "ja", "小泉防衛大臣が第12回拡大ASEAN国防相会議に出席", "11月1日、クアラルンプールで開かれた。"),
        (
            "2025-11-01",
            "ja",
            "日米防衛相会談を実施",
            "11月1日、拡大ASEAN国防相会議の機会に小泉防衛大臣はヘグセス米戦争長官と会談した。",
        ),
        (
            "2025-11-01",
            "en",
            "Defence ministers gather for 12th ADMM-Plus in Kuala Lumpur",
            "The 12th ADMM-Plus was held in Kuala Lumpur on 1 November 2025.",
        ),
    )
    assert conference == abroad != side


SCM = facts(
    kind=Kind.BILATERAL, countries=("KR", "US"), series="scm", edition=57, starts_on=date(2025, 11, 4), city="Seoul",
    country="KR",
)  # fmt: skip
MET = datetime(2025, 11, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "later",
    [
        replace(SCM, starts_on=None, city=None, outcomes=("joint communiqué",)),
        replace(SCM, starts_on=date(2025, 11, 14), city=None, outcomes=("joint communiqué",)),
        replace(SCM, starts_on=None, city=None, edition=None, series=None, outcomes=("joint communiqué",)),
    ],
    ids=["the edition without a day", "the edition with the document's day", "the sides and a document alone"],
)
def test_a_joint_communique_ten_days_later_belongs_to_its_meeting(later: Any) -> None:
    assert same_meeting(SCM, MET, later, MET + timedelta(days=10)).same
    merged = merge(SCM, Trust.PRESS, later, Trust.PRESS)
    assert (merged.starts_on, merged.outcomes) == (SCM.starts_on, ("joint communiqué",))


def test_an_edition_that_was_put_off_stays_one_meeting() -> None:
    announced = replace(SCM, phase=Phase.ANNOUNCED, starts_on=date(2025, 10, 20))
    assert same_meeting(announced, MET - timedelta(days=60), SCM, MET).same
    assert merge(announced, Trust.PRESS, SCM, Trust.PRESS).starts_on == SCM.starts_on


def test_another_edition_is_another_meeting_whatever_its_day() -> None:
    assert not same_meeting(SCM, MET, replace(SCM, edition=58), MET).same


def test_two_sides_without_a_document_ten_days_later_are_another_meeting() -> None:
    later = facts(countries=("KR", "US"), starts_on=None, city=None, country=None)
    assert not same_meeting(replace(SCM, series=None, edition=None), MET, later, MET + timedelta(days=10)).same
