"""What the ministers talked about: topics of the lexicon that the title or the telling sentences name."""

from feeds.understand.parts import Part, Spot, readings_of

_MOST = 8  # a record that lists everything says nothing


def topics_of(parts: tuple[Part, Part]) -> dict[str, Spot]:
    """Keys of topics in the order in which they are named, each with its first words."""
    found: dict[str, Spot] = {}
    for part, reading in readings_of(parts):
        for hit in part.hits.of("topic", start=reading.start, end=reading.end):
            found.setdefault(hit.value.key, Spot(part=part, start=hit.start, end=hit.end))
    return dict(list(found.items())[:_MOST])
