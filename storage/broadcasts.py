"""Words of an admin for all chats: first a draft, then, once, owed to everybody."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from storage.errors import NotFound
from storage.model import Broadcast, ChatState
from storage.outbox import owe_broadcast
from storage.tables import broadcasts, chats


def draft(connection: Connection, by: str, text: str, now: datetime) -> Broadcast:
    """Keep the words. Nobody is told before `queue`."""
    row = connection.execute(insert(broadcasts).values(at=now, by=by, text=text).returning(broadcasts)).one()
    return Broadcast(**row._asdict())


def find(connection: Connection, number: int) -> Broadcast:
    """A broadcast or a draft. Raises `NotFound`."""
    row = connection.execute(select(broadcasts).where(broadcasts.c.id == number)).first()
    if row is None:
        raise NotFound(f"There is no broadcast {number}.")
    return Broadcast(**row._asdict())


def queue(connection: Connection, number: int, now: datetime) -> int | None:
    """Owe the words to every active chat. Returns to how many; None when that was done before."""
    where = (broadcasts.c.id == number, broadcasts.c.queued_at.is_(None))
    if connection.execute(update(broadcasts).where(*where).values(queued_at=now)).rowcount != 1:
        return None
    return owe_broadcast(connection, number, now)


def audience(connection: Connection) -> dict[str, int]:
    """How many active chats there are, by kind (private, group, channel)."""
    query = select(chats.c.kind, func.count()).where(chats.c.state == ChatState.ACTIVE).group_by(chats.c.kind)
    return {str(kind): int(number) for kind, number in connection.execute(query)}
