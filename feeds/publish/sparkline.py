"""A row of bars for the last polls of a source, as data for an SVG. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.model import FetchEvent

WIDTH = 5  #: of a bar and the gap beside it
HEIGHT = 20
LEAST = 3  #: even a poll without news is seen
SHOWN = 30

_GOOD = ("changed", "flooded", "unchanged")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One poll: higher with more new items, marked when it failed."""

    x: int
    y: int
    height: int
    failed: bool
    title: str


def bars(events: Sequence[FetchEvent]) -> tuple[Bar, ...]:
    """Bars for the polls, the oldest first, the newest at the right edge."""
    recent = events[-SHOWN:]
    most = max((event.new_items for event in recent), default=0) or 1
    first = SHOWN - len(recent)
    return tuple(_bar(event, (first + place) * WIDTH, most) for place, event in enumerate(recent))


def _bar(event: FetchEvent, x: int, most: int) -> Bar:
    failed = event.outcome not in _GOOD
    height = HEIGHT if failed else LEAST + round((HEIGHT - LEAST) * event.new_items / most)
    title = f"{event.at:%Y-%m-%d %H:%M} UTC: {event.outcome}, +{event.new_items}, {event.seconds:.1f} s"
    return Bar(x=x, y=HEIGHT - height, height=height, failed=failed, title=title)
