"""Alerts that an admin sends once more: to those whom they did not reach, or to all."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, false, select, true, update

from storage import wake
from storage.model import ChatState, DeliveryKind, DeliveryState
from storage.tables import chats, deliveries

#: What did not arrive and is not on its way. What may have arrived is sent again with a word about it.
MISSED = (DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.CHAT_GONE, DeliveryState.UNCERTAIN)
ALL = (*MISSED, DeliveryState.SENT)
_MAY_HAVE_ARRIVED = (DeliveryState.SENT, DeliveryState.UNCERTAIN)


def count(connection: Connection, story_id: int, states: Collection[DeliveryState]) -> int:
    """How many active chats have the story's alert in one of these states."""
    return len(_ids(connection, story_id, states))


def again(connection: Connection, story_id: int, states: Collection[DeliveryState], now: datetime) -> int:
    """Queue the story's alert anew for active chats where it is in one of these states. Returns for how many."""
    ids = _ids(connection, story_id, states)
    for repeat, chosen in ((True, _MAY_HAVE_ARRIVED), (False, [s for s in ALL if s not in _MAY_HAVE_ARRIVED])):
        where = (deliveries.c.id.in_(ids), deliveries.c.state.in_(list(chosen)))
        connection.execute(update(deliveries).where(*where).values(**_anew(now), repeat=true() if repeat else false()))
    wake.deliverers(connection)
    return len(ids)


def _anew(now: datetime) -> dict[str, Any]:
    return {
        "state": DeliveryState.QUEUED, "not_before": now, "created_at": now, "updated_at": now, "attempt": 0, "lost": 0,
        "worker": None, "error": None, "held": "",
    }  # fmt: skip


def _ids(connection: Connection, story_id: int, states: Collection[DeliveryState]) -> list[int]:
    query = select(deliveries.c.id).join_from(deliveries, chats)
    where = (
        deliveries.c.story_id == story_id,
        deliveries.c.kind == DeliveryKind.ALERT,
        deliveries.c.state.in_(list(states)),
        chats.c.state == ChatState.ACTIVE,
    )
    return list(connection.execute(query.where(*where)).scalars())
