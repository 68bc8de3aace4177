"""Keep what matching finds records by, what it found, and what people decided of it."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = ("match_form", "match_token", "match_frequency", "match_edge", "match_decision")


def upgrade() -> None:
    op.create_table(
        "match_form",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "revision"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_match_form_batch_id", "match_form", ["batch_id"])
    op.create_table(
        "match_token",
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("token", "record_id", "revision"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "match_frequency",
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("value_count", sa.BigInteger(), nullable=False),
        sa.Column("record_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "column_name", "token"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "match_edge",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("other_record", sa.LargeBinary(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("closing", sa.Boolean(), nullable=False),
        sa.Column("levels", sa.LargeBinary(), nullable=False),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "other_record"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_match_edge_other", "match_edge", ["other_record"])
    op.create_table(
        "match_decision",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("other_record", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "other_record", "number"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
