"""Corrections: what an admin said, kept for good, applied to its story in one transaction, put back when undone.

    write(fn):  story = load(…)  →  feeds.decide.corrections  →  keep(plan)      (or `undo`)

Every row that a correction changes is written into its journal first. Messages keep their unique key: a merged story's
messages go to the story that goes on where it has none for that chat; of two, the one that went further stays in sight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, literal, select, update

from storage import remembered, retractions, revision, search
from storage.cases import CorrectionPlan, Journal, MeetingRecord, ReportRecord, StoryRecord
from storage.changes import NewStory, Retelling, StoryRef
from storage.errors import NotFound
from storage.handover import call_off, give_back, hand_over, withdraw
from storage.ingest import owe
from storage.lock import hold_landing
from storage.model import Correction, Trust
from storage.records import correction_from_row, earlier_report, facts_from_json, facts_to_json, insert_or_ignore
from storage.retelling import retell
from storage.tables import corrections, filters, items, meetings, sources, stories, story_alerts

JsonObject = dict[str, Any]


def resolve(connection: Connection, story_id: int) -> int:
    """The story that goes on under this id: itself, or the one it was merged into. Raises `NotFound`."""
    row = connection.execute(select(stories.c.merged_into).where(stories.c.id == story_id)).first()
    if row is None:
        raise NotFound(f"There is no story {story_id}.")
    return story_id if row.merged_into is None else int(row.merged_into)


def story_of(connection: Connection, item_id: int) -> int:
    """The story that an item is in. Raises `NotFound`."""
    story_id = connection.execute(select(items.c.story_id).where(items.c.id == item_id)).scalar_one_or_none()
    if story_id is None:
        raise NotFound(f"There is no item {item_id}.")
    return int(story_id)


def items_at(connection: Connection, urls: Sequence[str]) -> list[tuple[int, int]]:
    """Items that have one of these addresses, newest first, each with its story."""
    query = select(items.c.id, items.c.story_id).where(items.c.url.in_(urls)).order_by(items.c.id.desc())
    return [(row.id, row.story_id) for row in connection.execute(query)]


def load(connection: Connection, story_id: int) -> StoryRecord:
    """A story with all that bears on correcting it. No poll lands until the caller's transaction ends."""
    hold_landing(connection)
    marks = select(filters.c.key).join_from(story_alerts, filters).where(story_alerts.c.story_id == story_id)
    return StoryRecord(
        id=story_id,
        meeting=_meeting(connection, story_id),
        reports=tuple(_reports(connection, story_id)),
        corrections=remembered.about(connection, story_id),
        alerted=frozenset(connection.execute(marks).scalars()),
    )


def ended_in(connection: Connection, story_id: int) -> list[int]:
    """The stories that were merged into this one."""
    query = select(stories.c.id).where(stories.c.merged_into == story_id).order_by(stories.c.id)
    return list(connection.execute(query).scalars())


def every(connection: Connection) -> list[Correction]:
    """All that admins said, oldest first, what was undone too."""
    return [correction_from_row(row) for row in connection.execute(select(corrections).order_by(corrections.c.id))]


def get(connection: Connection, correction_id: int) -> tuple[Correction, Journal]:
    """A correction and what it changed. Raises `NotFound`."""
    row = connection.execute(select(corrections).where(corrections.c.id == correction_id)).first()
    if row is None:
        raise NotFound(f"There is no correction {correction_id}. `kaigi correct list` shows them all.")
    return correction_from_row(row), _journal_from(row.journal)


def keep(connection: Connection, plan: CorrectionPlan, by: str, note: str, now: datetime) -> Correction:
    """Apply a correction and remember it."""
    touched = [ref for ref in (plan.story_id, plan.other) if isinstance(ref, int)]
    journal = _photograph(connection, touched)
    ids = _carry_out(connection, plan, now)
    if plan.call_off:
        journal["deliveries"] = call_off(connection, plan.story_id, now)
    if plan.hand_over and isinstance(plan.other, int):
        journal |= hand_over(connection, plan.other, plan.story_id, now)
    journal["after"] = {str(one): _meeting_row(connection, one) for one in touched}
    other = ids.get(plan.other) if isinstance(plan.other, NewStory) else plan.other
    row = {
        "at": now, "by": by, "kind": plan.kind, "story_id": plan.story_id, "item_id": plan.item_id, "other_id": other,
        "field": plan.fact, "before": plan.before, "after": plan.after, "note": note, "journal": journal,
    }  # fmt: skip
    made = connection.execute(insert(corrections).values(**row).returning(corrections)).one()
    revision.bump(connection)
    return correction_from_row(made)


def undo(connection: Connection, said: Correction, plan: CorrectionPlan, by: str, now: datetime) -> Correction:
    """Apply what undoing means, give messages back, and note that it was undone."""
    journal = connection.execute(select(corrections.c.journal).where(corrections.c.id == said.id)).scalar_one()
    _carry_out(connection, replace(plan, retellings=()), now)
    give_back(connection, journal, now)
    if plan.withdraw:
        withdraw(connection, plan.story_id)
    for retelling in plan.retellings:  # to whoever has the story's messages again
        retell(connection, retelling, plan.story_id, now)
    if isinstance(plan.other, int) and (record := plan.meetings.get(plan.other)) is not None:
        # What was told of the other story may have been rewritten with the facts of both.
        retell(connection, Retelling(story=plan.other, revision=record.revision), plan.other, now)
    values = {"undone_at": now, "undone_by": by}
    done = update(corrections).where(corrections.c.id == said.id).values(**values).returning(corrections)
    undone = connection.execute(done).one()
    revision.bump(connection)
    return correction_from_row(undone)


def _carry_out(connection: Connection, plan: CorrectionPlan, now: datetime) -> dict[StoryRef, int]:
    """What applying and undoing share: stories, items, records, alerts. Returns the id of a new story."""
    ids: dict[StoryRef, int] = {}
    if isinstance(plan.other, NewStory):
        new = insert(stories).values(created_at=now).returning(stories.c.id)
        ids[plan.other] = connection.execute(new).scalar_one()
    for item_id, ref in plan.moves.items():
        connection.execute(update(items).where(items.c.id == item_id).values(story_id=ids.get(ref, ref)))
    for story_id, into in plan.merged.items():
        connection.execute(update(stories).where(stories.c.id == story_id).values(merged_into=into))
    gone = [ref for ref, record in plan.meetings.items() if record is None and isinstance(ref, int)]
    retractions.note(connection, gone, now)  # feeds take them back
    for ref, record in plan.meetings.items():
        _write(connection, int(ids.get(ref, ref)), record)  # type: ignore[arg-type]  # new stories have their id now
    if plan.copy_marks and plan.other in ids:
        _copy_marks(connection, plan.story_id, ids[plan.other], now)
    for alert in plan.alerts:
        owe(connection, alert, plan.story_id, now)
    for retelling in plan.retellings:
        retell(connection, retelling, plan.story_id, now)
    return ids


def _write(connection: Connection, story_id: int, record: MeetingRecord | None) -> None:
    connection.execute(delete(meetings).where(meetings.c.story_id == story_id))
    if record is None:
        return
    facts = record.facts
    connection.execute(
        insert(meetings).values(
            story_id=story_id,
            level=facts.level,
            kind=facts.kind,
            format=facts.format,
            phase=facts.phase,
            series=facts.series,
            edition=facts.edition,
            starts_on=facts.starts_on,
            facts=facts_to_json(facts),
            reported=facts_to_json(record.reported) if record.reported != facts else None,
            trust=record.trust,
            revision=record.revision,
            first_seen_at=record.first_seen_at,
            updated_at=record.updated_at,
            active_at=record.active_at,
        )
    )


def _copy_marks(connection: Connection, story_id: int, new: int, now: datetime) -> None:
    marks = select(literal(new), story_alerts.c.filter_id, literal(now, story_alerts.c.decided_at.type))
    statement = insert_or_ignore(connection, story_alerts, "story_id", "filter_id")
    columns = ["story_id", "filter_id", "decided_at"]
    connection.execute(statement.from_select(columns, marks.where(story_alerts.c.story_id == story_id)))


def _meeting(connection: Connection, story_id: int) -> MeetingRecord | None:
    row = _meeting_row(connection, story_id)
    return None if row is None else _record_from(row)


def _reports(connection: Connection, story_id: int) -> Iterator[ReportRecord]:
    query = select(
        items.c.id, items.c.verdict, items.c.facts, items.c.first_seen_at, items.c.title, items.c.text,
        items.c.language, items.c.categories, search.TOLD_AT.label("reported_at"),
        sources.c.key.label("source_key"), sources.c.name.label("source_name"), sources.c.trust,
    ).join_from(items, sources)  # fmt: skip
    for row in connection.execute(query.where(items.c.story_id == story_id).order_by(items.c.id)):
        trust = Trust(row.trust)
        yield ReportRecord(
            item_id=row.id,
            certain=row.verdict == "meeting" and trust is not Trust.LOW,
            trust=trust,
            facts=facts_from_json(row.facts) if row.facts else None,
            reported_at=row.reported_at,
            first_seen_at=row.first_seen_at,
            told=earlier_report(row),
        )


def _photograph(connection: Connection, story_ids: Sequence[int]) -> JsonObject:
    """How the stories stand before a correction."""
    held = select(items.c.id, items.c.story_id).where(items.c.story_id.in_(story_ids))
    return {
        "before": {str(one): _meeting_row(connection, one) for one in story_ids},
        "items": {str(row.id): row.story_id for row in connection.execute(held)},
        "merged": ended_in(connection, story_ids[-1]) if len(story_ids) > 1 else [],
    }


def _meeting_row(connection: Connection, story_id: int) -> JsonObject | None:
    """A meeting's row as JSON."""
    row = connection.execute(select(meetings).where(meetings.c.story_id == story_id)).first()
    if row is None:
        return None
    moments = {name: getattr(row, name).isoformat() for name in ("first_seen_at", "updated_at", "active_at")}
    return {"facts": row.facts, "reported": row.reported, "trust": row.trust, "revision": row.revision, **moments}


def _record_from(data: JsonObject) -> MeetingRecord:
    moments = {name: datetime.fromisoformat(data[name]) for name in ("first_seen_at", "updated_at", "active_at")}
    facts = facts_from_json(data["facts"])
    reported = facts_from_json(data["reported"]) if data.get("reported") else facts
    return MeetingRecord(
        facts=facts, reported=reported, trust=Trust(data["trust"]), revision=data["revision"], **moments
    )  # fmt: skip


def _journal_from(data: JsonObject) -> Journal:
    def records(name: str) -> dict[int, MeetingRecord | None]:
        return {int(key): _record_from(row) if row else None for key, row in data.get(name, {}).items()}

    return Journal(
        before=records("before"),
        after=records("after"),
        items={int(key): story for key, story in data.get("items", {}).items()},
        merged=tuple(data.get("merged", ())),
    )
