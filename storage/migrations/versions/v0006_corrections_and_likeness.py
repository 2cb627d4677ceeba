"""Admins correct what was understood, and items of other sources are found by likeness"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _key() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:

    op.create_table(
        "corrections",
        sa.Column("id", _key(), nullable=False),
        sa.Column("at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("story_id", _key(), nullable=False),
        sa.Column("item_id", _key(), nullable=True),
        sa.Column("other_id", _key(), nullable=True, comment="the story that ended (same_as) or began (split)"),
        sa.Column("field", sa.String(length=32), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("journal", sa.JSON(), nullable=False, comment="what must be put back to undo it"),
        sa.Column("undone_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_corrections_story_id"), ["story_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_corrections_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_corrections_kind_at"), ["kind", "at"], unique=False)

    op.create_table(
        "likeness_keys",
        sa.Column(
            "span", sa.Integer(), autoincrement=False, nullable=False, comment="of three days, counted from year 1"
        ),
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("story_id", _key(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("span", "key", "story_id", name=op.f("pk_likeness_keys")),
        sqlite_with_rowid=False,
    )

    with op.batch_alter_table("meetings", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "reported",
                sa.JSON(none_as_null=True),
                nullable=True,
                comment="what reports say, where an admin fixed a fact; else null",
            )
        )

    with op.batch_alter_table("stories", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("merged_into", _key(), nullable=True, comment="the story that goes on instead")
        )
        batch_op.create_index(batch_op.f("ix_stories_merged_into"), ["merged_into"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("stories", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stories_merged_into"))
        batch_op.drop_column("merged_into")

    with op.batch_alter_table("meetings", schema=None) as batch_op:
        batch_op.drop_column("reported")

    op.drop_table("likeness_keys")
    op.drop_table("corrections")
