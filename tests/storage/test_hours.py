"""Quiet hours and digests follow the chat's own clocks, also through the nights in which those jump."""

from datetime import UTC, datetime

import pytest

from storage.hours import WrongTime, in_quiet, next_digest, parse_digest, parse_quiet


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "zone", "now", "due"),
    [
        ("daily 08:00", "Asia/Tokyo", "2025-11-01T12:00", "2025-11-01T23:00"),
        ("daily 08:00", "Asia/Tokyo", "2025-11-01T23:00", "2025-11-02T23:00"),
        ("daily 08:00", "Europe/Berlin", "2025-10-25T12:00", "2025-10-26T07:00"),
        ("daily 08:00", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T06:00"),
        ("daily 02:30", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("daily 02:30", "Europe/Berlin", "2025-10-25T12:00", "2025-10-26T00:30"),
        ("daily 02:30", "Europe/Berlin", "2025-10-26T00:30", "2025-10-27T01:30"),
        ("weekly mon 08:00", "UTC", "2025-11-03T08:00", "2025-11-10T08:00"),
        ("weekly sun 08:00", "America/New_York", "2025-11-01T12:00", "2025-11-02T13:00"),
        ("daily 08:00", "No/Such_Zone", "2025-11-01T12:00", "2025-11-02T08:00"),
    ],
    ids=[
        "later today", "not again at its own moment", "after the clocks went back", "after they went forward",
        "at a time that is skipped", "at the first of a time that comes twice", "and not at the second",
        "a week later", "in winter time already", "in a zone that nobody knows",
    ],
)  # fmt: skip
def test_a_digest_is_due_when_the_chats_clock_shows_its_time(spec: str, zone: str, now: str, due: str) -> None:
    assert next_digest(spec, zone, at(now)) == at(due)


def test_no_digest_is_due_where_none_is_wanted() -> None:
    assert next_digest("off", "UTC", at("2025-11-01T12:00")) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2025-10-31T20:59", None),
        ("2025-10-31T21:00", "2025-11-01T06:00"),
        ("2025-11-01T05:59", "2025-11-01T06:00"),
        ("2025-11-01T06:00", None),
        ("2025-10-25T22:00", "2025-10-26T06:00"),
        ("2026-03-28T23:00", "2026-03-29T05:00"),
    ],
    ids=["before", "from the first minute", "to the last", "after", "a night of ten hours", "a night of eight hours"],
)
def test_quiet_hours_over_midnight_end_when_the_chats_clock_says_so(now: str, until: str | None) -> None:
    assert in_quiet("22:00-07:00", "Europe/Berlin", at(now)) == (at(until) if until else None)


def test_quiet_hours_may_lie_within_a_day_and_last_through_an_hour_that_comes_twice() -> None:
    assert in_quiet("12:00-13:00", "UTC", at("2025-11-01T12:30")) == at("2025-11-01T13:00")
    assert in_quiet("01:00-02:30", "Europe/Berlin", at("2025-10-26T00:40")) == at("2025-10-26T01:30")
    assert in_quiet("", "UTC", at("2025-11-01T12:30")) is None


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("OFF", "off"),
        ("daily 8:00", "daily 08:00"),
        ("Weekly  Monday 18:30", "weekly mon 18:30"),
        ("daily 9：05", "daily 09:05"),
    ],
)
def test_a_digest_is_understood_as_people_write_it(words: str, kept: str) -> None:
    assert parse_digest(words) == kept


@pytest.mark.parametrize(
    ("words", "kept"),
    [("22:00-07:00", "22:00-07:00"), (" 9:00 – 17:30 ", "09:00-17:30"), ("off", ""), ("22:00〜7:00", "22:00-07:00")],
)
def test_quiet_hours_are_understood_as_people_write_them(words: str, kept: str) -> None:
    assert parse_quiet(words) == kept


@pytest.mark.parametrize(
    "words", ["", "daily", "daily 24:00", "daily 08:60", "weekly 08:00", "weekly xyz 08:00", "hourly"]
)
def test_a_digest_that_nobody_can_read_is_refused_with_the_right_way(words: str) -> None:
    with pytest.raises(WrongTime, match="08:00|00:00"):
        parse_digest(words)


@pytest.mark.parametrize("words", ["22-7", "22:00", "25:00-07:00", "07:00-07:00", "22:00-07:00-08:00"])
def test_quiet_hours_that_nobody_can_read_are_refused_with_the_right_way(words: str) -> None:
    with pytest.raises(WrongTime, match="22:00-07:00|00:00"):
        parse_quiet(words)
