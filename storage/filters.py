"""Filters: named queries, each a feed and something a chat can subscribe to; who changed them, and back again.

Every change is written down with what was before and after, in the same transaction. A removed filter keeps its row,
so that an undo brings its subscribers back with it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage import revision
from storage.errors import AlreadyExists, NotFound
from storage.model import Filter, FilterAction, FilterChange
from storage.records import filter_from_row, insert_or_ignore
from storage.tables import filter_changes, filters, subscriptions

MEETINGS = "ministerial-meetings"
EVERYTHING = "everything"

_ACTIVE = filters.c.removed_at.is_(None)
_EVERY = select(filters).where(_ACTIVE).order_by(filters.c.position, filters.c.id)

_BUILT_IN = (
    {
        "key": MEETINGS,
        "title": "Meetings of defence ministers",
        "query": "is:meeting level:minister",
        "alerts": True,
        "position": 1,
    },
    {"key": EVERYTHING, "title": "Everything", "query": "", "alerts": False, "position": 2},
)

#: What of a filter an admin decides, and its history remembers.
_WORDS = ("title", "query", "alerts", "action", "paused", "position")


def built_in() -> list[Filter]:
    """The two filters that every installation has."""
    return [
        Filter(id=number, key=str(f["key"]), title=str(f["title"]), query=str(f["query"]), alerts=bool(f["alerts"]))
        for number, f in enumerate(_BUILT_IN, 1)
    ]


def ensure_built_in(connection: Connection) -> None:
    """Make the two filters that every installation has. An admin's later changes to them stay, a removal too."""
    connection.execute(insert_or_ignore(connection, filters, "key"), _BUILT_IN)


def every(connection: Connection) -> list[Filter]:
    """All filters, in their order."""
    return [filter_from_row(row) for row in connection.execute(_EVERY).all()]


def find(connection: Connection, key: str) -> Filter:
    """The filter with this key. Raises `NotFound`."""
    return filter_from_row(_row(connection, key))


def _row(connection: Connection, key: str) -> Row[Any]:
    row = connection.execute(select(filters).where(filters.c.key == key, _ACTIVE)).first()
    if row is None:
        raise NotFound(f"No filter is called {key!r}.")
    return row


def add(  # noqa: PLR0913  the fields of a filter
    connection: Connection, *, key: str, title: str, query: str, alerts: bool, action: FilterAction, who: str,
    now: datetime,
) -> Filter:  # fmt: skip
    """Make a filter, at the end of the list. It raises no alert about meetings that are known already.

    Raises `AlreadyExists`. Who followed a removed filter of the same key does not follow this one.
    """
    old = connection.execute(select(filters).where(filters.c.key == key)).first()
    if old is not None and old.removed_at is None:
        raise AlreadyExists(f"A filter is called {key!r} already.")
    last = connection.execute(select(func.max(filters.c.position)).where(_ACTIVE)).scalar_one_or_none() or 0
    words = {
        "title": title, "query": query, "alerts": alerts, "action": action, "paused": False, "position": last + 1,
        "since": now, "removed_at": None,
    }  # fmt: skip
    if old is not None:
        connection.execute(delete(subscriptions).where(subscriptions.c.filter_id == old.id))
        connection.execute(update(filters).where(filters.c.id == old.id).values(**words))
    else:
        connection.execute(insert(filters).values(key=key, **words))
    row = _row(connection, key)
    _remember(connection, row.id, "add", None, row, who, now)
    return filter_from_row(row)


def change(connection: Connection, key: str, what: str, *, who: str, now: datetime, **words: Any) -> Filter:
    """Change `title`, `query`, `alerts`, `action`, `paused` or `position`; `what` names the change in the history.

    A filter that matches other meetings than before, or alerts again, does so from now on. Raises `NotFound`.
    """
    before = _row(connection, key)
    news = {name: value for name, value in words.items() if getattr(before, name) != value}
    if not news:
        return filter_from_row(before)
    _write(connection, before, news, now)
    after = _row(connection, key)
    _remember(connection, before.id, what, before, after, who, now)
    return filter_from_row(after)


def _write(connection: Connection, before: Row[Any], news: dict[str, Any], now: datetime) -> None:
    if "query" in news or news.get("alerts") or news.get("paused") is False:
        news = {**news, "since": now}
    connection.execute(update(filters).where(filters.c.id == before.id).values(**news))


def remove(connection: Connection, key: str, *, who: str, now: datetime) -> None:
    """Take a filter out of use. Raises `NotFound`."""
    before = _row(connection, key)
    connection.execute(update(filters).where(filters.c.id == before.id).values(removed_at=now))
    _remember(connection, before.id, "remove", before, None, who, now)


def reorder(connection: Connection, keys: Sequence[str], *, who: str, now: datetime) -> list[Filter]:
    """Put these filters first, in this order; the others follow as they were. Raises `NotFound`."""
    first = [find(connection, key) for key in dict.fromkeys(keys)]
    chosen = {each.key for each in first}
    rest = [each for each in every(connection) if each.key not in chosen]
    for position, each in enumerate([*first, *rest], 1):
        change(connection, each.key, "order", who=who, now=now, position=position)
    return every(connection)


def history(connection: Connection, key: str | None = None, *, limit: int = 50) -> list[FilterChange]:
    """The last changes of one filter, or of all, the newest first. A removed filter still has its history."""
    query = _CHANGES.limit(limit)
    if key is not None:
        query = query.where(filters.c.key == key)
    return [_change(row) for row in connection.execute(query)]


_CHANGES = select(filter_changes, filters.c.key).join_from(filter_changes, filters).order_by(filter_changes.c.id.desc())


def _change(row: Row[Any]) -> FilterChange:
    return FilterChange(
        id=row.id,
        key=row.key,
        at=row.at,
        who=row.who,
        what=row.what,
        before=row.before,
        after=row.after,
        undone=row.undone_by is not None,
    )


def undo(connection: Connection, key: str | None = None, *, who: str, now: datetime) -> FilterChange:
    """Take back the last change (of this filter, or of any) that is not taken back yet. Returns that change.

    Raises `NotFound` when there is none. An undo is a change as well, but is not taken back itself.
    """
    query = _CHANGES.where(filter_changes.c.undone_by.is_(None), filter_changes.c.what != "undo").limit(1)
    if key is not None:
        query = query.where(filters.c.key == key)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("There is no change to take back." if key is None else f"{key!r} has no change to take back.")
    for each in _made_together(connection, row):
        _take_back(connection, each, who, now)
    return _change(row)


def _made_together(connection: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """A new order moves several filters at once; all other changes stand alone."""
    if row.what != "order":
        return [row]
    query = _CHANGES.where(filter_changes.c.what == "order", filter_changes.c.at == row.at)
    return connection.execute(query.where(filter_changes.c.undone_by.is_(None))).all()


def _take_back(connection: Connection, row: Row[Any], who: str, now: datetime) -> None:
    of_filter = select(filters).where(filters.c.id == row.filter_id)
    current = connection.execute(of_filter).one()
    _restore(connection, current, row.before, now)
    restored = connection.execute(of_filter).one()
    number = _remember(connection, row.filter_id, "undo", _if_there(current), _if_there(restored), who, now)
    connection.execute(update(filter_changes).where(filter_changes.c.id == row.id).values(undone_by=number))


def _if_there(row: Row[Any]) -> Row[Any] | None:
    return row if row.removed_at is None else None


def _restore(connection: Connection, current: Row[Any], before: dict[str, Any] | None, now: datetime) -> None:
    if before is None:
        connection.execute(update(filters).where(filters.c.id == current.id).values(removed_at=now))
        return
    news = {name: before[name] for name in _WORDS if before[name] != getattr(current, name)}
    if current.removed_at is not None:
        news |= {"removed_at": None, "since": now}  # what came while it was away is not news any more
    _write(connection, current, news, now)


def _remember(
    connection: Connection, filter_id: int, what: str, before: Row[Any] | None, after: Row[Any] | None, who: str,
    now: datetime,
) -> int:  # fmt: skip
    statement = insert(filter_changes).values(
        filter_id=filter_id, at=now, who=who, what=what, before=_as_json(before), after=_as_json(after)
    )
    number = int(connection.execute(statement.returning(filter_changes.c.id)).scalar_one())
    revision.bump(connection)
    return number


def _as_json(row: Row[Any] | None) -> dict[str, Any] | None:
    return None if row is None else {name: getattr(row, name) for name in _WORDS}
