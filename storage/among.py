"""`among(column, "name")`: whether a column has one of many values that travel as one parameter.

SQLAlchemy's `in_` writes a mark for each value into the statement. For the lists of a poll, thirty addresses or a
hundred stories, that took longer than to find the rows, and each length made another statement to be prepared.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Self

from sqlalchemy import BigInteger, Boolean, Column, Date, Dialect, Integer, Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Values(TypeDecorator[Sequence[Any]]):
    """Integers, words or days: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[int | str | date]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        inner: dict[type, type[TypeEngine[Any]]] = {int: BigInteger, str: Text, date: Date}
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(inner[self.of]))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return json.dumps(values, default=date.isoformat) if dialect.name == "sqlite" else values


class _Among(FunctionElement[bool]):
    """The column and the parameter."""

    type = Boolean()
    name = "among"
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002
        """A condition as it stands: SQLAlchemy would ask whether it `= 1`, which no index answers."""
        return self


def among(column: Column[Any], name: str) -> _Among:
    """A condition: `column` is one of the integers, words or days that parameter `name` holds; none of no values."""
    of = int if isinstance(column.type, Integer) else date if isinstance(column.type, Date) else str
    return _Among(column, bindparam(name, type_=_Values(of)))


@compiles(_Among)
def _array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_Among, "sqlite")
def _json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  names and marks that SQLAlchemy wrote
