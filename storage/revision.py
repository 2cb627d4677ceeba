"""The revision of the archive: a number that grows with each change that a reader could see.

Whoever keeps what was made of the archive (rendered feeds) compares one number to learn whether it still holds. It is
written in the transaction of the change itself, so it never says "unchanged" about something that changed.
"""

from sqlalchemy import Connection, select

from storage.records import insert_for
from storage.tables import counters

_ARCHIVE = "archive"
_CURRENT = select(counters.c.value).where(counters.c.name == _ARCHIVE)


def current(connection: Connection) -> int:
    """The number now; 0 for an archive into which nothing ever came."""
    value = connection.execute(_CURRENT).scalar_one_or_none()
    return 0 if value is None else int(value)


def bump(connection: Connection) -> None:
    """Say that something changed. Call it last: until the transaction ends, others wait here."""
    statement = insert_for(connection, counters).values(name=_ARCHIVE, value=1)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1}),
    )
