"""The processes that share a database"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("leads", sa.JSON(), nullable=False, comment="the duties of which one process has each"),
        sa.Column("started_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column(
            "seen_at",
            storage.tables.Moment(timezone=True),
            nullable=False,
            comment="its last sign of life, by this database's clock",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
        comment="the processes that run on this database; on PostgreSQL only, a few rows",
    )
    op.create_index(op.f("ix_notices_kind_id"), "notices", ["kind", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_notices_kind_id"), table_name="notices")
    op.drop_table("workers")
