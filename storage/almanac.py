"""Reading all meetings at once, for pages that count and compare them, and one meeting with every word told of it."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Text, cast, func, or_, select

from storage.model import Meeting, ToldItem
from storage.news import report_from_row, select_reports
from storage.records import evidence_from_json, facts_from_json, meeting_from_row
from storage.tables import items, meetings

Version = tuple[int, str, str]
CHUNK = 500  #: meetings that are read with one question
BLOCK = 256  #: story numbers that share a mark
RANGES = 100  #: stretches of blocks that are read with one question


def marks(connection: Connection) -> dict[int, str]:
    """Every block of meetings with a mark that changes whenever a version in it does: far less to read than those.

    A mark may also change when nothing did, where a server reads its rows in another order.
    """
    parts = [cast(column, Text) for column in (meetings.c.revision, meetings.c.updated_at, meetings.c.active_at)]
    each = select((meetings.c.story_id // BLOCK).label("block"), (parts[0] + parts[1] + parts[2]).label("version"))
    sorted_ = each.order_by(meetings.c.story_id).subquery()  # so that SQLite need not sort the blocks
    rows = connection.execute(
        select(sorted_.c.block, func.aggregate_strings(sorted_.c.version, ",").label("marks")).group_by(sorted_.c.block)
    )
    return {row.block: row.marks for row in rows}


def versions(connection: Connection, blocks: Collection[int]) -> dict[int, Version]:
    """The meetings of these blocks with what changes whenever their record does, or a report comes in. Only compared.

    Blocks that lie beside each other are read together.
    """
    found: dict[int, Version] = {}
    moments = [cast(column, Text) for column in (meetings.c.updated_at, meetings.c.active_at)]
    query = select(meetings.c.story_id, meetings.c.revision, *moments)
    stretches = _ranges(blocks)
    for start in range(0, len(stretches), RANGES):
        some = stretches[start : start + RANGES]
        inside = or_(*(meetings.c.story_id.between(first * BLOCK, last * BLOCK + BLOCK - 1) for first, last in some))
        rows = connection.execute(query.where(inside))
        found |= {number: (revision, updated, active) for number, revision, updated, active in rows}
    return found


def _ranges(blocks: Collection[int]) -> list[tuple[int, int]]:
    """The same numbers as stretches, from the first to the last of each."""
    found: list[tuple[int, int]] = []
    for number in sorted(blocks):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def counts(connection: Connection) -> dict[int, int]:
    """How many reports every meeting has. A report that leaves changes no mark of the meeting's record."""
    reports = select(func.count()).where(items.c.story_id == meetings.c.story_id).label("reports")
    return {row.story_id: row.reports for row in connection.execute(select(meetings.c.story_id, reports))}


def records(connection: Connection, story_ids: Sequence[int]) -> dict[int, Meeting]:
    """The records of these meetings. What many of them have in common is kept once."""
    found: dict[int, Meeting] = {}
    shared: dict[Any, Any] = {}
    for start in range(0, len(story_ids), CHUNK):
        query = select(meetings).where(meetings.c.story_id.in_(story_ids[start : start + CHUNK]))
        for row in connection.execute(query):
            found[row.story_id] = _sparing(meeting_from_row(row), shared)
    return found


def _sparing(meeting: Meeting, shared: dict[Any, Any]) -> Meeting:
    facts = meeting.facts
    principals = tuple(shared.setdefault(one, one) for one in facts.principals)
    countries = shared.setdefault(facts.countries, facts.countries)
    return replace(meeting, facts=replace(facts, principals=principals, countries=countries))


def told(connection: Connection, story_id: int) -> tuple[ToldItem, ...]:
    """Every report of a story with its words and their meaning, in the order in which they came in."""
    query = select_reports().add_columns(items.c.text, items.c.facts, items.c.evidence)
    rows = connection.execute(query.where(items.c.story_id == story_id).order_by(items.c.id))
    return tuple(
        ToldItem(
            report=report_from_row(row),
            text=row.text,
            stated=facts_from_json(row.facts) if row.facts else None,
            evidence=evidence_from_json(row.evidence or ()),
        )
        for row in rows
    )
