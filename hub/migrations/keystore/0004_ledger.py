"""Let the erasure ledger hold every entry of the control database's, in its place: the acts that say no, too."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("erasure_ledger", sa.Column("entry_id", sa.LargeBinary(), nullable=True))
    op.add_column("erasure_ledger", sa.Column("epoch", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("erasure_ledger", sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("erasure_ledger", sa.Column("channel", sa.String(), nullable=False, server_default=""))
    op.add_column("erasure_ledger", sa.Column("detail", sa.String(), nullable=False, server_default=""))
    op.create_index("ux_erasure_ledger_entry", "erasure_ledger", ["entry_id"], unique=True)
    op.create_index("ix_erasure_ledger_place", "erasure_ledger", ["epoch", "place"])


def downgrade() -> None:
    op.drop_index("ix_erasure_ledger_place", table_name="erasure_ledger")
    op.drop_index("ux_erasure_ledger_entry", table_name="erasure_ledger")
    for column in ("detail", "channel", "place", "epoch", "entry_id"):
        op.drop_column("erasure_ledger", column)
