"""The shapes of pictures: what they say is escaped, and every one of them stands in its place."""

from collections import Counter
from datetime import date
from xml.etree import ElementTree as ET

from feeds.publish.almanac import line_of
from feeds.publish.charts import by_month, matrix, months
from feeds.publish.drawn import calendar_days, matrix_cells, month_bars
from feeds.publish.timelines import year
from storage.model import Kind, Meeting, Phase
from tests.support.build import NOW, facts

LINES = [
    line_of(Meeting(story_id=number, facts=told, revision=1, first_seen_at=NOW, updated_at=NOW))
    for number, told in enumerate(
        (
            facts(kind=Kind.BILATERAL, starts_on=date(2025, 11, 1), ends_on=date(2025, 11, 2)),
            facts(kind=Kind.TRILATERAL, starts_on=date(2025, 11, 1), ends_on=None),
            facts(kind=Kind.BILATERAL, starts_on=date(2025, 3, 9), ends_on=None, phase=Phase.CANCELLED),
        ),
        1,
    )
]  # fmt: skip


def shapes(drawn: str) -> list[ET.Element]:
    return list(ET.fromstring(f"<svg>{drawn}</svg>"))


def test_pairs_that_met_lead_to_their_meetings_once_by_keyboard() -> None:
    shown = matrix(Counter({("AU", "JP"): 3, ("JP", "US"): 1}), 3, size=30, margin=40)
    cells = shapes(matrix_cells(shown, lambda a, b: f'/?a={a}&b="{b}"<', "en"))
    links = [cell for cell in cells if cell.tag == "a"]
    assert [cell.tag for cell in cells].count("rect") == 2  # Australia and the United States never met
    assert sorted(link.attrib["href"] for link in links)[0] == '/?a=AU&b="JP"<'
    assert sum("tabindex" not in link.attrib for link in links) == 2
    assert {link.findtext("title") for link in links} >= {"Australia – Japan: 3", "Japan – Australia: 3"}


def test_bars_say_month_kind_and_count() -> None:
    shown = months(by_month(LINES, date(2025, 12, 5), 12), date(2025, 12, 5), 12, today=date(2025, 12, 5))
    drawn = shapes(month_bars(shown, "ja"))
    titles = [one.findtext("title") for one in drawn if one.tag == "rect"]
    assert titles == ["2025-11: 二国間会談 1", "2025-11: 三か国会談 1"]
    assert [one.text for one in drawn if one.attrib.get("class") == "tick"] == ["1月", "4月", "7月", "10月"]
    assert [one.text for one in drawn if one.attrib.get("class") == "year"] == ["2025"]
    assert [one.tag for one in drawn].count("line") == 1  # this month


def test_days_with_meetings_lead_to_the_first_and_say_how_many() -> None:
    drawn = shapes(calendar_days(year(LINES, 2025), date(2025, 12, 5), "en"))
    links = [one for one in drawn if one.tag == "a"]
    assert [(one.attrib["href"], one.findtext("title")) for one in links] == [
        ("/meetings/1?lang=en", "Saturday 1 November 2025: 2"), ("/meetings/1?lang=en", "Sunday 2 November 2025"),
    ]  # fmt: skip
    assert len(drawn) == 365 + 12
    assert [one.attrib["class"] for one in drawn if "today" in one.attrib.get("class", "")] == ["step0 today"]
