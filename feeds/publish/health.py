"""What is worth knowing about a source beside its state, in words for the page and the terminal. Pure."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from feeds.collect import schedule
from storage.model import FetchEvent, PageSnapshot, Source, SourceState

if TYPE_CHECKING:
    from feeds.publish.words import Language  # which loads the calendars of every language

FLOOD_SHOWN = timedelta(days=1)  #: for so long a flood is worth a word
NAMED = 2  #: articles of a snapshot that are named

_REMARKS: "dict[Language, dict[str, str]]" = {
    "ja": {
        "moved": "移転先から取得しています: {url}",
        "moving": "移転を告げています({polls}回): {url}",
        "flood": "{at:%Y-%m-%d %H:%M} UTCに一度に{count}件の新しい記事が来ました",
        "then": "{at:%Y-%m-%d %H:%M} UTCには{count}件の記事がありました(例: {names})",
    },
    "en": {
        "moved": "It has moved and is read from {url}",
        "moving": "It says that it moved ({polls} polls so far) to {url}",
        "flood": "{count} new articles came at once at {at:%Y-%m-%d %H:%M} UTC",
        "then": "At {at:%Y-%m-%d %H:%M} UTC the page had {count} articles, such as {names}",
    },
}


def remarks(
    source: Source, flood: FetchEvent | None, snapshot: PageSnapshot | None, language: "Language", now: datetime
) -> tuple[str, ...]:
    """Sentences about a move, a flood of the last day, and what a page that is empty now had when it was read last.

    `flood` is the last flood known, `snapshot` the page's last good state; moments are given in UTC.
    """
    words = _REMARKS[language]
    found: list[str] = []
    if source.moved_to is not None:
        key = "moved" if schedule.has_moved(source, now) else "moving"
        found.append(words[key].format(url=source.moved_to, polls=source.moved_polls))
    if flood is not None and now - flood.at <= FLOOD_SHOWN:
        found.append(words["flood"].format(count=flood.new_items, at=flood.at))
    if snapshot is not None and source.state is SourceState.EMPTY:
        found.append(then(snapshot, language))
    return tuple(found)


def then(snapshot: PageSnapshot, language: "Language") -> str:
    """What a list page had when its rules last found something."""
    names = [f"「{title}」" if language == "ja" else f"“{title}”" for title, _ in snapshot.items[:NAMED]]
    joined = ("" if language == "ja" else ", ").join(names)
    return _REMARKS[language]["then"].format(at=snapshot.taken_at, count=snapshot.found, names=joined)
