"""The admin area of the page: sessions, and links that sign in"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "web_links",
        sa.Column(
            "word_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the word in the link; the word is not kept",
        ),
        sa.Column("user_id", sa.BigInteger(), nullable=False, comment="whom it signs in to the admin area, once"),
        sa.Column("created_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("word_hash", name=op.f("pk_web_links")),
    )
    op.create_table(
        "web_sessions",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "token_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256; the token is only in the browser's cookie",
        ),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("created_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("seen_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_web_sessions_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_web_sessions_who"), ["who"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("web_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_web_sessions_who"))
    op.drop_table("web_sessions")
    op.drop_table("web_links")
