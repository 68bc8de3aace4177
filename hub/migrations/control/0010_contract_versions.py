"""Note under which version of its contract a batch came, so that an older version brings no withdrawn ground back."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batch", sa.Column("contract_version", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("batch", "contract_version")
