"""Who is told of a meeting, and when: subscriptions, follows, mutes, quiet hours, digests and side meetings.

Most chats want every alert at once; they are owed theirs by one statement. Chats with wishes of their own are looked at
one by one.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, func, literal, or_, select, true, union

from storage import wake
from storage.changes import Alert
from storage.filters import MEETINGS
from storage.hours import in_quiet, next_digest
from storage.model import ChatState, DeliveryKind, DeliveryState, Phase
from storage.outbox import PRIORITY
from storage.records import insert_or_ignore
from storage.tables import chats, deliveries, filters, follows, meetings, mutes, subscriptions

#: How far the days of a conference and of a meeting on its margins may lie apart.
NEAR = timedelta(days=14)

#: What may still become of an alert into which another one is folded; one that may never arrive tells nothing.
_TOLD = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.SENT)
_WISHES = (chats.c.id, chats.c.time_zone, chats.c.digest, chats.c.digest_at, chats.c.quiet, chats.c.sides)


def waits(chat: Any, now: datetime) -> tuple[str, datetime]:
    """What a message to a chat waits for (`digest`, `quiet` or nothing), and until when. `chat` is a record or row."""
    due = chat.digest_at or next_digest(chat.digest, chat.time_zone, now)
    if chat.digest != "off" and due is not None:
        return "digest", max(due, now)
    until = in_quiet(chat.quiet, chat.time_zone, now)
    return ("quiet", until) if until is not None else ("", now)


def tell(connection: Connection, alert: Alert, story_id: int, now: datetime) -> None:
    """Owe the message to each active chat that is to hear of the story.

    The unique key on deliveries makes a second alert of one story to one chat impossible, whatever was decided.
    """
    heard = hearing(alert, story_id, now)
    parent = next((tag.removeprefix("parent:") for tag in alert.tags if tag.startswith("parent:")), None)
    plain = and_(chats.c.digest == "off", chats.c.quiet == "", true() if parent is None else chats.c.sides == "all")
    _owe_at_once(connection, alert, story_id, heard.where(plain), now)
    rows = [
        {**row, "repeat": alert.repeat}
        for chat in connection.execute(heard.with_only_columns(*_WISHES).where(~plain)).all()
        if (row := _owed_to(connection, chat, alert, story_id, parent, now)) is not None
    ]
    if rows:
        connection.execute(insert_or_ignore(connection, deliveries, "chat_id", "story_id", "kind", "version"), rows)
    wake.deliverers(connection)


def hearing(alert: Alert, story_id: int, now: datetime) -> Any:
    """The active chats that follow what alerts, without those that mute it."""
    tags = [*alert.tags, f"story:{story_id}"]
    chosen = select(filters.c.id).where(filters.c.key.in_(alert.filters))
    # One list of ids: with a condition for each way, PostgreSQL would look at every chat there is.
    follow: Any = select(subscriptions.c.chat_id).where(subscriptions.c.filter_id.in_(chosen))
    if alert.followed or MEETINGS in alert.filters:
        wanted = alert.followed or tags
        follow = union(follow, select(follows.c.chat_id).where(follows.c.tag.in_(wanted)))
    return select(chats.c.id).where(chats.c.state == ChatState.ACTIVE, chats.c.id.in_(follow), ~muted(tags, now))


PAUSE = "all"  #: the tag by which a chat mutes everything for a while


def muted(tags: Iterable[str], now: datetime) -> Any:
    """Whether a chat mutes one of the tags, or everything, now: a condition on `chats`."""
    lasting = or_(mutes.c.until.is_(None), mutes.c.until > now)
    return exists().where(mutes.c.chat_id == chats.c.id, mutes.c.tag.in_([*tags, PAUSE]), lasting)


def _owe_at_once(connection: Connection, alert: Alert, story_id: int, hearing: Any, now: datetime) -> None:
    moment = literal(now, deliveries.c.not_before.type)
    values = {
        "chat_id": chats.c.id, "story_id": literal(story_id), "kind": literal(alert.kind.value),
        "version": literal(alert.version), "state": literal(DeliveryState.QUEUED.value), "not_before": moment,
        "attempt": literal(0), "repeat": true() if alert.repeat else ~true(),
        "created_at": moment, "updated_at": moment, "priority": literal(PRIORITY[alert.kind]),
    }  # fmt: skip
    owed = hearing.with_only_columns(*values.values()).order_by(chats.c.id)
    statement = insert_or_ignore(connection, deliveries, "chat_id", "story_id", "kind", "version")
    connection.execute(statement.from_select(list(values), owed))


def _owed_to(
    connection: Connection, chat: Any, alert: Alert, story_id: int, parent: str | None, now: datetime
) -> dict[str, Any] | None:
    """The row for a chat with wishes of its own; None when it is not told."""
    if parent is not None and chat.sides == "mine" and not _follows_a_side(connection, chat.id, alert.tags):
        return None
    held, not_before = waits(chat, now)
    row = new_row(chat.id, story_id, alert.kind, now, version=alert.version, not_before=not_before, held=held)
    if parent is not None and chat.sides == "parent" and held != "digest":
        conference = _alert_of_conference(connection, chat.id, story_id, parent)
        if conference is not None:
            row |= {"state": DeliveryState.FOLDED, "parent_id": conference.id, "held": ""}
            rewrite(connection, {conference.id: conference}, now)
    return row


def new_row(chat_id: int, story_id: int | None, kind: DeliveryKind, now: datetime, **words: Any) -> dict[str, Any]:
    """A message that is owed, as a row; `words` are what differs from an ordinary one."""
    usual = {
        "chat_id": chat_id, "story_id": story_id, "kind": kind, "version": 1, "once": None, "payload": None,
        "parent_id": None, "priority": PRIORITY[kind], "silent": False, "held": "", "state": DeliveryState.QUEUED,
        "not_before": now, "attempt": 0, "repeat": False, "created_at": now, "updated_at": now,
    }  # fmt: skip
    return {**usual, **words}


def _follows_a_side(connection: Connection, chat_id: int, tags: Iterable[str]) -> bool:
    countries = [tag for tag in tags if tag.startswith("country:")]
    query = select(follows.c.tag).where(follows.c.chat_id == chat_id, follows.c.tag.in_(countries)).limit(1)
    return connection.execute(query).first() is not None


def _alert_of_conference(connection: Connection, chat_id: int, story_id: int, series: str) -> Any | None:
    """The chat's alert about the conference on whose margins the story's meeting is held."""
    day = connection.execute(select(meetings.c.starts_on).where(meetings.c.story_id == story_id)).scalar()
    query = (
        select(deliveries)
        .join(meetings, meetings.c.story_id == deliveries.c.story_id)
        .where(
            deliveries.c.chat_id == chat_id,
            deliveries.c.kind == DeliveryKind.ALERT,
            deliveries.c.state.in_(_TOLD),
            meetings.c.series == series,
            meetings.c.story_id != story_id,
            meetings.c.phase != Phase.CANCELLED,
        )
        .order_by(deliveries.c.id.desc())
    )
    if day is not None:
        query = query.where(or_(meetings.c.starts_on.is_(None), meetings.c.starts_on.between(day - NEAR, day + NEAR)))
    # PostgreSQL: one that waits must not be claimed, and sent without this meeting, before this transaction ends.
    return connection.execute(query.limit(1).with_for_update(of=deliveries)).first()


#: Between two edits of one message.
EDIT_REST = timedelta(seconds=60)


def rewrite(connection: Connection, alerts: Mapping[int, Any], now: datetime) -> None:
    """Owe one edit for each of these messages (rows by id) that left or may have left; what still waits is rendered
    when it is sent, and an edit that still waits will show the newest state as well."""
    on_their_way = [row for row in alerts.values() if row.state != DeliveryState.QUEUED]
    parents = [row.id for row in on_their_way]
    known, waiting = _edits(connection, parents), _waiting_edits(connection, parents)
    rows = []
    for row in on_their_way:
        last = known.get(row.id)
        if row.id in waiting:
            continue
        rest = now if last is None else max(now, last.at + EDIT_REST)
        version = 1 if last is None else max(last.version, 0) + 1
        rows.append(
            new_row(row.chat_id, row.story_id, DeliveryKind.EDIT, now, version=version, parent_id=row.id,
                    not_before=rest, silent=True)
        )  # fmt: skip
    if rows:
        connection.execute(insert_or_ignore(connection, deliveries, "chat_id", "story_id", "kind", "version"), rows)


def _edits(connection: Connection, parents: list[int]) -> dict[int, Any]:
    """The edits of these messages so far: the newest version, and when it was last touched."""
    query = (
        select(
            deliveries.c.parent_id,
            func.max(deliveries.c.version).label("version"),
            func.max(deliveries.c.updated_at).label("at"),
        )
        .where(deliveries.c.kind == DeliveryKind.EDIT)
        .group_by(deliveries.c.parent_id)
    )
    found: dict[int, Any] = {}
    for start in range(0, len(parents), 500):
        for row in connection.execute(query.where(deliveries.c.parent_id.in_(parents[start : start + 500]))):
            found[row.parent_id] = row
    return found


def _waiting_edits(connection: Connection, parents: list[int]) -> set[int]:
    """Those of these messages whose edit has not left; it does not leave before this transaction ends."""
    waiting = (deliveries.c.kind == DeliveryKind.EDIT, deliveries.c.state == DeliveryState.QUEUED)
    query = select(deliveries.c.parent_id).where(*waiting).order_by(deliveries.c.id).with_for_update()
    found: set[int] = set()
    for start in range(0, len(parents), 500):
        chunk = parents[start : start + 500]
        found.update(connection.execute(query.where(deliveries.c.parent_id.in_(chunk))).scalars())
    return found
