"""Filters: named queries, each a feed and something a chat can subscribe to."""

from sqlalchemy import Connection, select

from storage.errors import NotFound
from storage.model import Filter
from storage.records import filter_from_row, insert_or_ignore
from storage.tables import filters

MEETINGS = "ministerial-meetings"
EVERYTHING = "everything"

_EVERY = select(filters).order_by(filters.c.id)

_BUILT_IN = (
    {
        "key": MEETINGS,
        "title": "Meetings of defence ministers",
        "query": "is:meeting level:minister",
        "alerts": True,
    },
    {"key": EVERYTHING, "title": "Everything", "query": "", "alerts": False},
)


def built_in() -> list[Filter]:
    """The two filters that every installation has."""
    return [
        Filter(id=number, key=str(f["key"]), title=str(f["title"]), query=str(f["query"]), alerts=bool(f["alerts"]))
        for number, f in enumerate(_BUILT_IN, 1)
    ]


def ensure_built_in(connection: Connection) -> None:
    """Make the two filters that every installation has. An admin's later changes to them stay."""
    connection.execute(insert_or_ignore(connection, filters, "key"), _BUILT_IN)


def every(connection: Connection) -> list[Filter]:
    """All filters, in the order they were made."""
    return [filter_from_row(row) for row in connection.execute(_EVERY)]


def find(connection: Connection, key: str) -> Filter:
    """The filter with this key. Raises `NotFound`."""
    row = connection.execute(select(filters).where(filters.c.key == key)).first()
    if row is None:
        raise NotFound(f"No filter is called {key!r}.")
    return filter_from_row(row)
