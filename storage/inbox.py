"""Updates from Telegram, kept from before they are confirmed until they are handled."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from storage.records import insert_or_ignore
from storage.tables import inbox

TRIES = 3  #: an update that the process did not survive so often is given up
KEPT = timedelta(days=2)  #: Telegram repeats nothing after a day, so a number older than that never comes again


def keep(connection: Connection, update_id: int, body: str, now: datetime) -> bool:
    """Keep an update. Returns whether it is new."""
    statement = insert_or_ignore(connection, inbox, "update_id")
    row = {"update_id": update_id, "received_at": now, "body": body, "tries": 0}
    return connection.execute(statement.values(**row).returning(inbox.c.update_id)).first() is not None


def begin(connection: Connection, update_id: int, now: datetime) -> bool:
    """Count a try. Returns whether the update is to be handled: False when it is done, or given up with this."""
    undone = (inbox.c.update_id == update_id, inbox.c.done_at.is_(None))
    counted = update(inbox).where(*undone).values(tries=inbox.c.tries + 1).returning(inbox.c.tries)
    tries = connection.execute(counted).scalar()
    if tries is not None and tries > TRIES:
        done(connection, update_id, now)
        return False
    return tries is not None


def claim(connection: Connection, update_id: int, now: datetime) -> bool:
    """To be called in the transaction of what an update changes. Returns whether it is to be changed: False when that
    landed already, before the process died on the way to its answer. An update that is not kept is always the first.
    """
    fresh = (inbox.c.update_id == update_id, inbox.c.applied_at.is_(None))
    if connection.execute(update(inbox).where(*fresh).values(applied_at=now)).rowcount == 1:
        return True
    return not is_applied(connection, update_id)


def is_applied(connection: Connection, update_id: int) -> bool:
    """Whether what the update changes has landed."""
    landed = (inbox.c.update_id == update_id, inbox.c.applied_at.is_not(None))
    return connection.execute(select(inbox.c.update_id).where(*landed)).first() is not None


def done(connection: Connection, update_id: int, now: datetime) -> None:
    """It was handled: what it said is no longer kept."""
    connection.execute(update(inbox).where(inbox.c.update_id == update_id).values(done_at=now, body=""))


def undone(connection: Connection) -> Sequence[tuple[int, str]]:
    """Number and words of what was never handled to the end, the oldest first."""
    query = select(inbox.c.update_id, inbox.c.body).where(inbox.c.done_at.is_(None)).order_by(inbox.c.update_id)
    return [(row.update_id, row.body) for row in connection.execute(query)]


def forget(connection: Connection, now: datetime) -> int:
    """Delete what was done long ago. Returns how many."""
    return connection.execute(delete(inbox).where(inbox.c.done_at < now - KEPT)).rowcount
