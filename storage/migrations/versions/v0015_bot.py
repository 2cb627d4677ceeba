"""The bot: follows, mutes, digests, messages without a story, kept updates, people, invites, audit"""

from alembic import op
import sqlalchemy as sa
import storage.tables


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False, comment="source_pause, invite, broadcast, …"),
        sa.Column("target", sa.String(length=128), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("undone_by", KEY, nullable=True, comment="the line of the audit that took this one back"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_target_id"), ["target", "id"], unique=False)

    op.create_table(
        "broadcasts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "queued_at",
            storage.tables.Moment(timezone=True),
            nullable=True,
            comment="empty: a draft that nobody has confirmed",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "inbox",
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("received_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the update as JSON; emptied when it is done"),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("update_id", name=op.f("pk_inbox")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_done_at"), ["done_at"], unique=False)

    op.create_table(
        "invites",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "token_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the word in the link; the word is not kept",
        ),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.Column("used_at", storage.tables.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invites_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "people",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False, comment="admin"),
        sa.Column("added_by", sa.BigInteger(), nullable=True, comment="empty: named in the settings"),
        sa.Column("added_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.Column(
            "removed_at",
            storage.tables.Moment(timezone=True),
            nullable=True,
            comment="kept, so that the audit trail keeps its names",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_people")),
    )
    op.create_table(
        "follows",
        sa.Column("chat_id", KEY, nullable=False),
        sa.Column("tag", sa.String(length=96), nullable=False),
        sa.Column("created_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name=op.f("fk_follows_chat_id_chats"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "tag", name=op.f("pk_follows")),
        comment="beside whole filters (subscriptions): meetings of ministers that have one of these tags",
    )
    with op.batch_alter_table("follows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follows_tag"), ["tag"], unique=False)

    op.create_table(
        "mutes",
        sa.Column("chat_id", KEY, nullable=False),
        sa.Column("tag", sa.String(length=96), nullable=False),
        sa.Column(
            "until", storage.tables.Moment(timezone=True), nullable=True, comment="empty: until it is taken back"
        ),
        sa.Column("created_at", storage.tables.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name=op.f("fk_mutes_chat_id_chats"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "tag", name=op.f("pk_mutes")),
        comment="what a chat does not want to hear of, whatever it follows",
    )
    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "kind",
                sa.String(length=16),
                server_default="private",
                nullable=False,
                comment="private, group or channel",
            )
        )
        batch_op.add_column(
            sa.Column(
                "title",
                sa.Text(),
                server_default="",
                nullable=False,
                comment="of a group or channel, for the lists of people",
            )
        )
        batch_op.add_column(
            sa.Column(
                "managed_by",
                sa.BigInteger(),
                nullable=True,
                comment="the person who set up this channel from the private chat",
            )
        )
        batch_op.add_column(
            sa.Column(
                "digest",
                sa.String(length=32),
                server_default="off",
                nullable=False,
                comment="off, daily HH:MM, weekly DAY HH:MM",
            )
        )
        batch_op.add_column(
            sa.Column(
                "digest_at", storage.tables.Moment(timezone=True), nullable=True, comment="when its next digest is due"
            )
        )
        batch_op.add_column(
            sa.Column(
                "quiet",
                sa.String(length=16),
                server_default="",
                nullable=False,
                comment="hours of its own day: 22:00-07:00",
            )
        )
        batch_op.add_column(
            sa.Column(
                "sides",
                sa.String(length=16),
                server_default="all",
                nullable=False,
                comment="side meetings: all, parent, mine",
            )
        )
        batch_op.add_column(
            sa.Column(
                "follow_ups", sa.String(length=16), server_default="silent", nullable=False, comment="silent, loud, off"
            )
        )
        batch_op.create_index(batch_op.f("ix_chats_digest_at"), ["digest_at"], unique=False)

    with op.batch_alter_table("deliveries", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.add_column(
            sa.Column(
                "once",
                sa.String(length=64),
                nullable=True,
                comment="of a message without a story: what it is, so that it is owed once",
            )
        )
        batch_op.add_column(
            sa.Column(
                "payload",
                sa.JSON(none_as_null=True),
                nullable=True,
                comment="what it tells beside the story: changes, stories, a text",
            )
        )
        batch_op.add_column(
            sa.Column(
                "parent_id", KEY, nullable=True, comment="the delivery that it replies to, edits, or was folded into"
            )
        )
        batch_op.add_column(
            sa.Column(
                "priority",
                sa.Integer(),
                server_default="0",
                nullable=False,
                comment="the lower goes first: 0 alert, 9 digest",
            )
        )
        batch_op.add_column(sa.Column("silent", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(
            sa.Column(
                "held",
                sa.String(length=16),
                server_default="",
                nullable=False,
                comment="waits for: quiet, digest; else empty",
            )
        )
        batch_op.alter_column(
            "story_id", existing_type=KEY, nullable=True, comment="empty: a digest or a broadcast"
        )
        batch_op.create_unique_constraint(batch_op.f("uq_deliveries_chat_id_once"), ["chat_id", "once"])
        batch_op.drop_index(batch_op.f("ix_deliveries_state_not_before_id"))
        batch_op.create_index(batch_op.f("ix_deliveries_state_held_not_before_id"), ["state", "held", "not_before", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deliveries_state_held_priority_not_before_id_chat_id"), ["state", "held", "priority", "not_before", "id", "chat_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deliveries_chat_id_state_held_not_before_id"), ["chat_id", "state", "held", "not_before", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deliveries_parent_id"), ["parent_id"], unique=False)


def downgrade() -> None:
    op.execute("DELETE FROM deliveries WHERE story_id IS NULL")

    with op.batch_alter_table("deliveries", schema=None, table_kwargs={"sqlite_autoincrement": True}) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_deliveries_chat_id_once"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_deliveries_state_held_not_before_id"))
        batch_op.drop_index(batch_op.f("ix_deliveries_state_held_priority_not_before_id_chat_id"))
        batch_op.drop_index(batch_op.f("ix_deliveries_chat_id_state_held_not_before_id"))
        batch_op.drop_index(batch_op.f("ix_deliveries_parent_id"))
        batch_op.create_index(
            batch_op.f("ix_deliveries_state_not_before_id"), ["state", "not_before", "id"], unique=False
        )
        batch_op.alter_column("story_id", existing_type=KEY, nullable=False)
        batch_op.drop_column("held")
        batch_op.drop_column("silent")
        batch_op.drop_column("priority")
        batch_op.drop_column("parent_id")
        batch_op.drop_column("payload")
        batch_op.drop_column("once")

    with op.batch_alter_table("chats", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_chats_digest_at"))
        batch_op.drop_column("follow_ups")
        batch_op.drop_column("sides")
        batch_op.drop_column("quiet")
        batch_op.drop_column("digest_at")
        batch_op.drop_column("digest")
        batch_op.drop_column("managed_by")
        batch_op.drop_column("title")
        batch_op.drop_column("kind")

    op.drop_table("mutes")
    with op.batch_alter_table("follows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_follows_tag"))

    op.drop_table("follows")
    op.drop_table("people")
    op.drop_table("invites")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbox_done_at"))

    op.drop_table("inbox")
    op.drop_table("broadcasts")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_target_id"))

    op.drop_table("audit")
