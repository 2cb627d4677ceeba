"""Many rows at once, past SQLAlchemy's way of naming the parameters of each row.

A first poll stores thirty items of twenty columns; preparing their six hundred parameters through the statement took
longer than storing them. Here the statement's text and the converter of each parameter are made once for each statement
and set of columns, and the driver gets plain tuples. PostgreSQL, where types are written into the statement, goes the
ordinary way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Table, Update, insert
from sqlalchemy.sql.compiler import SQLCompiler

_Convert = Callable[[Any], Any]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns. Raises what the database says of a row that it does not take."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(insert(table), rows)
        return
    prepared = _insertion(table, tuple(rows[0]), connection.dialect)
    connection.exec_driver_sql(prepared.text, prepared.values(rows))


def run_rows(connection: Connection, statement: Update | Delete, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement of a module once for each row, which gives all parameters that have no value of their own."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(statement, rows)
        return
    prepared = _change(statement, connection.dialect)
    connection.exec_driver_sql(prepared.text, prepared.values([{**prepared.constants, **row} for row in rows]))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prepared:
    text: str  #: the statement, with a mark for each parameter
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]  #: the values of a row in the statement's order
    converters: tuple[tuple[int, _Convert], ...]  #: what makes a value the driver's, by its place
    constants: Mapping[str, Any]  #: what the statement itself says

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
def _insertion(table: Table, columns: tuple[str, ...], dialect: Dialect) -> _Prepared:
    return _prepared(insert(table).compile(dialect=dialect, column_keys=list(columns)))


@lru_cache(maxsize=64)
def _change(statement: Update | Delete, dialect: Dialect) -> _Prepared:
    return _prepared(statement.compile(dialect=dialect))


def _prepared(compiled: Any) -> _Prepared:
    """Of a statement as SQLite's dialect writes it."""
    assert isinstance(compiled, SQLCompiler)
    order = tuple(compiled.positiontup or ())
    types = [compiled.binds[name].type for name in order]
    found = (type_.dialect_impl(compiled.dialect).bind_processor(compiled.dialect) for type_ in types)
    constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return _Prepared(
        text=str(compiled),
        pick=itemgetter(*order),
        converters=tuple((place, convert) for place, convert in enumerate(found) if convert is not None),
        constants=constants,
    )
