"""Keep wrapped keys in the order of their ids alone: a tree less to write for each key on SQLite."""

from alembic import op

from hub.migrations.without_rowid import keep_by_key, keep_by_row_number

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    keep_by_key(op.get_bind(), "wrapped_key")


def downgrade() -> None:
    keep_by_row_number(op.get_bind(), "wrapped_key")
