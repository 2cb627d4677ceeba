"""A source may have headers, a cookie and TLS options of its own"""

from alembic import op
import sqlalchemy as sa


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:

    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "fetch",
                sa.JSON(none_as_null=True),
                nullable=True,
                comment="headers, cookie and TLS options of this source; holds secrets",
            )
        )


def downgrade() -> None:

    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_column("fetch")
