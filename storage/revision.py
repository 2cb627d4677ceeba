"""The revision of the archive: a number that grows with each change that a reader could see.

Whoever keeps what was made of the archive (rendered feeds) compares one number to learn whether it still holds. It is
written in the transaction of the change itself, so it never says "unchanged" about something that changed.
"""

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.tables import counters

_ARCHIVE = "archive"
_CURRENT = select(counters.c.value).where(counters.c.name == _ARCHIVE)


def current(connection: Connection) -> int:
    """The number now; 0 for an archive into which nothing ever came."""
    value = connection.execute(_CURRENT).scalar_one_or_none()
    return 0 if value is None else int(value)


def _bump(start: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    counted = start.values(name=_ARCHIVE, value=1)
    return counted.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})


# Built once: every poll that brings something says this.
_BUMP = {"sqlite": _bump(sqlite.insert(counters)), "postgresql": _bump(postgresql.insert(counters))}


def bump(connection: Connection) -> None:
    """Say that something changed. Call it last: until the transaction ends, others wait here."""
    connection.execute(_BUMP[connection.dialect.name])
