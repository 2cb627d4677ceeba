"""The search index over the archive: made by each engine in its own way, and kept up behind the polls.

The index lags behind on purpose: indexing costs more than storing, and a poll must not wait for it. A mark says up to
which item the index reaches. Newer items are candidates without being asked (storage/search.py), so nothing is missed
meanwhile; `catch_up` moves the mark in batches, from a job of the service. Only an item that changes is indexed anew at
once.

    SQLite       FTS5 without content: `words` are tokens with their places, so that characters of a word must stand
                 side by side; `singles` are single characters and pairs of neighbours, whose places do not matter
    PostgreSQL   a row per item with a tsvector of the same tokens and a GIN index; all words of a phrase must be there
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update

from storage.lock import hold_landing
from storage.tables import items, search_state
from storage.words import VERSION, comparable, neighbours, singles, tokens

BATCH = 100  #: items that are indexed in one transaction

#: Title and text of items, as the index has their words.
WORDS = select(items.c.id, items.c.title, items.c.text).where(items.c.id.in_(bindparam("ids", expanding=True)))


def create_index(connection: Connection) -> None:
    """Make the empty index. What is in the archive already is indexed by `catch_up`."""
    if connection.dialect.name == "sqlite":
        connection.execute(text(
            "CREATE VIRTUAL TABLE item_words USING fts5(words, singles, content='', columnsize=0, tokenize='ascii')"
        ))  # fmt: skip
        connection.execute(text("CREATE VIRTUAL TABLE item_words_terms USING fts5vocab(item_words, instance)"))
    else:
        connection.execute(text(
            "CREATE TABLE item_words (item_id BIGINT PRIMARY KEY REFERENCES items (id) ON DELETE CASCADE, "
            "words TSVECTOR NOT NULL)"
        ))  # fmt: skip
        connection.execute(text("CREATE INDEX item_words_words ON item_words USING gin (words)"))


def drop_index(connection: Connection) -> None:
    """Remove the index."""
    connection.execute(text("DROP TABLE IF EXISTS item_words_terms"))
    connection.execute(text("DROP TABLE item_words"))


def indexed_to(connection: Connection) -> int:
    """The id of the newest item that the index knows; an index of another version knows nothing."""
    mark = select(search_state.c.indexed_to).where(search_state.c.version == VERSION)
    return int(connection.execute(mark).scalar_one_or_none() or 0)


def catch_up(connection: Connection, count: int = BATCH) -> int:
    """Index the next items. Returns how many there were; fewer than `count` means that the index is up to date.

    An index that another version of the folding made is thrown away first.
    """
    hold_landing(connection)  # so that no item can appear below the mark
    _renew(connection)
    mark = indexed_to(connection)
    query = select(items.c.id, items.c.title, items.c.text).where(items.c.id > mark).order_by(items.c.id).limit(count)
    rows = connection.execute(query).all()
    if rows:
        _insert(connection, rows)
        connection.execute(update(search_state).values(indexed_to=rows[-1].id))
    return len(rows)


def _renew(connection: Connection) -> None:
    version = connection.execute(select(search_state.c.version)).scalar_one_or_none()
    if version == VERSION:
        return
    if version is None:
        connection.execute(search_state.insert().values(id=1, version=VERSION, indexed_to=0))
        return
    drop_index(connection)
    create_index(connection)
    connection.execute(update(search_state).values(version=VERSION, indexed_to=0))


_FTS_INSERT = text("INSERT INTO item_words (rowid, words, singles) VALUES (:id, :words, :singles)")
_FTS_DELETE = text(
    "INSERT INTO item_words (item_words, rowid, words, singles) VALUES ('delete', :id, :words, :singles)"
)
_VECTOR_INSERT = text(
    "INSERT INTO item_words (item_id, words) VALUES (:id, array_to_tsvector(:words)) "
    "ON CONFLICT (item_id) DO UPDATE SET words = excluded.words"
)


def _insert(connection: Connection, rows: Sequence[Any]) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(_FTS_INSERT, [_fts_row(row) for row in rows])
    else:
        connection.execute(_VECTOR_INSERT, [_vector_row(row) for row in rows])


def _fts_row(row: Any) -> dict[str, Any]:
    folded = f"{comparable(row.title)}\n{comparable(row.text)}"
    beside = singles(folded) | neighbours(folded)
    return {"id": row.id, "words": " ".join(tokens(folded)), "singles": " ".join(sorted(beside))}


def _vector_row(row: Any) -> dict[str, Any]:
    folded = f"{comparable(row.title)}\n{comparable(row.text)}"
    return {"id": row.id, "words": sorted({*tokens(folded), *singles(folded), *neighbours(folded)})}


def before_change(connection: Connection, item_ids: Sequence[int]) -> Sequence[Any]:
    """To be called before the words of items change: what the index has to forget. Pass it to `after_change`."""
    mark = indexed_to(connection)
    known = [item_id for item_id in item_ids if item_id <= mark]
    return connection.execute(WORDS, {"ids": known}).all() if known else ()


def after_change(connection: Connection, old: Sequence[Any]) -> None:
    """Index the new words of items that `before_change` gave. Without this, a change would be lost to the index."""
    if not old:
        return
    if connection.dialect.name == "sqlite":  # an index without content must be told what it is to forget
        connection.execute(_FTS_DELETE, [_fts_row(row) for row in old])
    _insert(connection, connection.execute(WORDS, {"ids": [row.id for row in old]}).all())


def forget(connection: Connection, item_ids: Sequence[int]) -> None:
    """Take items out of the index; to be called before they are deleted."""
    if connection.dialect.name == "sqlite":  # elsewhere the rows of the index go with the items
        old = before_change(connection, item_ids)
        if old:
            connection.execute(_FTS_DELETE, [_fts_row(row) for row in old])
