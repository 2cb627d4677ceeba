"""Held messages: collected into digests when those are due, and let go when quiet hours end.

Each chat is a transaction of its own, in which its held rows become one digest, which only one row of its name can be.
So a crash before it repeats nothing, and one after it loses nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, insert, or_, select, update

from storage import wake
from storage.audience import new_row
from storage.hours import OFF, in_quiet, next_digest
from storage.model import ChatState, DeliveryKind, DeliveryState
from storage.tables import chats, deliveries

FEW = 3  #: as many held messages are sent one by one when quiet hours end; more become one digest
#: Between two digests, with an hour that the clocks repeat. What is planned for later was planned by a wrong clock.
DAILY, WEEKLY = timedelta(hours=26), timedelta(days=7, hours=2)
LISTED = 50  #: meetings that a digest lists at the most; the others are counted

_HELD = (deliveries.c.state == DeliveryState.QUEUED, deliveries.c.held != "")


def due(connection: Connection, now: datetime) -> list[int]:
    """The active chats for which something is to be collected or let go now."""
    active = chats.c.state == ChatState.ACTIVE
    wrong = or_(chats.c.digest_at > now + WEEKLY, and_(chats.c.digest.like("daily%"), chats.c.digest_at > now + DAILY))
    planned = and_(chats.c.digest != OFF, or_(chats.c.digest_at.is_(None), chats.c.digest_at <= now, wrong))
    query = select(chats.c.id).where(active, planned)
    over = or_(
        and_(deliveries.c.held == "quiet", or_(deliveries.c.not_before <= now, chats.c.quiet == "")),
        and_(deliveries.c.held == "digest", chats.c.digest == OFF),  # it wants no digests any more
    )
    released = select(chats.c.id).join_from(deliveries, chats).where(*_HELD, active, over).distinct()
    found = {*connection.execute(query).scalars(), *connection.execute(released).scalars()}
    return sorted(found)


def release(connection: Connection, chat_id: int, now: datetime) -> int | None:
    """Do for one chat what is due. Returns the number of the digest that was made, if one was."""
    wake.deliverers(connection)
    chat = connection.execute(select(chats).where(chats.c.id == chat_id)).one()
    if chat.digest != OFF and (chat.digest_at is None or chat.digest_at > now + _longest(chat.digest)):
        _plan(connection, chat, now)
        return None
    if chat.digest != OFF and chat.digest_at <= now:
        _plan(connection, chat, now)
        rows = _held(connection, chat_id)
        return _collect(connection, chat, rows, now, not_before=in_quiet(chat.quiet, chat.time_zone, now) or now)
    rows = [row for row in _held(connection, chat_id) if _is_over(row, chat, now)]
    if len(rows) > FEW:
        return _collect(connection, chat, rows, now, not_before=now)
    free = update(deliveries).where(deliveries.c.id.in_([row.id for row in rows]))
    connection.execute(free.values(held="", not_before=now, updated_at=now))
    return None


def _longest(digest: str) -> timedelta:
    return DAILY if digest.startswith("daily") else WEEKLY


def _plan(connection: Connection, chat: Any, now: datetime) -> None:
    due_at = next_digest(chat.digest, chat.time_zone, now)
    connection.execute(update(chats).where(chats.c.id == chat.id).values(digest_at=due_at))


def _held(connection: Connection, chat_id: int) -> Sequence[Any]:
    query = select(deliveries).where(deliveries.c.chat_id == chat_id, *_HELD).order_by(deliveries.c.id)
    return connection.execute(query).all()


def _is_over(row: Any, chat: Any, now: datetime) -> bool:
    if row.held == "digest":
        return bool(chat.digest == OFF)
    return bool(row.not_before <= now or not chat.quiet)


def _collect(
    connection: Connection, chat: Any, rows: Sequence[Any], now: datetime, *, not_before: datetime
) -> int | None:
    """Make one digest of held messages; what was folded into one of them is listed as well."""
    if not rows:
        return None
    numbers = [row.id for row in rows]
    within = select(deliveries.c.parent_id, deliveries.c.story_id).where(
        deliveries.c.parent_id.in_(numbers), deliveries.c.state == DeliveryState.FOLDED
    )
    sides: dict[int, list[int]] = {}
    for parent_id, story_id in connection.execute(within.order_by(deliveries.c.id)):
        sides.setdefault(parent_id, []).append(story_id)
    told = list(dict.fromkeys(one for row in rows for one in (row.story_id, *sides.get(row.id, ())) if one is not None))
    payload = {"stories": told[:LISTED], "more": max(len(told) - LISTED, 0)}
    once = f"digest:{numbers[-1]}"  # a message is collected once, so no other digest has this name
    words = {"once": once, "payload": payload, "not_before": not_before, "repeat": any(row.repeat for row in rows)}
    row = new_row(chat.id, None, DeliveryKind.DIGEST, now, **words)
    made = connection.execute(insert(deliveries).values(**row).returning(deliveries.c.id)).scalar_one()
    folded = {"state": DeliveryState.FOLDED, "held": "", "parent_id": made, "updated_at": now}
    connection.execute(update(deliveries).where(deliveries.c.id.in_(numbers)).values(**folded))
    return int(made)
