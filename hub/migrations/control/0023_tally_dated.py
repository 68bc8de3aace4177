"""Date the tally of unwrapped keys, so that it can be compared with the audit log for a period."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

DATES = ("first_at", "last_at")  # null for what was kept before: nobody knows


def upgrade() -> None:
    for column in DATES:
        op.add_column("unwrap_tally", sa.Column(column, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for column in reversed(DATES):
        op.drop_column("unwrap_tally", column)
