"""When a chat wants to be left alone, and when its digest is due: in the chat's own time zone. Pure.

A chat writes wall-clock times, so every moment is made of a day and a wall-clock time in its zone and only then turned
into UTC. A time that the clocks skip in spring counts as the moment right after the gap; one that they show twice in
autumn counts once (a digest is sent at the first, quiet lasts until the second).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFF = "off"

_TIME = re.compile(r"(\d{1,2})[:：](\d{2})", re.ASCII)
_QUIET = re.compile(r"\s*(\d{1,2}[:：]\d{2})\s*[-–—~〜～]\s*(\d{1,2}[:：]\d{2})\s*", re.ASCII)


class WrongTime(ValueError):
    """Hours that nobody can read. The message says what would be right."""


@dataclass(frozen=True, slots=True)
class _Digest:
    at: time
    day: int | None  #: 0 is Monday; None: every day


def parse_digest(words: str) -> str:
    """`off`, `daily 08:00` or `weekly mon 08:00` as it is kept, from what somebody wrote. Raises `WrongTime`."""
    parts = words.lower().split()
    if parts == [OFF]:
        return OFF
    if len(parts) == 2 and parts[0] == "daily":
        return f"daily {_clock(parts[1]):%H:%M}"
    if len(parts) == 3 and parts[0] == "weekly" and parts[1][:3] in DAYS:
        return f"weekly {parts[1][:3]} {_clock(parts[2]):%H:%M}"
    raise WrongTime("write off, daily 08:00 or weekly mon 08:00")


def parse_quiet(words: str) -> str:
    """`22:00-07:00` as it is kept, from what somebody wrote; empty for `off`. Raises `WrongTime`."""
    if words.strip().lower() in ("", OFF):
        return ""
    match = _QUIET.fullmatch(words)
    if match is None:
        raise WrongTime("write off or hours such as 22:00-07:00")
    start, end = _clock(match[1]), _clock(match[2])
    if start == end:
        raise WrongTime("quiet hours need a beginning and another end, such as 22:00-07:00")
    return f"{start:%H:%M}-{end:%H:%M}"


def next_digest(spec: str, zone: str, now: datetime) -> datetime | None:
    """The first moment after `now` (UTC) when a digest is due; None for `off`."""
    digest = _digest(spec)
    if digest is None:
        return None
    clock = _zone(zone)
    today = now.astimezone(clock).date()
    days = (today + timedelta(days=ahead) for ahead in count())
    moments = (_moment(day, digest.at, clock) for day in days if digest.day in (None, day.weekday()))
    return next(moment for moment in moments if moment > now)  # within eight days


def in_quiet(spec: str, zone: str, now: datetime) -> datetime | None:
    """When the quiet hours that `now` lies in end (UTC); None when it lies in none."""
    if not spec:
        return None
    start, end = (_clock(part) for part in spec.split("-"))
    clock = _zone(zone)
    today = now.astimezone(clock).date()
    for day in (today - timedelta(days=1), today):
        last = day if start < end else day + timedelta(days=1)
        until = _moment(last, end, clock, fold=1)
        if _moment(day, start, clock) <= now < until:
            return until
    return None


def _digest(spec: str) -> _Digest | None:
    words = spec.split()
    if words[:1] == ["daily"]:
        return _Digest(_clock(words[1]), None)
    if words[:1] == ["weekly"]:
        return _Digest(_clock(words[2]), DAYS.index(words[1]))
    return None


def _clock(words: str) -> time:
    match = _TIME.fullmatch(words)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise WrongTime(f"{words} is no time of the day; write one from 00:00 to 23:59")
    return time(int(match[1]), int(match[2]))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a zone that this machine no longer knows
        return ZoneInfo("UTC")


def _moment(day: date, clock: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    """The moment of a wall-clock time; of one that the clocks skip, the moment of the jump."""
    moment = datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC)
    if moment.astimezone(zone).time().replace(fold=0) == clock:
        return moment
    # fold=0 reads a skipped time with the offset before the jump, which puts it after the jump (PEP 495).
    moment = datetime.combine(day, clock, zone).astimezone(UTC)
    offset = moment.astimezone(zone).utcoffset()
    while (moment - timedelta(minutes=1)).astimezone(zone).utcoffset() == offset:
        moment -= timedelta(minutes=1)
    return moment
