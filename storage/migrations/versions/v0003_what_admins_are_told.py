"""Admins are told how sources are; list pages keep their last good state; items keep markup, media and release time"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:

    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "page_snapshots",
        sa.Column("source_id", key, autoincrement=False, nullable=False),
        sa.Column("taken_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("articles", sa.JSON(), nullable=False, comment="title and address of the first ones"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the list page, compressed"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_page_snapshots_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_page_snapshots")),
        comment="each list page as it was when its rules last found something",
    )
    op.create_table(
        "notices",
        sa.Column("id", key, nullable=False),
        sa.Column("source_id", key, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("once", sa.String(length=120), nullable=True),
        sa.Column("bundled", sa.Boolean(), nullable=False, comment="whether messages were made of it"),
        sa.Column("created_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_notices_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("once", name=op.f("uq_notices_once")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_bundled_created_at"), ["bundled", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_source_id"), ["source_id"], unique=False)

    op.create_table(
        "notice_messages",
        sa.Column("id", key, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("notices", sa.JSON(), nullable=False, comment="their ids"),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("not_before", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=64), nullable=True),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("updated_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_messages")),
        comment="what is owed to each admin",
    )
    with op.batch_alter_table("notice_messages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notice_messages_state_not_before"), ["state", "not_before"], unique=False
        )

    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("html", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("media", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "released_at",
                storage.tables.Moment(timezone=True),
                nullable=True,
                comment="when the ministry gave the news out, where a page says so",
            )
        )

    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.add_column(sa.Column("skips", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "told",
                sa.String(length=16),
                server_default="well",
                nullable=False,
                comment="what admins heard last about its state",
            )
        )
    # Whoever upgrades with bad sources has seen them in the list: only what turns bad from now on is news.
    op.execute("UPDATE sources SET told = 'bad' WHERE state IN ('failing', 'blocked', 'empty', 'silent')")
    op.execute("UPDATE sources SET told = 'paused' WHERE state = 'paused'")


def downgrade() -> None:

    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_column("told")
        batch_op.drop_column("skips")

    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_column("released_at")
        batch_op.drop_column("media")
        batch_op.drop_column("html")

    with op.batch_alter_table("notice_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_messages_state_not_before"))
    op.drop_table("notice_messages")

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_source_id"))
        batch_op.drop_index(batch_op.f("ix_notices_bundled_created_at"))
    op.drop_table("notices")

    op.drop_table("page_snapshots")
