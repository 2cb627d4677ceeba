"""The words of items can be searched; the service builds the index in the background"""

from alembic import op
import sqlalchemy as sa

from storage import search_index


revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="of the folding and the tokens that the index was made with",
        ),
        sa.Column(
            "indexed_to",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="newest item that the index knows",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_state")),
        comment="one row; the index itself, item_words, is made by storage/search.py, because each engine has its own kind",
    )
    search_index.create_index(op.get_bind())


def downgrade() -> None:
    search_index.drop_index(op.get_bind())
    op.drop_table("search_state")
