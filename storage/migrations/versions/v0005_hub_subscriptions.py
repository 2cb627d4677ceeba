"""Subscriptions at hubs (WebSub), and what their pushes say about a source"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "hub_subscriptions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("asked_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("verified_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("lease_until", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_push_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("pushes", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("to_prove", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("missed_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("unseen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_hub_subscriptions_source_id_sources"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_subscriptions")),
        sa.UniqueConstraint("source_id", name=op.f("uq_hub_subscriptions_source_id")),
        sa.UniqueConstraint("token", name=op.f("uq_hub_subscriptions_token")),
    )
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pushed_at", storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("pushed_until", storage.tables.Moment(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column(
                "push_waiting",
                sa.Boolean(),
                server_default="0",  # a word, not an expression: SQLite then adds it without copying the table
                nullable=False,
                comment="a push came since it was claimed",
            )
        )


def downgrade() -> None:

    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_column("push_waiting")
        batch_op.drop_column("pushed_until")
        batch_op.drop_column("pushed_at")

    op.drop_table("hub_subscriptions")
