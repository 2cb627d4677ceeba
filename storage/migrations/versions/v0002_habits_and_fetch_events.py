"""Sources remember their last polls, their habit and what their servers ask for"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "fetch_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("new_items", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_fetch_events_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetch_events")),
    )
    with op.batch_alter_table("fetch_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fetch_events_source_id_id"), ["source_id", "id"], unique=False)

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("lost", sa.Integer(), server_default="0", nullable=False, comment="tries whose answer was lost")
        )

    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_items_source_id_first_seen_at"), ["source_id", "first_seen_at"], unique=False
        )

    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.add_column(sa.Column("failing_since", storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("habit", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("hint_s", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("last_new_at", storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("moved_to", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("moved_since", storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("moved_polls", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:

    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_column("moved_polls")
        batch_op.drop_column("moved_since")
        batch_op.drop_column("moved_to")
        batch_op.drop_column("last_new_at")
        batch_op.drop_column("hint_s")
        batch_op.drop_column("habit")
        batch_op.drop_column("failing_since")

    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_items_source_id_first_seen_at"))

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_column("lost")

    with op.batch_alter_table("fetch_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fetch_events_source_id_id"))

    op.drop_table("fetch_events")
