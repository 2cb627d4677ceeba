"""Moves a whole archive to another database, SQLite ⇄ PostgreSQL: `kaigi db copy`.

    empty target, marked as a copy under way ─► table by table, in pieces ─► counters ─► both sides read and compared
                                                                                           └─► the mark is taken off

Everything goes over with its numbers, deliveries too, so nothing is sent again. A piece is one transaction; a copy that
was cut off goes on where it stopped. The search index is not copied: each engine has its own, and the service makes it.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Integer, Table, delete, func, select, tuple_

from storage import instance, schema
from storage.database import Database
from storage.errors import CopyError
from storage.records import insert_or_ignore
from storage.tables import instance as instance_table
from storage.tables import metadata

PIECE = 1_000  #: rows of one transaction
_MARK = "copied_from"
_SKIPPED = frozenset({"search_state", "workers"})

Progress = Callable[[str, int], None]  #: called with a table's name and how many of its rows are over


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """What went over; both sides have the same rows."""

    counts: dict[str, int]  #: rows by table
    checksum: str  #: over all rows of all tables


def copy(source: Database, target: Database, progress: Progress = lambda _name, _rows: None) -> Copied:
    """Copy everything. No service may run on either side; the caller holds both locks.

    Raises `CopyError` when the target has an archive of its own, when the source is of another version, or when the
    two sides differ in the end; `StorageError` for what a database says.
    """
    find(source)
    if not schema.is_current(source):
        raise CopyError(f"{source.place} has another version's schema. Run `kaigi db upgrade` on it first.")
    source.read(refuse_half)
    schema.upgrade(target, held=True)
    tables = [table for table in metadata.sorted_tables if table.name not in _SKIPPED]
    target.write(partial(_begin, tables=tables, origin=source.place))
    for table in tables:
        _copy_table(source, target, table, progress)
    used = source.read(partial(_last_numbers, tables=tables))
    target.write(partial(_set_counters, tables=tables, used=used))
    copied = _compared(source, target, tables)
    target.write(lambda c: c.execute(delete(instance_table).where(instance_table.c.key == _MARK)))
    return copied


def find(source: Database) -> None:
    """Raises `CopyError` when there is no such archive; nothing is made then."""
    if not source.is_there():
        raise CopyError(f"There is no database at {source.place}, so there is nothing to copy. Check database_url.")


def refuse_half(connection: Connection) -> None:
    """Raises `CopyError` where a copy was cut off: a service would send what is marked as sent further down."""
    origin = instance.recall(connection, _MARK)
    if origin is not None:
        raise CopyError(f"This is half a copy of {origin}. Give the same `kaigi db copy` again, it goes on.")


def _begin(connection: Connection, tables: Sequence[Table], origin: str) -> None:
    """Mark an empty target, or find the mark of the same copy."""
    mark = instance.recall(connection, _MARK)
    if mark is None and any(connection.execute(select(table).limit(1)).first() is not None for table in tables):
        raise CopyError("The target has an archive of its own. Copy into an empty database.")
    if mark is not None and mark != origin:
        raise CopyError(f"The target holds part of a copy of {mark}. Finish that copy, or take an empty database.")
    instance.remember(connection, _MARK, origin)


def _copy_table(source: Database, target: Database, table: Table, progress: Progress) -> None:
    last = target.read(partial(_resume_after, table=table))
    done = 0
    while rows := source.read(partial(_piece, table=table, after=last)):
        target.write(partial(_insert, table=table, rows=rows))
        last = tuple(rows[-1][column.name] for column in table.primary_key)
        done += len(rows)
        progress(table.name, done)


def _resume_after(connection: Connection, table: Table) -> tuple[Any, ...] | None:
    """The last key that is over; None where the two engines may order keys differently, and all is looked at again."""
    key = list(table.primary_key)
    if len(key) != 1 or not isinstance(key[0].type.dialect_impl(connection.dialect), Integer):
        return None
    highest = connection.execute(select(func.max(key[0]))).scalar()
    return None if highest is None else (highest,)


def _piece(connection: Connection, table: Table, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
    key = list(table.primary_key)
    query = select(table).order_by(*key).limit(PIECE)
    if after is not None:
        query = query.where(key[0] > after[0] if len(key) == 1 else tuple_(*key) > tuple_(*after))
    return [dict(row._mapping) for row in connection.execute(query)]


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    connection.execute(insert_or_ignore(connection, table, *(column.name for column in table.primary_key)), rows)


def _last_numbers(connection: Connection, tables: Sequence[Table]) -> dict[str, int]:
    """The highest number that each counting table ever gave, also to rows that are gone: none is given twice."""
    if connection.dialect.name == "sqlite":
        return {row.name: row.seq for row in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}
    found: dict[str, int] = {}
    for table in tables:
        sequence = _sequence(connection, table)
        if sequence is not None:
            last = connection.exec_driver_sql(f"SELECT last_value FROM {sequence} WHERE is_called")  # noqa: S608  its own
            found[table.name] = last.scalar() or 0
    return found


def _set_counters(connection: Connection, tables: Sequence[Table], used: Mapping[str, int]) -> None:
    """Let new rows be numbered after those that were copied and those that are gone."""
    for table in tables:
        key = next(iter(table.primary_key))
        if connection.dialect.name == "sqlite":
            if used.get(table.name) and table.kwargs.get("sqlite_autoincrement"):
                _set_sequence(connection, table.name, used[table.name])
        elif (sequence := _sequence(connection, table)) is not None:
            highest = max(connection.execute(select(func.max(key))).scalar() or 0, used.get(table.name, 0))
            connection.execute(select(func.setval(sequence, highest or 1, highest > 0)))


def _sequence(connection: Connection, table: Table) -> str | None:
    key = next(iter(table.primary_key))
    found: str | None = connection.execute(select(func.pg_get_serial_sequence(table.name, key.name))).scalar()
    return found


def _set_sequence(connection: Connection, name: str, last: int) -> None:
    changed = connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name))
    if changed.rowcount == 0:  # no row was copied, but some had been there
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last))


def _compared(source: Database, target: Database, tables: Sequence[Table]) -> Copied:
    counts: dict[str, int] = {}
    whole = hashlib.sha256()
    for table in tables:
        here, there = (database.read(partial(_sum_of, table=table)) for database in (source, target))
        if here != there:
            raise CopyError(
                f"The table {table.name} differs after the copy ({here[0]} rows, {there[0]} over there). "
                "Nothing was changed in the source. Empty the target and copy again."
            )
        counts[table.name] = here[0]
        whole.update(f"{table.name}:{here[0]}:{here[1]:x};".encode())
    return Copied(counts=counts, checksum=whole.hexdigest())


def _sum_of(connection: Connection, table: Table) -> tuple[int, int]:
    """Rows, and the sum of their hashes: the same in whatever order an engine gives them."""
    count = total = 0
    for row in _rows(connection, table):
        count += 1
        total += int.from_bytes(hashlib.blake2b(_canonical(row), digest_size=16).digest(), "big")
    return count, total % 2**128


def _rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    after: tuple[Any, ...] | None = None
    while piece := _piece(connection, table, after):
        yield from (row for row in piece if table is not instance_table or row["key"] != _MARK)
        after = tuple(piece[-1][column.name] for column in table.primary_key)


def _canonical(row: dict[str, Any]) -> bytes:
    return json.dumps(row, sort_keys=True, ensure_ascii=False, default=_plain).encode("utf-8", "replace")


def _plain(value: Any) -> str:
    """What JSON has no form for: bytes, moments, days."""
    return value.hex() if isinstance(value, bytes) else str(value.isoformat())
