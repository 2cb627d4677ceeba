"""Tells the admins what happened to the sources: a small loop of its own, so that alerts never wait for it.

    look ─► bundle what is new, one message an admin ─► claim (commit `sending`) ─► tell ─► record the outcome

Notices are posted in the transactions of polls (`feeds/telling.py`); here they are only gathered, put into words and
sent. With a bot they go to the private chats of the admins, whose ids are those of the users; without one they
are printed. Each is delivered at least once: an answer that was lost means that it is sent again, marked as a repeat.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from bot.outcomes import Herald, Moved, NotSent, Outcome, Refused, Sent, Unknown
from bot.wording import words_of
from feeds.publish.words import Language
from feeds.telling import tell_of_the_network, tell_overdue
from storage import notices, people, subscriptions
from storage.database import Connection, Database
from storage.errors import StorageError
from storage.model import Channel, DeliveryState, Notice, NoticeMessage

log = structlog.get_logger("notices")

T = TypeVar("T")

LOOK = 5.0  # seconds between two looks
SETTLE = timedelta(seconds=20)  #: what happens within this time is told in one message
LONGEST_WAIT = timedelta(hours=1)  #: between two tries; an admin may not have opened the bot's chat yet
ONE_LINE = 200  # characters of a reason


@dataclass(kw_only=True)
class Notifier:
    """The loop. `admins` are addresses on `channel`; when there is nobody, notices are in the log only."""

    database: Database
    herald: Herald
    channel: Channel
    admins: tuple[str, ...]
    worker: str
    clock: Callable[[], datetime]
    language: Language
    time_zone: str
    look_s: float = LOOK
    settle: timedelta = SETTLE

    async def run(self) -> None:
        """Tell until cancelled. A message that is cut off is told again after the next start."""
        begun = False
        while True:
            begun = begun or await self._try(self._begin)
            if begun:
                await self._try(self.round)
            await asyncio.sleep(self.look_s)

    async def _try(self, step: Callable[[], Awaitable[None]]) -> bool:
        """Whether a step succeeded; whatever stands in its way is told and tried again."""
        try:
            await step()
        except StorageError as error:
            log.error("notices cannot be read or kept now", error=str(error))
        except Exception:
            log.exception("notices failed by our own mistake; trying again")
        else:
            return True
        return False

    async def _begin(self) -> None:
        now = self.clock()
        await self._write(partial(notices.settle, channel=self.channel, now=now))

    async def round(self) -> None:
        """One look: gather what is new and send what is due."""
        for news in await self._write(self._gather):
            log.warning("notice", kind=news.kind, source=news.source_key, state=news.state, message=news.message)
        for message in await self._write(self._claim):
            await self._tell(message)

    def _gather(self, connection: Connection) -> list[Notice]:
        now = self.clock()
        tell_of_the_network(connection, now)
        tell_overdue(connection, now)
        return notices.bundle(
            connection, before=now - self.settle, channel=self.channel, addresses=self._addresses(connection), now=now
        )

    def _addresses(self, connection: Connection) -> tuple[str, ...]:
        """The admins of the settings, and with a bot those who were invited."""
        if self.channel is not Channel.TELEGRAM:
            return self.admins
        return tuple(dict.fromkeys([*self.admins, *(str(one.user_id) for one in people.invited(connection))]))

    def _claim(self, connection: Connection) -> list[NoticeMessage]:
        """Nothing is in flight now, so what is marked so was left by a round that failed."""
        notices.settle(connection, self.channel, self.clock())
        return notices.claim(connection, worker=self.worker, channel=self.channel, now=self.clock())

    async def _tell(self, message: NoticeMessage) -> None:
        language = await self._language(message.address)
        words = words_of(message.notices, language, self.time_zone, repeat=message.repeat)
        outcome = await self._outcome(message.address, words) if words else Sent()
        await self._write(partial(self._record, message=message, outcome=outcome))
        if not isinstance(outcome, Sent):
            log.warning("a notice was not sent", message=message.id, attempt=message.attempt, outcome=str(outcome))

    async def _outcome(self, address: str, words: str) -> Outcome:
        try:
            return await self.herald.tell(address, words)
        except Exception as error:
            log.exception("a notice failed by our own mistake")
            return NotSent(f"our own mistake: {error!r}"[:ONE_LINE])

    async def _language(self, address: str) -> Language:
        """The language that the admin's own chat has chosen, else the service's."""
        chat = await asyncio.to_thread(
            self.database.read, partial(subscriptions.find_chat, channel=self.channel, address=address)
        )
        if chat is None or chat.language not in ("ja", "en"):
            return self.language
        return "ja" if chat.language == "ja" else "en"

    def _record(self, connection: Connection, message: NoticeMessage, outcome: Outcome) -> None:
        now = self.clock()
        match outcome:
            case Sent():
                notices.finish(connection, message, self.worker, DeliveryState.SENT, now=now)
            case Refused(reason):
                notices.finish(connection, message, self.worker, DeliveryState.FAILED, now=now, error=reason)
            case Moved(address):  # only groups move, and an admin's chat is none
                reason = f"moved to {address}"
                notices.finish(connection, message, self.worker, DeliveryState.CHAT_GONE, now=now, error=reason)
            case _:
                wait = (outcome.wait if isinstance(outcome, NotSent) else None) or _backoff(message.attempt)
                notices.put_back(
                    connection,
                    message,
                    self.worker,
                    not_before=now + wait,
                    now=now,
                    error=outcome.reason,
                    repeat=isinstance(outcome, Unknown),
                )

    async def _write(self, fn: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.write, fn)


def _backoff(attempt: int) -> timedelta:
    """Five seconds, doubling with every try, up to an hour."""
    return min(timedelta(seconds=5 * 2 ** min(attempt - 1, 12)), LONGEST_WAIT)
