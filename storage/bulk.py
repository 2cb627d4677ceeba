"""Many new rows of one table at once, past SQLAlchemy's way of naming the parameters of each row.

A first poll stores thirty items of twenty columns; preparing their six hundred parameters through the statement took
longer than storing them. Here the statement's text and the converter of each column are made once for each table and
set of columns, and the driver gets plain tuples. PostgreSQL, where types are written into the statement, goes the
ordinary way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

_Convert = Callable[[Any], Any]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns. Raises what the database says of a row that it does not take."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(insert(table), rows)
        return
    prepared = _prepared(table, tuple(rows[0]), connection.dialect)
    connection.exec_driver_sql(prepared.text, prepared.values(rows))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prepared:
    text: str  #: the statement, with a mark for each column
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]  #: the values of a row in the statement's order
    converters: tuple[tuple[int, _Convert], ...]  #: what makes a value the driver's, by its place

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        columns: list[Iterable[Any]] = list(zip(*map(self.pick, rows), strict=True))
        for place, convert in self.converters:
            columns[place] = _converted(columns[place], convert)
        return list(zip(*columns, strict=True))


def _converted(values: Iterable[Any], convert: _Convert) -> list[Any]:
    """Rows of one poll share most of their moments, and most of what they lack: each is converted once for its run."""
    found: list[Any] = []
    last: Any = found  # which is none of the values
    made: Any = None
    for value in values:
        if value is not last:
            last, made = value, convert(value)
        found.append(made)
    return found


@lru_cache(maxsize=64)
def _prepared(table: Table, columns: tuple[str, ...], dialect: Dialect) -> _Prepared:
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    order = tuple(compiled.positiontup or columns)
    found = (table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order)
    return _Prepared(
        text=str(compiled),
        pick=itemgetter(*order),
        converters=tuple((place, convert) for place, convert in enumerate(found) if convert is not None),
    )
