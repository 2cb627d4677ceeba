"""What is left of articles that were forgotten"""

from alembic import op
import sqlalchemy as sa


revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tombstones",
        sa.Column("source_id", _KEY, autoincrement=False, nullable=False),
        sa.Column(
            "key", sa.BigInteger(), autoincrement=False, nullable=False, comment="of the identity that the article had"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_tombstones_source_id_sources"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "key", name=op.f("pk_tombstones")),
        comment="articles that were forgotten: should their source show them again, they are no news",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("tombstones")
