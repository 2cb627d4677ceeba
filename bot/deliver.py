"""Delivery: find → claim → send → record, over the outbox. It knows no Telegram; senders do (bot/sender.py).

    find (read) ─► claim (commit `sending`) ─► sender.send ─► record the outcome ─► next

Rules that hold whatever the channel: one message in flight a room, so order holds; a pause between two messages to
one room; a ceiling over all rooms; after "too many requests" the whole channel rests, also across a restart. What an
earlier process left in flight is settled before anything new is sent. docs/delivery.md tells what that guarantees.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, TypeVar

import structlog

from bot.outcomes import ChatGone, Dropped, Moved, NotSent, Outcome, Refused, Sender, Sent, Unknown
from bot.pacing import Allowance, Pace, Rooms
from storage import contents, notices, outbox, queue, subscriptions, workers
from storage.changes import NoticePost
from storage.database import Connection, Database
from storage.errors import NotFound, StorageError
from storage.model import Channel, Delivery, DeliveryKind, NoticeKind

log = structlog.get_logger("deliver")

T = TypeVar("T")

IDLE = 1.0  # seconds between two looks at an outbox that nobody announced
RETRY_UNCERTAIN = timedelta(seconds=5)
MAX_BACKOFF = timedelta(minutes=15)
IN_ORDER = 3  # tries of a message for which the next ones to its room wait; then they overtake it
OWN_MISTAKES = 5  # tries of a message that fails by our own mistake
SET_BACK = timedelta(minutes=1)  #: less than this is how clocks are set right every day
EVERY = 5  # each fifth look at the queue takes what is oldest, not what matters most: no digest starves


def _nowhere(_point: str) -> None:
    """Nothing happens at the named points of a delivery, except in campaigns that kill the process there."""


def _nobody(_connection: Connection) -> Collection[str]:
    """A single service: whoever else holds a message is dead."""
    return ()


@dataclass(kw_only=True)
class Deliverer:
    """The delivery loop of one process. `worker` is a name that no other process has or had."""

    database: Database
    senders: Mapping[Channel, Sender]
    worker: str
    clock: Callable[[], datetime]
    paces: Mapping[Channel, Pace] = field(default_factory=dict)
    in_flight: int = 8
    per_second: float = 29.0
    uncertain: Literal["repeat", "park"] = "repeat"  #: what becomes of a message that may have arrived
    at: Callable[[str], None] = _nowhere  #: called at the named points of a delivery
    living: Callable[[Connection], Collection[str]] = _nobody  #: names of other processes that may still be sending
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)  #: by room
    _answered: set[str] = field(default_factory=set)  #: rooms of which the answer is known and not kept yet
    _awaited: set[str] = field(default_factory=set)  #: rooms to which another process may still be sending
    _rooms: Rooms = field(default_factory=Rooms)
    _channel_until: dict[Channel, datetime] = field(default_factory=dict)
    _turns: queue.Turns = field(default_factory=queue.Turns)
    _looks: int = 0
    _turned: int = 0
    _in_flight: set[int] = field(default_factory=set)  #: numbers of the deliveries in `_tasks`
    _in_doubt: bool = False  #: whether a claim may have landed of which nobody knows
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _between_rounds: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stopping: bool = False
    _looked_at: datetime | None = None  #: by the clock, which may be set back

    def __post_init__(self) -> None:
        self._allowance = Allowance(self.per_second)

    @property
    def rounds(self) -> int:
        """Grows while the loop turns."""
        return self._turned

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Settle what was left, then deliver until `stop`."""
        while not self._stopping:
            self._turned += 1
            try:
                await self._settle_left_behind()
                break
            except StorageError as error:
                log.error("deliveries of the last run cannot be settled yet", error=str(error))
                await self._pause(IDLE * 5)
        while not self._stopping:
            self._turned += 1
            try:
                async with self._between_rounds:
                    await self._disown()
                    await self._follow_clock(self.clock())
                    if self._awaited:
                        await self._settle_left_behind()
                    claimed, idle = await self._round()
                if not claimed:
                    await self._pause(idle)
            except StorageError as error:
                log.error("the outbox cannot be read", error=str(error))
                self._in_doubt = True
                await self._pause(IDLE * 5)

    async def _follow_clock(self, now: datetime) -> None:
        """A clock that was set back would keep messages, rooms and the channel waiting for just as long."""
        before = self._looked_at or now
        if now < before - SET_BACK:
            log.warning("the clock was set back", seconds=round((before - now).total_seconds()))
            await self._write(partial(outbox.follow_clock, before=before, now=now))
            self._rooms.follow_clock(before - now)
            self._channel_until = {one: until - (before - now) for one, until in self._channel_until.items()}
        self._looked_at = now

    async def _disown(self) -> None:
        """After an error: a claim may have landed all the same, and then nobody sends what it holds."""
        if self._in_doubt:
            in_flight = list(self._in_flight)
            count = await self._write(partial(outbox.disown, worker=self.worker, in_flight=in_flight, now=self.clock()))
            if count:
                log.warning("messages were claimed without our knowing", count=count)
            self._in_doubt = False

    async def stop(self, patience_s: float) -> None:
        """Claim nothing more and give what is in flight some seconds to finish."""
        await self._claim_no_more()
        await self._wait_for_tasks(within_s=patience_s)
        for task in self._tasks.values():  # a message cut off here is settled by the next start
            task.cancel()

    async def give_way(self, patience_s: float) -> None:
        """As `stop`, while the process lives on: an answer that is known is kept, however long the database refuses.
        Else a message that certainly arrived would be repeated."""
        await self._claim_no_more()
        await self._wait_for_tasks(within_s=patience_s)
        for room, task in self._tasks.items():
            if room not in self._answered:
                task.cancel()
        await self._wait_for_tasks()

    async def _claim_no_more(self) -> None:
        self._stopping = True
        self._wake.set()
        async with self._between_rounds:  # what a round under way has claimed is in `_tasks` when it ends
            pass

    async def _wait_for_tasks(self, within_s: float | None = None) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=within_s)

    async def _settle_left_behind(self) -> None:
        """What another process has in flight is settled once it is known to be dead; until then its rooms wait."""
        left = await self._read(partial(outbox.left_behind, worker=self.worker, channels=self.senders.keys()))
        living = await self._read(self.living) if left else ()
        now = self.clock()
        self._awaited = {one.chat.room for one in left if workers.alive(one.worker, living)}
        for delivery in left:
            if workers.alive(delivery.worker, living):
                continue
            arrived = self._arrived(delivery)
            await self._write(partial(outbox.settle, delivery=delivery, arrived=arrived, now=now))
            log.warning("a message was in flight when the last run ended", delivery=delivery.id, arrived=arrived)
        if self.uncertain == "repeat":
            await self._write(partial(outbox.retry_uncertain, not_before=now + RETRY_UNCERTAIN, now=now))
        await self._write(partial(outbox.hasten, now=now))
        self._channel_until = await self._read(partial(outbox.pauses, channels=self.senders.keys(), now=now))

    def _arrived(self, delivery: Delivery) -> bool | None:
        if delivery.kind is DeliveryKind.EDIT:
            return False  # rewriting a message twice is the same as once
        return self.senders[delivery.chat.channel].was_sent(delivery)

    async def _round(self) -> tuple[bool, float]:
        """Claim and start what may leave now. Returns whether anything did, and else how long to wait."""
        self._wake.clear()
        now = self.clock()
        channels = [c for c in self.senders if self._channel_until.get(c, now) <= now]
        room = min(self.in_flight - len(self._tasks), self._allowance.whole())
        if room < 1 or not channels or self._stopping:
            return False, self._idle_for(None, now)
        self.at("before look")
        found = await self._read(partial(self._find, channels=channels, now=now, limit=room))
        if not found or self._stopping:
            due = await self._read(partial(queue.next_due, channels=channels, now=now))
            return False, self._idle_for(due, now)
        self.at("before claim")
        claimed = await self._write(partial(outbox.take, found=found, worker=self.worker, now=now))
        self._in_doubt = len(claimed) < len(found)  # a commit that landed unheard was tried again, for nothing
        self.at("claimed")
        for delivery in claimed:  # all at once: a message that is claimed and not started would look like one in flight
            self._allowance.leaves()
            self._start(delivery)
        return True, 0.0

    def _find(self, connection: Connection, channels: list[Channel], now: datetime, limit: int) -> list[int]:
        self._looks += 1
        busy = {*self._tasks, *self._rooms.resting(now), *self._awaited}
        return queue.find(
            connection,
            channels=channels,
            busy=busy,
            now=now,
            limit=limit,
            turns=self._turns,
            oldest=self._looks % EVERY == 0,
        )

    def _idle_for(self, due: datetime | None, now: datetime) -> float:
        if self._allowance.whole() < 1:
            return self._allowance.wait()
        moments = [*self._rooms.moments(), *self._channel_until.values()]
        if due is not None:
            moments.append(due)
        waits = [seconds for moment in moments if (seconds := (moment - now).total_seconds()) > 0]
        return min([IDLE, *waits])

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), max(seconds, 0.01))

    def _start(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._deliver(delivery), name=f"delivery {delivery.id}")
        self._tasks[delivery.chat.room] = task
        self._in_flight.add(delivery.id)
        task.add_done_callback(partial(self._finished, delivery))

    def _finished(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        room = delivery.chat.room
        self._tasks.pop(room, None)
        self._answered.discard(room)
        self._in_flight.discard(delivery.id)
        self._allowance.ended()
        self._rooms.used(room, self.paces.get(delivery.chat.channel, Pace()), self.clock())
        self._wake.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("a delivery failed by our own mistake", delivery=delivery.id, exc_info=task.exception())

    async def _deliver(self, delivery: Delivery) -> None:
        outcome = await self._outcome(delivery)
        self._answered.add(delivery.chat.room)
        await self._record(delivery, outcome)

    async def _outcome(self, delivery: Delivery) -> Outcome:
        """Send, and make an outcome of everything that can go wrong: a row left in `sending` would wait for the next
        start of the service."""
        try:
            content = await self._read(partial(contents.load, delivery=delivery))
            self.at("before request")
            outcome = await self.senders[delivery.chat.channel].send(delivery, content)
            self.at("answer read")
        except NotFound as error:
            return Dropped(str(error))
        except StorageError as error:
            return NotSent(str(error))
        except Exception as error:
            log.exception("a message failed by our own mistake", delivery=delivery.id)
            reason = f"our own mistake: {error!r}"[:200]
            return NotSent(reason) if delivery.attempt < OWN_MISTAKES else Refused(reason)
        if isinstance(outcome, Unknown) and delivery.kind is DeliveryKind.EDIT:
            return NotSent(outcome.reason)  # rewriting a message twice is the same as once
        return outcome

    async def _record(self, delivery: Delivery, outcome: Outcome) -> None:
        """Write the outcome down, however long the database refuses: a sent message that is not marked would be
        sent again."""
        for attempt in itertools.count():
            try:
                await self._write(partial(self._record_now, delivery=delivery, outcome=outcome))
            except StorageError as error:
                log.error("an outcome cannot be kept yet", delivery=delivery.id, error=str(error))
                await asyncio.sleep(min(0.2 * 2 ** min(attempt, 6), 10))
            else:
                self.at("marked")
                break
        self._tell(delivery, outcome)

    def _record_now(self, connection: Connection, delivery: Delivery, outcome: Outcome) -> None:
        now, mine = self.clock(), self.worker
        match outcome:
            case Sent(message_id, topic_lost):
                outbox.mark_sent(connection, delivery, mine, message_id, now)
                if topic_lost:
                    notices.post(connection, _about_topic(delivery), now)
            case NotSent(reason, wait, whole_channel):
                until = now + (wait or _backoff(delivery.attempt))
                self._wait(connection, delivery, until, whole_channel=whole_channel)
                # It keeps its place in the queue while its room waits for it.
                again = delivery.not_before if delivery.attempt < IN_ORDER else until
                outbox.put_back(connection, delivery, mine, again, reason, now)
            case Refused(reason):
                outbox.mark_failed(connection, delivery, mine, reason, now)
            case Dropped(reason):
                outbox.drop(connection, delivery, mine, reason, now)
            case ChatGone(reason):
                outbox.mark_chat_gone(connection, delivery, mine, reason, now)
            case Moved(address):
                subscriptions.move_room(connection, delivery.chat, address, now)
                outbox.put_back(connection, delivery, mine, now, f"moved to {address}", now)
            case Unknown(reason):
                outbox.mark_uncertain(connection, delivery, mine, reason, now)
                if self.uncertain == "repeat":
                    outbox.retry_uncertain(connection, now + RETRY_UNCERTAIN, now)
        self.at("before mark commit")

    def _wait(self, connection: Connection, delivery: Delivery, until: datetime, *, whole_channel: bool) -> None:
        """Let the channel rest, or the room: what comes later must not overtake a message that is tried again soon."""
        if whole_channel:
            self._channel_until[delivery.chat.channel] = until
            outbox.pause(connection, delivery.chat.channel, until)
        elif delivery.attempt < IN_ORDER:
            self._rooms.rest(delivery.chat.room, until)

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        facts = {"delivery": delivery.id, "story": delivery.story_id, "chat": delivery.chat.id}
        if isinstance(outcome, Sent):
            log.info("sent", **facts, attempt=delivery.attempt)
        elif isinstance(outcome, Dropped):
            log.info("nothing left to send", **facts, reason=outcome.reason)
        else:
            log.warning("not sent", **facts, attempt=delivery.attempt, outcome=str(outcome))

    async def _read(self, fn: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.read, fn)

    async def _write(self, fn: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.write, fn)


def _about_topic(delivery: Delivery) -> NoticePost:
    where = delivery.chat.title or delivery.chat.address
    return NoticePost(kind=NoticeKind.TOPIC_LOST, message=where, once=f"topic:{delivery.chat.id}")


def _backoff(attempt: int) -> timedelta:
    """Two seconds, doubling with every try, up to a quarter of an hour."""
    return min(timedelta(seconds=2 ** min(attempt, 12)), MAX_BACKOFF)
