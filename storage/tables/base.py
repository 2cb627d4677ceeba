"""What all tables are made of: moments, keys, and the names of constraints."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    MetaData,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator, TypeEngine

_LENGTH = len("2025-11-01 09:00:00.000000")


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. SQLite has no time zones, so there the UTC wall clock is stored as text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What keeps it: text on SQLite, TIMESTAMP WITH TIME ZONE elsewhere."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.DATETIME())  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Any:
        """For SQLite in one step: a first poll stores two hundred moments."""
        return _written if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """For SQLite in one step: every source that is due has a dozen moments."""
        return _read if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the database UTC. Raises `ValueError` for a naive datetime."""
        return None if value is None else _utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give every moment back as aware UTC."""
        return None if value is None else value.astimezone(UTC)


def _utc(value: datetime) -> datetime:
    """Refuse naive datetimes: an hour that nobody can place is worse than an error."""
    if value.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {value!r}")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _written(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it: `2025-11-01 09:00:00.000000`."""
    return None if value is None else _utc(value).isoformat(" ", "microseconds")[:_LENGTH]


def _read(text: str | None) -> datetime | None:
    if text is None:
        return None
    if len(text) == _LENGTH:
        return datetime.fromisoformat(text + "+00:00")  # a seventh of what `replace` would take
    moment = datetime.fromisoformat(text)  # with its zone, as an earlier version wrote the next poll of a source
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# Names of constraints are fixed so that a later migration can name them on both engines.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only for a plain INTEGER key; PostgreSQL should have 64 bits for ten years of items.
Key = BigInteger().with_variant(Integer(), "sqlite")
