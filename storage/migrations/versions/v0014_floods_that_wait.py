"""Alerts of a flood wait for an admin"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "floods",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("source_id", _KEY, nullable=False),
        sa.Column("at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("new_items", sa.Integer(), nullable=False),
        sa.Column(
            "alerts", sa.JSON(), nullable=False, comment="stories, and the filters that would have told of each"
        ),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("history", sa.JSON(), nullable=False, comment="what was decided, by whom and when"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_floods_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floods")),
        comment="polls whose alerts were held back, until an admin decides",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("floods", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_floods_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_floods_source_id"), ["source_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("floods", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_floods_source_id"))
        batch_op.drop_index(batch_op.f("ix_floods_state"))
    op.drop_table("floods")
