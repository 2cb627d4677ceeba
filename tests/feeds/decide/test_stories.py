"""Reports of one meeting come together, reports of two stay apart, and records grow without losing anything."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from feeds.decide.stories import merge, same_meeting
from storage.model import Format, Kind, Level, MeetingFacts, Phase, Principal, Trust

REPORTED = datetime(2025, 11, 2, 3, tzinfo=UTC)
DAY = date(2025, 11, 1)


def _facts(*countries: str, **others: object) -> MeetingFacts:
    facts = MeetingFacts(
        level=Level.MINISTER,
        kind=Kind.BILATERAL if len(countries) < 3 else Kind.TRILATERAL,
        format=Format.IN_PERSON,
        phase=Phase.HELD,
        countries=tuple(sorted(countries)),
        starts_on=DAY,
    )
    return replace(facts, **others)  # type: ignore[arg-type]


def _same(a: MeetingFacts, b: MeetingFacts, *, later: timedelta = timedelta()) -> bool:
    forth, back = same_meeting(a, REPORTED, b, REPORTED + later), same_meeting(b, REPORTED + later, a, REPORTED)
    assert forth == back, "matching must not depend on the order"
    return forth.same


def test_three_newsrooms_with_different_facts_tell_of_one_meeting() -> None:
    ministry = _facts("JP", "IN", city="Kuala Lumpur", country="MY", parent="admm-plus")
    agency = _facts("JP", "IN", starts_on=None)
    foreign = _facts("IN", starts_on=date(2025, 11, 2))
    assert _same(ministry, agency)
    assert _same(agency, ministry, later=timedelta(days=2))
    assert _same(ministry, foreign)


def test_template_twins_that_differ_by_one_country_are_two_meetings() -> None:
    assert not _same(_facts("JP", "IN"), _facts("JP", "VN"))
    assert not _same(_facts("JP", "US"), _facts("JP", "US", "AU"))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"starts_on": date(2025, 11, 4)}, "another day"),
        ({"level": Level.VICE_MINISTER}, "another level"),
        ({"kind": Kind.TWO_PLUS_TWO}, "another kind"),
        ({"format": Format.PHONE, "starts_on": date(2025, 11, 5)}, "another form"),
        ({"city": "Rome"}, "another place"),
    ],
)
def test_one_contradicting_fact_keeps_reports_apart(changed: dict[str, object], reason: str) -> None:
    old = _facts("JP", "IN", city="Tokyo")
    match = same_meeting(old, REPORTED, replace(old, **changed), REPORTED)  # type: ignore[arg-type]
    assert (match.same, match.reason) == (False, reason)


def test_another_edition_is_another_meeting_and_the_same_edition_the_same() -> None:
    twelfth = _facts("JP", kind=Kind.MULTILATERAL, series="admm-plus", edition=12)
    assert not _same(twelfth, replace(twelfth, edition=11))
    seen_from_elsewhere = replace(twelfth, countries=("IN",), starts_on=None)
    assert _same(twelfth, seen_from_elsewhere)


def test_a_trilateral_whose_report_names_two_of_three_is_the_same_one() -> None:
    partial = _facts("JP", "US", kind=Kind.TRILATERAL)
    assert _same(_facts("JP", "US", "KR"), partial)


def test_two_who_meet_in_a_third_capital_and_their_host_are_one_meeting() -> None:
    announced = _facts("TR", "SY", city="Moscow", country="RU", phase=Phase.ANNOUNCED)
    told = _facts("RU", "TR", "SY", "IR", kind=Kind.MINILATERAL, city="Moscow", country="RU", starts_on=None)
    assert _same(announced, told)
    # Where the place is nobody's own, or a conference brings everybody there, the pair met by itself.
    assert not _same(announced, replace(told, countries=("AM", "IR", "SY", "TR")))
    assert not _same(replace(announced, parent="sco"), told)
    assert not _same(replace(announced, city=None, country=None), told)


def test_what_a_minister_did_around_a_conference_belongs_to_it_but_one_talk_there_does_not() -> None:
    conference = _facts("SG", kind=Kind.MULTILATERAL, series="admm-plus", edition=11)
    around = _facts("CN", "JP", "KR", "NZ", kind=Kind.MULTILATERAL, parent="admm-plus", starts_on=None)
    assert _same(conference, around)
    assert not _same(conference, replace(around, parent="sld"))
    assert not _same(conference, replace(around, parent=None))
    assert not _same(conference, _facts("CN", "JP", parent="admm-plus"))
    assert not _same(conference, replace(around, kind=Kind.MINILATERAL))


def test_telephone_and_video_are_one_form_because_newsrooms_mix_them_up() -> None:
    assert _same(_facts("US", "CN", format=Format.PHONE), _facts("US", "CN", format=Format.VIDEO))


def test_an_announcement_and_the_meeting_itself_come_together() -> None:
    announced = _facts("JP", "IN", phase=Phase.ANNOUNCED, starts_on=None)
    assert _same(announced, _facts("JP", "IN"), later=timedelta(days=10))
    assert not _same(announced, _facts("JP", "IN", starts_on=date(2026, 3, 1)), later=timedelta(days=120))


def test_merging_fills_gaps_and_moves_the_phase_forward_only() -> None:
    announced = _facts("JP", "IN", phase=Phase.ANNOUNCED, starts_on=date(2025, 10, 31))
    held = _facts("JP", "IN", city="Tokyo", country="JP", outcomes=("共同声明",))
    merged = merge(announced, Trust.PRESS, held, Trust.PRESS)
    assert (merged.phase, merged.starts_on, merged.city) == (Phase.HELD, DAY, "Tokyo")
    assert merged.outcomes == ("共同声明",)
    assert merge(merged, Trust.PRESS, announced, Trust.PRESS) == merged


def test_a_cancelled_meeting_is_cancelled_but_a_held_one_is_not() -> None:
    announced, held = _facts("JP", "IN", phase=Phase.ANNOUNCED), _facts("JP", "IN")
    cancelled = _facts("JP", "IN", phase=Phase.CANCELLED)
    assert merge(announced, Trust.PRESS, cancelled, Trust.PRESS).phase is Phase.CANCELLED
    assert merge(held, Trust.PRESS, cancelled, Trust.OFFICIAL).phase is Phase.HELD


def test_a_better_source_corrects_and_a_worse_one_does_not() -> None:
    press = _facts("JP", "IN", city="Delhi", starts_on=date(2025, 10, 31))
    ministry = _facts("JP", "IN", city="New Delhi")
    assert merge(press, Trust.PRESS, ministry, Trust.OFFICIAL).city == "New Delhi"
    assert merge(ministry, Trust.OFFICIAL, press, Trust.PRESS).starts_on == DAY


def test_a_source_of_low_trust_changes_nothing() -> None:
    old = _facts("JP", "IN")
    assert merge(old, Trust.AGGREGATOR, _facts("JP", "IN", city="Paris"), Trust.LOW) == old


def test_principals_known_in_one_script_each_become_one_person() -> None:
    japanese = Principal(country="IN", name_ja="シン", office="国防相")
    english = Principal(country="IN", name="Rajnath Singh", name_ja="ラージナート・シン")
    merged = merge(
        _facts("JP", "IN", principals=(japanese,)), Trust.PRESS,
        _facts("JP", "IN", principals=(english,)), Trust.PRESS,
    )  # fmt: skip
    assert [(one.name, one.office) for one in merged.principals] == [("Rajnath Singh", "国防相")]


@pytest.mark.parametrize("old_trust", list(Trust))
@pytest.mark.parametrize("new_trust", list(Trust))
def test_merging_the_same_report_twice_changes_nothing_more(old_trust: Trust, new_trust: Trust) -> None:
    old = _facts("JP", "IN", principals=(Principal(country="JP", name="Shinjiro Koizumi"),))
    new = _facts(
        "IN", "JP", city="Tokyo", country="JP", outcomes=("共同声明", "日印防衛相共同声明"), series="jp-in",
        principals=(Principal(country="IN", office="国防相"), Principal(country="JP", name_ja="小泉進次郎")),
    )  # fmt: skip
    once = merge(old, old_trust, new, new_trust)
    assert merge(once, old_trust, new, new_trust) == once
