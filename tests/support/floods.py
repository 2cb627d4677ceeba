"""A poll that is a flood, as it lands."""

from feeds.decide.routing import AlertPolicy, braked
from storage import floods, ingest, sources
from storage.changes import Alert, Changes, MeetingWrite, NewStory
from storage.database import Connection
from storage.model import Trust
from tests.support.build import NOW, definition, facts, item, polled

MEETINGS = "ministerial-meetings"


def flood(connection: Connection, count: int = 3) -> int:
    """A poll with so many meetings, all of them held. Returns the flood's number."""
    source_id = sources.add(connection, definition(), NOW)
    stories = tuple(NewStory(number) for number in range(count))
    told = [facts(series="admm", edition=number + 1) for number in range(count)]
    changes = Changes(
        source=polled(source_id),
        new_stories=stories,
        inserts=tuple(
            item(story, f"g:{story.number}", source_id=source_id, title=f"Meeting {story.number}", verdict="meeting")
            for story in stories
        ),
        meetings=tuple(
            MeetingWrite(story=story, facts=about, trust=Trust.PRESS, revision=1)
            for story, about in zip(stories, told, strict=True)
        ),
        alerts=tuple(Alert(story=story, filters=(MEETINGS,)) for story in stories),
    )
    ingest.apply(connection, braked(changes, AlertPolicy(flood_brake=2), flood=True), NOW)
    return floods.every(connection)[0].id
