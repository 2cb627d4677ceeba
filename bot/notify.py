"""E-mail, Matrix, Slack and a hundred others as channels, by apprise: for operators and readers without Telegram.

Each address of `notify.urls` is a chat on the same outbox. An address holds passwords, so a chat is known by a short
hash of it. apprise only says whether a service took the message; what its plugin noted on the way tells the rest:

    an HTTP answer            2xx sent │ 400, 413, 422 refused │ 429, 5xx and others: not sent, tried again
    no connection was made    not sent, tried again
    anything else             nobody can know: tried again, marked as a repeat

apprise is loaded when there are addresses: it takes half a second, which most installations need not spend.
"""

import asyncio
import hashlib
import logging
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bot.outcomes import NotSent, Outcome, Refused, Sent, Unknown
from bot.plaintext import words_of
from storage import filters, subscriptions
from storage.contents import Content
from storage.database import Connection
from storage.errors import KaigiError
from storage.model import Channel, Delivery, DeliveryKind

REST = timedelta(seconds=1)  #: between two messages to one address
CONFIG_WAIT = timedelta(minutes=15)  #: after an answer that only the operator can mend
SERVICE_TIMEOUT = 60.0  # seconds for one message, all its parts together

_STATUS = re.compile(r"error=(\d{3})\b")
_REFUSED = {400, 413, 422}  #: this message will never be taken
_MENDED = {401, 403, 404, 405, 410}  #: the address or its password is wrong, or the room is gone
#: What says that no connection was made, so that nothing can have arrived.
_NOTHING_LEFT = (
    "NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "Connection refused",
    "Name or service not known", "Temporary failure in name resolution", "Network is unreachable", "No route to host",
    "CERTIFICATE_VERIFY_FAILED",
)  # fmt: skip


class NotifyError(KaigiError):
    """An address of `notify.urls` that cannot be used. The message never has the address in it."""


@dataclass(frozen=True, slots=True)
class Target:
    """One address of `notify.urls`."""

    address: str  #: as chats know it: the service and a hash
    title: str  #: the service's name
    service: Any  #: apprise's plugin, which knows the secrets


def targets(urls: Iterable[str]) -> tuple[Target, ...]:
    """The addresses as apprise reads them. Raises `NotifyError`, which tells a wrong one by its place in the list."""
    return tuple(_target(url, place) for place, url in enumerate(urls, 1))


def _target(url: str, place: int) -> Target:
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415  see above
    from apprise.common import OverflowMode  # noqa: PLC0415

    _quiet()
    asset = AppriseAsset(
        app_id="Kaigi", app_desc="Kaigi", app_url="", async_mode=False, service_timeout=SERVICE_TIMEOUT
    )
    with warnings.catch_warnings():  # loading its plugins imports old parts of the standard library
        warnings.simplefilter("ignore", DeprecationWarning)
        service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        raise NotifyError(
            f"notify.urls, address number {place}: apprise cannot use it. Its documentation has the form of an address "
            "for each service, such as mailto://user:password@example.org"
        )
    service.overflow_mode = OverflowMode.SPLIT  # a text that is too long for a service comes in parts
    kind = re.sub(r"[^a-z0-9]", "", url.partition("://")[0].lower())
    digest = hashlib.sha256(url.encode()).hexdigest()[:10]
    return Target(f"{kind}-{digest}", str(service.service_name), service)


def _quiet() -> None:
    """Its plugins name addresses when they complain; what they say is read here and goes no further."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # without one, warnings go to standard error
    logger.setLevel(logging.DEBUG)


def follow_settings(
    connection: Connection, chosen: Sequence[Target], language: str, time_zone: str, now: datetime
) -> None:  # fmt: skip
    """Make the chats of this channel those of the settings; one that left them rests and keeps what it follows."""
    for target in chosen:
        known = subscriptions.find_chat(connection, Channel.NOTIFY, target.address)
        chat = subscriptions.open_chat(
            connection, Channel.NOTIFY, target.address, language=language, time_zone=time_zone, now=now
        )
        subscriptions.change(connection, chat.id, now, language=language, time_zone=time_zone, title=target.title)
        if known is None:
            subscriptions.subscribe(connection, chat.id, filters.MEETINGS, now)
    subscriptions.suspend_others(connection, Channel.NOTIFY, [target.address for target in chosen], now)


class NotifySender:
    """Sends to the addresses of `notify.urls`."""

    def __init__(self, chosen: Iterable[Target], page: str = "") -> None:
        """`page`: the public address of the web page, without a slash; empty: messages have no link to it."""
        self._services: Mapping[str, Any] = {target.address: target.service for target in chosen}
        self._page = page

    async def send(self, delivery: Delivery, content: Content) -> Outcome:
        """Send the message. What was sent cannot be rewritten there, so an edit is done with nothing."""
        if delivery.kind is DeliveryKind.EDIT:
            return Sent()
        service = self._services.get(delivery.chat.address)
        if service is None:
            return NotSent("this address is not in notify.urls any more", CONFIG_WAIT)
        title, body = words_of(
            delivery.kind, content, delivery.chat, now=datetime.now(UTC), page=self._page, repeat=delivery.repeat
        )
        return await asyncio.to_thread(_post, service, title, body)

    def was_sent(self, delivery: Delivery) -> bool | None:  # noqa: ARG002
        """Nobody can tell."""
        return None


def _post(service: Any, title: str, body: str) -> Outcome:
    from apprise import Apprise  # noqa: PLC0415  see above

    said: list[str] = []
    one = Apprise()
    one.add(service)
    done = one.notify(
        body, title=title, log_level=logging.DEBUG, log_callback=partial(_listen, said), interpret_escapes=False
    )
    return Sent() if done else classify(said)


def _listen(said: list[str], entry: Any, _service: Any) -> None:
    said.append(str(entry.message))


def classify(said: Sequence[str]) -> Outcome:
    """What a plugin's words say about a message that was not confirmed.

    A message in several parts may have arrived in part; then nobody can know.
    """
    words = "\n".join(said)
    if any(line.startswith("Sent ") for line in said):
        return Unknown("a part of it was taken, another was not")
    status = _STATUS.search(words)
    if status is not None:
        return _by_status(int(status[1]))
    if any(mark in words for mark in _NOTHING_LEFT):
        return NotSent("the service cannot be reached")
    return Unknown("the service did not confirm it")


def _by_status(status: int) -> Outcome:
    reason = f"the service answered {status}"
    if status in _REFUSED:
        return Refused(reason)
    return NotSent(reason, CONFIG_WAIT if status in _MENDED else None)
