"""When a meeting was reported, without reading the reports"""

from alembic import op
import sqlalchemy as sa


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SEARCH_STATE = (
    "one row; the index itself, item_words, is made by storage/search.py, because each engine has its own kind",
    "one row; the index itself, item_words, is made by storage/search_index.py, as each engine has its own",
)
ORIGIN = (
    "file: follows sources_file; command: added by hand",
    "file: follows sources_file; command: by hand; both: stands there, too",
)


def upgrade() -> None:
    op.create_index(
        "ix_items_meeting_reports",
        "items",
        ["story_id", "verdict", "source_id", "published_at", "first_seen_at"],
        sqlite_where=sa.text("verdict = 'meeting'"),
        postgresql_where=sa.text("verdict = 'meeting'"),
    )
    _comment(before=0, after=1)


def downgrade() -> None:
    _comment(before=1, after=0)
    op.drop_index("ix_items_meeting_reports", table_name="items")


def _comment(*, before: int, after: int) -> None:
    """SQLite keeps no comments."""
    if op.get_context().dialect.supports_comments:
        op.create_table_comment("search_state", SEARCH_STATE[after], existing_comment=SEARCH_STATE[before])
        op.alter_column(
            "sources", "origin", existing_type=sa.String(16), comment=ORIGIN[after], existing_comment=ORIGIN[before]
        )
