"""Tables of the news: items, stories, meetings, what finds and corrects them, and the filters."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from storage.tables.base import Key, Moment, metadata

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
    # serves: since when, until when and how often a meeting was reported, without reading the long rows themselves
    Index(
        "ix_items_meeting_reports",
        "story_id",
        "verdict",
        "source_id",
        "published_at",
        "first_seen_at",
        sqlite_where=text("verdict = 'meeting'"),
        postgresql_where=text("verdict = 'meeting'"),
    ),
    sqlite_autoincrement=True,
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

search_state = Table(
    "search_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False, comment="of the folding and the tokens that the index was made with"),
    Column("indexed_to", Key, nullable=False, comment="newest item that the index knows"),
    comment="one row; the index itself, item_words, is made by storage/search_index.py, as each engine has its own",
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
