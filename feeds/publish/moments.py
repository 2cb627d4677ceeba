"""Moments as a reader's clock shows them. Pure. Days of meetings are days in their place and stay as they are."""

import re
import zoneinfo
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from feeds.publish.words import Language

_NAME = re.compile(r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*")
LONGEST = 64

#: Zones offered for choosing; any other of the time zone database may be named in the address.
OFFERED = (
    "Asia/Tokyo", "UTC", "Asia/Seoul", "Asia/Singapore", "Asia/Manila", "Asia/Kolkata", "Australia/Sydney",
    "Europe/London", "Europe/Paris", "Europe/Kyiv", "America/New_York", "America/Los_Angeles", "Pacific/Honolulu",
)  # fmt: skip


@cache
def _every_zone() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def zone_named(name: str | None) -> str | None:
    """The name if there is such a time zone, else None."""
    if not name or len(name) > LONGEST or not _NAME.fullmatch(name):
        return None
    return name if name in _every_zone() else None


def zone(name: str) -> tzinfo:
    """The zone of a name that `zone_named` gave."""
    return UTC if name == "UTC" else ZoneInfo(name)


def moment_name(at: datetime, zone_name: str, language: Language) -> str:
    """11月23日 14:05, 23 Nov 14:05: with the year."""
    local = at.astimezone(zone(zone_name))
    if language == "ja":
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {local:%b %Y, %H:%M}"


def today(now: datetime, zone_name: str) -> date:
    """The reader's day."""
    return now.astimezone(zone(zone_name)).date()


def span_name(seconds: float, language: Language) -> str:
    """A length of time in its largest unit: 90 is 2分, 2 min."""
    units = ((86400, "日", " d"), (3600, "時間", " h"), (60, "分", " min"), (1, "秒", " s"))
    size, ja, en = next((unit for unit in units if seconds >= unit[0]), units[-1])
    return f"{round(max(seconds, 0) / size)}{ja if language == 'ja' else en}"
