"""When a ministry gave its news out, where an article says so: not when the site published it, and not the event.

A report such as 「防衛省は令和7(2025)年11月1日(土)19時35分、…について公表した」 has all three times: the site's date
line, this one, and the day of the meeting. It is read only from a full date with a clock time, in the sentence that
says that something was announced; anything less would be a guess. Pure.
"""

import re
from datetime import UTC, datetime, timedelta

from feeds.collect.dated import FUTURE
from feeds.understand.dates import parse_moment

_HEAD = 1_500  # characters of the text in which it stands
_JAPANESE = re.compile(
    r"(?P<when>(?:(?:令和|平成)\s?(?:元|[0-9０-９]{1,2})\s?(?:[(（][0-9０-９]{4}年?[)）])?|[0-9０-９]{4})\s?年"
    r"\s?[0-9０-９]{1,2}\s?月\s?[0-9０-９]{1,2}\s?日\s?(?:[(（][月火水木金土日](?:曜日?)?[)）])?\s?"
    r"(?:午前|午後)?\s?[0-9０-９]{1,2}\s?(?:時(?:\s?[0-9０-９]{1,2}\s?分)?|[:：][0-9０-９]{2}))"
    r"(?P<rest>[^。\n]{0,400})"
)
_ANNOUNCED = re.compile(r"公表|発表|公開し|お知らせし|報道資料")
_ENGLISH = re.compile(
    r"^\s*(?:released|issued|release (?:date|time)|date of release)\b\s*(?:on|at)?\s*:?\s*(?P<when>[^\n]{6,60})$",
    re.IGNORECASE | re.MULTILINE,
)
_CLOCK = re.compile(r"\d{1,2}[:：]\d{2}|\d{1,2}\s?時")
_LATER = timedelta(hours=1)  # clocks differ; a release later than the site's report is a mistake in one of them


def released_at(
    text: str, zone: str, published_at: datetime | None, now: datetime
) -> tuple[datetime | None, tuple[str, ...]]:
    """Return the moment of release in UTC, and what is suspicious about it; None when the text does not say.

    `zone` is the IANA zone of a time that names none. A release after the publication that reports it (or in the
    future) is kept out and flagged `released_later`.
    """
    written = _written(text[:_HEAD])
    moment = parse_moment(written, zone) if written else None
    if moment is None:
        return None, ()
    latest = published_at + _LATER if published_at else now + FUTURE
    return (None, ("released_later",)) if moment > latest else (moment.astimezone(UTC), ())


def _written(head: str) -> str | None:
    for match in _JAPANESE.finditer(head):
        if _ANNOUNCED.search(match["rest"]):
            return match["when"]
    english = _ENGLISH.search(head)
    return english["when"] if english and _CLOCK.search(english["when"]) else None
