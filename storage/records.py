"""Between rows and records: the one place that knows how facts are written as JSON. No queries here."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Insert, Row, RowMapping, Table, func, select

from storage.changes import EarlierReport
from storage.model import (
    Channel,
    Chat,
    ChatState,
    Correction,
    CorrectionKind,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Evidence,
    FetchOptions,
    Filter,
    FilterAction,
    Format,
    Habit,
    Kind,
    Level,
    Media,
    Meeting,
    MeetingFacts,
    PageRules,
    Phase,
    Principal,
    Skips,
    Source,
    SourceDefinition,
    SourceKind,
    SourceState,
    Told,
    Trust,
)

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

JsonObject = dict[str, Any]


def insert_for(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that can say ON CONFLICT in this connection's dialect; both spell it alike."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert  # noqa: PLC0415  one of the two is enough

        return sqlite_insert(table)
    from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415

    return insert(table)


def insert_or_ignore(connection: Connection, table: Table, *keys: str) -> Insert:
    """An INSERT that leaves an existing row with the same `keys` as it is."""
    return insert_for(connection, table).on_conflict_do_nothing(index_elements=list(keys))


def reserve_ids(connection: Connection, table: Table, count: int) -> range | list[int]:
    """As many ids that no row of `table` has or had. Only in a write transaction, and only for tables that count on."""
    if connection.dialect.name == "sqlite":
        last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar() or 0
        return range(last + 1, last + 1 + count)
    sequence = func.pg_get_serial_sequence(table.name, "id")
    return list(
        connection.execute(select(func.nextval(sequence)).select_from(func.generate_series(1, count))).scalars()
    )


def facts_to_json(facts: MeetingFacts) -> JsonObject:
    """Facts as JSON; what is unknown is left out, so that a later version can add fields."""
    full = {name: getattr(facts, name) for name in _FACTS}
    known = {name: value for name, value in full.items() if value not in (None, ())}
    if "principals" in known:
        known["principals"] = tuple({name: getattr(one, name) for name in _PRINCIPAL} for one in facts.principals)
    for name in ("starts_on", "ends_on"):
        if name in known:
            known[name] = known[name].isoformat()
    return known


_FACTS = tuple(one.name for one in fields(MeetingFacts))
_PRINCIPAL = tuple(one.name for one in fields(Principal))


def facts_from_json(data: Mapping[str, Any]) -> MeetingFacts:
    """The reverse of `facts_to_json`. Fields that this version does not know are ignored."""
    return MeetingFacts(
        level=Level(data["level"]),
        kind=Kind(data["kind"]),
        format=Format(data["format"]),
        phase=Phase(data["phase"]),
        countries=tuple(data.get("countries", ())),
        principals=tuple(_principal(p) for p in data.get("principals", ())),
        starts_on=_day(data.get("starts_on")),
        ends_on=_day(data.get("ends_on")),
        outcomes=tuple(data.get("outcomes", ())),
        topics=tuple(data.get("topics", ())),
        confidence=data.get("confidence", 1.0),
        **{
            name: data.get(name)
            for name in ("series", "edition", "name_ja", "name_en", "city", "country", "venue", "parent")
        },
    )


def _principal(data: Mapping[str, Any]) -> Principal:
    return Principal(
        country=data["country"],
        name=data.get("name"),
        name_ja=data.get("name_ja"),
        office=data.get("office"),
        level=Level(data.get("level", Level.MINISTER)),
        substitute=data.get("substitute", False),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def evidence_to_json(evidence: Iterable[Evidence]) -> list[JsonObject]:
    """Evidence as JSON."""
    return [{name: getattr(piece, name) for name in Evidence.__slots__} for piece in evidence]


def evidence_from_json(data: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """The reverse of `evidence_to_json`."""
    return tuple(Evidence(**{name: piece[name] for name in Evidence.__slots__}) for piece in data)


def rules_from_json(data: Mapping[str, Any] | None) -> PageRules | None:
    """Page rules of a source, if it has any."""
    return None if data is None else PageRules(**{**data, "cut": tuple(data.get("cut", ()))})


def fetch_from_json(data: Mapping[str, Any] | None) -> FetchOptions:
    """How a source wants to be asked; most want nothing in particular."""
    if data is None:
        return FetchOptions()
    headers = tuple((name, value) for name, value in data.get("headers", ()))
    return FetchOptions(headers=headers, cookie=data.get("cookie"), verify=data.get("verify", True))


def definition_from_row(row: Row[Any]) -> SourceDefinition:
    """What an operator wrote about a source."""
    return SourceDefinition(
        key=row.key,
        url=row.url,
        name=row.name,
        kind=SourceKind(row.kind),
        language=row.language,
        country=row.country,
        trust=Trust(row.trust),
        time_zone=row.time_zone,
        enabled=row.enabled,
        rules=rules_from_json(row.rules),
        interval_s=row.interval_s,
        fetch=fetch_from_json(row.fetch),
    )


def definition_to_row(definition: SourceDefinition) -> JsonObject:
    """The columns that an operator's words fill."""
    row = asdict(definition)
    row["rules"] = asdict(definition.rules) if definition.rules else None
    row["fetch"] = asdict(definition.fetch) if definition.fetch != FetchOptions() else None
    return row


def source_from_row(row: Row[Any]) -> Source:
    """A source with what polling taught us."""
    return Source(
        id=row.id,
        definition=definition_from_row(row),
        state=SourceState(row.state),
        next_poll_at=row.next_poll_at,
        etag=row.etag,
        last_modified=row.last_modified,
        body_hash=row.body_hash,
        first_success_at=row.first_success_at,
        last_success_at=row.last_success_at,
        last_polled_at=row.last_polled_at,
        failures=row.failures,
        failing_since=row.failing_since,
        last_error=row.last_error,
        habit=habit_from_json(row.habit),
        hint_s=row.hint_s,
        last_new_at=row.last_new_at,
        moved_to=row.moved_to,
        moved_since=row.moved_since,
        moved_polls=row.moved_polls,
        pushed_at=row.pushed_at,
        pushed_until=row.pushed_until,
        skips=skips_from_json(row.skips),
        told=Told(row.told),
    )


def habit_from_json(data: Mapping[str, Any] | None) -> Habit | None:
    """How a source publishes, if that is known."""
    return None if data is None else Habit(weekly=data["weekly"], hours=tuple(data["hours"]))


def skips_from_json(data: Mapping[str, Any] | None) -> Skips | None:
    """When a source asks not to be polled, if it does."""
    return None if data is None else Skips(hours=tuple(data["hours"]), days=tuple(data["days"]))


def media_to_json(media: Iterable[Media]) -> list[JsonObject] | None:
    """Media as JSON; what was not declared is left out, and nothing at all is no value."""
    return [{name: value for name, value in asdict(one).items() if value is not None} for one in media] or None


def meeting_from_row(row: Row[Any]) -> Meeting:
    """A meeting's record."""
    return _meeting(row, facts_from_json(row.facts))


def meeting_from_text(row: Any) -> Meeting:
    """The same for a row whose facts were selected as text: each text is read once, however often it is asked for."""
    return _meeting(row, facts_from_text(row.facts))


@lru_cache(maxsize=4096)
def facts_from_text(text: str) -> MeetingFacts:
    """Facts from the JSON text that a database keeps; each text is read once, however often it is asked for."""
    return facts_from_json(json.loads(text))


def _meeting(row: Any, facts: MeetingFacts) -> Meeting:
    return Meeting(
        story_id=row.story_id,
        facts=facts,
        revision=row.revision,
        first_seen_at=row.first_seen_at,
        updated_at=max(row.updated_at, row.active_at),
    )


def correction_from_row(row: Row[Any]) -> Correction:
    """What an admin said."""
    return Correction(
        id=row.id,
        at=row.at,
        by=row.by,
        kind=CorrectionKind(row.kind),
        story_id=row.story_id,
        item_id=row.item_id,
        other_id=row.other_id,
        field=row.field,
        before=row.before,
        after=row.after,
        note=row.note,
        undone_at=row.undone_at,
    )


def earlier_report(row: Any) -> EarlierReport:
    """A stored report as filters look at it, from a row as storage/search.py selects it."""
    return EarlierReport(
        item_id=row.id,
        title=row.title,
        text=row.text,
        language=row.language,
        source_key=row.source_key,
        source_name=row.source_name,
        trust=Trust(row.trust),
        categories=tuple(row.categories),
        verdict=row.verdict,
        reported_at=row.reported_at,
    )


def filter_from_row(row: Row[Any]) -> Filter:
    """A named query."""
    return Filter(
        id=row.id,
        key=row.key,
        title=row.title,
        query=row.query,
        alerts=row.alerts,
        action=FilterAction(row.action),
        paused=row.paused,
        position=row.position,
        since=row.since,
    )


def chat_from_row(row: Any) -> Chat:
    """A chat."""
    return Chat(
        id=row.id,
        channel=Channel(row.channel),
        address=row.address,
        language=row.language,
        time_zone=row.time_zone,
        state=ChatState(row.state),
        **{name: getattr(row, name) for name in _CHAT_SETTINGS},
    )


_CHAT_SETTINGS = ("kind", "title", "managed_by", "digest", "digest_at", "quiet", "sides", "follow_ups")


def delivery_from_row(row: Row[Any], chat: Chat) -> Delivery:
    """A message owed to `chat`."""
    return Delivery(
        id=row.id,
        chat=chat,
        story_id=row.story_id,
        kind=DeliveryKind(row.kind),
        version=row.version,
        state=DeliveryState(row.state),
        not_before=row.not_before,
        attempt=row.attempt,
        worker=row.worker,
        repeat=row.repeat,
        message_id=row.message_id,
        error=row.error,
        created_at=row.created_at,
        **{name: getattr(row, name) for name in ("once", "payload", "parent_id", "priority", "silent", "held")},
    )


def plain_row(row: RowMapping, *without: str) -> dict[str, Any]:
    """A row as JSON can tell it, but for the columns `without`; moments as ISO 8601."""
    values = {name: value for name, value in row.items() if name not in without}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
