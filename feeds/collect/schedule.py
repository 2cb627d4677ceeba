"""When a source is polled next, and how it is. Pure: time and settings come in, a moment and a state go out.

A source is polled in step with its habit: a dozen times between two items, twice as often in the hours in which it
publishes, half as often in the others; a ministry at least once an hour. What its server asks for slows that down, up
to a cap, and the hours and days that a feed names (`skipHours`, `skipDays`) are left out. A failing source slows down,
doubling with every failure in a row up to a day, but it is not dropped:
newsrooms come back after weeks. Only a source whose own address says that it is gone (410), or that has failed for
thirty days, is paused.

While a hub pushes (WebSub), polls are rarer; they are only there to notice when it stops.

Each moment is jittered by up to a twentieth, so that sources added together drift apart; the jitter is taken from the
source's key and the moment of the poll, so that the same inputs give the same answer.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from feeds.observed import Advert, Failure, FailureKind
from storage.changes import SourceUpdate, Surroundings
from storage.model import GAVE_UP, FetchEvent, Habit, Skips, Source, SourceState, Trust

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
LEARN_FROM = timedelta(days=28)
LEARN_ITEMS = 5  #: fewer items are no habit
POLLS_PER_ITEM = 12
OFFICIAL_AT_LEAST = timedelta(hours=1)
HINT_CAP = timedelta(hours=2)
GIVE_UP_AFTER = timedelta(days=30)
GIVE_UP_FAILURES = 20  #: in thirty days a source is asked more often; fewer, and it was the service that stood still
SLOW_SECONDS = 10.0
MOVED_POLLS = 3
MOVED_FAILURES = 3  #: after so many failures in a row at the new address the old one is asked again
PUSHED_FACTOR = 6  #: how much rarer a source is polled while its hub tells of news
PUSHED_AT_MOST = timedelta(hours=6)
PUSH_SETTLES = timedelta(hours=1)  #: for so long after a push its news may still be on the way through caches
FLOOD_LEAST = 10  #: fewer new items in one poll are never a flood
FLOOD_TIMES = 5  #: so many times what is usual is one
SILENT_GAPS = 6  #: so many usual gaps without an item, and at least a week, are silence
SILENT_AFTER = timedelta(days=90)  #: the same for a source that publishes too rarely to have a habit

_GIVEN_UP = f"{GAVE_UP} after {GIVE_UP_AFTER.days} days of failure: "
NO_ENTRIES = "It answers, but has no entries any more. Look at the address; the feed may have moved."

_STATES = {
    FailureKind.FORBIDDEN: SourceState.BLOCKED,
    FailureKind.BOT_WALL: SourceState.BLOCKED,
    FailureKind.RATE_LIMITED: SourceState.BLOCKED,
    FailureKind.BLOCKED_ADDRESS: SourceState.BLOCKED,
    FailureKind.EMPTY: SourceState.EMPTY,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How often sources are polled, from the settings `poll.*`."""

    default_interval: timedelta = timedelta(minutes=10)
    min_interval: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What is kept of an answer: its validators, and what its server asks for."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    hint_s: int | None = None
    moved_to: str | None = None  #: its new address, when it says that it moved for good
    advert: Advert | None = None  #: the hubs that push it
    skips: Skips | None = None  #: when the feed asks not to be polled


def address(source: Source, now: datetime) -> str:
    """Where to ask for a source: its own address, or the one to which it has moved.

    A permanent redirect is believed after three polls over a day, because a mistake of an administrator or a captive
    portal looks the same; and only as long as the new address answers.
    """
    return source.moved_to if source.moved_to and has_moved(source, now) else source.definition.url


def has_moved(source: Source, now: datetime) -> bool:
    """Whether a permanent redirect is believed by now."""
    if source.moved_to is None or source.moved_since is None or source.failures >= MOVED_FAILURES:
        return False
    return source.moved_polls >= MOVED_POLLS and now - source.moved_since >= DAY


def usual_items(source: Source, now: datetime) -> float:
    """How many new items a poll at this moment would bring, if the source published as it usually does."""
    if source.habit is None:
        return 0.0
    since = source.last_success_at or now
    return round(source.habit.weekly * max((now - since) / WEEK, 0.0), 2)


def is_flood(source: Source, new_items: int, now: datetime) -> bool:
    """Whether a poll brought far more than is usual; the first poll brings the backlog and is none."""
    if source.first_success_at is None:
        return False
    return new_items > max(FLOOD_LEAST, FLOOD_TIMES * usual_items(source, now))


def rested(moment: datetime, skips: Skips | None, now: datetime) -> datetime:
    """Move the next poll out of the hours and days in which a feed asks not to be asked (in GMT), a day at most."""
    if skips is None:
        return moment
    later = moment
    while _is_skipped(later, skips) and later < now + DAY:
        later = later.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    # The part of the hour is kept, so that sources that all wait for nine o'clock do not come at one moment.
    spread = timedelta(minutes=moment.minute, seconds=moment.second)
    return moment if later == moment else max(moment, min(later + spread, now + DAY))


def _is_skipped(moment: datetime, skips: Skips) -> bool:
    there = moment.astimezone(UTC)
    return there.hour in skips.hours or there.weekday() in skips.days


def learn(moments: Iterable[datetime], now: datetime, source: Source | None = None) -> Habit | None:
    """The habit that shows in the moments at which items were published; None when they are too few.

    Items without a date count as published when they were first seen, but not those of a source's first poll: that
    moment is ours, and a list of thirty undated articles is no newsroom that writes thirty a day.
    """
    first_poll = (source.first_success_at or now) if source is not None else None
    recent = sorted(moment for moment in moments if now - LEARN_FROM <= moment <= now and moment != first_poll)
    if len(recent) < LEARN_ITEMS:
        return None
    span = max(now - recent[0], DAY)
    hours = Counter(moment.hour for moment in recent)
    busy: list[int] = []
    for hour, _ in hours.most_common():
        if sum(hours[h] for h in busy) >= 0.9 * len(recent):
            break
        busy.append(hour)
    return Habit(weekly=round(len(recent) / (span / WEEK), 2), hours=tuple(sorted(busy)))


def after_success(source: Source, answer: Answer, event: FetchEvent, rhythm: Rhythm, now: datetime) -> SourceUpdate:
    """What to keep of a poll that got an answer: a clean slate and the next moment. Uses `source.habit`."""
    return _answered(source, answer, event, rhythm, now, source.habit)


def after_no_change(
    source: Source, event: FetchEvent, rhythm: Rhythm, now: datetime, moved_to: str | None = None
) -> SourceUpdate:
    """What to keep of a poll that found the same document as before."""
    known = Answer(
        etag=source.etag,
        last_modified=source.last_modified,
        body_hash=source.body_hash,
        hint_s=source.hint_s,
        moved_to=moved_to,
        skips=source.skips,
    )
    same = moved_to is None and source.moved_to is None
    update = _answered(source, known, event, rhythm, now, None, same=same)
    if source.state is SourceState.EMPTY and not source.failures:  # the same empty document
        return emptied(update, source.last_error)
    return update


def _answered(
    source: Source,
    answer: Answer,
    event: FetchEvent,
    rhythm: Rhythm,
    now: datetime,
    learnt: Habit | None,
    *,
    same: bool = False,
) -> SourceUpdate:
    paced = source if source.hint_s == answer.hint_s else replace(source, hint_s=answer.hint_s)
    moved_to = source.moved_to if address(source, now) == source.moved_to else answer.moved_to
    still = moved_to is not None and moved_to == source.moved_to
    return SourceUpdate(
        source_id=source.id,
        state=_state(source, event, now),
        next_poll_at=_next(paced, answer, event, rhythm, now),
        polled_at=now,
        succeeded=True,
        etag=answer.etag,
        last_modified=answer.last_modified,
        body_hash=answer.body_hash,
        hint_s=answer.hint_s,
        moved_to=moved_to,
        moved_since=source.moved_since if still else now if moved_to else None,
        moved_polls=source.moved_polls + 1 if still else int(moved_to is not None),
        habit=learnt,
        same=same,
        event=event,
    )


def emptied(update: SourceUpdate, message: str | None = None) -> SourceUpdate:
    """The same poll of a source that once had items, answers as it should, and has none any more."""
    return replace(update, state=SourceState.EMPTY, last_error=message or NO_ENTRIES, same=False)


def after_failure(source: Source, failure: Failure, event: FetchEvent, rhythm: Rhythm, now: datetime) -> SourceUpdate:
    """What to keep of a poll that failed. Validators stay as they are: nothing was read."""
    failures = source.failures + 1
    since = source.failing_since or now
    wait = min(interval(source, rhythm, now) * 2 ** min(failures - 1, 20), DAY)
    asked = timedelta(seconds=min(failure.retry_after_s or 0, DAY.total_seconds()))
    state, message = _verdict(source, failure, since, now)
    return SourceUpdate(
        source_id=source.id,
        state=state,
        next_poll_at=now + max(_jittered(wait, source, now), asked),
        polled_at=now,
        succeeded=False,
        failures=failures,
        last_error=message,
        failing_since=since,
        event=event,
    )


def spared(update: SourceUpdate, around: Surroundings) -> SourceUpdate:
    """The failed poll of a source that is not given up after all, when no source was read since it began to fail: then
    it is our network that is down, and on the day it comes back every source must still be polled."""
    since, last = update.failing_since, around.last_success_at
    if not around.others or since is None or (last is not None and last >= since):
        return update
    reason = (update.last_error or "").removeprefix(_GIVEN_UP)
    return replace(update, state=SourceState.FAILING, last_error=reason)


def interval(source: Source, rhythm: Rhythm, now: datetime) -> timedelta:
    """How long to wait between two polls when all is well."""
    about = source.definition
    if about.interval_s is not None:
        return _clamped(timedelta(seconds=about.interval_s), rhythm)
    wait = rhythm.default_interval if source.habit is None else _in_step(source.habit, now)
    if about.trust is Trust.OFFICIAL:
        wait = min(wait, OFFICIAL_AT_LEAST)
    return _clamped(max(wait, min(timedelta(seconds=source.hint_s or 0), HINT_CAP)), rhythm)


def _wait(source: Source, event: FetchEvent, rhythm: Rhythm, now: datetime) -> timedelta:
    """How long to wait after an answer, with what hubs told (WebSub).

    Soon, as long as a push told of news and no poll has found them: the publisher's cache may be slower than its hub.
    Longer, while the hub can be relied on to tell; an interval that the operator wrote down stays as it is.
    """
    usual = interval(source, rhythm, now)
    told = source.pushed_at
    found = event.new_items or (told and source.last_new_at and source.last_new_at >= told)
    if told is not None and not found and timedelta(0) <= now - told < PUSH_SETTLES:
        return min(usual, max(now - told, rhythm.min_interval))
    relied = source.pushed_until is not None and source.pushed_until > now
    if relied and source.definition.interval_s is None:
        return max(usual, min(usual * PUSHED_FACTOR, PUSHED_AT_MOST))
    return usual


def _next(source: Source, answer: Answer, event: FetchEvent, rhythm: Rhythm, now: datetime) -> datetime:
    """The next poll; what the feed asks for counts only where the operator set no interval of the source's own."""
    moment = now + _jittered(_wait(source, event, rhythm, now), source, now)
    return moment if source.definition.interval_s is not None else rested(moment, answer.skips, now)


def _in_step(habit: Habit, now: datetime) -> timedelta:
    usual_gap = WEEK / max(habit.weekly, 0.1)
    return usual_gap / POLLS_PER_ITEM * (0.5 if now.hour in habit.hours else 2)


def _clamped(wait: timedelta, rhythm: Rhythm) -> timedelta:
    return min(max(wait, rhythm.min_interval), DAY)


def _state(source: Source, event: FetchEvent, now: datetime) -> SourceState:
    if event.seconds > SLOW_SECONDS:
        return SourceState.SLOW
    since = source.last_new_at or source.first_success_at
    if since is None or event.new_items:
        return SourceState.OK
    return SourceState.SILENT if now - since > _longest_silence(source) else SourceState.OK


def _longest_silence(source: Source) -> timedelta:
    """How long a source may bring nothing before that is strange."""
    if source.habit is None or source.last_new_at is None:
        return SILENT_AFTER
    return max(SILENT_GAPS * WEEK / max(source.habit.weekly, 0.1), WEEK)


def _verdict(source: Source, failure: Failure, since: datetime, now: datetime) -> tuple[SourceState, str]:
    if failure.kind is FailureKind.GONE and address(source, now) == source.definition.url:
        return SourceState.PAUSED, f"{GAVE_UP}: {failure.message}"
    if now - since >= GIVE_UP_AFTER and source.failures + 1 >= GIVE_UP_FAILURES:
        return SourceState.PAUSED, f"{_GIVEN_UP}{failure.message}"
    return _STATES.get(failure.kind, SourceState.FAILING), failure.message


def _jittered(wait: timedelta, source: Source, now: datetime) -> timedelta:
    seed = hashlib.blake2b(f"{source.definition.key} {now.isoformat()}".encode(), digest_size=4).digest()
    share = int.from_bytes(seed) / 2**32  # 0 ≤ share < 1
    return wait * (0.95 + 0.1 * share)
