"""Keep letters that wait to be sent, and who asked to prove that an address is theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_letter",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("letter_id"),
    )
    op.create_index("ix_outbox_letter_record_id", "outbox_letter", ["record_id"])
    op.create_index("ix_outbox_letter_due_at", "outbox_letter", ["due_at"])
    op.create_table(
        "identity_challenge",
        sa.Column("handle_hash", sa.LargeBinary(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("identifier_index", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("looked_up_at", sa.BigInteger(), nullable=True),
        sa.Column("record_id", sa.LargeBinary(), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("short_digest", sa.LargeBinary(), nullable=True),
        sa.Column("long_digest", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("handle_hash"),
    )
    for column in ("identifier_index", "created_at", "record_id", "long_digest"):
        op.create_index(f"ix_identity_challenge_{column}", "identity_challenge", [column])


def downgrade() -> None:
    op.drop_table("identity_challenge")
    op.drop_table("outbox_letter")
