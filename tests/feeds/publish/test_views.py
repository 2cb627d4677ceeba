"""Views: the same meetings by links, by query and in memory; refusals that say what would be right."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from feeds.decide.filters import matches
from feeds.decide.query import parse
from feeds.decide.subject import Subject
from feeds.publish.almanac import Almanac, almanac, around, partners
from feeds.publish.asking import WrongRequest
from feeds.publish.by_facts import find_by_facts
from feeds.publish.facets import facets, find, kept_find
from feeds.publish.views import View, days_of, last_months, period_name, view_of
from storage.model import Format, Kind, Level, Meeting, MeetingFacts, Phase, Principal
from tests.support.build import NOW, facts

KOIZUMI = Principal(country="JP", name="Shinjiro Koizumi", name_ja="小泉進次郎", office="防衛大臣")
MARLES = Principal(country="AU", name="Richard Marles", name_ja="リチャード・マールズ", office="Defence Minister")


def meeting(story_id: int, told: MeetingFacts) -> Meeting:
    return Meeting(story_id=story_id, facts=told, revision=1, first_seen_at=NOW, updated_at=NOW)


@pytest.fixture(scope="module")
def record() -> Almanac:
    """Some of everything."""
    made = itertools.count(1)
    first = date(2024, 11, 20)
    meetings = []
    for kind, countries, people in (
        (Kind.BILATERAL, ("AU", "JP"), (KOIZUMI, MARLES)),
        (Kind.BILATERAL, ("JP", "US"), (KOIZUMI,)),
        (Kind.TRILATERAL, ("AU", "JP", "US"), (MARLES,)),
        (Kind.MULTILATERAL, ("AU", "JP", "MY", "US"), ()),
        (Kind.TWO_PLUS_TWO, ("AU", "JP"), ()),
    ):
        for phase, form, level in (
            (Phase.HELD, Format.IN_PERSON, Level.MINISTER),
            (Phase.ANNOUNCED, Format.IN_PERSON, Level.MINISTER),
            (Phase.HELD, Format.PHONE, Level.MINISTER),
            (Phase.HELD, Format.IN_PERSON, Level.VICE_MINISTER),
            (Phase.CANCELLED, Format.VIDEO, Level.MINISTER),
        ):
            number = next(made)
            day = first + timedelta(days=37 * number)
            last = day + timedelta(days=12) if number % 4 == 0 else None
            series = "admm-plus" if kind is Kind.MULTILATERAL else None
            told = facts(
                kind=kind, countries=countries, principals=people, phase=phase, format=form, level=level,
                starts_on=None if number % 11 == 0 else day, ends_on=last, series=series,
            )  # fmt: skip
            meetings.append(meeting(number, told))
    return almanac(meetings)


VIEWS = [
    View(),
    View(level=None),
    View(country=("JP",)),
    View(country=("JP", "AU"), kind=(Kind.BILATERAL,)),
    View(kind=(Kind.BILATERAL, Kind.TRILATERAL), level=None),
    View(minister="shinjiro-koizumi"),
    View(minister="richard-marles", level=None),
    View(series="admm-plus"),
    View(format=Format.PHONE),
    View(phase=Phase.ANNOUNCED, country=("US",)),
    View(phase=Phase.CANCELLED, level=None),
    View(period="2025"),
    View(period="2025-11"),
    View(period="2025-11..2026-02", level=None),
    View(level=Level.VICE_MINISTER),
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: str(view.pairs()))
def test_a_view_shows_what_its_query_finds(record: Almanac, view: View) -> None:
    query = parse(view.query(record))
    found = {
        line.story_id for line in record.lines
        if matches(query, Subject(title="", reported_at=NOW, now=NOW, facts=line.facts))
    }  # fmt: skip
    assert {line.story_id for line in view.among(record.lines)} == found
    assert {line.story_id for line in find(record, view).lines} == found


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: str(view.pairs()))
def test_the_address_of_a_view_leads_back_to_it(view: View) -> None:
    asked = parse_qs(urlsplit(view.link("en")).query)
    assert view_of(asked) == view


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: str(view.pairs()))
def test_the_number_beside_a_quick_filter_is_what_its_link_shows(record: Almanac, view: View) -> None:
    for facet in facets(record, view, find(record, view), "en"):
        for choice in facet.choices:
            if not choice.chosen:
                assert choice.count == len(choice.view.among(record.lines)), (facet.key, choice.words)


def test_each_condition_in_words_can_be_taken_away(record: Almanac) -> None:
    view = View(country=("JP", "AU"), kind=(Kind.BILATERAL,), period="2025-11", minister="shinjiro-koizumi")
    words = dict(view.words("ja", record))
    assert list(words) == ["日本", "オーストラリア", "小泉進次郎", "二国間会談", "2025年11月"]
    assert words["日本"].country == ("AU",)
    assert words["2025年11月"].period == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"country": ["Atlantis"]}, "country is a code"),
        ({"kind": ["secret"]}, "kind is one of bilateral"),
        ({"phase": ["maybe"]}, "phase is one of"),
        ({"series": ["nothing-known"]}, "series is a key"),
        ({"period": ["2025-13"]}, "period is a year"),
        ({"period": ["2026-01..2025-01"]}, "period is a year"),
        ({"period": ["2025..2026-01"]}, "period is a year"),
        ({"period": ["0000"]}, "period is a year"),
        ({"period": ["\u0662\u0660\u0662\u0665"]}, "period is a year"),  # digits of another script
        ({"level": ["king"]}, "level is one of"),
        ({"country": ["JP"] * 6}, "more than 5 times"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(asked: dict[str, list[str]], said: str) -> None:
    with pytest.raises(WrongRequest, match=said):
        view_of(asked)


def test_a_country_may_be_named_as_people_name_it() -> None:
    assert view_of({"country": ["日本", "australia"]}).country == ("JP", "AU")


def test_periods_reach_over_the_turn_of_a_year() -> None:
    assert last_months(date(2026, 2, 27), 4) == "2025-11..2026-02"
    assert days_of("2025-11..2026-02") == (date(2025, 11, 1), date(2026, 2, 28))
    assert days_of("9999") == (date(9999, 1, 1), date(9999, 12, 31))
    assert period_name("2025-11..2026-02", "ja") == "2025年11月 – 2026年2月"
    assert period_name("2025", "en") == "2025"


def test_partners_are_counted_in_small_meetings_that_take_place(record: Almanac) -> None:
    met = dict(partners(record.lines, "JP"))
    assert "MY" not in met
    # Bilateral and 2+2 with Australia, and trilaterals; neither what was cancelled nor what has no day.
    assert met["AU"] == sum(
        line.takes_place and line.facts.kind is not Kind.MULTILATERAL and {"AU", "JP"} <= set(line.facts.countries)
        for line in record.lines
    )


def test_neighbours_are_those_before_and_after_in_time(record: Almanac) -> None:
    newest, second, *_, oldest = record.lines
    assert around(record.lines, newest) == (second, None)
    assert around(record.lines, oldest)[0] is None


def test_a_person_is_known_by_one_key_in_both_scripts(record: Almanac) -> None:
    person = record.people["shinjiro-koizumi"]
    assert (person.shown("ja"), person.shown("en"), person.country) == ("小泉進次郎", "Shinjiro Koizumi", "JP")
    assert person.meetings == 10


def met(*principals: Principal) -> Almanac:
    """A meeting of each of them."""
    return almanac(meeting(number, facts(principals=(one,))) for number, one in enumerate(principals, 1))


def found_by(record: Almanac, view: View) -> set[int]:
    return set(find_by_facts(record, parse(view.query(record))) or ())


@pytest.mark.parametrize(
    "names",
    [
        ("Name-One Last", "Náme One Last"),
        ('Name "Short" Last',),
        ("Name \u201cShort\u201d Last", "Name Short Last"),
        ("「名前」の人",),
        ("Name (the Elder), M.P.*",),
        ('"""Name',),
    ],
)
def test_all_ways_in_which_somebody_s_name_was_written_are_found_by_the_view_s_query(names: tuple[str, ...]) -> None:
    record = met(*(Principal(country="FR", name=name) for name in names))
    assert len(record.people) == 1
    view = View(minister=next(iter(record.people)))
    assert found_by(record, view) == {line.story_id for line in view.within(record)} == set(range(1, len(names) + 1))


def test_a_full_name_is_asked_for_where_the_last_report_had_only_a_part_of_it() -> None:
    record = met(Principal(country="JP", name="Koizumi", name_ja="小泉進次郎"), KOIZUMI)
    assert View(minister="shinjiro-koizumi").query(record).endswith('minister:"Shinjiro Koizumi"')
    assert found_by(record, View(minister="shinjiro-koizumi")) == {1, 2}


def test_somebody_of_whom_only_the_family_name_was_told_has_feeds_with_namesakes_and_misses_none() -> None:
    record = met(Principal(country="FR", name="Last"), Principal(country="FR", name="First Last"))
    assert {line.story_id for line in View(minister="last").within(record)} == {1}
    assert found_by(record, View(minister="last")) == {1, 2}
    assert found_by(record, View(minister="first-last")) == {2}


def test_each_condition_of_a_view_is_told_with_what_is_left_without_it(record: Almanac) -> None:
    view = View(
        country=("JP",), minister="shinjiro-koizumi", series="sld", kind=(Kind.BILATERAL,), format=Format.PHONE,
        phase=Phase.HELD, period="2025", level=None,
    )  # fmt: skip
    told = view.words("en", record)
    assert [words for words, _ in told] == [
        "Japan", "Shinjiro Koizumi", "IISS Shangri-La Dialogue", "bilateral meeting", "by phone", "held", "2025",
        "any rank",
    ]  # fmt: skip
    names = ("country", "minister", "series", "kind", "format", "phase", "period", "level")
    for (_, left), name in zip(told, names, strict=True):
        assert left == replace(view, **{name: getattr(View(), name)})
    assert len(View(level=Level.VICE_MINISTER).words("ja", record)) == 1


def test_a_choice_that_is_made_is_offered_even_when_many_come_before_it() -> None:
    people = [Principal(country="JP", name=f"Ada {letter}example") for letter in "ABCDEFGHIJKLMNOPQRST"]
    numbered = list(enumerate(people, 1))
    often = numbered * 2 + [(len(people) + 1, Principal(country="JP", name="Zoe Rare"))]
    made = almanac(
        meeting(number, facts(principals=(one,), series=f"series-{named}"))
        for number, (named, one) in enumerate(often, 1)
    )
    for view, key in ((View(minister="zoe-rare"), "minister"), (View(series="series-21"), "series")):
        (facet,) = (one for one in facets(made, view, find(made, view), "en") if one.key == key)
        assert [(one.count, one.view) for one in facet.choices if one.chosen] == [(1, View())]


def test_only_so_many_views_are_kept_the_newest(record: Almanac, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.publish.facets.MOST_KEPT", 2)
    made = almanac([meeting(1, facts())])
    first, second, third = View(), View(level=None), View(period="2025")
    kept = [kept_find(made, view) for view in (first, second, third)]
    assert kept_find(made, third) is kept[2]
    assert kept_find(made, first) is not kept[0]
    assert kept_find(made, first).lines == kept[0].lines


def test_a_meeting_that_is_not_among_the_lines_has_none_beside_it(record: Almanac) -> None:
    stranger = almanac([meeting(999, facts())]).lines[0]
    assert around(record.lines, stranger) == (None, None)
