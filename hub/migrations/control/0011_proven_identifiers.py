"""Note by which identifier a subject token's holder was reached or proven, so that a no reaches all who carry it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subject_token", sa.Column("proven_field", sa.String(), nullable=True))
    op.add_column("subject_token", sa.Column("proven_index", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("subject_token", "proven_index")
    op.drop_column("subject_token", "proven_field")
