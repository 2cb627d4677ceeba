"""When a meeting was reported, without reading the reports"""

from alembic import op
import sqlalchemy as sa


revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = "one row; the index itself, item_words, is made by storage/search.py, because each engine has its own kind"
NOW = "one row; the index itself, item_words, is made by storage/search_index.py, as each engine has its own"


def upgrade() -> None:
    op.create_index(
        "ix_items_meeting_reports",
        "items",
        ["story_id", "verdict", "source_id", "published_at", "first_seen_at"],
        sqlite_where=sa.text("verdict = 'meeting'"),
        postgresql_where=sa.text("verdict = 'meeting'"),
    )
    _comment(NOW, BEFORE)


def downgrade() -> None:
    _comment(BEFORE, NOW)
    op.drop_index("ix_items_meeting_reports", table_name="items")


def _comment(words: str, before: str) -> None:
    if op.get_context().dialect.supports_comments:
        op.create_table_comment("search_state", words, existing_comment=before)
