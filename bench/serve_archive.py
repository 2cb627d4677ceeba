"""An archive for `bench-serve`: meetings and other articles land as polls bring them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from feeds.publish.web_base import Library
from storage import filters, ingest, instance, schema, sources
from storage.changes import Changes, ItemInsert, MeetingWrite, NewStory, SourceUpdate
from storage.database import Connection, Database
from storage.model import (
    Format,
    Kind,
    Level,
    MeetingFacts,
    Phase,
    SourceDefinition,
    SourceState,
    Trust,
)

START = datetime(2025, 11, 1, tzinfo=UTC)
PAIRS = (("AU", "JP"), ("JP", "US"), ("JP", "PH"), ("GB", "JP"), ("DE", "JP"), ("FR", "JP"))

Landing = Callable[[Connection], None]


def new_archive(file: Path) -> Database:
    """An empty archive with one source."""
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    source = SourceDefinition(key="mod", url="https://mod.example/feed.xml", name="Ministry of Defence")
    database.write(lambda connection: sources.add(connection, source, START))
    return database


def library(database: Database, clock: Callable[[], datetime]) -> Library:
    """What the web application is made of."""
    authority, began_at = database.write(lambda connection: instance.born(connection, "kaigi.example", START))
    return Library(
        database=database, authority=authority, began_at=began_at, address="https://kaigi.example", language="ja",
        health=lambda: {"ready": True}, clock=clock,
    )  # fmt: skip


def meeting(number: int, now: datetime) -> Landing:
    """A poll that brings one meeting of ministers."""
    facts = MeetingFacts(
        level=Level.MINISTER, kind=Kind.BILATERAL, format=Format.IN_PERSON, phase=Phase.HELD,
        countries=PAIRS[number % len(PAIRS)], starts_on=date(2025, 11, 1) + timedelta(days=number % 300),
        city="Tokyo", country="JP",
    )  # fmt: skip
    return _landing(f"m{number}", "防衛相会談を実施しました。", facts, now)


def article(number: int, now: datetime) -> Landing:
    """A poll that brings one article about something else."""
    return _landing(f"a{number}", "隊員の募集について", None, now)


def quiet(now: datetime) -> Landing:
    """A poll that brings nothing."""
    return lambda connection: _apply(connection, Changes(source=_polled(now)), now)


def _landing(guid: str, title: str, facts: MeetingFacts | None, now: datetime) -> Landing:
    story = NewStory(0)
    item = ItemInsert(
        source_id=1, story=story, identity=f"g:{guid}", guid=guid, url=f"https://mod.example/news/{guid}",
        title=f"{title} {guid}", text=title * 12, author=None, language="ja", categories=(), published_at=now,
        published_text=None, content_hash=guid, verdict="meeting" if facts else "other", score=0.9, facts=facts,
        evidence=(), flags=(),
    )  # fmt: skip
    meetings = (MeetingWrite(story=story, facts=facts, trust=Trust.OFFICIAL, revision=1),) if facts else ()
    changes = Changes(source=_polled(now), new_stories=(story,), inserts=(item,), meetings=meetings)
    return lambda connection: _apply(connection, changes, now)


def _apply(connection: Connection, changes: Changes, now: datetime) -> None:
    ingest.apply(connection, changes, now)


def _polled(now: datetime) -> SourceUpdate:
    return SourceUpdate(
        source_id=1, state=SourceState.OK, next_poll_at=now + timedelta(minutes=10), polled_at=now, succeeded=True
    )
