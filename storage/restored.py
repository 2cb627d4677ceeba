"""After a backup was put back, the archive knows nothing of what was told since the backup was made.

What newsrooms published before the restore is found a second time, and told a second time: nobody can know to whom it
was told before. So it is marked as a possible repeat. Only alerts of the days after a restore need this look; older
articles raise none.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update

from storage import floods, instance
from storage.model import DeliveryState
from storage.records import insert_for
from storage.tables import deliveries, items, sources
from storage.tables import instance as table

LASTS = timedelta(days=7)  #: longer than `alerts.max_age` lets an article be news, as a rule

_KEY = "restored_at"


def settle(connection: Connection, now: datetime) -> int:
    """Tell an archive that it was just put back from a backup, before a service runs on it: what waits, or is held with
    a flood, may have been sent since, and so may what is found anew. Returns how many messages wait."""
    note(connection, now)
    floods.doubt(connection)
    waiting = deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCERTAIN])
    return connection.execute(update(deliveries).where(waiting).values(repeat=True)).rowcount


def note(connection: Connection, now: datetime) -> None:
    """Remember that a backup took the archive's place; the last time counts."""
    statement = insert_for(connection, table).values(key=_KEY, value=now.isoformat())
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": now.isoformat()}))


def lately(connection: Connection, now: datetime) -> datetime | None:
    """When a backup was put back, if that is not long ago."""
    kept = instance.recall(connection, _KEY)
    moment = datetime.fromisoformat(kept) if kept is not None else None
    return moment if moment is not None and now - moment <= LASTS else None


def may_have_been_told(connection: Connection, story_id: int, source_id: int, restored_at: datetime) -> bool:
    """Whether a story, which a poll of this source has just brought, was there to be found before the restore: its
    first report was published by then, or has no date and came with the first poll since."""
    first = connection.execute(select(func.min(items.c.published_at)).where(items.c.story_id == story_id)).scalar()
    if first is not None:
        return bool(first <= restored_at)
    return is_first_look(connection, source_id, restored_at)


def is_first_look(connection: Connection, source_id: int, restored_at: datetime) -> bool:
    """Whether a source is read for the first time since the restore: what it changed before may have been told then."""
    last = connection.execute(select(sources.c.last_success_at).where(sources.c.id == source_id)).scalar()
    return last is None or last <= restored_at
