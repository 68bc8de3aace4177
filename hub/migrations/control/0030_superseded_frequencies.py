"""Note which batches' counts of common values a rebuild has counted anew."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch", sa.Column("counted_in", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("batch", "counted_in")
