"""What admins are told about a source after a poll, once each: it turned bad, recovered, moved, brought a flood. Pure.

    a poll's update ─► due ─► weigh (is it the source, or the network?) ─► kept in the poll's transaction

A source must be bad in two polls, or for half an hour, before anybody is told: most trouble passes by itself. Only a
pause is told at once, since nothing ends it but an admin. When no source at all can be reached, the network is down,
and that is one notice and not one a source.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from feeds.collect import schedule
from feeds.observed import FailureKind
from storage.changes import NoticePost, SourceUpdate, Surroundings
from storage.model import NoticeKind, Source, SourceState, Told

BAD = frozenset({
    SourceState.FAILING, SourceState.BLOCKED, SourceState.EMPTY, SourceState.SILENT, SourceState.PAUSED,
})  # fmt: skip
LONG_ENOUGH = timedelta(minutes=30)

#: Failures that a network of ours that is down would cause.
_NETWORK = frozenset({
    FailureKind.DNS, FailureKind.REFUSED, FailureKind.TIMEOUT, FailureKind.NETWORK, FailureKind.TLS,
})  # fmt: skip


def due(source: Source, update: SourceUpdate, now: datetime) -> tuple[NoticePost, ...]:
    """What a poll gives to tell; `source` is as it was before, `update` what the poll taught. Mostly nothing."""
    return tuple(_due(source, update, now))


def _due(source: Source, update: SourceUpdate, now: datetime) -> Iterator[NoticePost]:
    if update.state in BAD:
        if _is_worth_telling(source, update, now):
            yield _turned_bad(source, update)
    elif source.told is not Told.WELL:
        yield NoticePost(
            kind=NoticeKind.RECOVERED,
            source_id=source.id,
            state=update.state,
            since=source.failing_since,
            told_before=source.told,
            told_after=Told.WELL,
        )
    if update.succeeded and _moves_now(source, update):
        yield NoticePost(
            kind=NoticeKind.MOVED,
            source_id=source.id,
            message=update.moved_to or "",
            since=update.moved_since,
            once=f"moved {source.id} {update.polled_at.isoformat()}",
        )


def overdue(source: Source, now: datetime) -> NoticePost | None:
    """What to tell of a source that is not polled again soon, but has failed for long enough."""
    if source.told is not Told.WELL or source.failing_since is None or now - source.failing_since < LONG_ENOUGH:
        return None
    return NoticePost(
        kind=NoticeKind.TURNED_BAD,
        source_id=source.id,
        state=source.state,
        message=source.last_error or "",
        since=source.failing_since,
        told_before=Told.WELL,
        told_after=Told.BAD,
    )


def flooded(source: Source, new_items: int, held: int, now: datetime) -> NoticePost:
    """What to tell of a poll that brought far more than is usual; `held`: alerts that it does not raise."""
    return NoticePost(
        kind=NoticeKind.FLOODED,
        source_id=source.id,
        count=new_items,
        usual=schedule.usual_items(source, now),
        held=held,
        once=f"flooded {source.id} {now.isoformat()}",
    )


def _is_worth_telling(source: Source, update: SourceUpdate, now: datetime) -> bool:
    if update.state is SourceState.PAUSED:
        return source.told is not Told.PAUSED
    since = update.failing_since or now
    return source.told is Told.WELL and (source.state in BAD or now - since >= LONG_ENOUGH)


def _turned_bad(source: Source, update: SourceUpdate) -> NoticePost:
    return NoticePost(
        kind=NoticeKind.TURNED_BAD,
        source_id=source.id,
        state=update.state,
        message=update.last_error or "",
        since=update.failing_since or source.last_new_at,
        told_before=source.told,
        told_after=Told.PAUSED if update.state is SourceState.PAUSED else Told.BAD,
    )


def _moves_now(source: Source, update: SourceUpdate) -> bool:
    """Whether with this poll its new address begins to be believed."""
    if update.moved_to is None:
        return False
    after = replace(
        source, moved_to=update.moved_to, moved_since=update.moved_since, moved_polls=update.moved_polls, failures=0
    )
    before = replace(source, failures=0)
    asked_at = source.last_polled_at or update.polled_at
    return schedule.has_moved(after, update.polled_at) and not schedule.has_moved(before, asked_at)


def might_be_the_network(outcome: str) -> bool:
    """Whether a failure of this kind may be ours."""
    return outcome in _NETWORK


def weigh(news: NoticePost, around: Surroundings, now: datetime) -> NoticePost:
    """Blame the network instead of the source, when nothing was reached since the source began to fail and others
    began to fail with it."""
    since = news.since or now
    reached = around.last_success_at is not None and around.last_success_at >= since
    if reached or around.others_failing < max(1, min(2, around.others)):
        return news
    return NoticePost(
        kind=NoticeKind.NETWORK_DOWN,
        since=since,
        count=around.others_failing + 1,
        once=f"network down {around.outages}",
    )


def network_is_back(since: datetime, outage: int) -> NoticePost:
    """What to tell when a source was read again; notice `outage` said that the network was missed `since` then."""
    return NoticePost(kind=NoticeKind.NETWORK_UP, since=since, once=f"network up after {outage}")
