"""What becomes of an alert when its meeting changes: the message is rewritten in place and, when the change is
material, followed up by a reply. In the transaction of the poll that brought the change.

A chat whose alert still waits needs neither: it is rendered when it is sent.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from storage import wake
from storage.audience import muted, new_row, rewrite, waits
from storage.changes import FactChange, Retelling
from storage.model import ChatState, DeliveryKind, DeliveryState
from storage.records import insert_or_ignore
from storage.tables import chats, deliveries

_TOLD = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.FOLDED)
_WISHES = (chats.c.time_zone, chats.c.digest, chats.c.digest_at, chats.c.quiet, chats.c.follow_ups)


def retell(connection: Connection, retelling: Retelling, story_id: int, now: datetime, *, repeat: bool = False) -> None:
    """Owe an edit to every chat whose alert about the story left, and a follow-up to those that want to hear of the
    changes; with `repeat` it says that it may have come before."""
    query = (
        select(deliveries, *_WISHES, muted([*retelling.tags, f"story:{story_id}"], now).label("muted"))
        .join_from(deliveries, chats)
        .where(
            deliveries.c.story_id == story_id,
            deliveries.c.kind == DeliveryKind.ALERT,
            deliveries.c.state.in_((DeliveryState.QUEUED, *_TOLD)),
            chats.c.state == ChatState.ACTIVE,
        )
        .order_by(deliveries.c.id)
        # PostgreSQL: an alert that waits must not be claimed, and sent as it was, before this transaction ends.
        .with_for_update(of=deliveries)
    )
    told = [row for row in connection.execute(query) if row.state != DeliveryState.QUEUED]
    if not told:
        return
    rewrite(connection, _messages(connection, told), now)
    wake.deliverers(connection)
    if retelling.changes:
        wanted = [row for row in told if row.follow_ups != "off" and not row.muted]
        _follow_up(connection, wanted, retelling, story_id, now, repeat=repeat)


def _messages(connection: Connection, told: Sequence[Any]) -> dict[int, Any]:
    """The messages on which the story can be read: its own alert, or that of the conference it was folded into."""
    found = {row.id: row for row in told if row.state != DeliveryState.FOLDED}
    folded = [row.parent_id for row in told if row.state == DeliveryState.FOLDED and row.parent_id is not None]
    if folded:
        query = select(deliveries).where(deliveries.c.id.in_(folded), deliveries.c.kind == DeliveryKind.ALERT)
        found |= {row.id: row for row in connection.execute(query) if row.state in _TOLD}
    # What was sent and has no number (a line on a terminal, an e-mail) cannot be rewritten.
    return {key: row for key, row in found.items() if row.state != DeliveryState.SENT or row.message_id is not None}


def _follow_up(
    connection: Connection, told: Sequence[Any], retelling: Retelling, story_id: int, now: datetime, *, repeat: bool
) -> None:
    changes = [asdict(change) for change in retelling.changes]
    waiting = _waiting(connection, story_id)
    rows = []
    for row in told:
        if row.chat_id in waiting:
            _join(connection, waiting[row.chat_id], retelling.changes, now)
            continue
        held, not_before = waits(row, now)
        parent = row.parent_id if row.state == DeliveryState.FOLDED else row.id
        rows.append(
            new_row(row.chat_id, story_id, DeliveryKind.FOLLOW_UP, now, version=retelling.revision, held=held,
                    payload={"changes": changes}, parent_id=parent, not_before=not_before,
                    silent=row.follow_ups == "silent", repeat=repeat)
        )  # fmt: skip
    if rows:
        connection.execute(insert_or_ignore(connection, deliveries, "chat_id", "story_id", "kind", "version"), rows)


def _waiting(connection: Connection, story_id: int) -> dict[int, Any]:
    """Follow-ups about the story that have not left, by chat. They do not leave before this transaction ends."""
    query = select(deliveries.c.id, deliveries.c.chat_id, deliveries.c.payload).where(
        deliveries.c.story_id == story_id,
        deliveries.c.kind == DeliveryKind.FOLLOW_UP,
        deliveries.c.state == DeliveryState.QUEUED,
    )
    query = query.order_by(deliveries.c.id).with_for_update()  # PostgreSQL, as in `retell`
    return {row.chat_id: row for row in connection.execute(query)}


def _join(connection: Connection, waiting: Any, changes: Sequence[FactChange], now: datetime) -> None:
    """Tell both changes in the follow-up that still waits. What changed back needs no word."""
    known = {change["field"]: change for change in (waiting.payload or {}).get("changes", [])}
    for change in map(asdict, changes):
        before = known.get(change["field"], change)["before"]
        after = change["after"]
        if change["field"] == "outcomes":  # documents are added, each once
            after = [*(known.get("outcomes", {}).get("after") or []), *(after or [])]
        known[change["field"]] = {"field": change["field"], "before": before, "after": after}
    left = [change for change in known.values() if change["before"] != change["after"]]
    values: dict[str, Any] = {"payload": {"changes": left}, "updated_at": now}
    if not left:
        values["state"] = DeliveryState.FOLDED
    connection.execute(update(deliveries).where(deliveries.c.id == waiting.id).values(**values))
