"""The history of the schema and `storage/tables/` tell the same story, on both engines."""

import threading
from contextlib import nullcontext
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from storage import schema
from storage.database import Connection, Database
from storage.errors import DatabaseBusy, SchemaTooNew
from storage.lock import only_service
from storage.tables import metadata
from tests.support import quick
from tests.support.postgres import Postgres

MOMENT = "'2025-11-01 12:00:00'"
ARCHIVE = (
    f"INSERT INTO stories (id, created_at) VALUES (1, {MOMENT})",
    f"""INSERT INTO sources
        (id, key, url, name, kind, trust, time_zone, enabled, origin, state, next_poll_at, failures)
        VALUES (1, 'mod', 'https://mod.example', 'MOD', 'feed', 'press', 'UTC', true, 'file', 'ok', {MOMENT}, 0)""",
    f"""INSERT INTO items
        (id, source_id, story_id, identity, title, text, language, categories, first_seen_at, updated_at, content_hash,
         verdict, score, evidence, flags)
        VALUES (1, 1, 1, 'g:1', 't', 'x', 'ja', '[]', {MOMENT}, {MOMENT}, 'h', 'other', 0, '[]', '[]')""",
)


@pytest.fixture(autouse=True)
def _run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here Alembic runs them each time, see tests/support/quick.py."""
    monkeypatch.setattr(schema, "_upgrade", quick.MIGRATIONS.run)


def test_what_other_tests_say_to_sqlite_makes_what_the_migrations_make(tmp_path: Path) -> None:
    everything = "SELECT type, name, tbl_name, sql, (SELECT group_concat(version_num) FROM alembic_version)"
    again = quick.Migrations()
    addresses = (f"sqlite:///{tmp_path / name}.db" for name in ("first", "second"))
    first, second = (_made(address, again, f"{everything} FROM sqlite_master") for address in addresses)
    assert first == second != []


def test_what_other_tests_say_to_postgresql_makes_what_the_migrations_make(postgres: Postgres) -> None:
    everything = """
        SELECT c.relname || ' ' || c.relkind::text || ' ' || coalesce(obj_description(c.oid), ''), a.attname,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
            col_description(c.oid, a.attnum), CASE c.relkind WHEN 'i' THEN pg_get_indexdef(c.oid) END
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL
        SELECT conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(oid), NULL, NULL, NULL, NULL, NULL
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'version', version_num, NULL, NULL, NULL, NULL, NULL FROM alembic_version ORDER BY 1, 2"""
    again = quick.Migrations()
    first, second = (_made(postgres.empty_database(), again, everything) for _ in range(2))
    assert first == second != []


def _made(address: str, migrations: quick.Migrations, everything: str) -> list[tuple[object, ...]]:
    """What is in a new database after the migrations."""
    database = Database(address)
    database.write(migrations)
    found = database.read(lambda c: c.exec_driver_sql(everything).all())
    database.close()
    return [tuple(row) for row in found]


def test_the_migrations_build_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        ours = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        return list(compare_metadata(ours, metadata))

    assert database.read(differences) == []


def _is_ours(name: str | None, _kind: str, _parents: object) -> bool:
    """Not so the search index, which each engine makes in its own way (storage/search_index.py)."""
    return not (name or "").startswith("item_words")


def test_of_processes_that_start_together_one_upgrades_and_the_others_find_it_done(empty: Database) -> None:
    others = [Database(empty.url.render_as_string(hide_password=False)) for _ in range(2)]
    done: list[bool] = []
    threads = [threading.Thread(target=lambda one=one: done.append(schema.upgrade(one))) for one in (empty, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert sorted(done) == [False, False, True]
    assert schema.upgrade(empty) is False


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(database: Database) -> None:
    database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SchemaTooNew, match="newer Kaigi"):
        schema.upgrade(database)
    assert database.read(lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar()) == "9999"


def test_a_migration_that_fails_leaves_no_half_schema(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_half_way(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id INTEGER)"))
        raise RuntimeError("power cut")

    monkeypatch.setattr(schema, "_upgrade", stop_half_way)
    with pytest.raises(RuntimeError):
        schema.upgrade(empty)
    assert empty.read(lambda connection: inspect(connection).get_table_names()) == []


def test_an_archive_of_the_first_version_keeps_all_its_rows_when_it_is_upgraded(empty: Database) -> None:
    """Altering a table on SQLite may copy it; dropping the old copy must not delete what refers to it."""

    def first(connection: Connection) -> None:
        schema._upgrade(connection, "0001")
        for statement in ARCHIVE:
            connection.execute(text(statement))

    empty.write(first)
    assert schema.upgrade(empty) is True
    counts = [
        empty.read(lambda c, table=table: c.execute(text(f"SELECT count(*) FROM {table}")).scalar())  # type: ignore[misc]
        for table in ("stories", "sources", "items")
    ]
    assert counts == [1, 1, 1]


def test_an_archive_on_which_an_older_version_runs_is_not_changed_under_it(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PATIENCE_S", 0)
    empty.write(lambda c: schema._upgrade(c, "0001"))
    other = Database(empty.url.render_as_string(hide_password=False))
    with only_service(other), pytest.raises(DatabaseBusy, match="older version runs on .* Stop it"):
        schema.upgrade(empty)
    assert empty.read(schema.revision) == "0001"
    with only_service(other):
        assert schema.upgrade(empty, held=True) is True
    other.close()


def test_whoever_waits_for_another_that_upgrades_finds_it_done(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.write(lambda c: schema._upgrade(c, "0001"))
    other = Database(empty.url.render_as_string(hide_password=False))
    monkeypatch.setattr("time.sleep", lambda _: schema.upgrade(other, held=True))
    with only_service(other) if empty.is_sqlite else nullcontext():
        assert schema.upgrade(empty) is not empty.is_sqlite
    assert schema.is_current(empty)
    other.close()


def test_the_names_of_the_migrations_tell_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()] == schema.revisions()[::-1]
    assert scripts.get_heads() == [schema.revisions()[-1]]
