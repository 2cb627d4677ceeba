"""Every query of storage has an index that serves it, or reads a table that stays small. The planner is asked itself.

The queries are not listed here by hand: the program is led through its work on an archive of some size, and every
statement that it runs is explained. So a new query is judged as soon as a test of this file passes by it.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from bench import seed
from storage import (
    contents,
    digests,
    filters,
    ingest,
    lessons,
    news,
    notices,
    outbox,
    queue,
    retention,
    retractions,
    search,
    search_index,
    snapshot,
    sources,
    subscriptions,
    tracing,
    websub,
)
from storage.changes import NewStory
from storage.database import Connection, Database
from storage.model import Channel
from storage.snapshot import Lookup
from tests.support.archives import new_archive
from tests.support.build import NOW, definition, facts, meeting_changes

#: What may be read whole, and why that stays cheap.
SMALL = {
    "sources": "as many as an operator adds; read whole by pages and reports",
    "filters": "as many as admins write",
    "filter_changes": "as many as admins make",
    "search_state": "one row",
    "instance": "a few facts",
    "counters": "a few numbers",
    "corrections": "as many as admins say",
    "floods": "as many as admins decide",
    "hub_subscriptions": "at most one a source",
    "page_snapshots": "at most one a source",
    "fetch_events": "a few dozen a source, kept so by each poll",
    "people": "admins",
    "invites": "of admins",
    "broadcasts": "of admins",
    "chats": "read in the order of its key, some hundred at a time",
    "web_links": "of admins, for minutes",
    "web_sessions": "of admins, for days",
    "workers": "processes of the service",
    "notices": "what happened to sources within a year",
    "notice_messages": "as many as notices and admins",
}
_SCAN = re.compile(r"^SCAN (\w+)(?: AS \w+)?(.*)$")
_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+\"?(\w+)\"?(?:\s+AS\s+(\w+))?", re.IGNORECASE)


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[str]]]:
    """Each statement that the work below ran, with the steps of its plan."""
    database = new_archive(tmp_path_factory.mktemp("plans") / "kaigi.db")
    database.write(_ten_sources)
    seed.fill(database, items=2_000, now=NOW)
    database.write(_meetings_and_people)
    seen: dict[str, Any] = {}

    def remember(_c: Any, _cursor: Any, words: str, values: Any, _x: Any, many: bool) -> None:
        seen.setdefault(words, values[0] if many else values)

    event.listen(database.engine, "before_cursor_execute", remember)
    _work(database)
    event.remove(database.engine, "before_cursor_execute", remember)
    yield {words: _plan(database, words, values) for words, values in seen.items() if _is_query(words)}
    database.close()


def _is_query(words: str) -> bool:
    return words.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))


def _plan(database: Database, words: str, values: Any) -> list[str]:
    return database.read(lambda c: [row[3] for row in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values)])


def _ten_sources(connection: Connection) -> None:
    filters.ensure_built_in(connection)
    for number in range(10):
        sources.add(connection, definition(f"n{number}"), NOW)


def _meetings_and_people(connection: Connection) -> None:
    for number in range(20):
        chat = subscriptions.open_chat(
            connection, Channel.TELEGRAM, str(number), language="en", time_zone="UTC", now=NOW
        )
        subscriptions.subscribe(connection, chat.id, filters.MEETINGS, NOW)
    for number in range(30):
        told = facts(series="admm", edition=number + 1)
        ingest.apply(connection, meeting_changes(told, source_id=1, identity=f"m:{number}"), NOW)


def _work(database: Database) -> None:
    """What the service, its pages and its bot ask for."""
    source = database.read(lambda c: sources.get(c, 1))
    story = database.read(lambda c: news.latest_meetings(c, limit=1))[0].meeting.story_id
    lookup = Lookup(
        identities=("g:seed-1", "m:1"), urls=("https://n.example/seed/1",), days=(NOW.date(),), series=("admm",),
        has_meetings=True, keys=(1, 2), undated=("A",),
    )  # fmt: skip
    later = NOW + timedelta(days=1)
    reads: list[Any] = [
        partial(snapshot.peek, source=source, lookup=lookup, now=NOW),
        partial(snapshot.recent_moments, source_id=1, since=NOW),
        partial(retention.buried, source_id=1, identities=["a", "b"]),
        partial(news.latest_meetings, level="minister"), partial(news.latest_items),
        partial(news.meeting, story_id=story), partial(news.evidence, story_id=story),
        partial(news.meetings_by_id, story_ids=[story]), partial(news.items_by_id, item_ids=[1]),
        partial(news.meeting_ids_between, first=1, last=9), partial(news.moved_lately, limit=9),
        partial(news.newest, what="items"), partial(news.nearest, what="meetings", at_most=5),
        partial(news.goes_on, story_ids=[1]), partial(news.ahead, today=NOW.date(), limit=5),
        partial(queue.find, channels=[Channel.TELEGRAM], busy=["1"], now=later, limit=8),
        partial(queue.find, channels=[Channel.TELEGRAM], busy=[], now=later, limit=8, oldest=True),
        partial(queue.next_due, channels=[Channel.TELEGRAM], now=later),
        partial(outbox.left_behind, worker="w", channels=[Channel.TELEGRAM]),
        partial(outbox.pauses, channels=[Channel.TELEGRAM], now=NOW),
        partial(queue.due, now=NOW),
        partial(digests.due, now=later), partial(retractions.latest, since=NOW),
        partial(subscriptions.find_chat, channel=Channel.TELEGRAM, address="1"),
        partial(tracing.oldest_waiting), partial(notices.waiting), partial(notices.latest),
        sources.every, sources.all_events, partial(sources.floods, since=NOW), lessons.snapshots, websub.every,
        partial(search.of_stories, story_ids=[story]),
    ]  # fmt: skip
    for read in reads:
        database.read(read)
    claimed = database.write(partial(queue.claim, worker="w", channels=[Channel.TELEGRAM], busy=[], now=later, limit=8))
    for delivery in claimed[:2]:
        database.read(partial(contents.load, delivery=delivery))
        database.write(partial(outbox.mark_sent, delivery=delivery, worker="w", message_id="1", now=later))
    writes: list[Any] = [
        partial(outbox.disown, worker="w", in_flight=[1], now=later),
        partial(outbox.retry_uncertain, not_before=later, now=later),
        partial(outbox.expire, before=NOW, now=later),
        partial(outbox.hasten, now=NOW),
        partial(outbox.follow_clock, before=later, now=NOW),
        partial(sources.claim_due, now=later, until=later, worker="w", limit=5, troubled=True),
        partial(search_index.catch_up),
        partial(retention.forget, before=NOW, now=later, after=0),
        partial(ingest.forget_empty, story_ids=[1], now=later),
    ]
    for write in writes:
        database.write(write)
    told = meeting_changes(facts(series="admm", edition=99), source_id=2, identity="m:99")
    assert database.write(lambda c: ingest.apply(c, told, later))[NewStory(0)]


def _large(words: str, step: str, steps: list[str]) -> str | None:
    """The table that a step of a plan reads from end to end, if it is one that grows.

    The first rows in the order of the key are no whole table. Nothing is known of the sizes (no ANALYZE), so the
    planner takes every table for a large one.
    """
    found = _SCAN.match(step)
    stops_early = "LIMIT" in words and "ORDER BY" in words and not any("TEMP B-TREE" in one for one in steps)
    if found is None or stops_early or "VIRTUAL TABLE" in step or "USING" in found[2]:
        return None
    names = {alias or table: table for table, alias in _TABLE.findall(words)}
    table = names.get(found[1], found[1])
    return None if table in SMALL or table not in _GROWING else table


_GROWING = {
    "items", "stories", "meetings", "deliveries", "story_alerts", "subscriptions", "follows", "mutes", "inbox",
    "audit", "likeness_keys", "retractions", "tombstones",
}  # fmt: skip


def test_no_query_reads_a_table_that_grows_from_end_to_end(explained: dict[str, list[str]]) -> None:
    wrong = {
        f"{table}: {' '.join(words.split())[:300]}"
        for words, steps in explained.items()
        for step in steps
        if (table := _large(words, step, steps)) is not None
    }
    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.parametrize(
    ("asks", "step"),
    [
        # A range of spans would be read from its first key to its last, with all keys of the last days.
        ("FROM likeness_keys WHERE likeness_keys.span", "PRIMARY KEY (span=? AND key=?)"),
        # The reports themselves are long rows, whose end is several pages away.
        ("min(coalesce(items.published_at", "COVERING INDEX ix_items_meeting_reports"),
    ],
)
def test_what_a_poll_asks_of_a_long_archive_is_looked_up(explained: dict[str, list[str]], asks: str, step: str) -> None:
    plans = [steps for words, steps in explained.items() if asks in " ".join(words.split()) and "GROUP BY" in words]
    assert plans
    assert all(any(step in one for one in steps) for steps in plans)


def test_the_work_above_is_most_of_what_storage_asks(explained: dict[str, list[str]]) -> None:
    assert len(explained) >= 60


def test_a_table_either_grows_or_says_why_it_stays_small() -> None:
    from storage.tables import metadata

    assert {*metadata.tables} == {*SMALL} | _GROWING
