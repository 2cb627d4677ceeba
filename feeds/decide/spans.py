"""Spans of days, numbers and time as queries write them. Raises `SpanError` with what would be right. Pure."""

import calendar
import re
from datetime import date, timedelta

_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?")
_AGE = re.compile(r"([<>]?)(\d{1,5})([a-z]+|[^\d\sa-z]+)")
_UNITS = {
    "h": 3600, "hour": 3600, "hours": 3600, "時間": 3600, "d": 86400, "day": 86400, "days": 86400, "日": 86400,
    "w": 604800, "week": 604800, "weeks": 604800, "週": 604800, "週間": 604800,
}  # fmt: skip

DAY_HINT = "Write a year, a month or a day: 2025, 2025-11, 2025-11-03; or from one to another: 2025-11..2026-02."
NUMBER_HINT = "Write a number, or from one to another: 13, 10..13, 10.."
AGE_HINT = "Write <7d for younger than seven days, >12h for older than twelve hours; units are h, d and w."

Days = tuple[date | None, date | None]
Numbers = tuple[int | None, int | None]


class SpanError(ValueError):
    """Not a span; the message says what would be right."""


def days(text: str) -> Days:
    """The first and the last day of a day, month or year, or of a range of them; None: open."""
    first, dots, last = text.partition("..")
    if not dots:
        return _day(text)
    if not first and not last:
        raise SpanError(DAY_HINT)
    return _ordered(_day(first)[0] if first else None, _day(last)[1] if last else None, DAY_HINT)


def since(text: str) -> Days:
    """From the first day of a day, month or year on."""
    return _day(text)[0], None


def until(text: str) -> Days:
    """Before the first day of a day, month or year."""
    return None, _day(text)[0] - timedelta(days=1)


def _day(text: str) -> tuple[date, date]:
    match = _DAY.fullmatch(text)
    if match is None:
        raise SpanError(DAY_HINT)
    year, month, day = (int(group) if group else None for group in match.groups())
    try:
        if year is not None and month and day:
            return date(year, month, day), date(year, month, day)
        if year is not None and month:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        if month == 0 or day == 0 or year is None or year < 2:
            raise SpanError(DAY_HINT)
        return date(year, 1, 1), date(year, 12, 31)
    except ValueError:
        raise SpanError(f"There is no such day. {DAY_HINT}") from None


def numbers(text: str) -> Numbers:
    """The least and the greatest number of a range; None: open."""
    first, dots, last = text.partition("..")
    if not dots:
        return _number(text), _number(text)
    if not first and not last:
        raise SpanError(NUMBER_HINT)
    low, high = (_number(part) if part else None for part in (first, last))
    if low is not None and high is not None and low > high:
        raise SpanError(f"The range ends before it begins. {NUMBER_HINT}")
    return low, high


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise SpanError(NUMBER_HINT)
    return int(text)


def _ordered(first: date | None, last: date | None, hint: str) -> Days:
    if first is not None and last is not None and first > last:
        raise SpanError(f"The range ends before it begins. {hint}")
    return first, last


def age(text: str) -> tuple[int, bool]:
    """Seconds, and whether the item must be younger (or else older) than that."""
    match = _AGE.fullmatch(text.lower())
    unit = _UNITS.get(match[3]) if match else None
    if match is None or unit is None:
        raise SpanError(AGE_HINT)
    return int(match[2]) * unit, match[1] != ">"
