"""When a source is polled next. Pure: time and settings come in, a moment goes out.

A failing source slows down, doubling its interval with every failure in a row up to a day, but it is never dropped:
newsrooms come back after weeks. Each moment is jittered by up to a tenth, so that sources added together drift apart;
the jitter is taken from the source's key and its last poll, so that the same inputs give the same answer.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.observed import Failure
from storage.changes import SourceUpdate
from storage.model import Source, SourceState

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How often sources are polled, from the settings `poll.*`."""

    default_interval: timedelta = timedelta(minutes=10)
    min_interval: timedelta = timedelta(minutes=1)


def after_success(
    source: Source,
    rhythm: Rhythm,
    now: datetime,
    *,
    etag: str | None,
    last_modified: str | None,
    body_hash: str | None,
) -> SourceUpdate:
    """What to keep of a poll that got an answer: its validators, a clean slate and the next moment."""
    return SourceUpdate(
        source_id=source.id,
        state=SourceState.OK,
        next_poll_at=now + _jittered(_interval(source, rhythm), source, now),
        polled_at=now,
        succeeded=True,
        etag=etag,
        last_modified=last_modified,
        body_hash=body_hash,
    )


def after_no_change(source: Source, rhythm: Rhythm, now: datetime) -> SourceUpdate:
    """What to keep of a poll that found the same document as before."""
    return after_success(
        source,
        rhythm,
        now,
        etag=source.etag,
        last_modified=source.last_modified,
        body_hash=source.body_hash,
    )


def after_failure(source: Source, failure: Failure, rhythm: Rhythm, now: datetime) -> SourceUpdate:
    """What to keep of a poll that failed. Validators stay as they are: nothing was read."""
    failures = source.failures + 1
    wait = min(_interval(source, rhythm) * 2 ** min(failures - 1, 20), DAY)
    asked = timedelta(seconds=min(failure.retry_after_s or 0, DAY.total_seconds()))
    return SourceUpdate(
        source_id=source.id,
        state=SourceState.FAILING,
        next_poll_at=now + max(_jittered(wait, source, now), asked),
        polled_at=now,
        succeeded=False,
        failures=failures,
        last_error=failure.message,
    )


def _interval(source: Source, rhythm: Rhythm) -> timedelta:
    own = source.definition.interval_s
    chosen = rhythm.default_interval if own is None else timedelta(seconds=own)
    return min(max(chosen, rhythm.min_interval), DAY)


def _jittered(wait: timedelta, source: Source, now: datetime) -> timedelta:
    seed = hashlib.blake2b(f"{source.definition.key} {now.isoformat()}".encode(), digest_size=4).digest()
    share = int.from_bytes(seed) / 2**32  # 0 ≤ share < 1
    return wait * (0.95 + 0.1 * share)
