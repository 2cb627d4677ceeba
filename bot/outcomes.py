"""What becomes of a message that is sent, and what a channel must be able to do.

Every expected failure is an outcome; the loop (bot/deliver.py) decides what follows from it, whatever the channel.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from storage.contents import Content
from storage.model import Delivery


@dataclass(frozen=True, slots=True)
class Sent:
    """It arrived."""

    message_id: str | None = None
    topic_lost: bool = False  #: but outside its topic, which is closed or deleted


@dataclass(frozen=True, slots=True)
class NotSent:
    """It certainly did not arrive; later it may."""

    reason: str
    wait: timedelta | None = None  #: what the server asked for
    whole_channel: bool = False  #: the server asked everybody to wait, or refuses the bot itself


@dataclass(frozen=True, slots=True)
class Refused:
    """This message will never be taken."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """There is nothing left to send: the message that it rewrites is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChatGone:
    """This chat takes nothing from us any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The chat has a new address."""

    address: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost: it may have arrived."""

    reason: str


Outcome = Sent | NotSent | Refused | Dropped | ChatGone | Moved | Unknown


class Sender(Protocol):
    """One channel. Every expected failure is an outcome; only a mistake of ours raises."""

    async def send(self, delivery: Delivery, content: Content) -> Outcome:
        """Render the content as the delivery's kind and chat want it, and send it."""
        ...

    def was_sent(self, delivery: Delivery) -> bool | None:
        """Whether a message that a dead process had in flight arrived; None when this channel cannot tell."""
        ...


class Herald(Protocol):
    """A channel that can take a few plain lines to one address; with `Sender`'s outcomes."""

    async def tell(self, address: str, words: str) -> Outcome:
        """Send the words as they are."""
        ...
