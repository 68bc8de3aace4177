"""Keep which retired keys backups still need, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_key",
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("kept_until", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", sa.BigInteger(), nullable=False),
        sa.Column("noted_by", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "kept_until"),
    )


def downgrade() -> None:
    op.drop_table("kept_key")
