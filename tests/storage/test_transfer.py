"""An archive moves to another database whole, and nothing of it is told again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from storage import (
    broadcasts,
    filters,
    ingest,
    instance,
    lessons,
    likeness,
    queue,
    schema,
    sources,
    subscriptions,
    transfer,
)
from storage.changes import Lesson
from storage.database import Connection, Database
from storage.errors import CopyError
from storage.model import Channel, DeliveryState, PageSnapshot
from storage.tables import broadcasts as drafts
from storage.tables import deliveries, items
from tests.support.archives import new_archive
from tests.support.build import NOW, definition, facts, meeting_changes
from tests.support.postgres import Postgres


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Database]:
    """An SQLite archive of 25 meetings, one of them told to a chat."""
    database = new_archive(tmp_path / "here" / "kaigi.db", filled_by=_fill)
    yield database
    database.close()


def _fill(database: Database) -> None:
    database.write(filters.ensure_built_in)
    database.write(_subscribe)
    for number in range(1, 26):
        _land(database, number)
    database.write(lambda c: c.execute(update(deliveries).where(deliveries.c.id == 1).values(state="sent")))
    database.write(lambda c: likeness.remember(c, [(1, [-(2**60), 7])], NOW))
    database.write(lambda c: instance.remember(c, "feed_authority", "kaigi.example,2025-11-01"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Where it goes."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'there' / 'kaigi.db'}")
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        database = Database(postgres.empty_database())
    yield database
    database.close()


def _subscribe(connection: Connection) -> None:
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, "100", language="ja", time_zone="UTC", now=NOW)
    subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)


def _land(database: Database, number: int) -> None:
    def land(connection: Connection) -> None:
        source_id = sources.add(connection, definition(f"s{number}", name=f"防衛省 {number}"), NOW)
        changes = meeting_changes(facts(edition=number, series="admm"), source_id=source_id, identity=f"g:{number}")
        ingest.apply(connection, changes, NOW)

    database.write(land)


def _count(database: Database, column: object) -> int:
    query = select(func.count()).select_from(column)  # type: ignore[arg-type]  # a table
    return database.read(lambda c: int(c.execute(query).scalar_one()))


def test_everything_goes_over_and_is_compared(archive: Database, empty: Database) -> None:
    told: list[tuple[str, int]] = []
    copied = transfer.copy(archive, empty, lambda name, rows: told.append((name, rows)))
    assert (copied.counts["items"], copied.counts["deliveries"], copied.counts["chats"]) == (25, 25, 1)
    assert ("items", 25) in told
    assert empty.read(lambda c: instance.recall(c, "feed_authority")) == "kaigi.example,2025-11-01"


def test_what_was_sent_stays_sent_and_what_waits_goes_on_there(archive: Database, empty: Database) -> None:
    transfer.copy(archive, empty)
    claimed = empty.write(
        lambda c: queue.claim(c, worker="w", channels={Channel.TELEGRAM}, busy=(), now=NOW + timedelta(1), limit=9)
    )
    assert [delivery.id for delivery in claimed] == [2]
    states = empty.read(lambda c: c.execute(select(deliveries.c.state).order_by(deliveries.c.id)).scalars().all())
    assert states[0] == DeliveryState.SENT


def test_new_rows_are_numbered_after_the_copied_ones(archive: Database, empty: Database) -> None:
    transfer.copy(archive, empty)
    _land(empty, 26)
    assert empty.read(lambda c: c.execute(select(func.max(items.c.id))).scalar()) == 26


def test_a_copy_that_was_cut_off_goes_on(archive: Database, empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PIECE", 10)

    def cut(name: str, rows: int) -> None:
        if (name, rows) == ("items", 10):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer.copy(archive, empty, cut)
    assert _count(empty, items) == 10
    told: list[tuple[str, int]] = []
    transfer.copy(archive, empty, lambda name, rows: told.append((name, rows)))
    assert [rows for name, rows in told if name == "items"] == [10, 15]
    assert _count(empty, items) == 25


def test_there_and_back_is_the_same(archive: Database, empty: Database, tmp_path: Path) -> None:
    there = transfer.copy(archive, empty)
    back = Database(f"sqlite:///{tmp_path / 'back.db'}")
    assert transfer.copy(empty, back).checksum == there.checksum
    back.close()


def test_an_archive_is_never_written_over(archive: Database, empty: Database, tmp_path: Path) -> None:
    transfer.copy(archive, empty)
    other = new_archive(tmp_path / "other.db")
    with pytest.raises(CopyError, match="archive of its own"):
        transfer.copy(other, empty)
    other.close()


def test_a_half_copy_is_not_mixed_with_another(archive: Database, empty: Database, tmp_path: Path) -> None:
    def cut(name: str, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer.copy(archive, empty, cut)
    other = new_archive(tmp_path / "other.db")
    with pytest.raises(CopyError, match="part of a copy of"):
        transfer.copy(other, empty)
    with pytest.raises(CopyError, match=r"half a copy of .*kaigi.db. Give the same"):
        transfer.copy(empty, other)
    with pytest.raises(CopyError, match="half a copy"):
        empty.read(transfer.refuse_half)
    other.close()
    transfer.copy(archive, empty)
    empty.read(transfer.refuse_half)


def test_a_target_on_which_a_service_has_run_is_not_taken_for_empty(archive: Database, empty: Database) -> None:
    schema.upgrade(empty)
    empty.write(filters.ensure_built_in)
    with pytest.raises(CopyError, match="archive of its own"):
        transfer.copy(archive, empty)


def test_an_archive_that_is_not_there_is_told_and_not_made(empty: Database, tmp_path: Path) -> None:
    absent = Database(f"sqlite:///{tmp_path / 'absent.db'}")
    with pytest.raises(CopyError, match=r"no database at .*absent.db"):
        transfer.copy(absent, empty)
    absent.close()
    assert not (tmp_path / "absent.db").exists()


def _retitle(connection: Connection) -> None:
    connection.execute(update(items).where(items.c.id == 3).values(title="another"))


def _add_source(connection: Connection) -> None:
    sources.add(connection, definition("late"), NOW)


def _keep_page(connection: Connection, body: bytes = b"as it is now") -> None:
    page = PageSnapshot(taken_at=NOW, found=1, items=(("a", "https://s1.example/a"),), body=body)
    lessons.learn(connection, 1, Lesson(page=page))


def test_a_page_as_it_looked_goes_over_byte_by_byte(archive: Database, empty: Database) -> None:
    body = bytes(range(256))
    archive.write(partial(_keep_page, body=body))
    transfer.copy(archive, empty)
    page = empty.read(lambda c: lessons.snapshot(c, 1))
    assert page is not None
    assert page.body == body


@pytest.mark.parametrize(
    "harm", [_add_source, _retitle, _keep_page], ids=["a row more", "a word", "the bytes of a page"]
)
def test_two_sides_that_differ_are_told(
    archive: Database, empty: Database, harm: Callable[[Connection], object]
) -> None:
    archive.write(partial(_keep_page, body=b"as it was"))

    def interfere(name: str, rows: int) -> None:
        if name == "page_snapshots":
            archive.write(harm)

    with pytest.raises(CopyError, match="differs after the copy"):
        transfer.copy(archive, empty, interfere)


def test_numbers_of_rows_that_are_gone_are_not_given_again(archive: Database, empty: Database) -> None:
    archive.write(lambda c: c.execute(delete(items).where(items.c.id > 20)))
    transfer.copy(archive, empty)
    _land(empty, 99)
    assert empty.read(lambda c: c.execute(select(func.max(items.c.id))).scalar()) == 26


def test_an_archive_of_another_version_is_not_copied(empty: Database, tmp_path: Path) -> None:
    there = Database(f"sqlite:///{tmp_path / 'target.db'}")
    assert empty.read(schema.revision) is None  # on SQLite the file begins with this
    with pytest.raises(CopyError, match="another version's schema"):
        transfer.copy(empty, there)
    there.close()


def test_numbers_of_a_table_of_which_every_row_is_gone_are_not_given_again(archive: Database, empty: Database) -> None:
    highest = archive.read(lambda c: c.execute(select(func.max(deliveries.c.id))).scalar()) or 0
    archive.write(lambda c: c.execute(delete(deliveries)))
    transfer.copy(archive, empty)
    _land(empty, 99)
    assert empty.read(lambda c: c.execute(select(func.min(deliveries.c.id))).scalar()) == highest + 1


def test_numbers_of_a_table_that_has_had_rows_here_and_never_there_are_not_given_again(
    archive: Database, empty: Database
) -> None:
    first = archive.write(lambda c: broadcasts.draft(c, "tg:1", "never sent", NOW))
    archive.write(lambda c: c.execute(delete(drafts)))
    transfer.copy(archive, empty)
    second = empty.write(lambda c: broadcasts.draft(c, "tg:1", "the next one", NOW))
    assert second.id == first.id + 1
