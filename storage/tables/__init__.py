"""The tables, as SQLAlchemy Core knows them. Every index says which query it serves.

The history of this schema is in `migrations/`; `tests/storage/test_migrations.py` fails when the two disagree, on
SQLite and on PostgreSQL. Long, rarely searched facts are JSON; what is searched or joined on has a column of its own.
They are parted as the records are (`storage/model/`):

    newsroom: sources ─► news: items ─► stories ─► meetings ─► people: deliveries ◄─ chats        service: instance …
"""

from storage.tables.base import Key, Moment, metadata
from storage.tables.news import (
    corrections,
    filter_changes,
    filters,
    items,
    likeness_keys,
    meetings,
    retractions,
    search_state,
    stories,
    story_alerts,
    tombstones,
)
from storage.tables.newsroom import (
    fetch_events,
    floods,
    hub_subscriptions,
    notice_messages,
    notices,
    page_snapshots,
    sources,
)
from storage.tables.people import (
    audit,
    broadcasts,
    chats,
    deliveries,
    follows,
    inbox,
    invites,
    mutes,
    people,
    subscriptions,
    web_links,
    web_sessions,
)
from storage.tables.service import (
    counters,
    instance,
    workers,
)

__all__ = [
    "Key",
    "Moment",
    "audit",
    "broadcasts",
    "chats",
    "corrections",
    "counters",
    "deliveries",
    "fetch_events",
    "filter_changes",
    "filters",
    "floods",
    "follows",
    "hub_subscriptions",
    "inbox",
    "instance",
    "invites",
    "items",
    "likeness_keys",
    "meetings",
    "metadata",
    "mutes",
    "notice_messages",
    "notices",
    "page_snapshots",
    "people",
    "retractions",
    "search_state",
    "sources",
    "stories",
    "story_alerts",
    "subscriptions",
    "tombstones",
    "web_links",
    "web_sessions",
    "workers",
]
