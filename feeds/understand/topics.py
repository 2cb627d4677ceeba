"""What the ministers talked about: topics of the lexicon that the title or the telling sentences name."""

from feeds.understand.parts import Part, Spot, readings_of
from feeds.understand.scan import Hit

_REACH = 60  # no name of a series is longer
_MOST = 8  # a record that lists everything says nothing


def topics_of(parts: tuple[Part, Part], sides: tuple[str, ...]) -> dict[str, Spot]:
    """Keys of topics in the order in which they are named, each with its first words.

    A country is no topic of a meeting in which it takes part, nor is a word inside the meeting's own name.
    """
    found: dict[str, Spot] = {}
    for part, reading in readings_of(parts):
        for hit in part.hits.of("topic", start=reading.start, end=reading.end):
            if _is_name(part, hit, sides):
                continue
            found.setdefault(hit.value.key, Spot(part=part, start=hit.start, end=hit.end))
    return dict(list(found.items())[:_MOST])


def _is_name(part: Part, hit: Hit, sides: tuple[str, ...]) -> bool:
    around = part.hits.of("series", "series_weak", start=max(0, hit.start - _REACH), end=hit.end + _REACH)
    countries = part.hits.of("country", start=hit.start, end=hit.end)
    return any(one.start <= hit.start and hit.end <= one.end for one in around) or any(
        one.value in sides for one in countries
    )
