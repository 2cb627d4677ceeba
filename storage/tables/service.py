"""Tables of the service itself."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    String,
    Table,
    Text,
)

from storage.tables.base import Moment, metadata

instance = Table(
    "instance",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="facts about this installation that must never change, such as the authority in its feed ids",
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="numbers that only grow, such as the revision of the archive",
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("leads", JSON, nullable=False, comment="the duties of which one process has each"),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, comment="its last sign of life, by this database's clock"),
    comment="the processes that run on this database; on PostgreSQL only, a few rows",
)
