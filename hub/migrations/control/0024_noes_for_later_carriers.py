"""Remember what the suppression list would know a proven identifier by, so that a no waits for later carriers."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_ADDED = (
    ("subject_token", "proven_digest", sa.LargeBinary()),
    ("subject_token", "proven_key", sa.Integer()),
    ("identity_challenge", "identifier_digest", sa.LargeBinary()),
    ("identity_challenge", "identifier_key", sa.Integer()),
)


def upgrade() -> None:
    for table, name, kind in _ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for table, name, _ in reversed(_ADDED):
        op.drop_column(table, name)
