"""An update's change is noted in its own transaction"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "applied_at", storage.tables.Moment(timezone=True), nullable=True,
                comment="when what it changes landed, in the same transaction",
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_column("applied_at")
