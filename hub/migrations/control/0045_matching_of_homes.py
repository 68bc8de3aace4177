"""Keep with a home how it joins records: those that are there go on by exact rules unless a setting says otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instance", sa.Column("matching", sa.String(), nullable=False, server_default="exact"))


def downgrade() -> None:
    op.drop_column("instance", "matching")
