"""Many values as one parameter, on both engines."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Column, Date, Integer, MetaData, String, Table, insert, select

from storage.among import among
from storage.database import Connection, Database

_NUMBERED = Table("numbered", MetaData(), Column("id", Integer), Column("name", String), Column("day", Date))
_ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": "会議", "day": date(2026, 11, 1)},
    {"id": 2, "name": 'it\'s "two"', "day": date(2026, 11, 2)},
    {"id": 3, "name": None, "day": None},
]


@pytest.fixture
def numbered(database: Database) -> Iterator[Database]:
    def fill(connection: Connection) -> None:
        _NUMBERED.create(connection)
        connection.execute(insert(_NUMBERED), _ROWS)

    database.write(fill)
    yield database
    database.write(_NUMBERED.drop)


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("id", [3, 1, 9], {1, 3}),
        ("name", ["会議", 'it\'s "two"', "absent"], {1, 2}),
        ("day", [date(2026, 11, 2), date(2025, 1, 1)], {2}),
        ("id", [], set()),
        ("name", (), set()),
        ("id", list(range(-50_000, 3)), {1, 2}),  # more than either engine takes as parameters
    ],
)
def test_rows_are_found_by_any_of_the_values(
    numbered: Database, column: str, values: list[object], found: set[int]
) -> None:
    query = select(_NUMBERED.c.id).where(among(_NUMBERED.c[column], "values"))
    assert numbered.read(lambda c: set(c.execute(query, {"values": values}).scalars())) == found


def test_lists_of_any_length_are_one_statement(numbered: Database) -> None:
    query = select(_NUMBERED.c.id).where(among(_NUMBERED.c.id, "values"))
    with numbered.engine.connect() as connection:
        asked = {
            str(connection.execute(query, {"values": list(range(length))}).context.statement) for length in (1, 2, 30)
        }
    assert len(asked) == 1
