"""Short ways to make records for tests. Every value has a default, so that a test names only what it is about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from feeds.decide.fingerprint import fingerprint
from feeds.observed import MeetingMention, ParsedEntry, Understanding, Understood, Verdict
from storage.changes import Alert, Changes, ItemInsert, MeetingWrite, NewStory, SourceUpdate
from storage.model import (
    Format,
    Kind,
    Level,
    Meeting,
    MeetingFacts,
    MeetingStory,
    Phase,
    Principal,
    Report,
    Source,
    SourceDefinition,
    SourceState,
    Trust,
)

NOW = datetime(2025, 11, 1, 12, 0, tzinfo=UTC)


def after(**span: float) -> datetime:
    """NOW plus a span: `after(hours=1)`."""
    return NOW + timedelta(**span)


def definition(key: str = "mod", **fields: Any) -> SourceDefinition:
    """A source as an operator writes it."""
    words: dict[str, Any] = {"url": f"https://{key}.example/feed.xml", "name": key.upper(), "trust": Trust.PRESS}
    return SourceDefinition(key=key, **{**words, **fields})


def source(key: str = "mod", *, id: int = 1, polled_before: bool = True, **fields: Any) -> Source:
    """A source that has been polled before, unless told otherwise."""
    return Source(
        id=id,
        definition=definition(key, **fields),
        state=SourceState.OK if polled_before else SourceState.NEW,
        next_poll_at=NOW,
        first_success_at=after(days=-9) if polled_before else None,
    )


def facts(**fields: Any) -> MeetingFacts:
    """A bilateral of the Japanese and the Australian minister, held on 1 November 2025."""
    words: dict[str, Any] = {
        "level": Level.MINISTER,
        "kind": Kind.BILATERAL,
        "format": Format.IN_PERSON,
        "phase": Phase.HELD,
        "countries": ("AU", "JP"),
        "starts_on": date(2025, 11, 1),
        "city": "Kuala Lumpur",
        "country": "MY",
    }
    return MeetingFacts(**{**words, **fields})


def entry(title: str = "A headline", **fields: Any) -> ParsedEntry:
    """An entry with an identity, a URL and a content hash of its own, made from the title."""
    slug = title.replace(" ", "-").lower()
    words: dict[str, Any] = {
        "guid": slug,
        "url": f"https://mod.example/{slug}",
        "title": title,
        "identity": f"g:{slug}",
        "content_hash": f"hash of {title}",
        "published_at": NOW,
    }
    return ParsedEntry(**{**words, **fields})


def understood(piece: ParsedEntry, told: MeetingFacts | None = None, verdict: Verdict | None = None) -> Understood:
    """An entry with what was understood: a meeting when facts are given, else other news."""
    chosen = verdict or (Verdict.MEETING if told else Verdict.OTHER)
    mention = MeetingMention(facts=told) if told else None
    return Understood(
        entry=piece,
        understanding=Understanding(language="en", verdict=chosen, score=0.9 if told else 0.1, mention=mention),
        likeness=fingerprint(piece, NOW),
    )


def item(story: Any, identity: str = "g:1", *, source_id: int = 1, **fields: Any) -> ItemInsert:
    """An item to insert."""
    words: dict[str, Any] = {
        "guid": identity,
        "url": f"https://mod.example/{identity[2:]}",
        "title": f"Title of {identity}",
        "text": "Some text.",
        "author": None,
        "language": "en",
        "categories": (),
        "published_at": NOW,
        "published_text": None,
        "content_hash": "h",
        "verdict": "other",
        "score": 0.0,
        "facts": None,
        "evidence": (),
        "flags": (),
    }
    return ItemInsert(source_id=source_id, story=story, identity=identity, **{**words, **fields})


def polled(source_id: int = 1, **fields: Any) -> SourceUpdate:
    """A successful poll of a source."""
    words: dict[str, Any] = {
        "state": SourceState.OK,
        "next_poll_at": after(minutes=10),
        "polled_at": NOW,
        "succeeded": True,
        "etag": '"1"',
        "body_hash": "b",
    }
    return SourceUpdate(source_id=source_id, **{**words, **fields})


def meeting_changes(
    told: MeetingFacts | None = None, *, source_id: int = 1, identity: str = "g:1", alert: bool = True
) -> Changes:
    """A poll that found one new meeting."""
    story, told = NewStory(0), told or facts()
    return Changes(
        source=polled(source_id),
        new_stories=(story,),
        inserts=(item(story, identity, source_id=source_id, verdict="meeting", facts=told),),
        meetings=(MeetingWrite(story=story, facts=told, trust=Trust.PRESS, revision=1),),
        alerts=(Alert(story=story, filters=("ministerial-meetings",)),) if alert else (),
    )


def report(source_key: str = "mod", **fields: Any) -> Report:
    """One report of a story."""
    words: dict[str, Any] = {
        "item_id": 1,
        "source_name": source_key.upper(),
        "trust": Trust.PRESS,
        "title": f"What {source_key} wrote",
        "url": f"https://{source_key}.example/1",
        "language": "en",
        "published_at": NOW,
        "first_seen_at": NOW,
    }
    return Report(source_key=source_key, **{**words, **fields})


def story(told: MeetingFacts | None = None, *reports: Report, id: int = 7) -> MeetingStory:
    """A meeting with its reports."""
    meeting = Meeting(story_id=id, facts=told or facts(), revision=1, first_seen_at=NOW, updated_at=after(minutes=5))
    return MeetingStory(meeting=meeting, reports=reports or (report(),))


def minister(country: str, **fields: Any) -> Principal:
    """A minister of a country."""
    return Principal(country=country, **fields)
