"""Keep how many were drawn to be written to: who is erased since stays counted in the arm of the draw."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("winback_campaign", sa.Column("contact", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("winback_campaign", "contact")
