"""Delivery: claim → send → record, over the outbox. It knows no Telegram; senders do (bot/sender.py).

    claim (commit `sending`) ─► sender.send ─► record the outcome ─► next

Rules that hold whatever the channel: one message in flight a chat, so order holds; a pause between two messages to
one chat; a ceiling over all chats; after "too many requests" the whole channel rests. What an earlier process left in
flight is settled before anything new is sent.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import structlog

from storage import news, outbox, subscriptions
from storage.database import Connection, Database
from storage.errors import NotFound, StorageError
from storage.model import Channel, Delivery, DeliveryKind, MeetingStory

log = structlog.get_logger("deliver")

T = TypeVar("T")

#: A row that cannot be recorded is tried again for this long; then the next start settles it.
RECORD_TRIES = 20
IDLE = 1.0  # seconds between two looks at an outbox that nobody announced
RETRY_UNCERTAIN = timedelta(seconds=5)
MAX_BACKOFF = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Sent:
    """It arrived."""

    message_id: str | None = None


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


Outcome = Sent | NotSent | Refused | ChatGone | Moved | Unknown


class Sender(Protocol):
    """One channel. Every expected failure is an outcome; only a mistake of ours raises."""

    async def send(self, delivery: Delivery, story: MeetingStory) -> Outcome:
        """Render the meeting for the chat's language and send it."""
        ...

    async def send_digest(self, delivery: Delivery, stories: Sequence[MeetingStory]) -> Outcome:
        """The same for one message that lists several meetings."""
        ...

    def was_sent(self, delivery: Delivery) -> bool | None:
        """Whether a message that a dead process had in flight arrived; None when this channel cannot tell."""
        ...


class Herald(Protocol):
    """A channel that can take a few plain lines to one address; with `Sender`'s outcomes."""

    async def tell(self, address: str, words: str) -> Outcome:
        """Send the words as they are."""
        ...


class Allowance:
    """A bucket of tokens that fills with time: how many messages may leave now (Telegram allows about 30 a second)."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._tokens = per_second
        self._at = time.monotonic()

    def whole(self) -> int:
        """How many messages may leave now."""
        now = time.monotonic()
        self._tokens = min(self._per_second, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return int(self._tokens)

    def spend(self) -> None:
        """One leaves."""
        self._tokens -= 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast one chat may be used. Telegram's limits are ceilings that move; 429 is obeyed above all."""

    chat_rest: timedelta = timedelta(seconds=1)
    group_rest: timedelta = timedelta(seconds=3)


@dataclass(kw_only=True)
class Deliverer:
    """The delivery loop of one process. `worker` is a name that no other process has or had."""

    database: Database
    senders: Mapping[Channel, Sender]
    worker: str
    clock: Callable[[], datetime]
    paces: Mapping[Channel, Pace] = field(default_factory=dict)
    in_flight: int = 8
    per_second: float = 25.0
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _rest_until: dict[int, datetime] = field(default_factory=dict)
    _channel_until: dict[Channel, datetime] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _between_rounds: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._allowance = Allowance(self.per_second)

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Settle what was left, then deliver until `stop`."""
        while not self._stopping:
            try:
                await self._settle_left_behind()
                break
            except StorageError as error:
                log.error("deliveries of the last run cannot be settled yet", error=str(error))
                await self._pause(IDLE * 5)
        while not self._stopping:
            try:
                async with self._between_rounds:
                    claimed, idle = await self._round()
                if not claimed:
                    await self._pause(idle)
            except StorageError as error:
                log.error("the outbox cannot be read", error=str(error))
                await self._pause(IDLE * 5)

    async def stop(self, patience_s: float) -> None:
        """Claim nothing more and give what is in flight some seconds to finish."""
        self._stopping = True
        self._wake.set()
        async with self._between_rounds:  # what a round under way has claimed is in `_tasks` when it ends
            pass
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=patience_s)
        for task in self._tasks.values():  # a message cut off here is settled by the next start
            task.cancel()

    async def _settle_left_behind(self) -> None:
        left = await self._read(partial(outbox.left_behind, worker=self.worker, channels=self.senders.keys()))
        now = self.clock()
        for delivery in left:
            arrived = self.senders[delivery.chat.channel].was_sent(delivery)
            await self._write(partial(outbox.settle, delivery=delivery, arrived=arrived, now=now))
            log.warning("a message was in flight when the last run ended", delivery=delivery.id, arrived=arrived)
        await self._write(partial(outbox.retry_uncertain, not_before=now + RETRY_UNCERTAIN, now=now))

    async def _round(self) -> tuple[bool, float]:
        """Claim and start what may leave now. Returns whether anything did, and else how long to wait."""
        self._wake.clear()
        now = self.clock()
        channels = [c for c in self.senders if self._channel_until.get(c, now) <= now]
        room = min(self.in_flight - len(self._tasks), self._allowance.whole())
        due = await self._read(partial(outbox.next_due, channels=channels)) if channels and room else None
        claimed: list[Delivery] = []
        if due is not None and due <= now and not self._stopping:
            claimed = await self._write(
                partial(
                    outbox.claim,
                    worker=self.worker,
                    channels=channels,
                    busy_chats=self._busy(now),
                    now=now,
                    limit=room,
                )
            )
        for delivery in claimed:  # all at once: a message that is claimed and not started would look like one in flight
            self._allowance.spend()
            self._start(delivery)
        return bool(claimed), self._idle_for(due, now)

    def _busy(self, now: datetime) -> set[int]:
        self._rest_until = {chat: until for chat, until in self._rest_until.items() if until > now}
        return set(self._tasks) | set(self._rest_until)

    def _idle_for(self, due: datetime | None, now: datetime) -> float:
        if self._allowance.whole() < 1:
            return 1 / self.per_second
        moments = [*self._rest_until.values(), *self._channel_until.values()]
        if due is not None:
            moments.append(due)
        waits = [seconds for moment in moments if (seconds := (moment - now).total_seconds()) > 0]
        return min([IDLE, *waits])

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(seconds, 0.01))

    def _start(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(delivery), name=f"delivery {delivery.id}")
        self._tasks[delivery.chat.id] = task
        task.add_done_callback(partial(self._finished, delivery))

    def _finished(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        self._tasks.pop(delivery.chat.id, None)
        pace = self._pace(delivery)
        rest = pace.group_rest if delivery.chat.address.startswith("-") else pace.chat_rest
        self._rest_until[delivery.chat.id] = self.clock() + rest
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("a delivery failed by our own mistake", delivery=delivery.id, exc_info=task.exception())

    def _pace(self, delivery: Delivery) -> Pace:
        return self.paces.get(delivery.chat.channel, Pace())

    async def _deliver(self, delivery: Delivery) -> None:
        await self._record(delivery, await self._outcome(delivery))

    async def _outcome(self, delivery: Delivery) -> Outcome:
        """Send, and make an outcome of everything that can go wrong: a row left in `sending` would wait for the next
        start of the service."""
        digest = delivery.kind is DeliveryKind.DIGEST
        try:
            if digest:
                listed = (delivery.payload or {}).get("stories", ())
                stories = await self._read(partial(news.digest, story_ids=listed))
            elif delivery.story_id is not None:
                stories = (await self._read(partial(news.meeting, story_id=delivery.story_id)),)
            else:
                return Refused("a message without a story is not known here")
        except NotFound as error:
            return Refused(str(error))
        except StorageError as error:
            return NotSent(str(error))
        if not stories:
            return Refused("none of its meetings is one any more")
        sender = self.senders[delivery.chat.channel]
        try:
            return await (sender.send_digest(delivery, stories) if digest else sender.send(delivery, stories[0]))
        except Exception as error:
            log.exception("a message failed by our own mistake", delivery=delivery.id)
            return NotSent(f"our own mistake: {error!r}"[:200])

    async def _record(self, delivery: Delivery, outcome: Outcome) -> None:
        """Write the outcome down, however long the database refuses: a sent message that is not marked would be
        sent again."""
        for attempt in range(RECORD_TRIES):
            try:
                await self._write(partial(self._record_now, delivery=delivery, outcome=outcome))
            except StorageError as error:
                log.error("an outcome cannot be kept yet", delivery=delivery.id, error=str(error))
                await asyncio.sleep(min(0.2 * 2**attempt, 10))
            else:
                break
        self._tell(delivery, outcome)

    def _record_now(self, connection: Connection, delivery: Delivery, outcome: Outcome) -> None:
        now, mine = self.clock(), self.worker
        match outcome:
            case Sent(message_id):
                outbox.mark_sent(connection, delivery, mine, message_id, now)
            case NotSent(reason, wait, whole_channel):
                pause = wait or _backoff(delivery.attempt)
                if whole_channel:
                    self._channel_until[delivery.chat.channel] = now + pause
                outbox.put_back(connection, delivery, mine, now + pause, reason, now)
            case Refused(reason):
                outbox.mark_failed(connection, delivery, mine, reason, now)
            case ChatGone(reason):
                outbox.mark_chat_gone(connection, delivery, mine, reason, now)
            case Moved(address):
                subscriptions.move(connection, delivery.chat.id, address, now)
                outbox.put_back(connection, delivery, mine, now, f"moved to {address}", now)
            case Unknown(reason):
                outbox.mark_uncertain(connection, delivery, mine, reason, now)
                outbox.retry_uncertain(connection, now + RETRY_UNCERTAIN, now)

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        facts = {"delivery": delivery.id, "story": delivery.story_id, "chat": delivery.chat.id}
        if isinstance(outcome, Sent):
            log.info("sent", **facts, attempt=delivery.attempt)
        else:
            log.warning("not sent", **facts, attempt=delivery.attempt, outcome=str(outcome))

    async def _read(self, fn: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.read, fn)

    async def _write(self, fn: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.write, fn)


def _backoff(attempt: int) -> timedelta:
    """Two seconds, doubling with every try, up to a quarter of an hour."""
    return min(timedelta(seconds=2 ** min(attempt, 12)), MAX_BACKOFF)
