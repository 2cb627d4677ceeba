"""Keeps what a poll taught about its source, and tells the admins what they should hear, in one transaction.

The judgement is in `feeds/decide/notices.py`; here are only the reads and writes around it.
"""

from datetime import datetime

from feeds.collect import schedule
from feeds.decide import notices
from storage import notices as store
from storage import sources
from storage.changes import NoticePost, SourceUpdate
from storage.database import Connection
from storage.model import NoticeKind, Source, SourceState
from storage.polls import update_sources


def keep(connection: Connection, *, source: Source, change: SourceUpdate, now: datetime) -> None:
    """Keep a poll that brought nothing to store. `source` is as it was before."""
    if change.state is SourceState.PAUSED and _may_be_ours(change):
        around = store.surroundings(connection, source.id, change.failing_since or now)
        change = schedule.spared(change, around)
    update_sources(connection, [change])
    tell(connection, source, change, now)


def tell(connection: Connection, source: Source, change: SourceUpdate, now: datetime, *more: NoticePost) -> None:
    """Keep the notices that a poll gives, and `more`. Nearly always there are none, and then this costs no query."""
    for news in (*notices.due(source, change, now), *more):
        store.post(connection, _weighed(connection, source.id, news, now) if _may_be_ours(change) else news, now)


def tell_overdue(connection: Connection, now: datetime) -> None:
    """Tell of sources that have failed for long enough, although their next poll is far off."""
    if store.outage(connection) is not None:
        return
    for source in store.failing_unheard(connection, now - notices.LONG_ENOUGH):
        news = notices.overdue(source, now)
        if news is not None:
            store.post(connection, _weighed(connection, source.id, news, now), now)


def tell_of_the_network(connection: Connection, now: datetime) -> None:
    """When sources are read again after nothing could be reached, say so, and poll all that failed with them at once:
    after a day without a network each would wait for up to another."""
    down = store.outage(connection)
    success = store.last_success(connection) if down is not None else None
    if down is not None and success is not None and success > down.created_at:
        since = down.since or down.created_at
        store.post(connection, notices.network_is_back(since, down.id), now)
        sources.hurry(connection, since - store.TOGETHER, now)


def _may_be_ours(change: SourceUpdate) -> bool:
    return change.event is not None and notices.might_be_the_network(change.event.outcome)


def _weighed(connection: Connection, source_id: int, news: NoticePost, now: datetime) -> NoticePost:
    if news.kind is not NoticeKind.TURNED_BAD:
        return news
    return notices.weigh(news, store.surroundings(connection, source_id, news.since or now), now)
