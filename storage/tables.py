"""The tables, as SQLAlchemy Core knows them. Every index says which query it serves.

The history of this schema is in `migrations/`; `tests/storage/test_migrations.py` fails when the two disagree, on
SQLite and on PostgreSQL. Long, rarely searched facts are JSON; what is searched or joined on has a column of its own.
It is long because it is the whole schema: parted, nobody could read down it from a source to what is owed to a chat.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. SQLite has no time zones, so there the UTC wall clock is stored as text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes: an hour that nobody can place is worse than an error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give every moment back as aware UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# Names of constraints are fixed so that a later migration can name them on both engines.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only for a plain INTEGER key; PostgreSQL should have 64 bits for ten years of items.
Key = BigInteger().with_variant(Integer(), "sqlite")

instance = Table(
    "instance",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="facts about this installation that must never change, such as the authority in its feed ids",
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="numbers that only grow, such as the revision of the archive",
)

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
    Column("origin", String(16), nullable=False, comment="file: follows sources_file; command: added by hand"),
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

# Where `sqlite_autoincrement` stands, ids are told to the world (feed ids, addresses) or to a journal: SQLite, which
# gives the id of a deleted last row to the next one, must then never do so.

stories = Table(
    "stories",
    metadata,
    Column("id", Key, primary_key=True),
    Column("created_at", Moment, nullable=False),
    # Without a foreign key: SQLite adds one only by copying the table, on which all others hang.
    Column("merged_into", Key, comment="the story that goes on instead"),
    Index(None, "merged_into"),  # serves: corrections of the stories that went into one
    sqlite_autoincrement=True,
)

items = Table(
    "items",
    metadata,
    Column("id", Key, primary_key=True),
    Column("source_id", Key, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("story_id", Key, ForeignKey("stories.id"), nullable=False),
    Column("identity", String(80), nullable=False),
    Column("guid", Text),
    Column("url", Text),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text),
    Column("language", String(16), nullable=False),
    Column("categories", JSON, nullable=False),
    Column("published_at", Moment),
    Column("published_text", Text),
    Column("first_seen_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("content_hash", String(80), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("score", Float, nullable=False),
    Column("facts", JSON(none_as_null=True)),
    Column("evidence", JSON, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("html", Text),
    Column("media", JSON(none_as_null=True)),
    Column("released_at", Moment, comment="when the ministry gave the news out, where a page says so"),
    UniqueConstraint("source_id", "identity"),  # serves: is this entry known?
    Index(None, "url"),  # serves: which story did another source give this address?
    Index(None, "story_id"),  # serves: the reports of a story
    Index(None, "source_id", "first_seen_at"),  # serves: how a source publishes
    sqlite_autoincrement=True,
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

meetings = Table(
    "meetings",
    metadata,
    Column("story_id", Key, ForeignKey("stories.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("level", String(24), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("format", String(16), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("series", String(64)),
    Column("edition", Integer),
    Column("starts_on", Date),
    Column("facts", JSON, nullable=False),
    Column("reported", JSON(none_as_null=True), comment="what reports say, where an admin fixed a fact; else null"),
    Column("trust", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("active_at", Moment, nullable=False, comment="when its newest report came in"),
    Index(None, "starts_on"),  # serves: meetings near a day, for joining reports
    Index(None, "series", "edition"),  # serves: the same edition announced months before
    Index(None, "active_at"),  # serves: recently reported meetings whose day is unknown
    Index(None, "first_seen_at"),  # serves: newest meetings first, for feeds and pages
)

retractions = Table(
    "retractions",
    metadata,
    Column("story_id", Key, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Index(None, "at"),  # serves: what feeds took back lately
    comment="meetings that were told to readers and are none any more; their stories may be gone",
)

search_state = Table(
    "search_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False, comment="of the folding and the tokens that the index was made with"),
    Column("indexed_to", Key, nullable=False, comment="newest item that the index knows"),
    comment="one row; the index itself, item_words, is made by storage/search.py, because each engine has its own kind",
)

filters = Table(
    "filters",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("alerts", Boolean, nullable=False),
    Column("action", String(16), nullable=False, server_default="keep", comment="keep, or block: hide what matches"),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("position", Integer, nullable=False, server_default="0", comment="its place in lists"),
    Column("since", Moment, comment="meetings known before raise no alert of it; empty: built in, from the beginning"),
    Column("removed_at", Moment, comment="kept, so that an undo brings its subscribers back"),
    UniqueConstraint("key"),
)

filter_changes = Table(
    "filter_changes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("filter_id", Key, ForeignKey("filters.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", String(64), nullable=False),
    Column("what", String(16), nullable=False, comment="add, edit, pause, resume, order, remove, undo"),
    Column("before", JSON(none_as_null=True), comment="the filter as it was; empty: there was none"),
    Column("after", JSON(none_as_null=True), comment="the filter as it became; empty: removed"),
    Column("undone_by", Key, comment="the change that took this one back"),
    Index(None, "filter_id", "id"),  # serves: the history of a filter, and what an undo takes back
    sqlite_autoincrement=True,
)

story_alerts = Table(
    "story_alerts",
    metadata,
    Column("story_id", Key, ForeignKey("stories.id", ondelete="CASCADE"), primary_key=True),
    Column("filter_id", Key, ForeignKey("filters.id", ondelete="CASCADE"), primary_key=True),
    Column("decided_at", Moment, nullable=False),
    comment="that a story had its alert for a filter, whoever was subscribed then",
)

chats = Table(
    "chats",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("language", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("kind", String(16), nullable=False, server_default="private", comment="private, group or channel"),
    Column("title", Text, nullable=False, server_default="", comment="of a group or channel, for the lists of people"),
    Column("managed_by", BigInteger, comment="the person who set up this channel from the private chat"),
    Column("digest", String(32), nullable=False, server_default="off", comment="off, daily HH:MM, weekly DAY HH:MM"),
    Column("digest_at", Moment, comment="when its next digest is due"),
    Column("quiet", String(16), nullable=False, server_default="", comment="hours of its own day: 22:00-07:00"),
    Column("sides", String(16), nullable=False, server_default="all", comment="side meetings: all, parent, mine"),
    Column("follow_ups", String(16), nullable=False, server_default="silent", comment="silent, loud, off"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("channel", "address"),
    Index(None, "digest_at"),  # serves: whose digest is due?
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("chat_id", Key, ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    Column("filter_id", Key, ForeignKey("filters.id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Moment, nullable=False),
    Index(None, "filter_id"),  # serves: who must be told, when a filter matches
)

# A tag names something that meetings have: `country:JP`, `series:admm-plus`, `kind:bilateral`, `person:…`, `story:7`.
follows = Table(
    "follows",
    metadata,
    Column("chat_id", Key, ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(96), primary_key=True),
    Column("created_at", Moment, nullable=False),
    Index(None, "tag"),  # serves: who must be told of a meeting that has this tag?
    comment="beside whole filters (subscriptions): meetings of ministers that have one of these tags",
)

mutes = Table(
    "mutes",
    metadata,
    Column("chat_id", Key, ForeignKey("chats.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(96), primary_key=True),
    Column("until", Moment, comment="empty: until it is taken back"),
    Column("created_at", Moment, nullable=False),
    comment="what a chat does not want to hear of, whatever it follows",
)

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("queued_at", Moment, comment="empty: a draft that nobody has confirmed"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("chat_id", Key, ForeignKey("chats.id", ondelete="CASCADE"), nullable=False),
    Column("story_id", Key, ForeignKey("stories.id", ondelete="CASCADE"), comment="empty: a digest or a broadcast"),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("once", String(64), comment="of a message without a story: what it is, so that it is owed once"),
    Column("payload", JSON(none_as_null=True), comment="what it tells beside the story: changes, stories, a text"),
    Column("parent_id", Key, comment="the delivery that it replies to, edits, or was folded into"),
    Column("priority", Integer, nullable=False, server_default="0", comment="the lower goes first: 0 alert, 9 digest"),
    Column("silent", Boolean, nullable=False, server_default=false()),
    Column("held", String(16), nullable=False, server_default="", comment="waits for: quiet, digest; else empty"),
    Column("state", String(16), nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", String(64)),
    Column("repeat", Boolean, nullable=False),
    Column("lost", Integer, nullable=False, server_default="0", comment="tries whose answer was lost"),
    Column("message_id", String(64)),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("chat_id", "story_id", "kind", "version"),  # serves: never the same message twice
    UniqueConstraint("chat_id", "once"),  # serves: the same for a message without a story
    Index(None, "state", "held", "not_before", "id"),  # serves: what waits longest; what a dead process left
    Index(None, "state", "held", "priority", "not_before", "id", "chat_id"),  # serves: what to send next
    Index(None, "chat_id", "state", "held", "not_before", "id"),  # serves: what to send next to a chat
    Index(None, "story_id"),  # serves: deletion of a story, messages about a story
    Index(None, "parent_id"),  # serves: what was folded into a message, its edits
    sqlite_autoincrement=True,
)

# Updates from Telegram are kept before they are confirmed, so that a crash loses no command.
inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("received_at", Moment, nullable=False),
    Column("body", Text, nullable=False, comment="the update as JSON; emptied when it is done"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("applied_at", Moment, comment="when what it changes landed, in the same transaction"),
    Column("done_at", Moment),
    Index(None, "done_at"),  # serves: what is still to do; what is old enough to be forgotten
)

people = Table(
    "people",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False, comment="admin"),
    Column("added_by", BigInteger, comment="empty: named in the settings"),
    Column("added_at", Moment, nullable=False),
    Column("removed_at", Moment, comment="kept, so that the audit trail keeps its names"),
)

invites = Table(
    "invites",
    metadata,
    Column("id", Key, primary_key=True),
    Column("token_hash", String(64), nullable=False, comment="SHA-256 of the word in the link; the word is not kept"),
    Column("role", String(16), nullable=False),
    Column("created_by", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_by", BigInteger),
    Column("used_at", Moment),
    UniqueConstraint("token_hash"),
    sqlite_autoincrement=True,
)

web_links = Table(
    "web_links",
    metadata,
    Column("word_hash", String(64), primary_key=True, comment="SHA-256 of the word in the link; the word is not kept"),
    Column("user_id", BigInteger, nullable=False, comment="whom it signs in to the admin area, once"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("token_hash", String(64), nullable=False, comment="SHA-256; the token is only in the browser's cookie"),
    Column("who", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    UniqueConstraint("token_hash"),
    Index(None, "who"),  # serves: end all sessions of somebody
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", String(64), nullable=False),
    Column("what", String(32), nullable=False, comment="source_pause, invite, broadcast, …"),
    Column("target", String(128), nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("undone_by", Key, comment="the line of the audit that took this one back"),
    Index(None, "target", "id"),  # serves: what happened to this?
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("leads", JSON, nullable=False, comment="the duties of which one process has each"),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, comment="its last sign of life, by this database's clock"),
    comment="the processes that run on this database; on PostgreSQL only, a few rows",
)

# What an admin said is kept for good: it is a label as well. So it refers to stories and items without a foreign key.
corrections = Table(
    "corrections",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("story_id", Key, nullable=False),
    Column("item_id", Key),
    Column("other_id", Key, comment="the story that ended (same_as) or began (split)"),
    Column("field", String(32)),
    Column("before", Text),
    Column("after", Text),
    Column("note", Text, nullable=False),
    Column("journal", JSON, nullable=False, comment="what must be put back to undo it"),
    Column("undone_at", Moment),
    Column("undone_by", String(64)),
    Index(None, "story_id"),  # serves: what was said about a story
    Index(None, "item_id"),  # serves: which items were taken out of their story
    Index(None, "kind", "at"),  # serves: facts of ended and rejected stories, which later reports may match
    sqlite_autoincrement=True,
)

# Written for every new item and forgotten after days, so it is kept narrow: no row id, no foreign key, one index, which
# serves "which stories have one of these keys?" and the deletion of what is too old.
likeness_keys = Table(
    "likeness_keys",
    metadata,
    Column("span", Integer, primary_key=True, autoincrement=False, comment="of three days, counted from year 1"),
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("story_id", Key, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# As narrow as can be, because it only grows: a row of some twenty bytes for each article that was forgotten.
tombstones = Table(
    "tombstones",
    metadata,
    Column("source_id", Key, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("key", BigInteger, primary_key=True, autoincrement=False, comment="of the identity that the article had"),
    comment="articles that were forgotten: should their source show them again, they are no news",
    sqlite_with_rowid=False,
)
