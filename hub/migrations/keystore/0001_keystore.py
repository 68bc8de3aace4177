"""The key store: wrapped keys and the erasure ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_ledger",
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("erasure_id", sa.LargeBinary(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index(op.f("ix_erasure_ledger_ref"), "erasure_ledger", ["ref"], unique=False)
    op.create_table(
        "wrapped_key",
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=True),
        sa.Column("kek_id", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index("ix_wrapped_key_batch", "wrapped_key", ["batch_id"], unique=False)
    op.create_index("ix_wrapped_key_owner", "wrapped_key", ["owner"], unique=False)
    op.create_index(
        "ux_wrapped_key_name",
        "wrapped_key",
        ["kind", "name", "version"],
        unique=True,
        sqlite_where=sa.text("name <> ''"),
        postgresql_where=sa.text("name <> ''"),
    )


def downgrade() -> None:
    op.drop_index(
        "ux_wrapped_key_name",
        table_name="wrapped_key",
        sqlite_where=sa.text("name <> ''"),
        postgresql_where=sa.text("name <> ''"),
    )
    op.drop_index("ix_wrapped_key_owner", table_name="wrapped_key")
    op.drop_index("ix_wrapped_key_batch", table_name="wrapped_key")
    op.drop_table("wrapped_key")
    op.drop_index(op.f("ix_erasure_ledger_ref"), table_name="erasure_ledger")
    op.drop_table("erasure_ledger")
