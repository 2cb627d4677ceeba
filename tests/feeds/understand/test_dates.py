"""Dates in running text, and timestamps alone."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.understand.dates import find_dates, parse_moment
from feeds.understand.folding import fold
from feeds.understand.moments import _parse_any, _standard

PUBLISHED = date(2025, 11, 6)  # a Thursday


def _days(text: str, *, future: bool = False) -> list[tuple[date, date | None]]:
    return [(span.first, span.last) for span in find_dates(fold(text).text, PUBLISHED, future=future)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和7年11月1日", date(2025, 11, 1)),
        ("令和７（2025）年１１月１日（土）", date(2025, 11, 1)),
        ("令和七年十一月一日", date(2025, 11, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("R7.11.1", date(2025, 11, 1)),
        ("2025年11月1日", date(2025, 11, 1)),
        ("2025-11-6 10:31", date(2025, 11, 6)),
        ("2025.11.06", date(2025, 11, 6)),
        ("（11月4日）", date(2025, 11, 4)),
        ("会談（11/4）", date(2025, 11, 4)),
        ("12月31日", date(2025, 12, 31)),
        ("昨年11月7日", date(2024, 11, 7)),
        ("去年の12月1日", date(2024, 12, 1)),
        ("今年1月5日", date(2025, 1, 5)),
        ("来年11月1日", date(2026, 11, 1)),
        ("3日", date(2025, 11, 3)),
        ("30日", date(2025, 10, 30)),
        ("先月30日", date(2025, 10, 30)),
        ("来月3日", date(2025, 12, 3)),
        ("本日", date(2025, 11, 6)),
        ("昨日", date(2025, 11, 5)),
        ("火曜日", date(2025, 11, 4)),
        ("November 1, 2025", date(2025, 11, 1)),
        ("Nov. 1", date(2025, 11, 1)),
        ("1 November 2025", date(2025, 11, 1)),
        ("November 3 last year", date(2024, 11, 3)),
        ("on 3 November of last year,", date(2024, 11, 3)),
        ("January 5 this year", date(2025, 1, 5)),
        ("10 November next year", date(2026, 11, 10)),
        ("on Tuesday", date(2025, 11, 4)),
        ("yesterday", date(2025, 11, 5)),
    ],
)
def test_a_day_is_read_in_each_way_of_writing(text: str, day: date) -> None:
    assert _days(text) == [(day, None)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("10月31日から11月2日まで", date(2025, 10, 31), date(2025, 11, 2)),
        ("8月19日・20日", date(2025, 8, 19), date(2025, 8, 20)),
        ("2月22~24日", date(2026, 2, 22), date(2026, 2, 24)),
        ("31 May to 2 June 2025", date(2025, 5, 31), date(2025, 6, 2)),
        ("March 27-28, 2025", date(2025, 3, 27), date(2025, 3, 28)),
        ("4 to 6 December 2023", date(2023, 12, 4), date(2023, 12, 6)),
    ],
)
def test_a_range_keeps_both_ends(text: str, first: date, last: date) -> None:
    assert _days(text) == [(first, last)]


def test_same_day_and_the_day_before_point_at_the_date_named_before_them() -> None:
    assert _days("11月3日に到着し、同日会談した。前日は休み。") == [
        (date(2025, 11, 3), None),
        (date(2025, 11, 3), None),
        (date(2025, 11, 2), None),
    ]


def test_same_day_without_a_date_before_it_is_the_day_of_publication_and_the_day_before_is_none() -> None:
    assert _days("同日会談した") == [(PUBLISHED, None)]
    assert _days("前日は休みだった") == []


def test_without_a_day_of_publication_only_whole_dates_are_days() -> None:
    written = (
        "2025年11月1日、11月2日、（11/4）、3日、昨年11月5日に、12月6日に、本日、火曜日、Nov. 5, on Tuesday, yesterday, "
        "7 November 2025"
    )
    assert [span.first for span in find_dates(fold(written).text, None)] == [date(2025, 11, 1), date(2025, 11, 7)]


def test_until_a_weekday_is_the_end_of_something_and_not_its_day() -> None:
    assert _days("in Rome until Tuesday") == []


@pytest.mark.parametrize("text", ["令和七年十十月一日", "十十日に", "十十月一日"])
def test_kanji_that_are_no_number_are_no_date(text: str) -> None:
    assert _days(text) == []


def test_a_weekday_looks_ahead_when_the_sentence_does() -> None:
    assert _days("to meet on Tuesday", future=True) == [(date(2025, 11, 11), None)]


def test_numbers_that_are_no_dates_are_left_alone() -> None:
    assert _days("2月30日、3日間、2+2、第12回、会談は30分") == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-11-6 10:31", "2025-11-06T10:31:00+09:00"),
        ("2025年11月6日 10:31", "2025-11-06T10:31:00+09:00"),
        ("令和７年１１月６日", "2025-11-06T00:00:00+09:00"),
        ("令和7(2025)年11月1日(土)19時35分", "2025-11-01T19:35:00+09:00"),
        ("令和７年（２０２５年）１１月６日", "2025-11-06T00:00:00+09:00"),
        ("令和 7 年 (2025年) 11月 6日(木) 9時 5分", "2025-11-06T09:05:00+09:00"),
        ("2025-11-06 오후 3:30", "2025-11-06T15:30:00+09:00"),
        ("2025年11月6日 下午3:30", "2025-11-06T15:30:00+09:00"),
        ("2025年11月6日 上午12:30", "2025-11-06T00:30:00+09:00"),
        ("2025.11.06", "2025-11-06T00:00:00+09:00"),
        ("Thu, 06 Nov 2025 10:31:00 JST", "2025-11-06T10:31:00+09:00"),
        ("Thu, 06 Nov 2025 10:31:00 GMT", "2025-11-06T10:31:00+00:00"),
        ("Thu, 6 Nov 25 10:31:00 +0530", "2025-11-06T10:31:00+05:30"),
        ("2025-11-06T10:31:00.250Z", "2025-11-06T10:31:00+00:00"),
        ("2025-11-06T10:31:00-05:00", "2025-11-06T10:31:00-05:00"),
        ("20251106T103100", "2025-11-06T10:31:00+09:00"),
        ("November 6, 2025 3:15 pm EST", "2025-11-06T15:15:00-05:00"),
        ("2025年11月6日 午後3時5分", "2025-11-06T15:05:00+09:00"),
        ("2025年11月6日 25:10", "2025-11-07T01:10:00+09:00"),
        ("2025年11月6日 午前12時5分", "2025-11-06T00:05:00+09:00"),
        ("Thu Nov  6 10:31:00 2025", "2025-11-06T10:31:00+09:00"),
        ("11月6日 10:31", "2025-11-06T10:31:00+09:00"),
    ],
)
def test_a_timestamp_is_read_with_its_zone_or_the_newsrooms(text: str, moment: str) -> None:
    now = datetime(2025, 11, 7, tzinfo=UTC)
    assert parse_moment(text, "Asia/Tokyo", now) == datetime.fromisoformat(moment)


def test_a_timestamp_without_a_year_needs_a_clock() -> None:
    assert parse_moment("11月6日 10:31", "Asia/Tokyo") is None


def test_an_unknown_zone_counts_as_utc() -> None:
    assert parse_moment("2025-11-06 10:31", "Nowhere/City") == datetime(2025, 11, 6, 10, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["0026-01-01T00:00:00Z", "Sun, 01 Jan 0000 00:00:00 GMT", "1 Nov 0025 10:00 +0900", "2025-11-06T10:31:00+99:99"],
)
def test_a_year_or_an_offset_that_cannot_be_meant_makes_the_date_unreadable(text: str) -> None:
    assert parse_moment(text, "Asia/Tokyo") is None


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2025-13-45", "9999-12-31T25:00", "2月30日", "99:99", "2025年11月6日 31:00", "令和7(2024)年11月6日"],
)
def test_what_is_no_timestamp_is_none(text: str) -> None:
    assert parse_moment(text, "Asia/Tokyo") is None


@given(st.text(max_size=120))
def test_no_text_breaks_the_readers(text: str) -> None:
    parse_moment(text, "Asia/Tokyo", datetime(2025, 11, 7, tzinfo=UTC))
    for span in find_dates(fold(text).text, PUBLISHED):
        assert 0 <= span.start < span.end <= len(fold(text).text)


_CLOCKS = st.builds("{:02}:{:02}:{:02}".format, st.integers(0, 25), st.integers(0, 61), st.integers(0, 61))
_OFFSETS = st.builds(
    "{}{:02}{}{:02}".format, st.sampled_from("+-"), st.integers(0, 25), st.sampled_from(["", ":"]), st.integers(0, 70)
)
_STANDARD_DATES = st.builds(
    "{}-{:02}-{:02}T{}{}{}".format,
    st.integers(1890, 2110), st.integers(0, 13), st.integers(0, 32), _CLOCKS, st.sampled_from(["", ".5", ".123456789"]),
    st.just("Z") | _OFFSETS,
) | st.builds(
    "{}{} {} {} {} {}".format,
    st.sampled_from(["", "Wed, ", "Sun, "]), st.integers(0, 32),
    st.sampled_from([f"{date(2025, month, 1):%b}" for month in range(1, 13)]), st.integers(1890, 2110),
    _CLOCKS, _OFFSETS,
)  # fmt: skip


@given(_STANDARD_DATES)
def test_the_usual_forms_are_read_quickly_and_as_all_others_are(text: str) -> None:
    quick = _standard(text)
    if quick is not None:
        careful = _parse_any(text, "Asia/Tokyo", None)
        assert (quick, quick.utcoffset()) == (careful, careful and careful.utcoffset())


def test_the_usual_forms_are_read_quickly() -> None:
    moment = datetime(2025, 11, 19, 9, tzinfo=UTC)
    assert _standard("Wed, 19 Nov 2025 18:00:00 +0900") == moment
    assert _standard("2025-11-19T09:00:00Z") == moment
    assert _standard("2025-11-19T18:00:00.000+09:00") == moment
    assert _standard("2025-02-31T18:00:00Z") is None
