"""The pictures: what is counted, where it stands, and that nothing falls out of them."""

from collections import Counter
from datetime import date

import pytest

from feeds.publish.almanac import Line, almanac
from feeds.publish.charts import by_month, matrix, matrix_json, months, months_json, nice, pairs, step_of
from feeds.publish.timelines import timeline, year
from storage.model import Kind, Meeting, MeetingFacts, Phase
from tests.support.build import NOW, facts

TODAY = date(2025, 11, 20)


def lines(*told: MeetingFacts) -> tuple[Line, ...]:
    meetings = [
        Meeting(story_id=number, facts=one, revision=1, first_seen_at=NOW, updated_at=NOW)
        for number, one in enumerate(told, 1)
    ]
    return almanac(meetings).lines


def test_each_pair_of_a_small_meeting_is_counted_and_a_conference_is_not() -> None:
    met = pairs(
        lines(
            facts(),
            facts(kind=Kind.TRILATERAL, countries=("AU", "JP", "US")),
            facts(kind=Kind.MULTILATERAL, countries=("AU", "JP", "MY")),
            facts(phase=Phase.CANCELLED),
            facts(starts_on=None),
        )
    )
    assert met == {("AU", "JP"): 2, ("AU", "US"): 1, ("JP", "US"): 1}
    assert matrix_json(met)[0] == {"countries": ["AU", "JP"], "meetings": 2}


def test_the_matrix_is_symmetric_and_holds_who_met_most() -> None:
    met = Counter({("AU", "JP"): 9, ("JP", "US"): 4, ("FI", "SE"): 1})
    shown = matrix(met, 3, size=20, margin=50)
    assert shown.codes == ("JP", "AU", "US")
    cells = {(cell.row, cell.column): cell for cell in shown.cells}
    assert cells["JP", "AU"].count == cells["AU", "JP"].count == 9
    assert (cells["AU", "US"].count, cells["AU", "US"].step, cells["JP", "AU"].step) == (0, 0, 5)
    assert all(cell.x + 20 <= shown.width and cell.y + 20 <= shown.height for cell in shown.cells)


def test_an_empty_matrix_has_no_cell() -> None:
    assert matrix(Counter(), 10, size=20, margin=50).cells == ()


@pytest.mark.parametrize(
    ("count", "most", "step"), [(0, 0, 0), (1, 1, 1), (3, 4, 3), (1, 100, 1), (100, 100, 5), (30, 100, 3)]
)
def test_the_ramp_has_five_steps(count: int, most: int, step: int) -> None:
    assert step_of(count, most) == step


@pytest.mark.parametrize(("most", "top"), [(0, 4), (4, 4), (5, 6), (9, 10), (11, 12), (17, 20), (73, 80), (101, 120)])
def test_an_axis_ends_at_an_even_number(most: int, top: int) -> None:
    assert nice(most) == top


def test_months_count_by_first_day_and_lose_nothing() -> None:
    monthly = by_month(
        lines(
            facts(starts_on=date(2025, 10, 31), ends_on=date(2025, 11, 2)),
            facts(),
            facts(kind=Kind.MULTILATERAL),
            facts(starts_on=date(2023, 11, 30)),
        ),
        TODAY, 24,
    )  # fmt: skip
    shown = months(monthly, TODAY, 24, today=TODAY)
    assert (len(shown.months), shown.months[0].name, shown.months[-1].name) == (24, "2023-12", "2025-11")
    assert [(month.name, month.total) for month in shown.months if month.total] == [("2025-10", 1), ("2025-11", 2)]
    assert shown.months[-1].is_now
    assert shown.kinds == (Kind.BILATERAL, Kind.MULTILATERAL)
    low, high = shown.months[-1].segments
    assert low.y + low.height == shown.ground
    assert high.y + high.height == low.y
    assert months_json(shown)[-1] == {"month": "2025-11", "meetings": 2, "kinds": {"bilateral": 1, "multilateral": 1}}


def test_meetings_on_one_day_stand_above_each_other_on_the_line() -> None:
    shown = timeline(lines(facts(edition=1), facts(edition=2), facts(edition=3, starts_on=date(2027, 5, 1))), TODAY)
    assert len({(mark.x, mark.y) for mark in shown.marks}) == 3
    assert [year for _, year in shown.years] == [2025, 2026, 2027]
    assert shown.now is not None
    assert all(0 <= mark.x <= shown.width and 0 < mark.y < shown.ground for mark in shown.marks)
    assert [mark.label for mark in shown.marks] == ["1", "", "3"]


def test_a_line_without_meetings_is_still_a_line() -> None:
    assert timeline((), TODAY).marks == ()


def test_a_meeting_of_several_days_is_on_each_of_them_in_the_year() -> None:
    shown = year(lines(facts(starts_on=date(2025, 12, 30), ends_on=date(2026, 1, 2))), 2026)
    days = [one.day for box in shown.boxes for one in box.days if one.lines]
    assert days == [date(2026, 1, 1), date(2026, 1, 2)]
    assert shown.count == 1
    assert sum(len(box.days) for box in shown.boxes) == 365
    spots = [(one.x, one.y) for box in shown.boxes for one in box.days]
    assert len(set(spots)) == len(spots)
    assert max(x for x, _ in spots) + shown.side <= shown.width
    assert max(y for _, y in spots) + shown.side <= shown.height
