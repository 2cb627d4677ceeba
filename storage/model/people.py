"""What Kaigi knows of its readers: chats, what is owed to them, the admins and what they did and ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.choices import Channel, ChatState, DeliveryKind, DeliveryState, Trust
from storage.model.news import MeetingFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """Somewhere messages go."""

    id: int
    channel: Channel
    address: str  #: Telegram chat id as text, with `/` and the topic's id for a topic of a forum; or `terminal`
    language: str
    time_zone: str
    state: ChatState = ChatState.ACTIVE
    kind: str = "private"  #: private, group, channel
    title: str = ""  #: of a group or channel
    managed_by: int | None = None  #: the person who set up this channel from the private chat
    digest: str = "off"  #: `off`, `daily 08:00`, `weekly mon 08:00`, in the chat's own zone
    digest_at: datetime | None = None
    quiet: str = ""  #: hours of the chat's own day without a message: `22:00-07:00`
    sides: str = "all"  #: side meetings of a conference: `all`, `parent` (with a list), `mine` (only what it follows)
    follow_ups: str = "silent"  #: `silent`, `loud`, `off`

    @property
    def room(self) -> str:
        """What Telegram counts messages by: the topics of a forum are one room."""
        return room_of(self.channel, self.address)

    @property
    def topic(self) -> int | None:
        """The number of the forum's topic that it is; None for a whole chat."""
        topic = self.address.partition("/")[2] if self.channel is Channel.TELEGRAM else ""
        return int(topic) if topic else None


def room_of(channel: Channel, address: str) -> str:
    """The room of an address: of a forum's topic, the forum."""
    return address.partition("/")[0] if channel is Channel.TELEGRAM else address


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """Something that a chat does not want to hear of."""

    tag: str  #: `story:7`, `series:admm-plus`, …; `all` is a pause
    until: datetime | None = None  #: None: until it is taken back


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message owed to one chat."""

    id: int
    chat: Chat
    story_id: int | None  #: None: a digest or a broadcast
    kind: DeliveryKind
    version: int
    state: DeliveryState
    not_before: datetime
    attempt: int = 0  #: how often it was tried, the present try included
    worker: str | None = None  #: boot id of the process that holds it in `sending`
    repeat: bool = False  #: an earlier try may have arrived; the message says so
    message_id: str | None = None
    error: str | None = None
    once: str | None = None  #: of a message without a story: `digest:2026-11-27`, `broadcast:5`
    payload: Mapping[str, Any] | None = None  #: what it tells beside the story
    parent_id: int | None = None  #: the delivery that it replies to or edits
    priority: int = 0  #: the lower goes first
    silent: bool = False
    held: str = ""  #: waits for `quiet` or `digest`
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who is or was an admin."""

    user_id: int  #: at Telegram
    name: str
    role: str
    added_by: int | None  #: None: the settings name them; this row only keeps the name
    added_at: datetime
    removed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Invite:
    """An invitation to become an admin; the word that opens it is not kept."""

    id: int
    role: str
    created_by: int
    created_at: datetime
    expires_at: datetime
    used_by: int | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSession:
    """Somebody signed in to the admin area of the page; the token that opens it is not kept."""

    id: int
    who: str  #: as in the audit: `tg:` and a user id, or `web:password`
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditLine:
    """One change, as the audit keeps it."""

    id: int
    at: datetime
    who: str  #: `tg:` and a user id, `cli:` and a name, or `web:password`
    what: str  #: `source_pause`, `filter_edit`, `broadcast`, …
    target: str  #: `source:mod`, `filter:japan`, `story:12`, …
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    undone_by: int | None = None  #: the line that took this one back


@dataclass(frozen=True, kw_only=True, slots=True)
class Broadcast:
    """Words of an admin for all chats."""

    id: int
    at: datetime
    by: str
    text: str
    queued_at: datetime | None = None  #: None: a draft that nobody has confirmed


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenItem:
    """An article as it was understood, for admins who ask why."""

    id: int
    story_id: int
    title: str
    url: str | None
    verdict: str  #: `meeting`, `uncertain` or `other`
    score: float  #: 0 to 1
    facts: MeetingFacts | None  #: what it says alone
    published_at: datetime | None
    first_seen_at: datetime
    source_key: str
    source_name: str
    trust: Trust
    source_known_since: datetime | None  #: when its source was first read


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """A message about a story, as admins see it."""

    id: int
    chat_id: int
    kind: DeliveryKind
    state: DeliveryState
    attempt: int
    error: str | None
    created_at: datetime
    updated_at: datetime
    not_before: datetime
    channel: Channel
    address: str
    title: str  #: of the chat, where it has one
    chat_state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """Figures of a span of time."""

    items: Mapping[str, int]  #: by verdict
    deliveries: Mapping[str, int]  #: by state
    meetings: int
    waits_s: tuple[float, ...]  #: from the moment an alert was owed until it was sent, sorted
