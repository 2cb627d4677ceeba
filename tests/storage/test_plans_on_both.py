"""Every query that runs with each poll, message or page has an index that serves it, on both engines.

The statements are those that the real code sends, caught on their way; the plans are the engine's own. PostgreSQL is
told to avoid reading whole tables, which it prefers while they are small: where it does so all the same, there is no
index. What walks along an index in order and stops after some rows is no such reading.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from feeds.publish.web import Library, create_app
from storage import (
    contents,
    digests,
    filters,
    inbox,
    ingest,
    instance,
    notices,
    outbox,
    polls,
    queue,
    search_index,
    snapshot,
    sources,
    subscriptions,
    websub,
    workers,
)
from storage.changes import Retelling
from storage.database import Connection, Database
from storage.model import Channel
from storage.retelling import retell
from storage.snapshot import Lookup
from tests.support.build import NOW, after, definition, facts, meeting_changes, polled

TELEGRAM = {Channel.TELEGRAM}

#: Tables that grow with the years, with the readers or with the newsrooms.
LARGE = {
    "items", "stories", "meetings", "deliveries", "chats", "sources", "fetch_events", "subscriptions", "follows",
    "mutes", "story_alerts", "likeness_keys", "notices", "notice_messages", "corrections", "inbox", "retractions",
    "audit", "hub_subscriptions", "floods", "item_words", "page_snapshots", "parent",
}  # fmt: skip

#: What must see all rows, and therefore seldom runs.
WHOLE = (
    "SELECT count(*) AS count_1 \nFROM ",  # how much there is: the front page is kept until the archive changes
    "SELECT anon_1.block, ",  # which changed: once for each change
    # Asks for the articles of each meeting by their index; PostgreSQL begins with all articles while there are few.
    "SELECT meetings.story_id \nFROM meetings \nWHERE meetings.story_id IS NOT NULL AND (EXISTS",
    "SELECT count(*) FILTER (WHERE sources.enabled",  # when a source turned bad: are all of them?
)


@contextmanager
def caught(database: Database) -> Iterator[dict[str, Any]]:
    """The statements that are sent while the block runs, each once, with parameters that it was sent with."""
    found: dict[str, Any] = {}

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE", "WITH"):
            found.setdefault(statement, parameters[0] if many else parameters)

    event.listen(database.engine, "before_cursor_execute", note)
    yield found
    event.remove(database.engine, "before_cursor_execute", note)


def whole_tables(database: Database, statements: dict[str, Any]) -> list[str]:
    """The large tables that a statement reads from end to end, with the statement."""
    find = _on_sqlite if database.is_sqlite else _on_postgresql

    def look(connection: Connection) -> list[str]:
        chosen = [(words, values) for words, values in statements.items() if not words.startswith(WHOLE)]
        return [f"{table}: {words}" for words, values in chosen for table in find(connection, words, values)]

    return database.read(look)


def _on_sqlite(connection: Connection, statement: str, parameters: Any) -> Iterator[str]:
    steps = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    in_order = "LIMIT" in statement and not any("TEMP B-TREE FOR ORDER" in step for step in steps)
    for words in map(str.split, steps):
        if words[0] == "SCAN" and words[1] in LARGE and not in_order:
            yield words[1]


def _on_postgresql(connection: Connection, statement: str, parameters: Any) -> Iterator[str]:
    for costly in ("seqscan", "hashjoin", "mergejoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{costly} = off")
    explained = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    plan = json.loads(explained) if isinstance(explained, str) else explained
    yield from _walked(plan[0]["Plan"], limited=False)


#: What passes rows on in the order in which they come, so that a limit above it ends what is below.
ORDERLY = ("LockRows", "Nested Loop", "Incremental Sort", "Subquery Scan")


def _walked(node: dict[str, Any], *, limited: bool) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name")
    in_order = kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node
    if table in LARGE and (kind == "Seq Scan" or (in_order and not limited)):
        yield table
    for inner in node.get("Plans", ()):
        yield from _walked(inner, limited=kind == "Limit" or (limited and kind in ORDERLY))


@pytest.fixture
def archive(database: Database) -> Database:
    """A little of everything."""

    def fill(connection: Connection) -> None:
        filters.ensure_built_in(connection)
        for number in (1, 2, 3):
            source_id = sources.add(connection, definition(f"s{number}"), NOW)
            changes = meeting_changes(facts(edition=number, series="admm"), source_id=source_id, identity=f"g:{number}")
            ingest.apply(connection, changes, NOW)

    database.write(fill)
    for address in ("100", "200"):
        database.write(partial(_subscribe, address=address))
    return database


def _subscribe(connection: Connection, address: str) -> None:
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, address, language="ja", time_zone="UTC", now=NOW)
    subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)


def _poll(connection: Connection) -> None:
    later = after(hours=3)
    due = sources.claim_due(connection, now=later, until=after(hours=4), worker="w", limit=2)
    assert due
    lookup = Lookup(
        identities=("g:9",), urls=("https://example.org/9",), days=(NOW.date(),), series=("admm",), has_meetings=True,
        keys=(1, 2), undated=("A",),
    )  # fmt: skip
    snapshot.known_items(connection, due[0].id, lookup)
    snapshot.load_snapshot(connection, due[0], lookup, later, lambda _filters: True)
    snapshot.recent_moments(connection, due[0].id, NOW - timedelta(days=30))
    changes = meeting_changes(facts(edition=9, series="admm"), source_id=due[0].id, identity="g:9")
    ingest.apply(connection, changes, later)
    retell(connection, Retelling(story=1, revision=2, tags=frozenset({"series:admm"})), 1, later)
    polls.update_sources(connection, [polled(source.id) for source in due])
    websub.by_source(connection, due[0].id)
    websub.announce(connection, due[0].id, later)
    notices.surroundings(connection, due[0].id, NOW)
    search_index.catch_up(connection)


def _send(connection: Connection) -> None:
    now = after(hours=5)
    look = {"channels": TELEGRAM, "busy": {"-1"}, "now": now, "limit": 8}
    found = queue.find(connection, **look)  # type: ignore[arg-type]
    queue.find(connection, oldest=True, **look)  # type: ignore[arg-type]
    taken = outbox.take(connection, found, "w/1", now)
    assert len(taken) == 2
    for one in taken:
        contents.load(connection, one)
    outbox.mark_sent(connection, taken[0], "w/1", "55", now)
    outbox.put_back(connection, taken[1], "w/1", now, "later", now)
    queue.next_due(connection, TELEGRAM, now)
    outbox.pauses(connection, TELEGRAM, now)
    outbox.hasten(connection, now)
    outbox.follow_clock(connection, now, now - timedelta(hours=1))
    queue.due(connection, now)
    outbox.left_behind(connection, "w/2", TELEGRAM)
    outbox.disown(connection, "w/1", [], now)
    outbox.retry_uncertain(connection, now, now)
    for chat_id in (one.chat.id for one in taken):
        digests.release(connection, chat_id, now)
    notices.claim(connection, worker="w", channel=Channel.TELEGRAM, now=now)
    notices.bundle(connection, before=now, channel=Channel.TELEGRAM, addresses=(), now=now)
    inbox.keep(connection, 1, "{}", now)
    inbox.begin(connection, 1, now)
    inbox.done(connection, 1, now)
    workers.names(connection)


def test_polls_read_no_table_from_end_to_end(archive: Database) -> None:
    with caught(archive) as statements:
        archive.write(_poll)
    assert whole_tables(archive, statements) == []


def test_messages_read_no_table_from_end_to_end(archive: Database) -> None:
    archive.write(_poll)
    with caught(archive) as statements:
        archive.write(_send)
    assert whole_tables(archive, statements) == []


PAGES = (
    "/", "/meetings/1", "/feeds", "/feeds/ministerial-meetings.atom", "/feeds/everything.json", "/search?q=defence",
    "/feeds/search.atom?q=series:admm", "/api/meetings", "/api/meetings?series=admm&limit=5",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_pages_read_no_table_from_end_to_end(archive: Database, page: str) -> None:
    authority, began_at = archive.write(lambda c: instance.born(c, "kaigi.example", NOW))
    library = Library(
        database=archive, authority=authority, began_at=began_at, address="https://kaigi.example", language="ja",
        health=lambda: {"ready": True}, clock=lambda: after(days=1),
    )  # fmt: skip
    with caught(archive) as statements:
        assert asyncio.run(_status(create_app(library), page)) == 200
    assert statements
    assert whole_tables(archive, statements) == []


async def _status(app: Callable[..., Any], page: str) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kaigi.test") as client:
        return (await client.get(page)).status_code
