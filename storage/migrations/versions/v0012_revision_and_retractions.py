"""The archive counts its revisions and remembers meetings that were taken back"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
        comment="numbers that only grow, such as the revision of the archive",
    )
    op.create_table(
        "retractions",
        sa.Column(
            "story_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("at", storage.tables.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_retractions")),
        comment="meetings that were told to readers and are none any more; their stories may be gone",
    )
    with op.batch_alter_table("retractions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retractions_at"), ["at"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("retractions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_retractions_at"))
    op.drop_table("retractions")
    op.drop_table("counters")
