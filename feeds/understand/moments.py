"""Reading one timestamp as a newsroom prints it: RFC 822, ISO 8601, unpadded, dotted, Japanese, with or without an era.

`parse_moment` is for fields that hold a timestamp and nothing else (a feed's date, the date line of a page).
Dates inside running text are found by `dates.find_dates`.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feeds.understand.calendar_words import MONTHS, NUMBER, ZONES, era_year, number, zone_of

_FIRST_YEAR = 1900  # older than every newsroom's first page
_LONGEST = 200  # no newsroom writes a longer timestamp; the rest is noise or an attack

_TIME = r"(?P<hour>\d{1,2})(?::|時)(?P<minute>\d{1,2})?(?:(?::|分)(?P<second>\d{1,2})?(?:[.,]\d+)?秒?)?"
_MONTH_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(rf"(?P<era>令和|平成|昭和|[rhs](?=\d))(?P<ey>元|{NUMBER})(?:年?\s?\((?P<check>\d{{4}})年?\)年?\s?|年|[./-])"
               rf"(?P<m>{NUMBER})(?:月|[./-])(?P<d>{NUMBER})日?"),
    re.compile(r"(?P<y>\d{4})(?:年|[./-])\s?(?P<m>\d{1,2})(?:月|[./-])\s?(?P<d>\d{1,2})日?"),
    re.compile(rf"(?P<y>{NUMBER})年(?P<m>{NUMBER})月(?P<d>{NUMBER})日"),
    re.compile(r"\b(?P<y>\d{4})(?P<m>[01]\d)(?P<d>[0-3]\d)(?=t|\b)"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+(?P<name>{_MONTH_NAMES})\.?,?[\s-]+(?P<y>\d{{4}}|\d{{2}})\b"),
    re.compile(rf"\b(?P<name>{_MONTH_NAMES})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})\b"),
    re.compile(rf"\b(?P<name>{_MONTH_NAMES})\s+(?P<d>\d{{1,2}})\s+\d{{1,2}}:\d{{2}}:\d{{2}}\s+(?P<y>\d{{4}})\b"),
    re.compile(r"(?P<m>\d{1,2})月(?P<d>\d{1,2})日"),
)  # fmt: skip
# RFC 5322 §3.3 and RFC 3339 §5.6, for years in which nothing overflows.
_RFC_822 = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(?P<d>\d{1,2}) (?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" (?P<y>(?:19|20)\d\d) (?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d) (?P<zone>[+-]\d{4})",
    re.ASCII,
)
_ISO_8601 = re.compile(
    r"(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)T(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)"
    r"(?:\.\d{1,9})?(?P<zone>Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
_CLOCK = re.compile(_TIME)
_COMPACT_CLOCK = re.compile(r"t(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?")
_OFFSET = re.compile(r"(?:gmt|utc)?\s*(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?(?!\d)")
_ZONE_NAME = re.compile(r"\s*\(?(?P<name>[a-z]{1,5})\b")
_AFTERNOON = re.compile(r"午後|下午|오후|p\.?m\b")
_PADDED = re.compile(r"\s*([年月日時分秒])\s*(?=\d)|(?<=令和|平成|昭和)\s+(?=\d)|(?<=\d)\s+(?=[年月日時分])")
_FORENOON = re.compile(r"午前|上午|오전|a\.?m\b")


def parse_moment(text: str, zone: str, now: datetime | None = None) -> datetime | None:
    """The moment that a timestamp names, or None when it cannot be read.

    `zone` is the IANA zone of a timestamp that names none; an unknown name counts as UTC. Without a clock time the
    moment is midnight there. `now` (aware) gives the year to a date without one. The answer is aware and keeps the
    zone it was read in. Never raises on any text.
    """
    quick = _standard(text)
    return quick if quick is not None else _parse_any(text, zone, now)


def _standard(text: str) -> datetime | None:
    """Read the two forms that nearly all feeds write, with a zone in figures."""
    match = _RFC_822.fullmatch(text) or _ISO_8601.fullmatch(text)
    if match is None:
        return None
    parts = match.groupdict()
    month = MONTHS[parts["name"].lower()] if "name" in parts else int(parts["m"])
    try:
        return datetime(
            int(parts["y"]), month, int(parts["d"]), int(parts["H"]), int(parts["M"]), min(int(parts["S"]), 59),
            tzinfo=_figured_zone(parts["zone"]),
        )  # fmt: skip
    except ValueError:  # no such day, or 24:30: `_parse_any` knows what may be meant
        return None


def _figured_zone(written: str) -> tzinfo:
    if not written[1:]:
        return zone_of(0)
    minutes = int(written[1:3]) * 60 + int(written[-2:])
    if minutes >= 24 * 60:
        raise ValueError("no such zone")
    return zone_of(-minutes if written[0] == "-" else minutes)


def _parse_any(text: str, zone: str, now: datetime | None) -> datetime | None:
    folded = unicodedata.normalize("NFKC", text[:_LONGEST]).lower().strip()
    folded = _PADDED.sub(lambda match: match[1] or "", folded)  # 令和 7年11月 6日, padded to stand in columns
    for pattern in _DATES:
        match = pattern.search(folded)
        day = _day_of(match, now, zone) if match else None
        if match and day:
            return _with_clock(day, folded[match.end() :], folded[: match.end()], _zone(zone))
    return None


def _day_of(match: re.Match[str], now: datetime | None, zone: str) -> tuple[int, int, int] | None:
    groups = match.groupdict()
    try:
        month = MONTHS[groups["name"]] if groups.get("name") else number(groups["m"])
        return _year_of(groups, now, zone), month, number(groups["d"])
    except (ValueError, LookupError):
        return None


def _year_of(groups: dict[str, str], now: datetime | None, zone: str) -> int:
    if groups.get("era"):
        year = era_year(groups["era"], groups["ey"])
        if groups.get("check") and int(groups["check"]) != year:
            raise LookupError("the year of the era and the one beside it differ")
        return year
    if groups.get("y"):
        year = number(groups["y"])
        if len(groups["y"]) > 2 and year < _FIRST_YEAR and groups["y"].isdecimal():
            raise ValueError("0026 is no short way to write 2026: something else is wrong there")
        # RFC 822 allowed two digits; RFC 5322 §4.3 says how to read them.
        return year if year > 99 else year + (2000 if year < 50 else 1900)
    if now is None:
        raise LookupError("a date without a year needs a clock")
    return now.astimezone(_zone(zone)).year


def _with_clock(day: tuple[int, int, int], after: str, before: str, default: tzinfo) -> datetime | None:
    clock = _COMPACT_CLOCK.match(after) or _CLOCK.search(after[:60])
    found = clock or _CLOCK.search(before)
    tail = (after if clock else before)[found.end() :] if found else ""
    try:
        hour, minute, second = _hour(found, after or before), _part(found, "minute"), _part(found, "second")
        rest = timedelta(days=hour // 24)  # 24:30 and 25:00 are tomorrow's early hours in broadcasters' time
        moment = datetime(*day, hour % 24, minute, min(second, 59), tzinfo=_stated_zone(tail) or default)
        moment = moment + rest if hour >= 24 else moment
        moment.astimezone(UTC)  # the first and last days of the calendar have no UTC twin: treat as unreadable
    except (ValueError, OverflowError):
        return None
    return moment


def _part(clock: re.Match[str] | None, name: str) -> int:
    return int(clock.group(name) or 0) if clock else 0


def _hour(clock: re.Match[str] | None, around: str) -> int:
    hour = _part(clock, "hour")
    if hour > 30:
        raise ValueError("no such hour")
    if hour < 12 and _AFTERNOON.search(around):
        return hour + 12
    if hour == 12 and _FORENOON.search(around):
        return 0
    return hour


def _stated_zone(tail: str) -> tzinfo | None:
    match = _OFFSET.search(tail[:12])
    if match:
        minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
        if minutes >= 24 * 60:
            raise ValueError("no such offset")
        return zone_of(-minutes if match["sign"] == "-" else minutes)
    tail = re.sub(r"^\s*(?:a|p)\.?m\.?", "", tail)
    name = _ZONE_NAME.match(tail)
    return zone_of(ZONES[name["name"]]) if name and name["name"] in ZONES else None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
