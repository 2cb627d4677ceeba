"""Tables of the newsrooms: sources, how their polls went, what their admins are told."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.tables.base import Key, Moment, metadata

sources = Table(
    "sources",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("language", String(16)),
    Column("country", String(8)),
    Column("trust", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("rules", JSON),
    Column("interval_s", Integer),
    Column("fetch", JSON(none_as_null=True), comment="headers, cookie and TLS options of this source; holds secrets"),
    Column(
        "origin",
        String(16),
        nullable=False,
        comment="file: follows sources_file; command: by hand; both: stands there, too",
    ),
    Column("state", String(16), nullable=False),
    Column("next_poll_at", Moment, nullable=False),
    Column("claimed_by", String(64)),
    Column("claimed_until", Moment),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(64)),
    Column("first_success_at", Moment),
    Column("last_success_at", Moment),
    Column("last_polled_at", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("failing_since", Moment),
    Column("habit", JSON(none_as_null=True)),
    Column("hint_s", Integer),
    Column("last_new_at", Moment),
    Column("moved_to", Text),
    Column("moved_since", Moment),
    Column("moved_polls", Integer, nullable=False, server_default="0"),
    Column("pushed_at", Moment),
    Column("pushed_until", Moment),
    Column("push_waiting", Boolean, nullable=False, server_default="0", comment="a push came since it was claimed"),
    Column("skips", JSON(none_as_null=True)),
    Column("told", String(16), nullable=False, server_default="well", comment="what admins heard last about its state"),
    UniqueConstraint("key"),
    Index(None, "next_poll_at"),  # serves: which sources are due
)

fetch_events = Table(
    "fetch_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source_id", Key, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", String(24), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("new_items", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Index(None, "source_id", "id"),  # serves: the last polls of a source, and which of them are too old to keep
)

page_snapshots = Table(
    "page_snapshots",
    metadata,
    Column("source_id", Key, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("taken_at", Moment, nullable=False),
    Column("found", Integer, nullable=False),
    Column("articles", JSON, nullable=False, comment="title and address of the first ones"),
    Column("body", LargeBinary, nullable=False, comment="the list page, compressed"),
    comment="each list page as it was when its rules last found something",
)

hub_subscriptions = Table(
    "hub_subscriptions",
    metadata,
    Column("id", Key, primary_key=True),
    # A hub must be told when its source is removed, so the row outlives the source.
    Column("source_id", Key, ForeignKey("sources.id", ondelete="SET NULL")),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("token", String(64), nullable=False),
    Column("secret", String(128), nullable=False),
    Column("state", String(16), nullable=False),
    Column("next_at", Moment),
    Column("asked_at", Moment),
    Column("verified_at", Moment),
    Column("lease_until", Moment),
    Column("tries", Integer, nullable=False),
    Column("last_error", Text),
    Column("last_push_at", Moment),
    Column("pushes", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("to_prove", Integer, nullable=False),
    Column("lapses", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("missed_at", Moment),
    Column("unseen", Integer, nullable=False),
    UniqueConstraint("source_id"),  # serves: the subscription of a source, of which it has one
    UniqueConstraint("token"),  # serves: whose callback is this?
)

floods = Table(
    "floods",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source_id", Key, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("new_items", Integer, nullable=False),
    Column("alerts", JSON, nullable=False, comment="stories, and the filters that would have told of each"),
    Column("state", String(16), nullable=False),
    Column("decided_at", Moment),
    Column("decided_by", String(64)),
    Column("history", JSON, nullable=False, comment="what was decided, by whom and when"),
    Index(None, "state"),  # serves: what waits for a decision
    Index(None, "source_id"),  # serves: deletion of a source
    sqlite_autoincrement=True,
    comment="polls whose alerts were held back, until an admin decides",
)

notices = Table(
    "notices",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source_id", Key, ForeignKey("sources.id", ondelete="CASCADE")),
    Column("kind", String(16), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("once", String(120)),
    Column("bundled", Boolean, nullable=False, comment="whether messages were made of it"),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("once"),  # serves: never told twice
    Index(None, "bundled", "created_at"),  # serves: what nobody was told yet
    Index(None, "kind", "id"),  # serves: is the network down?
    Index(None, "source_id"),  # serves: deletion of a source
    sqlite_autoincrement=True,
)

notice_messages = Table(
    "notice_messages",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("notices", JSON, nullable=False, comment="their ids"),
    Column("state", String(16), nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", String(64)),
    Column("repeat", Boolean, nullable=False),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(None, "state", "not_before"),  # serves: what to tell next
    comment="what is owed to each admin",
)
