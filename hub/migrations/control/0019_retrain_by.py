"""Note by when a model is to be trained anew, because somebody whom it learned from was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("model_version", sa.Column("retrain_by", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("model_version", "retrain_by")
