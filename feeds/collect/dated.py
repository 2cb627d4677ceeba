"""Dates of publication as sources write them: read, or flagged as suspicious, and never guessed. Pure."""

import re
from datetime import UTC, datetime, timedelta

from feeds.understand.dates import parse_moment

_YEAR = re.compile(r"年|\d{4}")
FUTURE = timedelta(hours=36)  #: an embargo or a wrong zone; beyond it a date is a mistake


def read_moment(written: str | None, zone: str, now: datetime) -> tuple[datetime | None, tuple[str, ...]]:
    """Return the moment in UTC that a date names, or what is wrong with it.

    `zone` is the IANA zone of a date that names none; `now` is aware. Flags: `date_unreadable`, `date_in_future`, and
    `date_without_year`, because 12月30日 read in January is last year's on one page and a mistake on another.
    """
    if not written:
        return None, ()
    moment = parse_moment(written, zone)
    if moment is None:
        return None, (why_unreadable(written, zone, now),)
    return checked(moment, now)


def why_unreadable(written: str, zone: str, now: datetime) -> str:
    """The flag of a date that could not be read."""
    without_year = not _YEAR.search(written) and parse_moment(written, zone, now) is not None
    return "date_without_year" if without_year else "date_unreadable"


def checked(moment: datetime, now: datetime) -> tuple[datetime | None, tuple[str, ...]]:
    """The moment in UTC, unless it lies in the future."""
    if moment > now + FUTURE:
        return None, ("date_in_future",)
    return moment.astimezone(UTC), ()
