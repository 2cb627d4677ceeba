"""How things stand with a chat: what it follows and mutes, and what it could subscribe to."""

from dataclasses import dataclass
from datetime import datetime

from storage import filters, follows, subscriptions
from storage.database import Connection
from storage.model import Filter, FilterAction, Mute


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a chat follows and mutes, and what it could subscribe to."""

    offered: tuple[Filter, ...] = ()  #: filters that readers may subscribe to
    subscribed: tuple[Filter, ...] = ()
    tags: tuple[str, ...] = ()
    mutes: tuple[Mute, ...] = ()

    @property
    def paused(self) -> Mute | None:
        """The pause, while there is one."""
        return next((one for one in self.mutes if one.tag == follows.ALL), None)

    def has(self, filter_key: str) -> bool:
        """Whether the chat is subscribed to this filter."""
        return any(one.key == filter_key for one in self.subscribed)


def standing(connection: Connection, chat_id: int, now: datetime) -> Standing:
    """How things stand with a chat; a chat that is not known (0) has nothing."""
    return Standing(
        offered=tuple(one for one in filters.every(connection) if is_offered(one)),
        subscribed=tuple(subscriptions.subscribed(connection, chat_id)),
        tags=tuple(follows.followed(connection, chat_id)),
        mutes=tuple(follows.muted(connection, chat_id, now)),
    )


def is_offered(one: Filter) -> bool:
    """Whether readers may subscribe to a filter: it alerts, and is no rule that hides."""
    return one.alerts and not one.paused and one.action is FilterAction.KEEP
