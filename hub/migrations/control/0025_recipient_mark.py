"""Note up to where restrictions that came with deliveries were told to recipients."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recipient_mark",
        sa.Column("mark_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mark_id"),
    )


def downgrade() -> None:
    op.drop_table("recipient_mark")
