"""Tables of the people: chats and what they are owed, what they said, and the admins."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from storage.tables.base import Key, Moment, metadata

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
