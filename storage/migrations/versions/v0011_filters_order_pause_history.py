"""Filters have an order, can be paused and block, and remember who changed them"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("filters", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "action",
                sa.String(length=16),
                server_default="keep",
                nullable=False,
                comment="keep, or block: hide what matches",
            )
        )
        batch_op.add_column(sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(
            sa.Column("position", sa.Integer(), server_default="0", nullable=False, comment="its place in lists")
        )
        batch_op.add_column(
            sa.Column(
                "since",
                storage.tables.Moment(timezone=True),
                nullable=True,
                comment="meetings known before raise no alert of it; empty: built in, from the beginning",
            )
        )
        batch_op.add_column(
            sa.Column(
                "removed_at",
                storage.tables.Moment(timezone=True),
                nullable=True,
                comment="kept, so that an undo brings its subscribers back",
            )
        )
    op.execute("UPDATE filters SET position = id")
    op.create_table(
        "filter_changes",
        sa.Column("id", KEY, nullable=False),
        sa.Column("filter_id", KEY, nullable=False),
        sa.Column("at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column(
            "what", sa.String(length=16), nullable=False, comment="add, edit, pause, resume, order, remove, undo"
        ),
        sa.Column(
            "before", sa.JSON(none_as_null=True), nullable=True, comment="the filter as it was; empty: there was none"
        ),
        sa.Column(
            "after", sa.JSON(none_as_null=True), nullable=True, comment="the filter as it became; empty: removed"
        ),
        sa.Column("undone_by", KEY, nullable=True, comment="the change that took this one back"),
        sa.ForeignKeyConstraint(
            ["filter_id"], ["filters.id"], name=op.f("fk_filter_changes_filter_id_filters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filter_changes")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("filter_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_filter_changes_filter_id_id"), ["filter_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("filter_changes")
    with op.batch_alter_table("filters", schema=None) as batch_op:
        for column in ("removed_at", "since", "position", "paused", "action"):
            batch_op.drop_column(column)
