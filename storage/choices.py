"""The words that a field may hold, each as an enumeration. `storage.model` has them all too; who needs nothing but
these, such as the command line for its options, need not load the records. Standard library only.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a process of the service does. Only on PostgreSQL can the parts run apart."""

    ALL = "all"  # everything, in one process
    COLLECT = "collect"  # polls sources; as many as wanted
    DELIVER = "deliver"  # sends messages, makes digests, tells admins; one works, the others stand by
    WEB = "web"  # serves page and feeds; as many as wanted
    BOT = "bot"  # reads and answers what people say to the bot; one works, the others stand by


class SourceKind(StrEnum):
    """How a source is read."""

    FEED = "feed"  # RSS, Atom
    PAGE = "page"  # a list page without a feed, read by CSS rules


class Trust(StrEnum):
    """How far a source may shape a meeting's facts."""

    OFFICIAL = "official"  # the ministry or organisation itself
    PRESS = "press"  # a newsroom with editors
    AGGREGATOR = "aggregator"  # republishes others
    LOW = "low"  # machine-written or unchecked: may join a story, never creates or changes facts


class SourceState(StrEnum):
    """What the last polls of a source say about it."""

    NEW = "new"  # never polled successfully
    OK = "ok"
    SLOW = "slow"  # answers, but takes long
    FAILING = "failing"
    BLOCKED = "blocked"  # refuses us: 403, 429, a bot wall, or an address we may not ask
    EMPTY = "empty"  # answers, but nothing can be found in it: a redesigned page
    SILENT = "silent"  # answers, but has had nothing new for much longer than is its habit
    PAUSED = "paused"


class Told(StrEnum):
    """What admins heard last about how a source is."""

    WELL = "well"  # nothing, or that it recovered
    BAD = "bad"
    PAUSED = "paused"


class NoticeKind(StrEnum):
    """What a notice to the admins is about."""

    TURNED_BAD = "turned_bad"
    RECOVERED = "recovered"
    MOVED = "moved"  # its server says for good that it has another address
    FLOODED = "flooded"  # one poll brought far more than is usual
    NETWORK_DOWN = "network_down"  # no source can be reached: it is not the sources
    NETWORK_UP = "network_up"
    TROUBLE = "trouble"  # the service itself: disk, backups, files
    WELL = "well"  # … and well again
    RESTARTED = "restarted"  # a part did not move any more, and the process started itself anew
    TOPIC_LOST = "topic_lost"  # a forum's topic is closed or deleted: its messages go to the whole chat


class Level(StrEnum):
    """The rank of the highest principals that two or more sides share."""

    MINISTER = "minister"
    VICE_MINISTER = "vice_minister"
    OFFICIAL = "official"
    HEAD_OF_GOVERNMENT = "head_of_government"


class Kind(StrEnum):
    """How many sides meet, or the 2+2 form (foreign and defence ministers together)."""

    BILATERAL = "bilateral"
    TRILATERAL = "trilateral"
    MINILATERAL = "minilateral"  # four to six states that chose each other
    MULTILATERAL = "multilateral"
    TWO_PLUS_TWO = "two_plus_two"


class Format(StrEnum):
    """How they meet."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    VIDEO = "video"


class Phase(StrEnum):
    """Where the meeting stands; "will visit" is never told as "attended"."""

    ANNOUNCED = "announced"
    HELD = "held"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"


class FilterAction(StrEnum):
    """What a filter does with what it matches."""

    KEEP = "keep"
    BLOCK = "block"  # a rule for all: what matches raises no alert and is in no other filter


class Channel(StrEnum):
    """Where a chat lives."""

    TELEGRAM = "telegram"
    TERMINAL = "terminal"  # the operator's screen, used while no Telegram token is set
    NOTIFY = "notify"  # the addresses of notify.urls: e-mail, Matrix, Slack, …


class ChatState(StrEnum):
    """Whether a chat may be sent to."""

    ACTIVE = "active"
    STOPPED = "stopped"  # the chat said /stop
    GONE = "gone"  # Telegram refuses for good (blocked, kicked, deleted); settings are kept
    SUSPENDED = "suspended"  # nobody reads this channel now (the terminal while Telegram is on)


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    ALERT = "alert"
    FOLLOW_UP = "follow_up"
    EDIT = "edit"  # the alert is rewritten in place: its sources grew, a fact became clearer
    DIGEST = "digest"  # one message that lists several meetings
    BROADCAST = "broadcast"


class DeliveryState(StrEnum):
    """The life of one message owed to one chat: queued → sending → sent | queued | failed | chat_gone | uncertain."""

    QUEUED = "queued"
    SENDING = "sending"  # committed before the request leaves, so a crash can be told from "never tried"
    SENT = "sent"
    FAILED = "failed"  # refused for good (HTTP 400)
    CHAT_GONE = "chat_gone"
    UNCERTAIN = "uncertain"  # nobody can know whether it arrived; a second try is marked as a repeat
    EXPIRED = "expired"  # old news by the time it could have been sent
    FOLDED = "folded"  # told within another message: a digest, or the alert that was still waiting


class FloodState(StrEnum):
    """What became of the alerts of a flood."""

    HELD = "held"
    SENT = "sent"
    SWALLOWED = "swallowed"
    DIGEST = "digest"


class CorrectionKind(StrEnum):
    """What an admin said about a story."""

    NOT_MEETING = "not_meeting"
    MEETING = "meeting"
    SAME_AS = "same_as"  # two stories are one
    SPLIT = "split"  # an item does not belong to its story
    SET = "set"  # a fact has this value
    CLEAR = "clear"  # a fact that nobody stated


class HubState(StrEnum):
    """Where our subscription at a hub stands (WebSub): found → pending → active, and what can become of it."""

    FOUND = "found"  # the document names the hub; it is to be asked
    PENDING = "pending"  # asked; the hub has not yet come back to verify
    ACTIVE = "active"  # verified; the hub pushes until the lease ends
    DENIED = "denied"  # the hub refused; it is asked again much later
    LEAVING = "leaving"  # told to stop, not yet verified
    RESTING = "resting"  # not wanted now, because the source is paused; kept so that resuming it needs no discovery
