"""How long a server asks us to wait before the next poll, and when not to come. Pure.

From HTTP: `Cache-Control: max-age` and `Expires` (RFC 9111, section 4.2.1). From the feed: RSS 2.0 `ttl`, and
`sy:updatePeriod` with `sy:updateFrequency` (RSS 1.0 syndication module), `skipHours` and `skipDays`
(https://www.rssboard.org/skip-hours-days). A hint only ever slows us down, and only up to
a cap: a page cached for a year must not hide a meeting for a year.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from storage.model import Skips

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_DAYS = {name: place for place, name in enumerate(
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
)}  # fmt: skip
_LONGEST = 365 * 86_400  # seconds; "until the year 9999" fits into no column of PostgreSQL
_LONGEST_LIST = 4_000  # characters
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}


def cache_seconds(headers: Mapping[str, str]) -> int | None:
    """For how long the answer says it stays fresh; None when it does not say, or asks not to be kept."""
    control = headers.get("Cache-Control", "")
    if re.search(r"no-(?:cache|store)", control, re.IGNORECASE):
        return None
    found = _MAX_AGE.search(control)
    if found:
        return min(int(found[1]), _LONGEST)
    return _until_expiry(headers.get("Expires"), headers.get("Date"))


def _until_expiry(expires: str | None, date: str | None) -> int | None:
    if not expires or not date:
        return None
    try:
        seconds = (parsedate_to_datetime(expires) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError):  # unreadable, or one with and one without a zone
        return None
    return min(int(seconds), _LONGEST) if seconds > 0 else None


def feed_seconds(ttl: object, period: object, frequency: object) -> int | None:
    """What a feed's own elements ask for, in seconds: the longer of `ttl` (minutes) and the update period."""
    asked = [60 * number for number in [_number(ttl)] if number]
    length = _PERIODS.get(str(period).strip().lower())
    if length:
        asked.append(length // max(_number(frequency) or 1, 1))
    return min(max(asked), _LONGEST) if asked else None


def feed_skips(text: str) -> Skips | None:
    """When a feed asks not to be polled; None when it does not say, or means nothing by it.

    `text` is the whole document: `skipHours` holds many `hour` elements, of which dictionaries keep the last. Hours
    are those of GMT, 0 to 23 (some write 24 for 0), days their English names. Asking for no poll at all is a mistake,
    and is left out.
    """
    hours = {number % 24 for word in _within(text, "skipHours", "hour") if (number := _hour(word)) is not None}
    days = {_DAYS[word] for word in _within(text, "skipDays", "day") if word in _DAYS}
    skips = Skips(
        hours=tuple(sorted(hours)) if len(hours) < 24 else (),
        days=tuple(sorted(days)) if len(days) < 7 else (),
    )
    return skips if skips.hours or skips.days else None


def _within(text: str, element: str, child: str) -> list[str]:
    start = text.find(f"<{element}>")
    end = text.find(f"</{element}>", start) if start >= 0 else -1
    if end < 0:
        return []
    found = re.findall(
        rf"<{child}>\s*([A-Za-z0-9]{{1,10}})\s*</{child}>", text[start : min(end, start + _LONGEST_LIST)]
    )
    return [word.lower() for word in found]


def _hour(word: str) -> int | None:
    number = _number(word)
    return number if number is not None and number <= 24 else None


def _number(value: object) -> int | None:
    text = str(value).strip() if value is not None else ""
    return int(text) if text.isdecimal() and len(text) < 8 else None
