"""Meetings that were told to readers and are none any more, so that feeds can take them back (RFC 6721).

A story that becomes a meeting again needs no care: while there is a meeting of this number, nothing is taken back.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, literal, select

from storage.model import Retraction
from storage.records import insert_for
from storage.tables import meetings, retractions

_LATEST = (
    select(retractions)
    .where(~exists().where(meetings.c.story_id == retractions.c.story_id))
    .order_by(retractions.c.at.desc(), retractions.c.story_id.desc())
)


def note(connection: Connection, story_ids: Sequence[int], now: datetime) -> None:
    """Remember that the meetings of these stories go. Call it while they are still there; others are passed over."""
    gone = select(meetings.c.story_id, literal(now, retractions.c.at.type)).where(meetings.c.story_id.in_(story_ids))
    statement = insert_for(connection, retractions).from_select(["story_id", "at"], gone)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["story_id"], set_={"at": statement.excluded.at}),
    )


def latest(connection: Connection, since: datetime, limit: int = 50) -> list[Retraction]:
    """What was taken back since then, newest first."""
    rows = connection.execute(_LATEST.where(retractions.c.at >= since).limit(limit))
    return [Retraction(story_id=row.story_id, at=row.at) for row in rows]
