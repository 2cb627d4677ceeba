"""What became of an article: how it was read, whom its story was told to, and what is still to be looked at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, func, select

from storage.model import Channel, DeliveryKind, DeliveryState, Owed, SeenItem, Trust, Verdicts
from storage.records import facts_from_json
from storage.tables import chats, corrections, deliveries, filters, items, meetings, sources, stories, story_alerts

ASKED_ABOUT = timedelta(days=14)  #: admins are not asked about older articles any more

_SEEN = (
    items.c.id, items.c.story_id, items.c.title, items.c.url, items.c.verdict, items.c.score, items.c.facts,
    items.c.published_at, items.c.first_seen_at, sources.c.key.label("source_key"), sources.c.name.label("source_name"),
    sources.c.trust, sources.c.first_success_at,
)  # fmt: skip


def items_of(connection: Connection, story_id: int) -> list[SeenItem]:
    """The articles of a story, oldest first, with how each was understood."""
    query = select(*_SEEN).join_from(items, sources).where(items.c.story_id == story_id).order_by(items.c.id)
    return [_seen(row) for row in connection.execute(query)]


def marks(connection: Connection, story_id: int) -> dict[str, datetime]:
    """The filters that had their alert of a story, and when that was decided."""
    query = select(filters.c.key, story_alerts.c.decided_at).join_from(story_alerts, filters)
    rows = connection.execute(query.where(story_alerts.c.story_id == story_id))
    return {str(row.key): row.decided_at for row in rows}


def owed(connection: Connection, story_id: int) -> list[Owed]:
    """Every message about a story, in the order in which they were owed."""
    query = select(
        deliveries.c.id, deliveries.c.chat_id, deliveries.c.kind, deliveries.c.state, deliveries.c.attempt,
        deliveries.c.error, deliveries.c.created_at, deliveries.c.updated_at, deliveries.c.not_before, chats.c.channel,
        chats.c.address, chats.c.title, chats.c.state.label("chat_state"),
    ).join_from(deliveries, chats)  # fmt: skip
    rows = connection.execute(query.where(deliveries.c.story_id == story_id).order_by(deliveries.c.id))
    return [_owed(row) for row in rows]


def _owed(row: Any) -> Owed:
    words = row._asdict()
    kinds = {"kind": DeliveryKind(row.kind), "state": DeliveryState(row.state), "channel": Channel(row.channel)}
    return Owed(**{**words, **kinds})


def told_in(connection: Connection, channel: Channel, address: str, message_id: str) -> int | None:
    """The story that a message in a chat tells of; None when it tells of none, or is not ours."""
    query = select(deliveries.c.story_id).join_from(deliveries, chats)
    where = (chats.c.channel == channel, chats.c.address == address, deliveries.c.message_id == message_id)
    return connection.execute(query.where(*where).order_by(deliveries.c.id.desc()).limit(1)).scalar_one_or_none()


def uncertain(
    connection: Connection, since: datetime, *, before: int | None = None, limit: int = 1
) -> list[SeenItem]:  # fmt: skip
    """Articles that may tell of a meeting and about whose story nobody has said anything, the newest first.

    Only those of stories that are no meeting, because the others are told already. `before` is an item's number.
    """
    query = select(*_SEEN).join_from(items, sources).where(*_open(since)).order_by(items.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(items.c.id < before)
    return [_seen(row) for row in connection.execute(query)]


def count_uncertain(connection: Connection, since: datetime) -> int:
    """How many articles `uncertain` has in all."""
    query = select(func.count()).select_from(items).where(*_open(since))
    return int(connection.execute(query).scalar_one())


def _open(since: datetime) -> Sequence[Any]:
    said = exists().where(corrections.c.story_id == items.c.story_id, corrections.c.undone_at.is_(None))
    told = exists().where(meetings.c.story_id == items.c.story_id)
    ended = exists().where(stories.c.id == items.c.story_id, stories.c.merged_into.is_not(None))
    return (items.c.verdict == "uncertain", items.c.first_seen_at >= since, ~said, ~told, ~ended)


def _seen(row: Any) -> SeenItem:
    words = row._asdict()
    first = words.pop("first_success_at")
    words["facts"] = facts_from_json(row.facts) if row.facts else None
    return SeenItem(**{**words, "trust": Trust(row.trust)}, source_known_since=first)


def verdicts(connection: Connection, since: datetime) -> Verdicts:
    """How articles of a time were understood, and how fast alerts left."""
    seen = select(items.c.verdict, func.count()).where(items.c.first_seen_at >= since).group_by(items.c.verdict)
    counts = {str(verdict): int(number) for verdict, number in connection.execute(seen)}
    sent = select(deliveries.c.state, func.count()).where(deliveries.c.created_at >= since)
    states = {str(state): int(n) for state, n in connection.execute(sent.group_by(deliveries.c.state))}
    fresh = (deliveries.c.created_at >= since, deliveries.c.state == "sent", deliveries.c.kind == "alert")
    moments = select(deliveries.c.created_at, deliveries.c.updated_at).where(*fresh).order_by(deliveries.c.id.desc())
    waits = sorted((done - made).total_seconds() for made, done in connection.execute(moments.limit(1000)))
    new = select(func.count()).select_from(meetings).where(meetings.c.first_seen_at >= since)
    return Verdicts(
        items=counts, deliveries=states, meetings=int(connection.execute(new).scalar_one()), waits_s=tuple(waits)
    )


def chats_by_state(connection: Connection) -> dict[tuple[str, str], int]:
    """How many chats there are, by channel and state."""
    query = select(chats.c.channel, chats.c.state, func.count()).group_by(chats.c.channel, chats.c.state)
    return {(str(channel), str(state)): int(number) for channel, state, number in connection.execute(query)}


def oldest_waiting(connection: Connection) -> datetime | None:
    """Since when the oldest message waits, whatever for."""
    query = select(func.min(deliveries.c.created_at)).join_from(deliveries, chats)
    where = (deliveries.c.state == DeliveryState.QUEUED, chats.c.state == "active")
    return connection.execute(query.where(*where)).scalar()
