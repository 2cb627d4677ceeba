"""What a message is made of, as the database knows it at the moment of sending: a change that came while the message
waited is in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from storage import broadcasts, news
from storage.errors import NotFound
from storage.model import Delivery, DeliveryKind, DeliveryState, MeetingStory
from storage.tables import deliveries


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a sender renders. What does not belong to the kind of message is empty."""

    story: MeetingStory | None = None  #: of an alert, an edit, a follow-up
    stories: tuple[MeetingStory, ...] = ()  #: of a digest
    sides: tuple[MeetingStory, ...] = ()  #: meetings on the margins that are told within this alert
    changes: tuple[dict[str, Any], ...] = ()  #: of a follow-up: field, before, after
    more: int = 0  #: of a digest: how many meetings it leaves out
    text: str = ""  #: of a broadcast
    target: str | None = None  #: the message that is rewritten or replied to


def load(connection: Connection, delivery: Delivery) -> Content:
    """The content of a message. Raises `NotFound` when there is nothing to tell any more."""
    payload = delivery.payload or {}
    match delivery.kind:
        case DeliveryKind.DIGEST:
            stories = news.digest(connection, payload.get("stories", ()))
            if not stories:
                raise NotFound("None of its meetings is one any more.")
            return Content(stories=stories, more=int(payload.get("more", 0)))
        case DeliveryKind.BROADCAST:
            return Content(text=broadcasts.find(connection, int(payload["id"])).text)
        case DeliveryKind.ALERT:
            return Content(story=_story(connection, delivery), sides=_sides(connection, delivery.id))
    parent = _parent(connection, delivery)
    if delivery.kind is DeliveryKind.EDIT:
        return Content(
            story=_story(connection, delivery), sides=_sides(connection, parent.id), target=parent.message_id
        )
    changes = tuple(payload.get("changes", ()))
    return Content(story=_story(connection, delivery), changes=changes, target=parent.message_id)


def _story(connection: Connection, delivery: Delivery) -> MeetingStory:
    assert delivery.story_id is not None, delivery.kind
    return news.meeting(connection, delivery.story_id)


def _sides(connection: Connection, alert_id: int) -> tuple[MeetingStory, ...]:
    folded = (
        select(deliveries.c.story_id)
        .where(deliveries.c.parent_id == alert_id, deliveries.c.state == DeliveryState.FOLDED)
        .where(deliveries.c.kind == DeliveryKind.ALERT)
        .order_by(deliveries.c.id)
    )
    numbers: Sequence[int] = connection.execute(folded).scalars().all()
    return news.meetings_by_id(connection, numbers) if numbers else ()


def _parent(connection: Connection, delivery: Delivery) -> Any:
    """The message that this one rewrites or replies to. One of which nobody knows whether it arrived has no number; it
    can still be followed up."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == delivery.parent_id)).first()
    if (
        row is None
        or row.state not in (DeliveryState.SENT, DeliveryState.UNCERTAIN)
        or (delivery.kind is DeliveryKind.EDIT and row.message_id is None)
    ):
        raise NotFound("The message that it belongs to never arrived.")
    return row
