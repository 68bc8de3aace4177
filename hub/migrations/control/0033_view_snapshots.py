"""Keep which snapshots of views there are: whose rows lie sealed in the lake, for reading one customer at once."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "view_snapshot",
        sa.Column("snapshot_id", sa.LargeBinary(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("spec_hash", sa.LargeBinary(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id"),
    )
    op.create_index("ix_view_snapshot_view", "view_snapshot", ["view", "epoch"])


def downgrade() -> None:
    op.drop_table("view_snapshot")
