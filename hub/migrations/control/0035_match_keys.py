"""Keep of each form which candidate keys it has: by some of them alone nobody is found."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("match_form", sa.Column("keys", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("match_form", "keys")
